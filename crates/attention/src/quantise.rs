//! Quantisation: numbers kept with fewer bits each.
//!
//! ```
//! use attention::quantised;
//! use burn::tensor::{Device, Tensor};
//!
//! let keys = Tensor::<4>::from_data([[[[0.0_f32, 0.4, 1.0, 3.0]]]], &Device::flex());
//! // Two bits are four levels: 0, 1, 2 and 3.
//! let kept = quantised(keys, 2, 3)?;
//! assert_eq!(kept.into_data().try_to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0, 3.0]);
//! # Ok::<(), attention::Error>(())
//! ```

use burn::tensor::Tensor;

use crate::Error;
use crate::float_type::widened;

/// The most bits that [`quantised`] takes: more levels than an `f32` can tell apart are no use.
const MOST_BITS: u32 = 16;

/// `x` as it comes back after it was kept with `bits` bits a number: each number becomes the
/// nearest of `2^bits` levels, evenly spaced from the smallest to the largest of its group. A
/// group is a row along the dimension `along`, and it keeps two numbers beside: where its levels
/// begin, and how far apart they are.
///
/// For keys and values `[batch, kv_heads, seq, head_dim]`, a group along 3 is one token's vector,
/// and a group along 2 is one channel over all tokens (Liu et al., *KIVI: A Tuning-Free
/// Asymmetric 2bit Quantization for KV Cache*, 2024, section 3).
///
/// A group that holds a number that is not finite becomes `NaN`. Numbers of 16 bits are computed
/// with in `f32`, and the result is rounded to their type.
///
/// # Errors
/// [`Error::OutOfRange`] unless `bits` is from 1 to 16, and [`Error::NoSuchDimension`].
// ANCHOR: quantised
pub fn quantised(x: Tensor<4>, bits: u32, along: usize) -> Result<Tensor<4>, Error> {
    check(bits, along)?;
    let dtype = x.dtype();
    let x = widened(x);
    let lowest = x.clone().min_dim(along);
    let range = x.clone().max_dim(along) - lowest.clone();
    let step = range / ((1_u32 << bits) - 1) as f32;
    // A group of equal numbers has steps of zero, and any other step keeps it as it is.
    let even = step.clone().equal_elem(0.0);
    let step = step.mask_fill(even, 1.0);
    let level = ((x - lowest.clone()) / step.clone()).round();
    Ok((level * step + lowest).cast(dtype))
}
// ANCHOR_END: quantised

fn check(bits: u32, along: usize) -> Result<(), Error> {
    if !(1..=MOST_BITS).contains(&bits) {
        let (name, value) = ("the number of bits", bits.to_string());
        return Err(Error::OutOfRange { name, value, must_be: "from 1 to 16" });
    }
    if along >= 4 {
        return Err(Error::NoSuchDimension { dim: along, rank: 4 });
    }
    Ok(())
}
