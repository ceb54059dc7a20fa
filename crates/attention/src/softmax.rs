//! Softmax: scores in, shares out.

use burn::tensor::Tensor;

/// Turns `logits` into shares along `dim`: each is positive and together they are one.
///
/// ```text
/// softmax(x)_i = exp(x_i - m) / sum_j exp(x_j - m)      with m = max_j x_j
/// ```
///
/// Taking the maximum off first changes nothing on paper, for it cancels, and keeps `exp`
/// from overflowing (Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 4.1).
///
/// The shape stays as it is. What happens at the edges:
/// - a logit of `-inf` gets the share `0`: this is how a mask hides a key;
/// - a row of nothing but `-inf` gets all zeros: nothing can be seen, so nothing is looked at;
/// - a `NaN` or `+inf` in a row makes that whole row `NaN`, and no other row.
///
/// The sum is taken in the tensor's own precision. In `f32` a share is right to about `1e-6`
/// for rows of a hundred, and to about `1e-4` of itself for rows of fifty thousand.
///
/// # Panics
/// If `dim` is not a dimension of `logits`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let logits = Tensor::<1>::from_data([1.0_f32, 1.0, f32::NEG_INFINITY], &Device::flex());
/// let shares = attention::softmax(logits, 0).into_data();
/// assert_eq!(shares.try_to_vec::<f32>().unwrap(), [0.5, 0.5, 0.0]);
/// ```
// ANCHOR: softmax
pub fn softmax<const D: usize>(logits: Tensor<D>, dim: usize) -> Tensor<D> {
    let largest = logits.clone().max_dim(dim);
    // A row of -inf has no largest logit to take off: -inf - -inf is not a number.
    let hidden = largest.clone().equal_elem(f32::NEG_INFINITY);
    let shifted = logits - largest.mask_fill(hidden.clone(), 0.0);

    let powers = shifted.exp();
    let total = powers.clone().sum_dim(dim);
    powers / total.mask_fill(hidden, 1.0)
}
// ANCHOR_END: softmax
