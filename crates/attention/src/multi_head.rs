//! Multi-head attention: several attentions side by side, each on its own part of the vectors.
//!
//! From Vaswani et al., *Attention Is All You Need*, 2017, section 3.2.2.

use burn::tensor::Tensor;

use crate::float_type::same_type;
use crate::{AttentionOptions, AttentionSteps, Error, attention_steps};

// ANCHOR: split
/// Cuts vectors into heads: `[batch, seq, heads * head_dim]` becomes
/// `[batch, heads, seq, head_dim]`. Head `h` gets the numbers from `h * head_dim` on.
///
/// # Errors
/// [`Error::OutOfRange`] if there are no heads, and [`Error::NotDivisible`] if they cannot
/// share the vectors evenly.
pub fn split_heads(x: Tensor<3>, heads: usize) -> Result<Tensor<4>, Error> {
    let [batch, seq, width] = x.dims();
    let head_dim = head_dim("the tensor to split", width, heads)?;
    Ok(x.reshape([batch, seq, heads, head_dim]).swap_dims(1, 2))
}

/// Puts the heads side by side again: the reverse of [`split_heads`].
pub fn merge_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, heads, seq, head_dim] = x.dims();
    x.swap_dims(1, 2).reshape([batch, seq, heads * head_dim])
}
// ANCHOR_END: split

/// The weights of one layer of multi-head attention. Vectors are rows: `x · W`.
#[derive(Debug, Clone)]
pub struct MultiHeadAttention {
    query: Tensor<2>,
    key: Tensor<2>,
    value: Tensor<2>,
    output: Tensor<2>,
    heads: usize,
}

/// What multi-head attention computes, step by step.
#[derive(Debug, Clone)]
pub struct MultiHeadSteps {
    /// What the heads do, each for itself: `[batch, heads, seq, ..]`.
    pub heads: AttentionSteps,
    /// The outputs of the heads side by side, `[batch, seq_q, heads * value_dim]`.
    pub merged: Tensor<3>,
    /// The merged outputs times `W_O`: `[batch, seq_q, d_out]`.
    pub output: Tensor<3>,
}

impl MultiHeadAttention {
    /// A layer of given weights.
    ///
    /// - `query`, W_Q: `[d_target, heads * head_dim]`
    /// - `key`, W_K: `[d_source, heads * head_dim]`
    /// - `value`, W_V: `[d_source, heads * value_dim]`
    /// - `output`, W_O: `[heads * value_dim, d_out]`
    ///
    /// In self-attention `d_target` and `d_source` are one and the same, `d_model`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if there are no heads, [`Error::NotDivisible`] if they cannot share
    /// a weight evenly, and [`Error::Shape`] if a weight has no numbers or does not fit the
    /// others; [`Error::FloatTypes`] if they hold different types of numbers.
    pub fn new(
        query: Tensor<2>,
        key: Tensor<2>,
        value: Tensor<2>,
        output: Tensor<2>,
        heads: usize,
    ) -> Result<Self, Error> {
        for (name, weight) in [("W_Q", &query), ("W_K", &key), ("W_V", &value), ("W_O", &output)] {
            has_numbers(name, &weight.dims())?;
        }
        same_type(&[
            ("W_Q", query.dtype()),
            ("W_K", key.dtype()),
            ("W_V", value.dtype()),
            ("W_O", output.dtype()),
        ])?;
        head_dim("W_Q", query.dims()[1], heads)?;
        head_dim("W_V", value.dims()[1], heads)?;
        fits("W_K", key.dims(), [value.dims()[0], query.dims()[1]], "as W_V high, as W_Q wide")?;
        fits("W_O", output.dims(), [value.dims()[1], output.dims()[1]], "as high as W_V is wide")?;
        Ok(MultiHeadAttention { query, key, value, output, heads })
    }

    /// Self-attention: every token of `x`, `[batch, seq, d_model]`, asks and answers.
    ///
    /// # Errors
    /// As [`MultiHeadAttention::attend`].
    pub fn forward(
        &self,
        x: Tensor<3>,
        options: AttentionOptions,
    ) -> Result<MultiHeadSteps, Error> {
        self.attend(x.clone(), x, options)
    }

    /// The tokens of `target`, `[batch, seq_q, d_target]`, ask; those of `source`,
    /// `[batch, seq_k, d_source]`, answer.
    ///
    /// # Errors
    /// [`Error::Shape`] if a sequence is empty or not as wide as the weights are high,
    /// [`Error::FloatTypes`] if its numbers are not of the weights' type, and the errors of
    /// [`attention_steps`].
    pub fn attend(
        &self,
        target: Tensor<3>,
        source: Tensor<3>,
        options: AttentionOptions,
    ) -> Result<MultiHeadSteps, Error> {
        // ANCHOR: attend
        let query = split_heads(project("the target", target, &self.query)?, self.heads)?;
        let key = split_heads(project("the source", source.clone(), &self.key)?, self.heads)?;
        let value = split_heads(project("the source", source, &self.value)?, self.heads)?;

        let heads = attention_steps(query, key, value, options)?;
        let merged = merge_heads(heads.output.clone());
        let output = merged.clone().matmul(self.output.clone().unsqueeze());
        // ANCHOR_END: attend
        Ok(MultiHeadSteps { heads, merged, output })
    }
}

/// `x · weight`, for each text of the batch.
fn project(name: &'static str, x: Tensor<3>, weight: &Tensor<2>) -> Result<Tensor<3>, Error> {
    let [batch, seq, width] = x.dims();
    let height = weight.dims()[0];
    has_numbers(name, &x.dims())?;
    same_type(&[(name, x.dtype()), ("its weight", weight.dtype())])?;
    if width != height {
        return Err(Error::Shape {
            tensor: name,
            shape: vec![batch, seq, width],
            must_be: format!("[batch, seq, {height}], as wide as its weights are high"),
        });
    }
    Ok(x.matmul(weight.clone().unsqueeze()))
}

fn has_numbers(tensor: &'static str, shape: &[usize]) -> Result<(), Error> {
    if shape.contains(&0) {
        let must_be = "at least 1 in every dimension".into();
        return Err(Error::Shape { tensor, shape: shape.to_vec(), must_be });
    }
    Ok(())
}

fn head_dim(tensor: &'static str, width: usize, heads: usize) -> Result<usize, Error> {
    if heads == 0 {
        return Err(Error::OutOfRange {
            name: "the number of heads",
            value: "0".into(),
            must_be: "at least 1",
        });
    }
    if width.is_multiple_of(heads) {
        Ok(width / heads)
    } else {
        Err(Error::NotDivisible { tensor, width, heads })
    }
}

fn fits(
    tensor: &'static str,
    shape: [usize; 2],
    expected: [usize; 2],
    words: &str,
) -> Result<(), Error> {
    if shape == expected {
        return Ok(());
    }
    let must_be = format!("{expected:?}, {words}");
    Err(Error::Shape { tensor, shape: shape.to_vec(), must_be })
}
