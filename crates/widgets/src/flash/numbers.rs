//! One head's queries, keys and values, as a file for the page.

use burn::tensor::{Device, Tensor, TensorData};
use reading::Reading;
use serde::{Deserialize, Serialize};

use super::FEWEST;
use crate::error::Error;
use crate::files::{self, PageFile};
use crate::user_text;

/// The first byte of a file: which layout follows.
const VERSION: u8 = 1;

/// One head's numbers, ready for attention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// A short name for files and addresses: `noun`.
    pub name: String,
    /// The tokens: `seq` of them.
    pub tokens: Vec<String>,
    /// Numbers in a query, a key and a value.
    pub head_dim: usize,
    /// `[seq, head_dim]`, row by row.
    pub query: Vec<f32>,
    /// `[seq, head_dim]`.
    pub key: Vec<f32>,
    /// `[seq, head_dim]`.
    pub value: Vec<f32>,
}

impl Numbers {
    /// Query, key and value of the first `seq` tokens, each `[1, 1, seq, head_dim]`.
    pub fn tensors(&self, seq: usize) -> [Tensor<4>; 3] {
        [&self.query, &self.key, &self.value].map(|matrix| {
            let rows = matrix[..seq * self.head_dim].to_vec();
            Tensor::from_data(TensorData::new(rows, [1, 1, seq, self.head_dim]), &Device::flex())
        })
    }

    /// What a head makes of a text of the reader's own.
    ///
    /// # Errors
    /// [`Error::Short`] when the text is too short to be cut, [`Error::File`] when the model has
    /// no such head or its numbers are beyond measure.
    pub(super) fn of_text(reading: &Reading, layer: usize, head: usize) -> Result<Self, Error> {
        let (tokens, fewest) = (reading.tokens.len(), FEWEST);
        if tokens < fewest {
            return Err(Error::Short { tokens, fewest });
        }
        let ([query, key, value], _) = user_text::head(reading, layer, head)?;
        let (name, tokens) = (user_text::name(layer, head), reading.tokens.clone());
        let numbers = Self { name, tokens, head_dim: reading.head_dim, query, key, value };
        numbers.check()?;
        Ok(numbers)
    }

    /// The bytes that [`PageFile::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        files::encode(VERSION, self)
    }

    /// Whether the numbers can be cut into tiles.
    ///
    /// # Errors
    /// [`Error::File`] with what is wrong.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let tokens = self.tokens.len();
        if tokens < FEWEST {
            return Err(Error::file(format!("{tokens} tokens are too few")));
        }
        files::check_head(tokens, self.head_dim, [&self.query, &self.key, &self.value])
    }
}

impl PageFile for Numbers {
    fn name(&self) -> &str {
        &self.name
    }

    fn path(name: &str) -> String {
        format!("flash/{name}.bin")
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let numbers: Self = files::decode(VERSION, bytes)?;
        numbers.check()?;
        Ok(numbers)
    }
}
