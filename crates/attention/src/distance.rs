//! How far apart two rows of attention weights are.

use burn::tensor::Tensor;

use crate::Error;

/// The total variation distance along `dim`: the share that has to move to make one
/// distribution the other, `1/2 · sum_j |p_j - q_j|`.
///
/// It is `0` for equal rows, and `1` for rows that have no key in common (Levin, Peres and
/// Wilmer, *Markov Chains and Mixing Times*, 2009, section 4.1). A `NaN` in a row makes that
/// row's distance `NaN`.
///
/// Both are shares as [`softmax`](crate::softmax()) makes them, of the same shape. The shape
/// stays, but for `dim`, which becomes `1`.
///
/// # Errors
/// [`Error::NoSuchDimension`] if `dim` is not a dimension, and [`Error::Shape`] if the shapes
/// differ.
///
/// ```
/// use attention::total_variation;
/// use burn::tensor::{Device, Tensor};
///
/// let row = |shares| Tensor::<1>::from_data(shares, &Device::flex());
/// let moved = total_variation(row([0.5_f32, 0.25, 0.25]), row([0.5, 0.5, 0.0]), 0)?;
/// assert_eq!(moved.into_scalar::<f32>(), 0.25);
/// # Ok::<(), attention::Error>(())
/// ```
// ANCHOR: distance
pub fn total_variation<const D: usize>(
    one: Tensor<D>,
    other: Tensor<D>,
    dim: usize,
) -> Result<Tensor<D>, Error> {
    check(&one.dims(), &other.dims(), dim)?;
    Ok((one - other).abs().sum_dim(dim) / 2.0)
}
// ANCHOR_END: distance

fn check(one: &[usize], other: &[usize], dim: usize) -> Result<(), Error> {
    if dim >= one.len() {
        return Err(Error::NoSuchDimension { dim, rank: one.len() });
    }
    if one != other {
        let must_be = format!("{one:?}, as the first");
        return Err(Error::Shape {
            tensor: "the second distribution",
            shape: other.to_vec(),
            must_be,
        });
    }
    Ok(())
}
