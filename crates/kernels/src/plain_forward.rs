//! Flash attention forward, to be read: a thread has a query, a cube shares its keys and values.
//!
//! Dao et al., *FlashAttention*, 2022, Algorithm 1, in the order of Dao, *FlashAttention-2*, 2023,
//! Algorithm 1; the running softmax is that of Milakov and Gimelshein, *Online normalizer
//! calculation for softmax*, 2018, section 3.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::rows::{
    add_scaled, clear, dot, load_row, load_tile, matrix_at, multiply, row_at, store_row, whole_row,
};
use crate::score::{LOWEST, score};
use crate::sight::{end_seen, first_seen};
use crate::tiles::PlainTiles;

// ANCHOR: signature
/// `softmax(mask(query · keyᵀ · scale)) · value`, and the log-sum-exp of each query's scores.
///
/// - `query`, `output`: `[batch, heads, seq_q, head_dim]`
/// - `key`, `value`: `[batch, kv_heads, seq_k, head_dim]`
/// - `lengths`: `[batch]`, how many of the keys are text
/// - `log_sum_exp`: `[batch, heads, seq_q]`
/// - `before`, `after`: how many keys a query sees on each side of its own place
/// - `hidden`: the log-sum-exp of a query that sees no key, `-inf`
///
/// Launched with a cube for each block of `block_rows` queries, each head and each text; a cube
/// has `block_rows` threads. The last dimension of each tensor is contiguous.
#[cube(launch)]
pub fn plain_forward<F: Float>(
    query: &Tensor<F>,
    key: &Tensor<F>,
    value: &Tensor<F>,
    lengths: &Tensor<u32>,
    output: &mut Tensor<F>,
    log_sum_exp: &mut Tensor<f32>,
    scale: f32,
    soft_cap: f32,
    before: usize,
    after: usize,
    hidden: f32,
    #[comptime] head_dim: usize,
    #[comptime] capped: bool,
    #[comptime] tiles: PlainTiles,
    #[define(F)] _dtype: ElemType,
) {
    // ANCHOR_END: signature
    // ANCHOR: place
    let block_rows = comptime!(tiles.block_rows);
    let block_columns = comptime!(tiles.block_columns);
    let unrolled = comptime!(tiles.unrolled);
    let thread = UNIT_POS_X as usize;
    let head = CUBE_POS_Y as usize;
    let batch = CUBE_POS_Z as usize;
    let seq_q = query.shape(2);
    let seq_k = key.shape(2);

    // The cube's queries, and this thread's among them. The last cube may have threads to spare.
    let first_row = CUBE_POS_X as usize * block_rows;
    let row = first_row + thread;
    let has_row = row < seq_q;

    // Query head `h` asks key and value head `h / group`: nothing is copied.
    let kv_head = head / (query.shape(1) / key.shape(1));
    let query_at = row_at(query, batch, head, row);
    let key_at = matrix_at(key, batch, kv_head);
    let value_at = matrix_at(value, batch, kv_head);

    // The keys that this query sees, and those that any query of the cube sees.
    let length = min(lengths[batch * lengths.stride(0)] as usize, seq_k);
    let first_key = first_seen(row, seq_q, seq_k, before);
    let end_key = min(length, end_seen(row, seq_q, seq_k, after));
    let cube_first = first_seen(first_row, seq_q, seq_k, before);
    let cube_end = min(length, end_seen(first_row + block_rows - 1, seq_q, seq_k, after));
    // ANCHOR_END: place

    // ANCHOR: memory
    // Shared by the cube: a tile of keys, a tile of values.
    let mut key_tile = Shared::<[f32]>::new_slice(block_columns * head_dim);
    let mut value_tile = Shared::<[f32]>::new_slice(block_columns * head_dim);

    // This thread's own: its query, the running sum of values, the running maximum and sum of
    // the softmax, and a row of scores.
    let whole = whole_row(query, head_dim, unrolled);
    let mut query_row = Array::<f32>::new(head_dim);
    load_row(query, query_at, has_row, &mut query_row, whole);
    let mut sums = Array::<f32>::new(head_dim);
    clear(&mut sums, whole);
    let mut largest = f32::new(LOWEST);
    let mut total = f32::new(0.0);
    let mut scores = Array::<f32>::new(block_columns);
    // ANCHOR_END: memory

    // ANCHOR: tiles
    // Tiles start at multiples of their size; those that no query of the cube sees are skipped.
    let mut start = cube_first / block_columns * block_columns;
    while start < cube_end {
        // All threads together bring the tile in, once nobody reads the last one any more.
        sync_cube();
        load_tile(key, key_at, start, length, &mut key_tile, block_columns, head_dim, block_rows);
        load_tile(
            value,
            value_at,
            start,
            length,
            &mut value_tile,
            block_columns,
            head_dim,
            block_rows,
        );
        sync_cube();
        // ANCHOR_END: tiles

        // ANCHOR: softmax
        // The part of the tile that this query sees. It may be empty.
        let from = max(first_key, start) - start;
        let to = min(max(end_key, start) - start, block_columns);

        let mut new_largest = largest;
        for column in from..to {
            let dot = dot(&query_row, &key_tile, column, whole);
            let score = score(dot, scale, soft_cap, capped);
            scores[column] = score;
            new_largest = max(new_largest, score);
        }

        // What was summed up so far was measured from the older maximum.
        let correction = (largest - new_largest).exp();
        largest = new_largest;
        total *= correction;
        multiply(&mut sums, correction, whole);

        for column in from..to {
            let power = (scores[column] - largest).exp();
            total += power;
            add_scaled(&mut sums, power, &value_tile, column, whole);
        }
        start += block_columns;
        // ANCHOR_END: softmax
    }

    // ANCHOR: store
    if has_row {
        // A query that saw no key has sums of zero, and they stay zero.
        let mut share = f32::new(0.0);
        let mut row_log_sum_exp = hidden;
        if total != f32::new(0.0) {
            share = f32::new(1.0) / total;
            row_log_sum_exp = largest + total.ln();
        }
        let output_at = row_at(&*output, batch, head, row);
        store_row(output, output_at, &sums, share, whole);
        let number_at = matrix_at(&*log_sum_exp, batch, head) + row;
        log_sum_exp[number_at] = row_log_sum_exp;
    }
    // ANCHOR_END: store
}
