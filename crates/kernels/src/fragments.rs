//! Pieces of matrices in the registers of a plane, as tensor cores want them.
//!
//! A **plane** is the 32 threads that run in step: CUDA's warp. One `mma.sync.m16n8k16` (PTX ISA,
//! "Matrix Fragments for mma.m16n8k16 with floating point type") multiplies a 16 × 16 matrix `A`
//! by a 16 × 8 matrix `B` and adds a 16 × 8 matrix `C`. Each thread holds a few numbers of each:
//! its **fragment**. Thread `4 · g + t` of the plane, with `g` from 0 to 7 and `t` from 0 to 3,
//! holds these pairs of neighbours:
//!
//! ```text
//!         A, 16 × 16                     B, 16 × 8            C, 16 × 8
//!         column                                column g      column
//!         2t,2t+1   2t+8,2t+9                  ┌──────┐       2t,2t+1
//!        ┌─────────┬─────────┐     row 2t,2t+1 │  b0  │      ┌─────────┐
//!  row g │   a0    │   a2    │                 ├──────┤ row g│   c0    │
//!        ├─────────┼─────────┤   row 2t+8,2t+9 │  b1  │      ├─────────┤
//!  row   │   a1    │   a3    │                 └──────┘ row  │   c1    │
//!  g + 8 └─────────┴─────────┘                          g + 8└─────────┘
//! ```
//!
//! `C` looks like the left or the right half of `A`. So two `C` beside each other, rounded to half
//! width, are an `A`, in the same thread, with nothing moved: [`as_left`]. That is how the weights,
//! which come out of one multiplication, go into the next. And the four threads with the same `g`
//! share the rows `g` and `g + 8`: [`quad_max`] and [`quad_sum`] need two exchanges.

use cubecl::cmma::{MatrixIdent, MmaDefinition};
use cubecl::prelude::*;

use crate::shared_tile::{Chunk, place};

/// Two neighbours in a row.
pub(crate) type Pair<F> = Vector<F, Const<2>>;

/// The multiplication: sums are kept in `f32`.
pub(crate) type Mma<F> = MmaDefinition<F, F, f32>;

/// The number of this thread in its plane. `UNIT_POS_PLANE` would be the same; but with a 32 that is
/// written out, NVIDIA's compiler knows which bits of an address can differ, and computes fewer.
#[cube]
pub(crate) fn lane() -> usize {
    UNIT_POS as usize % 32
}

/// The same number, and NVIDIA's compiler does not see that it is. What depends on it is computed
/// anew where it is used, and needs no register until then: in a loop that is short of registers
/// this is better than to compute it once, before.
#[cube]
pub(crate) fn anew(number: usize) -> usize {
    let same: u32;
    gpu_asm!("mov.u32 {}, {};", out(_) same, in(_) number as u32, options(nomem));
    same as usize
}

/// Reads the `A` that begins at row `row` and chunk `chunk` of a tile: 16 rows, 2 chunks. It becomes
/// number `index` of `fragments`.
///
/// `ldmatrix` reads four 8 × 8 matrices. The 32 threads say where their 32 rows are: the first
/// eight those of `a0`, the next those of `a1`, and so on.
#[cube]
pub(crate) fn left<F: Float>(
    tile: &Shared<[Chunk<F>]>,
    lane: usize,
    row: usize,
    chunk: usize,
    fragments: &mut Array<Pair<F>>,
    index: usize,
    #[comptime] chunks: usize,
) {
    let at = place(row + lane % 16, chunk + lane / 16, chunks);
    let mma = Mma::<F>::new(16usize, 8usize, 16usize);
    let a = mma.load_matrix::<Chunk<F>, Const<2>>(&tile[at..at + 1], MatrixIdent::A, 4usize, false);
    #[unroll]
    for part in 0..4usize {
        fragments[4 * index + part] = a[part];
    }
}

// ANCHOR: right_transposed
/// Reads two `B`, side by side, out of the rows of a tile: `B` has a column for each of the 16 rows
/// from `row` on. For query · keyᵀ.
#[cube]
pub(crate) fn right_transposed<F: Float>(
    tile: &Shared<[Chunk<F>]>,
    lane: usize,
    row: usize,
    chunk: usize,
    #[comptime] chunks: usize,
) -> Array<Pair<F>> {
    let at = place(row + lane / 16 * 8 + lane % 8, chunk + lane / 8 % 2, chunks);
    let mma = Mma::<F>::new(16usize, 8usize, 16usize);
    mma.load_matrix::<Chunk<F>, Const<2>>(&tile[at..at + 1], MatrixIdent::B, 4usize, false)
}
// ANCHOR_END: right_transposed

/// Reads two `B`, side by side: 16 rows from `row` on, 2 chunks from `chunk` on. For
/// weights · value. A thread of `B` holds what lies in one column, so `ldmatrix` transposes.
#[cube]
pub(crate) fn right<F: Float>(
    tile: &Shared<[Chunk<F>]>,
    lane: usize,
    row: usize,
    chunk: usize,
    #[comptime] chunks: usize,
) -> Array<Pair<F>> {
    let at = place(row + lane % 16, chunk + lane / 16, chunks);
    let mma = Mma::<F>::new(16usize, 8usize, 16usize);
    mma.load_matrix::<Chunk<F>, Const<2>>(&tile[at..at + 1], MatrixIdent::B, 4usize, true)
}

/// Adds `left · right` to `sums`: number `left_index` of the `A` in `left`, the first or the second
/// (`half`) of the two `B` in `right`, number `index` of the `C` in `sums`.
#[cube]
pub(crate) fn multiply_add<F: Float>(
    left: &Array<Pair<F>>,
    left_index: usize,
    right: &Array<Pair<F>>,
    half: usize,
    sums: &mut Array<Pair<f32>>,
    index: usize,
) {
    let mut a = Array::<Pair<F>>::new(4usize);
    let mut b = Array::<Pair<F>>::new(2usize);
    let mut c = Array::<Pair<f32>>::new(2usize);
    #[unroll]
    for part in 0..4usize {
        a[part] = left[4 * left_index + part];
    }
    #[unroll]
    for part in 0..2usize {
        b[part] = right[2 * half + part];
        c[part] = sums[2 * index + part];
    }
    let mma = Mma::<F>::new(16usize, 8usize, 16usize);
    let d = mma.execute(&a, &b, &c);
    #[unroll]
    for part in 0..2usize {
        sums[2 * index + part] = d[part];
    }
}

// ANCHOR: as_left
/// Two `C` side by side, of which `first` is the number of the left one, rounded: an `A`, number
/// `index` of `fragments`.
#[cube]
pub(crate) fn as_left<F: Float>(
    sums: &Array<Pair<f32>>,
    first: usize,
    fragments: &mut Array<Pair<F>>,
    index: usize,
) {
    #[unroll]
    for part in 0..4usize {
        fragments[4 * index + part] = Pair::<F>::cast_from(sums[2 * first + part]);
    }
}
// ANCHOR_END: as_left

// ANCHOR: quad_max
/// The largest of what the four threads of a row have.
#[cube]
pub(crate) fn quad_max(number: f32) -> f32 {
    let pair = max(number, plane_shuffle_xor(number, 1u32));
    max(pair, plane_shuffle_xor(pair, 2u32))
}
// ANCHOR_END: quad_max

/// The sum of what the four threads of a row have.
#[cube]
pub(crate) fn quad_sum(number: f32) -> f32 {
    let pair = number + plane_shuffle_xor(number, 1u32);
    pair + plane_shuffle_xor(pair, 2u32)
}
