//! What the kernels do with rows of `head_dim` numbers. All sums are `f32`, whatever the tensors
//! hold.

use cubecl::prelude::*;

use crate::tiles::LONGEST_IN_REGISTERS;

// ANCHOR: load_tile
/// All threads of a cube bring `rows` rows of a matrix into shared memory, from row `start` on.
/// `at` is where the matrix begins, `stride` how far a row is from the next. Rows from `end` on
/// do not exist, and become zeros.
#[cube]
pub(crate) fn load_tile<F: Float>(
    matrix: &Tensor<F>,
    at: usize,
    stride: usize,
    start: usize,
    end: usize,
    tile: &mut Shared<[f32]>,
    #[comptime] rows: usize,
    #[comptime] head_dim: usize,
    #[comptime] threads: usize,
) {
    let mut index = UNIT_POS_X as usize;
    while index < rows * head_dim {
        let row = start + index / head_dim;
        let mut number = f32::new(0.0);
        if row < end {
            number = f32::cast_from(matrix[at + row * stride + index % head_dim]);
        }
        tile[index] = number;
        index += threads;
    }
}
// ANCHOR_END: load_tile

/// How many numbers a row has: where the loops over it end.
///
/// Short rows have a number that the compiler knows. It writes their loops out, and puts a thread's
/// rows in registers. Long rows do not fit there, and would be spilled, number by number. So for
/// them it is not told the number, and has to leave loops and rows as they are.
#[cube]
pub(crate) fn row_length<F: Float>(matrix: &Tensor<F>, #[comptime] head_dim: usize) -> usize {
    if comptime!(head_dim > LONGEST_IN_REGISTERS) { matrix.shape(3) } else { head_dim.runtime() }
}

/// A thread brings its own row in, or zeros if it has none.
#[cube]
pub(crate) fn load_row<F: Float>(
    matrix: &Tensor<F>,
    at: usize,
    has_row: bool,
    row: &mut Array<f32>,
    length: usize,
    #[comptime] unrolled: bool,
) {
    #[unroll(unrolled)]
    for d in 0..length {
        let mut number = f32::new(0.0);
        if has_row {
            number = f32::cast_from(matrix[at + d]);
        }
        row[d] = number;
    }
}

/// `row · factor`, in place.
#[cube]
pub(crate) fn multiply(
    row: &mut Array<f32>,
    factor: f32,
    length: usize,
    #[comptime] unrolled: bool,
) {
    #[unroll(unrolled)]
    for d in 0..length {
        row[d] *= factor;
    }
}

/// The dot product of a thread's row with a row of a tile.
#[cube]
pub(crate) fn dot(
    row: &Array<f32>,
    tile: &Shared<[f32]>,
    tile_row: usize,
    length: usize,
    #[comptime] unrolled: bool,
) -> f32 {
    let mut sum = f32::new(0.0);
    #[unroll(unrolled)]
    for d in 0..length {
        sum += row[d] * tile[tile_row * length + d];
    }
    sum
}

/// Adds `factor` times a row of a tile to a thread's row.
#[cube]
pub(crate) fn add_scaled(
    row: &mut Array<f32>,
    factor: f32,
    tile: &Shared<[f32]>,
    tile_row: usize,
    length: usize,
    #[comptime] unrolled: bool,
) {
    #[unroll(unrolled)]
    for d in 0..length {
        row[d] += factor * tile[tile_row * length + d];
    }
}

/// A thread writes `row · factor` to the row of a matrix that begins at `at`.
#[cube]
pub(crate) fn store_row<F: Float>(
    matrix: &mut Tensor<F>,
    at: usize,
    row: &Array<f32>,
    factor: f32,
    length: usize,
    #[comptime] unrolled: bool,
) {
    #[unroll(unrolled)]
    for d in 0..length {
        let number = F::cast_from(row[d] * factor);
        matrix[at + d] = number;
    }
}
