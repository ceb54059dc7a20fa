//! A head of the real model, as a file for the page.

use reading::Reading;
use serde::{Deserialize, Serialize};

use super::Matrix;
use crate::error::Error;
use crate::files::{self, PageFile};
use crate::user_text;

/// The first byte of the file: which layout follows.
const VERSION: u8 = 1;

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

    /// One head at work on a text of the reader's own.
    ///
    /// # Errors
    /// [`Error::File`] when the model has no such head.
    pub(super) fn of_text(reading: &Reading, layer: usize, head: usize) -> Result<Self, Error> {
        let ([query, key, value], kv_head) = user_text::head(reading, layer, head)?;
        let group = reading.heads / reading.kv_heads;
        Ok(Self {
            place: Place { text: reading.text.clone(), layer, head },
            tokens: reading.tokens.clone(),
            head_dim: reading.head_dim,
            d_model: reading.d_model,
            kv_head,
            shared_by: (kv_head * group..(kv_head + 1) * group).collect(),
            query,
            key,
            value,
        })
    }

    /// The bytes that [`PageFile::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        files::encode(VERSION, self)
    }

    /// Query, key or value as a matrix, `[seq, head_dim]`.
    pub(super) fn matrix(&self, numbers: &[f32]) -> Matrix {
        Matrix { rows: self.tokens.len(), columns: self.head_dim, numbers: numbers.to_vec() }
    }
}

impl PageFile for RealHead {
    /// There is one such file: it needs no name of its own.
    fn name(&self) -> &str {
        ""
    }

    fn path(_: &str) -> String {
        Self::PATH.to_owned()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let head: Self = files::decode(VERSION, bytes)?;
        files::check_head(head.tokens.len(), head.head_dim, [&head.query, &head.key, &head.value])?;
        Ok(head)
    }
}
