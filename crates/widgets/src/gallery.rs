//! The gallery: sentences that the real model has read, with every head's scores.
//!
//! A file holds the scores *before* the softmax, and only where a token may look: itself and
//! earlier. The page computes the weights from them with [`attention::softmax`], as the model
//! did.

use burn::tensor::{Device, Tensor, TensorData};
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files::{self, PageFile};
use crate::user_text;

/// The first byte of a gallery file: which layout follows.
const VERSION: u8 = 1;

/// What the page tells a widget about the gallery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gallery {
    /// The sentences, in the order of the menu: never empty.
    pub sentences: Vec<Entry>,
    /// How many layers the model has.
    pub layers: usize,
    /// How many query heads a layer has.
    pub heads: usize,
}

/// A sentence in the menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its short name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The token that a widget opens on, from 0.
    pub query: usize,
    /// How many tokens it has.
    pub tokens: usize,
}

impl Gallery {
    /// The sentence called `name`.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.sentences.iter().find(|entry| entry.name == name)
    }

    /// The menu: names with texts.
    pub fn menu(&self) -> Vec<(String, String)> {
        self.sentences.iter().map(|entry| (entry.name.clone(), entry.text.clone())).collect()
    }

    /// Puts a sentence at the end of the menu, in the place of one of its name. It opens on its
    /// last token.
    pub(crate) fn put(&mut self, name: &str, text: &str, tokens: usize) {
        self.sentences.retain(|other| other.name != name);
        let (name, text) = (name.to_owned(), text.to_owned());
        self.sentences.push(Entry { name, text, query: tokens - 1, tokens });
    }

    /// A text of the reader's own as a sentence.
    ///
    /// # Errors
    /// [`Error::File`] when its model has other layers or heads.
    pub(crate) fn sentence(&self, reading: &Reading) -> Result<Sentence, Error> {
        let (layers, heads) = (self.layers, self.heads);
        if (reading.layers, reading.heads) != (layers, heads) {
            return Err(Error::file(format!("the model has not {layers} layers of {heads} heads")));
        }
        let seq = reading.tokens.len();
        let rows = reading.scores.chunks(seq).enumerate();
        Ok(Sentence {
            name: user_text::NAME.to_owned(),
            text: reading.text.clone(),
            tokens: reading.tokens.clone(),
            layers,
            heads,
            scores: rows.flat_map(|(row, keys)| &keys[..=row % seq]).copied().collect(),
        })
    }

    /// Whether the model has this head.
    pub fn has(&self, layer: usize, head: usize) -> bool {
        layer < self.layers && head < self.heads
    }

    /// Checks that there is a sentence, and that each opens on a token that it has.
    ///
    /// # Errors
    /// [`Error::Setup`] with what is wrong.
    pub fn check(&self) -> Result<(), Error> {
        if self.sentences.is_empty() {
            return Err(Error::setup("the gallery is empty"));
        }
        if self.sentences.iter().any(|entry| entry.query >= entry.tokens) {
            return Err(Error::setup("a sentence opens on a token that it does not have"));
        }
        Ok(())
    }

    /// Whether a file has what the menu says of the sentence called `name`.
    pub(crate) fn fits(&self, name: &str, tokens: usize, model: (usize, usize)) -> bool {
        let entry = self.entry(name);
        entry.is_some_and(|entry| entry.tokens == tokens) && model == (self.layers, self.heads)
    }
}

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
    /// The bytes that [`PageFile::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        files::encode(VERSION, self)
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

impl PageFile for Sentence {
    fn name(&self) -> &str {
        &self.name
    }

    fn path(name: &str) -> String {
        format!("gallery/{name}.bin")
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let sentence: Self = files::decode(VERSION, bytes)?;
        let Sentence { layers, heads, tokens, scores, .. } = &sentence;
        let all_heads = layers.checked_mul(*heads).filter(|count| *count > 0);
        let expected = all_heads.and_then(|count| count.checked_mul(sentence.triangle()));
        if tokens.is_empty() || expected != Some(scores.len()) {
            return Err(Error::file(format!(
                "{layers} layers of {heads} heads over {} tokens do not make {} scores",
                tokens.len(),
                scores.len()
            )));
        }
        match scores.iter().position(|score| !score.is_finite()) {
            Some(at) => Err(Error::file(format!("score {at} is not a finite number"))),
            None => Ok(sentence),
        }
    }
}
