//! One head's queries, keys and values, as a file for the page.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::FEWEST;
use crate::Error;
use crate::readings::Reading;

/// The first byte of a file: which layout follows.
const VERSION: u8 = 1;

/// No number of a real head comes near it. It keeps the scores from overflowing.
const LARGEST: f32 = 1e6;

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

    /// The bytes that [`Reading::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("numbers are plain data")
    }

    /// What is wrong with the numbers, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let tokens = self.tokens.len();
        if tokens < FEWEST || self.head_dim == 0 {
            return Err(format!("{tokens} tokens of {} numbers are too few", self.head_dim));
        }
        for (name, matrix) in [("query", &self.query), ("key", &self.key), ("value", &self.value)] {
            if tokens.checked_mul(self.head_dim) != Some(matrix.len()) {
                return Err(format!(
                    "{tokens} tokens of {} numbers do not make a {name} of {}",
                    self.head_dim,
                    matrix.len()
                ));
            }
            // A NaN is in no range.
            let sound = -LARGEST..=LARGEST;
            if let Some(at) = matrix.iter().position(|number| !sound.contains(number)) {
                return Err(format!("number {at} of the {name} is {}", matrix[at]));
            }
        }
        Ok(())
    }
}

impl Reading for Numbers {
    fn name(&self) -> &str {
        &self.name
    }

    fn path(name: &str) -> String {
        format!("flash/{name}.bin")
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::File`] when the bytes are damaged, of another version, hold a number that no head
    /// has, or hold more or fewer numbers than the tokens ask for.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |reason: String| Error::File { reason };
        let Some((&VERSION, body)) = bytes.split_first() else {
            return Err(damaged(format!("it is not a version {VERSION} file of numbers")));
        };
        let numbers: Self =
            postcard::from_bytes(body).map_err(|error| damaged(error.to_string()))?;
        numbers.check().map_err(damaged)?;
        Ok(numbers)
    }
}
