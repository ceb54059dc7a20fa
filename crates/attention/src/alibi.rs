//! ALiBi: the further a key, the lower its score.
//!
//! From Press, Smith and Lewis, *Train Short, Test Long: Attention with Linear Biases Enables
//! Input Length Extrapolation*, 2022, section 3. There are no position embeddings: each head
//! takes a slope times the distance off every score, before the softmax.

use burn::tensor::{Device, Tensor, TensorData};

use crate::Error;

/// The slope of each head, steepest first for a power of two: `2^(-8/n), 2^(-16/n), .., 2^-8`.
///
/// For another number of heads this is the rule of the authors' released code: the slopes of
/// the next lower power of two, then every other slope, from the first, of the next higher one.
///
/// # Errors
/// [`Error::OutOfRange`] if there are no heads.
///
/// ```
/// use attention::alibi_slopes;
///
/// assert_eq!(alibi_slopes(4)?, [0.25, 0.0625, 0.015625, 0.00390625]);
/// assert_eq!(alibi_slopes(3)?, [0.0625, 0.00390625, 0.25]);
/// # Ok::<(), attention::Error>(())
/// ```
pub fn alibi_slopes(heads: usize) -> Result<Vec<f32>, Error> {
    if heads == 0 {
        return Err(Error::OutOfRange {
            name: "the number of heads",
            value: "0".into(),
            must_be: "at least 1",
        });
    }
    let lower = 1 << heads.ilog2();
    let more = geometric_slopes(2.0 * lower as f64).step_by(2).take(heads - lower);
    Ok(geometric_slopes(lower as f64).take(lower).chain(more).collect())
}

/// `2^(-8/n), 2^(-16/n), ..` without end.
fn geometric_slopes(heads: f64) -> impl Iterator<Item = f32> {
    (1_u32..).map(move |head| (-8.0 * f64::from(head) / heads).exp2() as f32)
}

/// What to add to the scores, `[1, heads, seq_q, seq_k]`: `-slope * distance`.
///
/// The distance counts tokens between query and key, whichever comes first; the last query
/// stands beside the last key, as for a [`Mask`](crate::Mask). With a causal mask only the keys
/// before the query matter, and this is the bias of the paper.
///
/// # Errors
/// [`Error::OutOfRange`] if there are no heads.
pub fn alibi_bias(
    heads: usize,
    seq_q: usize,
    seq_k: usize,
    device: &Device,
) -> Result<Tensor<4>, Error> {
    let first_place = seq_k as i64 - seq_q as i64;
    let mut bias = Vec::with_capacity(heads * seq_q * seq_k);
    for slope in alibi_slopes(heads)? {
        for place in (0..seq_q as i64).map(|query| first_place + query) {
            bias.extend((0..seq_k as i64).map(|key| slope * -(place - key).abs() as f32));
        }
    }
    Ok(Tensor::from_data(TensorData::new(bias, [1, heads, seq_q, seq_k]), device))
}
