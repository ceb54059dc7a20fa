//! SwiGLU: the feed-forward half of a layer.

use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor};

use crate::gguf::Gguf;
use crate::linear::Linear;
use crate::{Config, Error};

/// A gated feed-forward network (Shazeer, *GLU Variants Improve Transformer*, 2020, equation 6).
///
/// Each token passes through it alone.
#[derive(Debug, Clone)]
pub struct SwiGlu {
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl SwiGlu {
    /// A network of three maps: `gate` and `up` from `d_model` to `d_ff`, `down` back again.
    pub fn new(gate: Linear, up: Linear, down: Linear) -> Self {
        SwiGlu { gate, up, down }
    }

    pub(crate) fn read(
        file: &Gguf<'_>,
        layer: usize,
        config: &Config,
        device: &Device,
    ) -> Result<Self, Error> {
        let linear = |part: &str, shape: [usize; 2]| {
            Linear::read(file, &format!("blk.{layer}.ffn_{part}.weight"), shape, device)
        };
        Ok(SwiGlu {
            gate: linear("gate", [config.d_ff, config.d_model])?,
            up: linear("up", [config.d_ff, config.d_model])?,
            down: linear("down", [config.d_model, config.d_ff])?,
        })
    }

    /// `down(silu(gate(x)) · up(x))`, with `silu(x) = x / (1 + exp(-x))`; `[seq, d_model]` to
    /// `[seq, d_model]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let gate = silu(self.gate.forward(x.clone()));
        self.down.forward(gate * self.up.forward(x))
    }
}
