//! Flash attention forward, to be fast: on tensor cores, for `f16` and `bf16`.
//!
//! Dao, *FlashAttention-2*, 2023, Algorithm 1 and section 3.3. What [`plain_forward`] does a row a
//! thread, this does 16 rows a plane, twice, and each plane goes on alone: it has its own queries and
//! needs all keys, so between planes nothing is exchanged but tiles of keys and values.
//!
//! ```text
//!  shared memory                     registers of a plane, 16 rows (drawing in `fragments`)
//!
//!  queries ───────── ldmatrix ─────► A ─┐
//!                                       ├─ mma ─► scores C ─► running softmax ─► weights C
//!  tile of keys ──── ldmatrix ─────► B ─┘                                          ║ the same
//!    ▲ cp.async                                                                    ║ numbers,
//!    ║                                                                             ▼ rounded
//!  global memory                                    sums C ◄─ mma ─┬─────────────── A
//!    ║                                                             │
//!    ▼ cp.async                                                    │
//!  tile of values ── ldmatrix, transposed ──────────► B ───────────┘
//! ```
//!
//! Copies and multiplications overlap as in the FlashAttention-2 library: shared memory has room for
//! one tile of keys and one of values, and each is copied while the other is in use. While the keys
//! of a tile are multiplied, its values are on their way; while the values are multiplied, the keys
//! of the next tile are. No copy is further ahead than that, and twice a tile all planes wait until
//! one is there. Neither scores nor weights leave the registers.
//!
//! [`plain_forward`]: crate::plain_forward

#![allow(missing_docs, reason = "the macro makes items that have none")]

use core::f32::consts::{LN_2, LOG2_E};

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::fragments::{
    Pair, anew, as_left, lane, left, multiply_add, quad_sum, right, right_transposed,
};
use crate::rows::{matrix_at, row_at};
use crate::running_softmax::{bend, weigh_row};
use crate::shared_tile::{CHUNK, Chunk, arrived, copy_rows};
use crate::sight::{end_seen, first_seen};
use crate::tiles::TensorCoreTiles;

// ANCHOR: signature
/// As [`plain_forward`](crate::plain_forward::plain_forward()), with these differences:
///
/// - `query`, `key`, `value` are read in chunks of eight numbers, and `output` is written in
///   pairs: `head_dim`, strides and addresses are multiples of eight numbers.
/// - `scale` is above zero.
/// - A cube has 32 threads for each of `tiles.planes`, and its queries are counted from the last
///   block back: with a causal mask these take longest, so they begin first.
#[cube(launch)]
pub fn tensor_core_forward<F: Float>(
    query: &Tensor<Chunk<F>>,
    key: &Tensor<Chunk<F>>,
    value: &Tensor<Chunk<F>>,
    lengths: &Tensor<u32>,
    output: &mut Tensor<Pair<F>>,
    log_sum_exp: &mut Tensor<f32>,
    scale: f32,
    soft_cap: f32,
    before: usize,
    after: usize,
    hidden: f32,
    #[comptime] head_dim: usize,
    #[comptime] capped: bool,
    #[comptime] tiles: TensorCoreTiles,
    #[define(F)] _dtype: ElemType,
) {
    // ANCHOR_END: signature
    // ANCHOR: place
    let row_tiles = comptime!(tiles.row_tiles);
    let keys = comptime!(tiles.keys);
    let threads = comptime!(tiles.threads());
    let block_rows = comptime!(tiles.block_rows());
    let chunks = comptime!(head_dim / CHUNK);
    // How many fragments: of 16 numbers along the rows of queries, of 8 across scores and sums.
    let depth = comptime!(head_dim / 16);
    let score_columns = comptime!(keys / 8);
    let sum_columns = comptime!(head_dim / 8);

    let head = CUBE_POS_Y as usize;
    let batch = CUBE_POS_Z as usize;
    let kv_head = head / (query.shape(1) / key.shape(1));
    let seq_q = query.shape(2);
    let seq_k = key.shape(2);
    let first_row = (seq_q.div_ceil(block_rows) - 1 - CUBE_POS_X as usize) * block_rows;
    let last_row = min(first_row + block_rows, seq_q) - 1;

    // This plane's first row, and this thread's: g and t of the drawing in `fragments`.
    let lane = lane();
    let plane_row = UNIT_POS as usize / 32 * (16 * row_tiles);
    let own_row = first_row + plane_row + lane / 4;
    let own_column = lane % 4 * 2;

    // The keys that any query of the cube sees.
    let length = min(lengths[batch * lengths.stride(0)] as usize, seq_k);
    let cube_first = first_seen(first_row, seq_q, seq_k, before);
    let cube_end = min(length, end_seen(last_row, seq_q, seq_k, after));
    // The keys that all of this plane's queries see.
    let all_first = first_seen(first_row + plane_row + (16 * row_tiles - 1), seq_q, seq_k, before);
    let all_end = min(length, end_seen(first_row + plane_row, seq_q, seq_k, after));

    let query_at = matrix_at(query, batch, head) / CHUNK;
    let key_at = matrix_at(key, batch, kv_head) / CHUNK;
    let value_at = matrix_at(value, batch, kv_head) / CHUNK;
    let key_stride = key.stride(2) / CHUNK;
    let value_stride = value.stride(2) / CHUNK;

    // Powers of two: what a score is multiplied by.
    let mut factor = scale * LOG2_E;
    let mut doubled = f32::new(0.0);
    if capped {
        doubled = f32::new(2.0) * factor / soft_cap;
        factor = f32::new(LOG2_E);
    }
    // ANCHOR_END: place

    // ANCHOR: memory
    // 16-byte aligned, as asynchronous copies and ldmatrix want it.
    let mut query_tile = Shared::<[Chunk<F>]>::new_aligned_slice(block_rows * chunks, 128usize);
    let mut key_tile = Shared::<[Chunk<F>]>::new_aligned_slice(keys * chunks, 128usize);
    let mut value_tile = Shared::<[Chunk<F>]>::new_aligned_slice(keys * chunks, 128usize);

    let mut largest = Array::<f32>::new(2 * row_tiles);
    let mut total = Array::<f32>::new(2 * row_tiles);
    #[unroll]
    for index in 0..2 * row_tiles {
        largest[index] = hidden;
        total[index] = f32::new(0.0);
    }
    let mut sums = Array::<Pair<f32>>::new(2 * row_tiles * sum_columns);
    #[unroll]
    for index in 0..2 * row_tiles * sum_columns {
        sums[index] = Pair::new(f32::new(0.0));
    }
    // ANCHOR_END: memory

    // ANCHOR: begin
    let mut start = cube_first / keys * keys;
    let query_stride = query.stride(2) / CHUNK;
    copy_rows(
        query,
        query_at,
        query_stride,
        first_row,
        seq_q,
        &mut query_tile,
        block_rows,
        chunks,
        threads,
    );
    copy_rows(key, key_at, key_stride, start, length, &mut key_tile, keys, chunks, threads);
    arrived();
    // The plane's own rows: all of them, or those of one step at a time.
    let steps_held = comptime!(if tiles.queries_in_registers { depth } else { 1 });
    let mut queries = Array::<Pair<F>>::new(4 * row_tiles * steps_held);
    if comptime!(tiles.queries_in_registers) {
        #[unroll]
        for k in 0..depth {
            #[unroll]
            for row_tile in 0..row_tiles {
                let row = plane_row + 16 * row_tile;
                left(&query_tile, lane, row, 2 * k, &mut queries, row_tiles * k + row_tile, chunks);
            }
        }
    }
    // ANCHOR_END: begin

    while start < cube_end {
        let lane = anew(lane);
        // ANCHOR: scores
        // The keys are there, and nobody reads the last values any more.
        arrived();
        copy_rows(
            value,
            value_at,
            value_stride,
            start,
            length,
            &mut value_tile,
            keys,
            chunks,
            threads,
        );

        let mut scores = Array::<Pair<f32>>::new(2 * row_tiles * score_columns);
        #[unroll]
        for index in 0..2 * row_tiles * score_columns {
            scores[index] = Pair::new(f32::new(0.0));
        }
        #[unroll]
        for k in 0..depth {
            let held = row_tiles * (k % steps_held);
            if comptime!(!tiles.queries_in_registers) {
                #[unroll]
                for row_tile in 0..row_tiles {
                    let row = plane_row + 16 * row_tile;
                    left(&query_tile, lane, row, 2 * k, &mut queries, row_tile, chunks);
                }
            }
            #[unroll]
            for pair in 0..score_columns / 2 {
                let both = right_transposed(&key_tile, lane, 16 * pair, 2 * k, chunks);
                #[unroll]
                for row_tile in 0..row_tiles {
                    #[unroll]
                    for half in 0..2usize {
                        let at = row_tile * score_columns + 2 * pair + half;
                        multiply_add(&queries, held + row_tile, &both, half, &mut scores, at);
                    }
                }
            }
        }
        // ANCHOR_END: scores

        // ANCHOR: next
        // The values are there, and nobody reads these keys any more.
        let next = start + keys;
        arrived();
        if next < cube_end {
            copy_rows(key, key_at, key_stride, next, length, &mut key_tile, keys, chunks, threads);
        }
        // ANCHOR_END: next

        // ANCHOR: mask
        if capped {
            #[unroll]
            for index in 0..2 * row_tiles * score_columns {
                let pair = scores[index];
                let mut bent = Pair::<f32>::empty();
                bent.insert(0usize, bend(pair.extract(0usize), doubled, soft_cap));
                bent.insert(1usize, bend(pair.extract(1usize), doubled, soft_cap));
                scores[index] = bent;
            }
        }
        // Most tiles are seen whole by all of the plane's queries.
        if start < all_first || next > all_end {
            let own_row = anew(own_row);
            #[unroll]
            for row_tile in 0..row_tiles {
                #[unroll]
                for half in 0..2usize {
                    let row = own_row + 16 * row_tile + 8 * half;
                    let from = first_seen(row, seq_q, seq_k, before);
                    let to = min(length, end_seen(row, seq_q, seq_k, after));
                    #[unroll]
                    for column in 0..score_columns {
                        let index = 2 * (row_tile * score_columns + column) + half;
                        let place = start + 8 * column + own_column;
                        scores[index] = hide(scores[index], place, from, to, hidden);
                    }
                }
            }
        }
        // ANCHOR_END: mask

        // ANCHOR: softmax
        #[unroll]
        for row_tile in 0..row_tiles {
            #[unroll]
            for half in 0..2usize {
                let correction = weigh_row(
                    &mut scores,
                    &mut largest,
                    &mut total,
                    factor,
                    hidden,
                    row_tile,
                    half,
                    score_columns,
                );
                #[unroll]
                for column in 0..sum_columns {
                    let index = 2 * (row_tile * sum_columns + column) + half;
                    sums[index] *= Pair::new(correction);
                }
            }
        }
        // ANCHOR_END: softmax

        // ANCHOR: sums
        #[unroll]
        for k in 0..score_columns / 2 {
            let mut weights = Array::<Pair<F>>::new(4 * row_tiles);
            #[unroll]
            for row_tile in 0..row_tiles {
                as_left(&scores, row_tile * score_columns + 2 * k, &mut weights, row_tile);
            }
            #[unroll]
            for pair in 0..depth {
                let both = right(&value_tile, lane, 16 * k, 2 * pair, chunks);
                #[unroll]
                for row_tile in 0..row_tiles {
                    #[unroll]
                    for half in 0..2usize {
                        let at = row_tile * sum_columns + 2 * pair + half;
                        multiply_add(&weights, row_tile, &both, half, &mut sums, at);
                    }
                }
            }
        }
        start = next;
        // ANCHOR_END: sums
    }

    // ANCHOR: store
    #[unroll]
    for row_tile in 0..row_tiles {
        #[unroll]
        for half in 0..2usize {
            let index = 2 * row_tile + half;
            let row = own_row + 16 * row_tile + 8 * half;
            let row_total = quad_sum(total[index]);
            // A query that saw no key has sums of zero, and they stay zero.
            let mut share = f32::new(0.0);
            let mut row_log_sum_exp = hidden;
            if row_total != f32::new(0.0) {
                share = f32::new(1.0) / row_total;
                row_log_sum_exp = largest[index] * factor * LN_2 + row_total.ln();
            }
            if row < seq_q {
                let at = row_at(&*output, batch, head, row);
                #[unroll]
                for column in 0..sum_columns {
                    let numbers =
                        sums[2 * (row_tile * sum_columns + column) + half] * Pair::new(share);
                    let to = (at + 8 * column + own_column) / 2;
                    output[to] = Pair::<F>::cast_from(numbers);
                }
                if own_column == 0 {
                    let at = matrix_at(&*log_sum_exp, batch, head) + row;
                    log_sum_exp[at] = row_log_sum_exp;
                }
            }
        }
    }
    // ANCHOR_END: store
}

/// Two scores side by side, of keys `place` and `place + 1`. What is not in `from..to` is hidden.
#[cube]
fn hide(pair: Pair<f32>, place: usize, from: usize, to: usize, hidden: f32) -> Pair<f32> {
    let mut left_over = Pair::<f32>::empty();
    let first_seen = place >= from && place < to;
    let second_seen = place + 1 >= from && place + 1 < to;
    left_over.insert(0usize, select(first_seen, pair.extract(0usize), hidden));
    left_over.insert(1usize, select(second_seen, pair.extract(1usize), hidden));
    left_over
}
