//! The gallery: sentences that the real model has read, with every head's scores.
//!
//! A file holds the scores *before* the softmax, and only where a token may look: itself and
//! earlier. The page computes the weights from them with [`attention::softmax`], as the model
//! did.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The first byte of a gallery file: which layout follows.
const VERSION: u8 = 1;

/// A sentence as the model saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// A short name for files and addresses: `cat`.
    pub name: String,
    /// The text that was read.
    pub text: String,
    /// Its tokens, in order: `seq` of them.
    pub tokens: Vec<String>,
    /// How many layers the model has.
    pub layers: usize,
    /// How many query heads a layer has.
    pub heads: usize,
    /// `[layers, heads, seq * (seq + 1) / 2]`: a head's scaled scores, row by row, each row up
    /// to the query's own place.
    pub scores: Vec<f32>,
}

impl Sentence {
    /// Reads a gallery file.
    ///
    /// # Errors
    /// [`Error::Gallery`] when the bytes are damaged, of another version, hold a number that is
    /// not finite, or hold more or fewer scores than the tokens ask for.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |reason: String| Error::Gallery { reason };
        let Some((&VERSION, body)) = bytes.split_first() else {
            return Err(damaged(format!("it is not a version {VERSION} gallery file")));
        };
        let sentence: Self =
            postcard::from_bytes(body).map_err(|error| damaged(error.to_string()))?;
        let expected = sentence
            .layers
            .checked_mul(sentence.heads)
            .and_then(|heads| heads.checked_mul(sentence.triangle()));
        if sentence.tokens.is_empty()
            || expected != Some(sentence.scores.len())
            || expected == Some(0)
        {
            return Err(damaged(format!(
                "{} layers of {} heads over {} tokens do not make {} scores",
                sentence.layers,
                sentence.heads,
                sentence.tokens.len(),
                sentence.scores.len()
            )));
        }
        if let Some(at) = sentence.scores.iter().position(|score| !score.is_finite()) {
            return Err(damaged(format!("score {at} is not a finite number")));
        }
        Ok(sentence)
    }

    /// The bytes that [`Sentence::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let start = vec![VERSION];
        postcard::to_extend(self, start).expect("a sentence is plain data")
    }

    /// Where the file lies under the site's root.
    pub fn path(name: &str) -> String {
        format!("gallery/{name}.bin")
    }

    /// How many scores one head has.
    fn triangle(&self) -> usize {
        self.tokens.len() * (self.tokens.len() + 1) / 2
    }

    /// One head's attention: row `i` holds the weights of query `i` over keys `0..=i`, by
    /// [`attention::softmax`].
    ///
    /// # Panics
    /// If `layer` or `head` is not below the sentence's own counts.
    pub fn weights(&self, layer: usize, head: usize) -> Vec<Vec<f32>> {
        assert!(layer < self.layers && head < self.heads, "no layer {layer} head {head}");
        let seq = self.tokens.len();
        let start = (layer * self.heads + head) * self.triangle();
        let mut packed = self.scores[start..start + self.triangle()].iter();

        let mut scores = vec![f32::NEG_INFINITY; seq * seq];
        for row in 0..seq {
            for score in &mut scores[row * seq..=row * seq + row] {
                *score = *packed.next().expect("a triangle holds every row");
            }
        }
        let scores = Tensor::<2>::from_data(TensorData::new(scores, [seq, seq]), &Device::flex());
        let weights: Vec<f32> =
            attention::softmax(scores, 1).into_data().try_to_vec().expect("softmax keeps f32");
        weights.chunks(seq).enumerate().map(|(row, keys)| keys[..=row].to_vec()).collect()
    }
}
