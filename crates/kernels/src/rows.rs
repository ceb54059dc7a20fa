//! What the kernels do with rows of `head_dim` numbers. All sums are `f32`, whatever the tensors
//! hold.

use cubecl::prelude::*;

use crate::tiles::{GradientTiles, LONGEST_IN_REGISTERS};

/// Where a head's matrix begins.
#[cube]
pub(crate) fn matrix_at<F: CubePrimitive>(tensor: &Tensor<F>, batch: usize, head: usize) -> usize {
    batch * tensor.stride(0) + head * tensor.stride(1)
}

/// Where a row of it begins.
#[cube]
pub(crate) fn row_at<F: CubePrimitive>(
    tensor: &Tensor<F>,
    batch: usize,
    head: usize,
    row: usize,
) -> usize {
    matrix_at(tensor, batch, head) + row * tensor.stride(2)
}

// ANCHOR: load_tile
/// All threads of a cube bring `rows` rows of the matrix that begins at `at` into shared memory,
/// from row `start` on. Rows from `end` on do not exist, and become zeros.
#[cube]
pub(crate) fn load_tile<F: Float>(
    matrix: &Tensor<F>,
    at: usize,
    start: usize,
    end: usize,
    tile: &mut Shared<[f32]>,
    #[comptime] rows: usize,
    #[comptime] head_dim: usize,
    #[comptime] threads: usize,
) {
    let stride = matrix.stride(2);
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

/// Which numbers of a row a thread has: all of them, or its share.
///
/// If four neighbours have a row together, the first has the numbers 0, 4, 8 and so on, the next
/// 1, 5, 9: what they read at the same time lies side by side.
#[derive(CubeType, Clone, Copy)]
#[expand(derive(Clone, Copy))]
pub(crate) struct Piece {
    /// How many numbers the row has.
    width: usize,
    /// How many of them are this thread's.
    length: usize,
    /// The first of these.
    first: usize,
    /// How many threads have the row.
    #[cube(comptime)]
    threads: usize,
    /// Whether loops over the piece are written out.
    #[cube(comptime)]
    unrolled: bool,
}

/// A row that a thread has alone.
///
/// Short rows have a number of numbers that the compiler knows. It writes their loops out, and puts
/// a thread's rows in registers. Long rows do not fit there, and would be spilled, number by number.
/// So for them it is not told how long they are, and has to leave loops and rows as they are.
#[cube]
pub(crate) fn whole_row<F: Float>(
    matrix: &Tensor<F>,
    #[comptime] head_dim: usize,
    #[comptime] unrolled: bool,
) -> Piece {
    let width = row_width(matrix, head_dim);
    Piece { width, length: width, first: 0usize.runtime(), threads: 1usize, unrolled }
}

#[cube]
fn row_width<F: Float>(matrix: &Tensor<F>, #[comptime] head_dim: usize) -> usize {
    if comptime!(head_dim > LONGEST_IN_REGISTERS) { matrix.shape(3) } else { head_dim.runtime() }
}

/// This thread's piece of a row that `tiles.row_threads` threads have together.
#[cube]
pub(crate) fn piece_of_row<F: Float>(
    matrix: &Tensor<F>,
    #[comptime] head_dim: usize,
    #[comptime] tiles: GradientTiles,
) -> Piece {
    let threads = comptime!(tiles.row_threads);
    let unrolled = comptime!(tiles.unrolled);
    if comptime!(threads == 1) {
        whole_row(matrix, head_dim, unrolled)
    } else {
        Piece {
            width: head_dim.runtime(),
            length: comptime!(head_dim / threads).runtime(),
            first: UNIT_POS_X as usize % threads,
            threads,
            unrolled,
        }
    }
}

/// Where number `d` of a piece lies in its row.
#[cube]
fn place(piece: Piece, d: usize) -> usize {
    if comptime!(piece.threads == 1) { d } else { piece.first + d * piece.threads }
}

/// A thread brings its piece of its own row in, or zeros if it has none.
#[cube]
pub(crate) fn load_row<F: Float>(
    matrix: &Tensor<F>,
    at: usize,
    has_row: bool,
    row: &mut Array<f32>,
    piece: Piece,
) {
    let unrolled = comptime!(piece.unrolled);
    #[unroll(unrolled)]
    for d in 0..piece.length {
        let mut number = f32::new(0.0);
        if has_row {
            number = f32::cast_from(matrix[at + place(piece, d)]);
        }
        row[d] = number;
    }
}

/// Zeros.
#[cube]
pub(crate) fn clear(row: &mut Array<f32>, piece: Piece) {
    let unrolled = comptime!(piece.unrolled);
    #[unroll(unrolled)]
    for d in 0..piece.length {
        row[d] = f32::new(0.0);
    }
}

/// `row · factor`, in place.
#[cube]
pub(crate) fn multiply(row: &mut Array<f32>, factor: f32, piece: Piece) {
    let unrolled = comptime!(piece.unrolled);
    #[unroll(unrolled)]
    for d in 0..piece.length {
        row[d] *= factor;
    }
}

/// The dot product of a thread's row with a row of a tile. Threads that have the row together
/// exchange what their pieces give, and all of them get the sum. So all of a plane come here at once.
#[cube]
pub(crate) fn dot(row: &Array<f32>, tile: &Shared<[f32]>, tile_row: usize, piece: Piece) -> f32 {
    let unrolled = comptime!(piece.unrolled);
    let mut sum = f32::new(0.0);
    #[unroll(unrolled)]
    for d in 0..piece.length {
        sum += row[d] * tile[tile_row * piece.width + place(piece, d)];
    }
    #[unroll]
    for step in 0..comptime!(piece.threads.ilog2()) {
        sum += plane_shuffle_xor(sum, 1u32 << step);
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
    piece: Piece,
) {
    let unrolled = comptime!(piece.unrolled);
    #[unroll(unrolled)]
    for d in 0..piece.length {
        row[d] += factor * tile[tile_row * piece.width + place(piece, d)];
    }
}

/// A thread writes `row · factor` to the row of a matrix that begins at `at`.
#[cube]
pub(crate) fn store_row<F: Float>(
    matrix: &mut Tensor<F>,
    at: usize,
    row: &Array<f32>,
    factor: f32,
    piece: Piece,
) {
    let unrolled = comptime!(piece.unrolled);
    #[unroll(unrolled)]
    for d in 0..piece.length {
        let number = F::cast_from(row[d] * factor);
        let to = at + place(piece, d);
        matrix[to] = number;
    }
}
