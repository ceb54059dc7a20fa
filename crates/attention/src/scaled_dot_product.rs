//! Scaled dot-product attention: the formula of the book's first chapter.

use burn::tensor::Tensor;

use crate::{Error, Mask, softmax};

/// What attention computes, step by step.
#[derive(Debug, Clone)]
pub struct Attention {
    /// `query · key / sqrt(head_dim)`, with `-inf` where the mask hides a key:
    /// `[batch, heads, seq_q, seq_k]`.
    pub scores: Tensor<4>,
    /// The softmax of each row of scores, `[batch, heads, seq_q, seq_k]`: row `i` says how
    /// query `i` shares its attention among the keys.
    pub weights: Tensor<4>,
    /// The values, mixed by the weights: `[batch, heads, seq_q, head_dim of the values]`.
    pub output: Tensor<4>,
}

/// `softmax(mask(query · keyᵀ / sqrt(head_dim))) · value`
///
/// From Vaswani et al., *Attention Is All You Need*, 2017, section 3.2.1.
///
/// - `query`: `[batch, heads, seq_q, head_dim]`
/// - `key`: `[batch, heads, seq_k, head_dim]`
/// - `value`: `[batch, heads, seq_k, value_dim]`
///
/// Numbers that are not finite pass through as [`softmax`] says: a `NaN` in one query spoils
/// that query's row alone.
///
/// # Errors
/// [`Error::Mismatch`] when shapes do not fit together, [`Error::Empty`] when a dimension is
/// zero, and [`Error::MoreQueriesThanKeys`] when a causal mask would leave a query nothing.
// ANCHOR: attention
pub fn scaled_dot_product_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    mask: Mask,
) -> Result<Attention, Error> {
    check(query.dims(), key.dims(), value.dims(), mask)?;
    let [_, _, seq_q, head_dim] = query.dims();
    let seq_k = key.dims()[2];

    let mut scores = query.matmul(key.transpose()) / (head_dim as f32).sqrt();
    if let Some(hidden) = mask.hidden(seq_q, seq_k, &scores.device()) {
        scores = scores.mask_fill(hidden.unsqueeze::<4>(), f32::NEG_INFINITY);
    }
    let weights = softmax(scores.clone(), 3);
    let output = weights.clone().matmul(value);
    Ok(Attention { scores, weights, output })
}
// ANCHOR_END: attention

fn check(query: [usize; 4], key: [usize; 4], value: [usize; 4], mask: Mask) -> Result<(), Error> {
    for (tensor, shape) in [("query", query), ("key", key), ("value", value)] {
        for (dimension, size) in ["batch", "heads", "seq", "head_dim"].into_iter().zip(shape) {
            if size == 0 {
                return Err(Error::Empty { tensor, dimension, shape });
            }
        }
    }
    agree("batch", 0, ("query", query), ("key", key))?;
    agree("batch", 0, ("key", key), ("value", value))?;
    agree("heads", 1, ("query", query), ("key", key))?;
    agree("heads", 1, ("key", key), ("value", value))?;
    agree("seq_k", 2, ("key", key), ("value", value))?;
    agree("head_dim", 3, ("query", query), ("key", key))?;
    if mask == Mask::Causal && query[2] > key[2] {
        return Err(Error::MoreQueriesThanKeys { seq_q: query[2], seq_k: key[2] });
    }
    Ok(())
}

fn agree(
    dimension: &'static str,
    axis: usize,
    (left, left_shape): (&'static str, [usize; 4]),
    (right, right_shape): (&'static str, [usize; 4]),
) -> Result<(), Error> {
    if left_shape[axis] == right_shape[axis] {
        return Ok(());
    }
    Err(Error::Mismatch { dimension, left, left_shape, right, right_shape })
}
