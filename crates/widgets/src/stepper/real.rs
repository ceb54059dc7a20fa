//! A head of the real model, as a file for the page.

use serde::{Deserialize, Serialize};

use super::Matrix;
use crate::Error;

/// The first byte of the file: which layout follows.
const VERSION: u8 = 1;

/// No number of a real head comes near it. It keeps the scores from overflowing.
const LARGEST: f32 = 1e6;

/// What one head of SmolLM2 makes of a text. Layers and heads count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RealHead {
    /// Which head, and of which text.
    pub place: Place,
    /// The text's tokens: `seq` of them.
    pub tokens: Vec<String>,
    /// How many numbers a query, a key or a value has.
    pub head_dim: usize,
    /// How many numbers a token has before the head: `d_model`.
    pub d_model: usize,
    /// The key and value head that it asks.
    pub kv_head: usize,
    /// The query heads that ask the same one.
    pub shared_by: Vec<usize>,
    /// `[seq, head_dim]`, turned to the tokens' places.
    pub query: Vec<f32>,
    /// `[seq, head_dim]`, turned to the tokens' places.
    pub key: Vec<f32>,
    /// `[seq, head_dim]`
    pub value: Vec<f32>,
}

/// A head of the model, and the text that it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The text.
    pub text: String,
    /// The layer, from 0.
    pub layer: usize,
    /// The query head of the layer, from 0.
    pub head: usize,
}

impl RealHead {
    /// Where the file lies under the site's root.
    pub const PATH: &'static str = "stepper/head.bin";

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Gallery`] when the bytes are damaged, of another version, hold a number that no
    /// head has, or hold more or fewer numbers than the tokens ask for.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |reason: String| Error::Gallery { reason };
        let Some((&VERSION, body)) = bytes.split_first() else {
            return Err(damaged(format!("it is not a version {VERSION} head file")));
        };
        let head: Self = postcard::from_bytes(body).map_err(|error| damaged(error.to_string()))?;
        let expected = head.tokens.len().checked_mul(head.head_dim).filter(|count| *count > 0);
        for (name, numbers) in [("query", &head.query), ("key", &head.key), ("value", &head.value)]
        {
            if expected != Some(numbers.len()) {
                return Err(damaged(format!(
                    "{} tokens of {} numbers do not make a {name} of {}",
                    head.tokens.len(),
                    head.head_dim,
                    numbers.len()
                )));
            }
            // A NaN is in no range.
            let sound = -LARGEST..=LARGEST;
            if let Some(at) = numbers.iter().position(|number| !sound.contains(number)) {
                return Err(damaged(format!("number {at} of the {name} is {}", numbers[at])));
            }
        }
        Ok(head)
    }

    /// The bytes that [`RealHead::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("a head is plain data")
    }

    /// Query, key or value as a matrix, `[seq, head_dim]`.
    pub(super) fn matrix(&self, numbers: &[f32]) -> Matrix {
        Matrix { rows: self.tokens.len(), columns: self.head_dim, numbers: numbers.to_vec() }
    }
}
