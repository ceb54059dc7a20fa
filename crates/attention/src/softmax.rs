//! Softmax: scores in, shares out.

use burn::tensor::{DType, Tensor, TensorData};

use crate::Error;
use crate::float_type::widened;

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
/// for rows of a hundred, and to about `1e-4` of itself for rows of fifty thousand. In `f16` it
/// must stay below 65,520, or every share is `0`: cast longer rows of like logits to `f32` first.
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

/// The softmax of `logits / temperature` along `dim`.
///
/// A low temperature sharpens the shares and a high one levels them: towards `0` the largest
/// logit takes all, towards infinity all logits take the same. At `1` this is [`softmax`]
/// (Hinton, Vinyals and Dean, *Distilling the Knowledge in a Neural Network*, 2015, section 2).
///
/// The largest logit comes off before the division, and the division is done in `f64`. So no
/// temperature is too low or too high to divide by, whatever the type of the logits. Those of 16
/// bits are computed with in `f32`, and the shares are rounded to their type. The edges are those of
/// [`softmax`].
///
/// # Errors
/// [`Error::OutOfRange`] unless the temperature is finite and above zero;
/// [`Error::NoSuchDimension`] if `dim` is not a dimension of `logits`, and [`Error::Shape`] if
/// there are no logits along it.
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let logits = Tensor::<1>::from_data([2.0_f32.ln(), 0.0], &Device::flex());
/// // At one half, 2 : 1 becomes 4 : 1.
/// let shares = attention::softmax_with_temperature(logits, 0.5, 0)?.into_data();
/// let shares = shares.try_to_vec::<f32>().unwrap();
/// assert!((shares[0] - 0.8).abs() < 1e-6);
/// # Ok::<(), attention::Error>(())
/// ```
// ANCHOR: temperature
pub fn softmax_with_temperature<const D: usize>(
    logits: Tensor<D>,
    temperature: f64,
    dim: usize,
) -> Result<Tensor<D>, Error> {
    check_dimension("logits", &logits.dims(), dim)?;
    if !(temperature.is_finite() && temperature > 0.0) {
        return Err(Error::OutOfRange {
            name: "temperature",
            value: temperature.to_string(),
            must_be: "finite and above zero",
        });
    }
    let dtype = logits.dtype();
    let logits = widened(logits);
    let largest = logits.clone().max_dim(dim);
    let hidden = largest.clone().equal_elem(f32::NEG_INFINITY);
    let shifted = logits.clone() - largest.mask_fill(hidden, 0.0);
    let divided = shifted.cast(DType::F64) / temperature;
    Ok(softmax(divided.cast(logits.dtype()), dim).cast(dtype))
}
// ANCHOR_END: temperature

/// How spread out the shares along `dim` are, in nats: `-sum_i p_i ln p_i`, with `0 ln 0 = 0`.
///
/// It is `0` when one share has all, and `ln n` when `n` shares are equal (Shannon,
/// *A Mathematical Theory of Communication*, 1948, section 6). A hidden row, all zeros, has
/// entropy `0`. A row with a `NaN` or a negative share has entropy `NaN`.
///
/// `weights` are shares as [`softmax`] makes them. The shape stays, but for `dim`, which
/// becomes `1`.
///
/// # Errors
/// [`Error::NoSuchDimension`] if `dim` is not a dimension of `weights`, and [`Error::Shape`] if
/// there are no weights along it.
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let weights = Tensor::<2>::from_data([[0.5_f32, 0.5, 0.0], [1.0, 0.0, 0.0]], &Device::flex());
/// let entropy = attention::entropy(weights, 1)?.into_data().try_to_vec::<f32>().unwrap();
/// assert!((entropy[0] - 2.0_f32.ln()).abs() < 1e-6);
/// assert_eq!(entropy[1], 0.0);
/// # Ok::<(), attention::Error>(())
/// ```
pub fn entropy<const D: usize>(weights: Tensor<D>, dim: usize) -> Result<Tensor<D>, Error> {
    check_dimension("weights", &weights.dims(), dim)?;
    // 0 ln 0 is 0, and the logarithm alone does not know: ln 1 is 0 as well.
    let nothing = weights.clone().equal_elem(0.0);
    let logarithm = weights.clone().mask_fill(nothing, 1.0).log();
    let total = (weights * logarithm).sum_dim(dim);
    Ok(total.zeros_like() - total)
}

/// To how many tokens a row attends in effect: `exp` of its [`entropy`], also called the
/// perplexity of the row.
///
/// It is `1` when one token has all, `n` when `n` tokens share equally, and `0` for a hidden
/// row, which attends to nothing. The shape is that of [`entropy`].
///
/// # Errors
/// As [`entropy`].
pub fn effective_tokens<const D: usize>(
    weights: Tensor<D>,
    dim: usize,
) -> Result<Tensor<D>, Error> {
    let entropy = entropy(weights.clone(), dim)?;
    let hidden = weights.sum_dim(dim).equal_elem(0.0);
    Ok(entropy.exp().mask_fill(hidden, 0.0))
}

/// How the shares of one softmax answer to its logits: entry `[i, j]` of the result, `[n, n]`, is
/// the slope of share `i` as logit `j` moves, `a_i (1 - a_i)` for `i = j` and `-a_i a_j` elsewhere
/// (Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 6.2.2.3).
///
/// `weights` are the shares, `[n]`, as [`softmax`] makes them. Each row and each column of the
/// result sums to zero: what one share gains, the others lose.
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let shares = Tensor::<1>::from_data([0.5_f32, 0.5], &Device::flex());
/// let slopes = attention::softmax_jacobian(shares).into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(slopes, [0.25, -0.25, -0.25, 0.25]);
/// ```
// ANCHOR: jacobian
pub fn softmax_jacobian(weights: Tensor<1>) -> Tensor<2> {
    let [n] = weights.dims();
    let a: Vec<f64> = weights.to_data().iter().collect();
    let slope = |i: usize, j: usize| if i == j { a[i] * (1.0 - a[i]) } else { -a[i] * a[j] };
    let slopes: Vec<f64> = (0..n * n).map(|at| slope(at / n, at % n)).collect();
    Tensor::from_data(TensorData::new(slopes, [n, n]), (&weights.device(), weights.dtype()))
}
// ANCHOR_END: jacobian

/// Whether `shape` has a dimension `dim`, with numbers along it.
fn check_dimension(tensor: &'static str, shape: &[usize], dim: usize) -> Result<(), Error> {
    match shape.get(dim) {
        None => Err(Error::NoSuchDimension { dim, rank: shape.len() }),
        Some(0) => {
            let must_be = format!("at least 1 in dimension {dim}");
            Err(Error::Shape { tensor, shape: shape.to_vec(), must_be })
        }
        Some(_) => Ok(()),
    }
}
