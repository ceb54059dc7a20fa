//! Tiles of rows in shared memory, for tensor cores.
//!
//! A row of `head_dim` half-width numbers is cut into **chunks** of eight, 16 bytes each: what one
//! asynchronous copy brings, and what `ldmatrix` reads for one row of an 8 × 8 matrix.
//!
//! Shared memory has 32 banks of 4 bytes, so eight chunks can be read at once if they lie in
//! different eighths of 128 bytes. `ldmatrix` reads the same chunk of eight rows. Rows are 128 or
//! 256 bytes long, so unmoved these eight would lie in one and the same eighth, and be read one
//! after another. So each row stores its chunks in another order: chunk `c` of row `r` lies where
//! `c ^ (r % 8)` would. This is the **swizzle**:
//!
//! ```text
//!          place 0   1   2   3   4   5   6   7
//!   row 0:       0   1   2   3   4   5   6   7
//!   row 1:       1   0   3   2   5   4   7   6      the eight chunks 0 of eight
//!   row 2:       2   3   0   1   6   7   4   5      rows lie in eight different
//!   row 3:       3   2   1   0   7   6   5   4      columns, and so in different
//!   row 4:       4   5   6   7   0   1   2   3      banks
//!   ...
//! ```

use cubecl::frontend::barrier::copy_async_checked;
use cubecl::prelude::*;

/// How many numbers of 2 bytes are copied and read at a time: 16 bytes.
pub(crate) const CHUNK: usize = 8;

/// Eight neighbours in a row, 16 bytes.
pub(crate) type Chunk<F> = Vector<F, Const<CHUNK>>;

// ANCHOR: place
/// Where chunk `chunk` of row `row` lies, in a tile whose rows have `chunks` chunks.
#[cube]
pub(crate) fn place(row: usize, chunk: usize, #[comptime] chunks: usize) -> usize {
    row * chunks + (chunk ^ (row % 8))
}
// ANCHOR_END: place

// ANCHOR: copy_rows
/// Starts to copy `rows` rows of a matrix, from `start` on, into `tile`. Rows from `end` on become
/// zeros. All threads of the cube take part. [`arrived`] waits.
///
/// `at` is where the matrix begins in `matrix`, and `stride` how far its rows lie apart, both in
/// chunks.
#[cube]
#[allow(clippy::too_many_arguments, reason = "a kernel has no structures to pass them in")]
pub(crate) fn copy_rows<F: Float>(
    matrix: &Tensor<Chunk<F>>,
    at: usize,
    stride: usize,
    start: usize,
    end: usize,
    tile: &mut Shared<[Chunk<F>]>,
    #[comptime] rows: usize,
    #[comptime] chunks: usize,
    #[comptime] threads: usize,
) {
    // Neighbours copy neighbours. A thread has the same chunk of every `rows_at_once`-th row.
    let rows_at_once = comptime!(threads / chunks);
    let chunk = UNIT_POS as usize % chunks;
    let first = UNIT_POS as usize / chunks;
    #[unroll]
    for step in 0..comptime!(rows / rows_at_once) {
        let row = first + step * rows_at_once;
        let exists = start + row < end;
        // Nothing is read of a row that does not exist, yet its address must be one.
        let from = at + select(exists, start + row, 0) * stride + chunk;
        let count = select(exists, 1usize, 0usize);
        let to = place(row, chunk, chunks);
        copy_async_checked(&matrix[from..from + count], &mut tile[to..to + 1], CHUNK as u32);
    }
}
// ANCHOR_END: copy_rows

/// Waits until everything that was being copied is there, for all threads, and until all threads
/// have read what they wanted of what was there before.
#[cube]
pub(crate) fn arrived() {
    gpu_asm!("cp.async.wait_all;");
    sync_cube();
}
