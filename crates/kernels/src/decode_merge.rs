//! One decoding step, second half: the splits' results become one.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::score::LOWEST;

/// Joins what [`decode_split`](crate::decode_split::decode_split()) left of each split. Each was
/// measured from a maximum of its own; all are brought to the largest, as in online softmax
/// (Milakov and Gimelshein, 2018, section 3.1).
///
/// - `sums`: `[batch, heads, splits, head_dim]`
/// - `largests`, `totals`: `[batch, heads, splits]`
/// - `output`: `[batch, heads, 1, head_dim]`
/// - `log_sum_exp`: `[batch, heads, 1]`
/// - `hidden`: the log-sum-exp of a query that sees no key, `-inf`
///
/// Launched with a cube for each head and text; a cube has `head_dim` threads.
#[cube(launch)]
pub fn decode_merge<F: Float>(
    sums: &Tensor<f32>,
    largests: &Tensor<f32>,
    totals: &Tensor<f32>,
    output: &mut Tensor<F>,
    log_sum_exp: &mut Tensor<f32>,
    hidden: f32,
    #[define(F)] _dtype: ElemType,
) {
    let d = UNIT_POS_X as usize;
    let head = CUBE_POS_Y as usize;
    let batch = CUBE_POS_Z as usize;
    let splits = sums.shape(2);
    let numbers_at = batch * totals.stride(0) + head * totals.stride(1);
    let sums_at = batch * sums.stride(0) + head * sums.stride(1);

    let mut largest = f32::new(LOWEST);
    for split in 0..splits {
        largest = max(largest, largests[numbers_at + split]);
    }
    let mut sum = f32::new(0.0);
    let mut total = f32::new(0.0);
    for split in 0..splits {
        let correction = (largests[numbers_at + split] - largest).exp();
        sum += correction * sums[sums_at + split * sums.stride(2) + d];
        total += correction * totals[numbers_at + split];
    }

    let mut share = f32::new(0.0);
    let mut row_log_sum_exp = hidden;
    if total != f32::new(0.0) {
        share = f32::new(1.0) / total;
        row_log_sum_exp = largest + total.ln();
    }
    let number = F::cast_from(sum * share);
    let output_at = batch * output.stride(0) + head * output.stride(1);
    output[output_at + d] = number;
    if d == 0usize {
        let at = batch * log_sum_exp.stride(0) + head * log_sum_exp.stride(1);
        log_sum_exp[at] = row_log_sum_exp;
    }
}
