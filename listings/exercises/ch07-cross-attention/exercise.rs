//! Exercise of chapter 7: cross-attention from the plain function.

use attention::{Mask, scaled_dot_product_attention};
use burn::tensor::Tensor;

// ANCHOR: exercise
/// Lets every row of `target` look at the rows of `source`, with one head.
///
/// - `target`: `[seq_q, d_model]`
/// - `source`: `[seq_k, d_model]`, of which the first `length` rows are text and the others are
///   padding
/// - `query`, `key`, `value`: the matrices `[d_model, head_dim]`
///
/// Gives `[seq_q, head_dim]`. This body is self-attention of the target, with a causal mask.
/// Make cross-attention of it: take keys and values from the other side, and let nobody see
/// the padding.
pub fn cross_attention(
    target: Tensor<2>,
    source: Tensor<2>,
    length: usize,
    [query, key, value]: [Tensor<2>; 3],
) -> Tensor<2> {
    let _ = (source, length);
    let q = target.clone().matmul(query);
    let k = target.clone().matmul(key);
    let v = target.matmul(value);
    let [q, k, v] = [q, k, v].map(|rows| rows.unsqueeze::<4>());
    let attention = scaled_dot_product_attention(q, k, v, Mask::Causal).expect("shapes that fit");
    attention.output.squeeze_dims(&[0, 1])
}
// ANCHOR_END: exercise
