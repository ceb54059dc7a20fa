//! A linear map: the matrix that a layer multiplies by.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use crate::Error;
use crate::gguf::Gguf;

/// A matrix without a bias, as all of a Llama's are.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[outputs, inputs]`: one row an output.
    weight: Tensor<2>,
}

impl Linear {
    /// A linear map with this matrix, `[outputs, inputs]`.
    pub fn new(weight: Tensor<2>) -> Self {
        Linear { weight }
    }

    pub(crate) fn read(
        file: &Gguf<'_>,
        name: &str,
        [outputs, inputs]: [usize; 2],
        device: &Device,
    ) -> Result<Self, Error> {
        Ok(Linear { weight: matrix(file, name, [outputs, inputs], device)? })
    }

    /// `[seq, inputs]` to `[seq, outputs]`: each row of `x` times the matrix.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.clone().transpose())
    }

    /// The same map, deaf to these inputs: their columns are zero.
    pub(crate) fn without(&self, inputs: Range<usize>) -> Self {
        let [outputs, _] = self.weight.dims();
        let nothing = Tensor::zeros([outputs, inputs.len()], &self.weight.device());
        Linear::new(self.weight.clone().slice_assign([0..outputs, inputs], nothing))
    }
}

/// Reads a matrix. GGUF writes its shape the other way round, the length of a row first.
pub(crate) fn matrix(
    file: &Gguf<'_>,
    name: &str,
    [rows, columns]: [usize; 2],
    device: &Device,
) -> Result<Tensor<2>, Error> {
    let numbers = file.numbers(name, &[columns, rows])?;
    Ok(Tensor::from_data(TensorData::new(numbers, [rows, columns]), device))
}
