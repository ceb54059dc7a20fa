//! What a burn backend must do for the op: three functions, each on its own kind of tensor.
//!
//! burn finds the backend of a tensor at run time. For [`FlashAttention`] and [`FlashDecode`] the
//! macro writes that search; what is called has been checked before.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};

use crate::{DecodeOptions, FlashOptions};

/// Flash attention, with autodiff where the tensors have it.
#[backend_extension(Autodiff, Flex, Cube)]
pub trait FlashAttention: Backend {
    /// The output and the log-sum-exp: see [`flash_attention`](crate::flash_attention).
    fn flash_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        options: FlashOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// What the forward pass leaves for the backward pass, with the gradient that comes back.
#[derive(Debug)]
pub struct Saved<B: Backend> {
    /// `[batch, heads, seq_q, head_dim]`.
    pub query: FloatTensor<B>,
    /// `[batch, kv_heads, seq_k, head_dim]`.
    pub key: FloatTensor<B>,
    /// `[batch, kv_heads, seq_k, head_dim]`.
    pub value: FloatTensor<B>,
    /// `[batch, heads, seq_q, head_dim]`.
    pub output: FloatTensor<B>,
    /// `[batch, heads, seq_q]`, in `f32`.
    pub log_sum_exp: FloatTensor<B>,
    /// The gradient of the loss in the output, of the output's shape.
    pub output_gradient: FloatTensor<B>,
}

/// The backward pass.
pub trait FlashBackward: Backend {
    /// The gradients of query, key and value, in their shapes and types.
    fn flash_backward(saved: Saved<Self>, options: FlashOptions) -> [FloatTensor<Self>; 3];
}

/// Where the keys and values of each text lie: whole numbers that the host knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// The pages of each text, in order: `[batch]` of lists.
    pub block_table: Vec<Vec<usize>>,
    /// The number of keys of each text, `[batch]`.
    pub lengths: Vec<usize>,
}

/// A decoding step over a paged cache.
#[backend_extension(Flex, Cube)]
pub trait FlashDecode: Backend {
    /// The output and the log-sum-exp: see [`decode_paged`](crate::decode_paged).
    fn flash_decode(
        query: FloatTensor<Self>,
        key_pages: FloatTensor<Self>,
        value_pages: FloatTensor<Self>,
        texts: Texts,
        options: DecodeOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}
