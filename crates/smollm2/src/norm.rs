//! RMSNorm: each token's vector, brought to a common length.

use burn::tensor::{Device, Tensor, TensorData};

use crate::Error;
use crate::gguf::Gguf;

/// Root mean square layer normalisation (Zhang and Sennrich, *Root Mean Square Layer
/// Normalization*, 2019, equation 4).
#[derive(Debug, Clone)]
pub struct RmsNorm {
    /// `[d_model]`: how much each number counts after it.
    weight: Tensor<1>,
    epsilon: f32,
}

impl RmsNorm {
    /// A norm with these weights, `[d_model]`. `epsilon` keeps a vector of zeros at zero.
    pub fn new(weight: Tensor<1>, epsilon: f32) -> Self {
        RmsNorm { weight, epsilon }
    }

    pub(crate) fn read(
        file: &Gguf<'_>,
        name: &str,
        d_model: usize,
        epsilon: f32,
        device: &Device,
    ) -> Result<Self, Error> {
        let numbers = file.numbers(name, &[d_model])?;
        Ok(RmsNorm::new(Tensor::from_data(TensorData::new(numbers, [d_model]), device), epsilon))
    }

    /// `x / sqrt(mean(x²) + epsilon) · weight` for each row of `x`, `[seq, d_model]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mean_square = (x.clone() * x.clone()).mean_dim(1);
        x / (mean_square + self.epsilon).sqrt() * self.weight.clone().unsqueeze()
    }
}
