//! Solution of an exercise of chapter 7.

use attention::{Mask, scaled_dot_product_attention};
use burn::tensor::Tensor;

// ANCHOR: solution
/// Lets every row of `target` look at the rows of `source`, with one head.
///
/// The mask has as many columns as the source has rows, and hides the padding from every query.
pub fn cross_attention(
    target: Tensor<2>,
    source: Tensor<2>,
    length: usize,
    [query, key, value]: [Tensor<2>; 3],
) -> Tensor<2> {
    let q = target.matmul(query);
    let k = source.clone().matmul(key);
    let v = source.matmul(value);
    let [q, k, v] = [q, k, v].map(|rows| rows.unsqueeze::<4>());
    let mask = Mask::Padding { length };
    let attention = scaled_dot_product_attention(q, k, v, mask).expect("shapes that fit");
    attention.output.squeeze_dims(&[0, 1])
}
// ANCHOR_END: solution
