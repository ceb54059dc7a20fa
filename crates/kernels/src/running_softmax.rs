//! The softmax of a tile of scores that lies in the registers of a plane.
//!
//! Milakov and Gimelshein, *Online normalizer calculation for softmax*, 2018, section 3, with the
//! changes of Dao, *FlashAttention-2*, 2023, sections 3.1 and B: sums are divided once, at the end,
//! and powers are of two, since that is what the hardware computes. `exp(x) = 2^(x · log2(e))`, and
//! `log2(e)` is multiplied into the scale.

use cubecl::prelude::*;

use crate::fragments::{Pair, quad_max};

/// `2^x`, with a relative error of about 2⁻²² (PTX ISA, "ex2"). CUDA C++ has it as `exp2f` with
/// `-use_fast_math` only, which CubeCL does not ask for.
#[cube]
pub(crate) fn power_of_two(exponent: f32) -> f32 {
    let power: f32;
    gpu_asm!("ex2.approx.ftz.f32 {}, {};", out(_) power, in(_) exponent, options(pure, nomem));
    power
}

/// `1 / x`, with a relative error of about 2⁻²³ (PTX ISA, "rcp").
#[cube]
fn reciprocal(number: f32) -> f32 {
    let one_over: f32;
    gpu_asm!("rcp.approx.ftz.f32 {}, {};", out(_) one_over, in(_) number, options(pure, nomem));
    one_over
}

/// Bends a dot product towards `±soft_cap`. `doubled` is `2 · log2(e) · scale / soft_cap`.
///
/// `tanh(x) = 1 - 2 / (1 + exp(2x))`. For a large `x` the power is infinite, and this is 1.
#[cube]
pub(crate) fn bend(dot: f32, doubled: f32, soft_cap: f32) -> f32 {
    let share = reciprocal(f32::new(1.0) + power_of_two(dot * doubled));
    soft_cap - f32::new(2.0) * soft_cap * share
}

// ANCHOR: weigh_row
/// Turns the scores of one row into weights, and what was summed up so far into what it is
/// measured from the new maximum. The row is row `half` (0 for `g`, 1 for `g + 8`) of the
/// `columns` fragments of `row_tile`.
///
/// A hidden score is `-inf`, and its weight 0. `total` is of this thread's columns only. Returns
/// what the row's sums must be multiplied by.
#[cube]
#[allow(clippy::too_many_arguments, reason = "a kernel has no structures to pass them in")]
pub(crate) fn weigh_row(
    scores: &mut Array<Pair<f32>>,
    largest: &mut Array<f32>,
    total: &mut Array<f32>,
    factor: f32,
    hidden: f32,
    row_tile: usize,
    half: usize,
    #[comptime] columns: usize,
) -> f32 {
    let first = 2 * row_tile * columns + half;
    let index = 2 * row_tile + half;
    let old = largest[index];
    let mut new = old;
    #[unroll]
    for column in 0..columns {
        let pair = scores[first + 2 * column];
        new = max(new, max(pair.extract(0usize), pair.extract(1usize)));
    }
    new = quad_max(new);
    largest[index] = new;

    // Of a row that has seen nothing, the maximum is -inf, and -inf - -inf is no number.
    let origin = select(new == hidden, f32::new(0.0), new * factor);
    let correction = power_of_two(old * factor - origin);
    let mut sum = total[index] * correction;
    #[unroll]
    for column in 0..columns {
        let pair = scores[first + 2 * column];
        let mut weights = Pair::<f32>::empty();
        #[unroll]
        for element in 0..2usize {
            let weight = power_of_two(pair.extract(element) * factor - origin);
            sum += weight;
            weights.insert(element, weight);
        }
        scores[first + 2 * column] = weights;
    }
    total[index] = sum;
    correction
}
// ANCHOR_END: weigh_row
