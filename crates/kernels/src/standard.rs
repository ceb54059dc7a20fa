//! Standard attention on the device, to be compared with: the scores, their softmax and the mixed
//! values are three kernels, and between them the whole matrix of scores lies in memory.
//!
//! It is what Vaswani et al., *Attention Is All You Need*, 2017, section 3.2.1, say, one step
//! after the other. The two products go through tiles in shared memory. It is written to be read,
//! and a tuned one asks memory for less. Of the matrix `[seq_q, seq_k]` it writes the scores once,
//! reads them three times and writes them twice for the softmax, and then reads the weights once
//! for each `TILE` numbers of a head: ten requests for each score with a head of 64, of which
//! caches serve a part. Four would do. And its inner loop over keys reads `key_tile` along columns:
//! sixteen threads meet in two of the 32 banks of shared memory and wait for each other.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::prelude::*;

use crate::score::LOWEST;
use crate::sight::end_seen;

/// The edge of a tile: a cube has as many threads as the tile has numbers.
pub const TILE: usize = 16;

/// The threads of a cube that makes the weights of one row.
pub const ROW_THREADS: usize = 64;

// ANCHOR: scores
/// `query · keyᵀ · scale`, and `LOWEST` where a query does not see a key.
///
/// - `query`: `[batch, heads, seq_q, head_dim]`; `key`: `[batch, kv_heads, seq_k, head_dim]`
/// - `scores`: `[batch, heads, seq_q, seq_k]`
/// - `after`: how many keys after its own place a query sees
///
/// Launched with a cube for each tile of scores, along keys, queries and heads. The batch is 1,
/// and all tensors are contiguous.
#[cube(launch)]
pub fn standard_scores(
    query: &Tensor<f32>,
    key: &Tensor<f32>,
    scores: &mut Tensor<f32>,
    scale: f32,
    after: usize,
    #[comptime] head_dim: usize,
) {
    let (x, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let (column, row) = (CUBE_POS_X as usize * TILE + x, CUBE_POS_Y as usize * TILE + y);
    let head = CUBE_POS_Z as usize;
    let kv_head = head / (query.shape(1) / key.shape(1));
    let (seq_q, seq_k) = (query.shape(2), key.shape(2));
    // The row of keys that this thread brings in, for the others.
    let brought = CUBE_POS_X as usize * TILE + y;

    let mut query_tile = Shared::<[f32]>::new_slice(TILE * TILE);
    let mut key_tile = Shared::<[f32]>::new_slice(TILE * TILE);
    let mut dot = f32::new(0.0);
    for part in 0..head_dim / TILE {
        let d = part * TILE + x;
        let mut query_number = f32::new(0.0);
        if row < seq_q {
            query_number = query[head * query.stride(1) + row * query.stride(2) + d];
        }
        let mut key_number = f32::new(0.0);
        if brought < seq_k {
            key_number = key[kv_head * key.stride(1) + brought * key.stride(2) + d];
        }
        sync_cube();
        query_tile[y * TILE + x] = query_number;
        key_tile[y * TILE + x] = key_number;
        sync_cube();
        for d in 0..TILE {
            dot += query_tile[y * TILE + d] * key_tile[x * TILE + d];
        }
    }
    if row < seq_q && column < seq_k {
        let mut score = dot * scale;
        if column >= end_seen(row, seq_q, seq_k, after) {
            score = f32::new(LOWEST);
        }
        let at = head * scores.stride(1) + row * scores.stride(2) + column;
        scores[at] = score;
    }
}
// ANCHOR_END: scores

// ANCHOR: weights
/// The softmax of each row of `scores`, `[batch, heads, seq_q, seq_k]`, in its place.
///
/// Launched with a cube of [`ROW_THREADS`] threads for each row and head. It reads the row three
/// times and writes it twice.
#[cube(launch)]
pub fn standard_weights(scores: &mut Tensor<f32>) {
    let thread = UNIT_POS_X as usize;
    let seq_k = scores.shape(3);
    let row = CUBE_POS_Y as usize * scores.stride(1) + CUBE_POS_X as usize * scores.stride(2);
    let mut shared = Shared::<[f32]>::new_slice(ROW_THREADS);

    // The largest score: each thread's own, then that of all.
    let mut largest = f32::new(LOWEST);
    let mut column = thread;
    while column < seq_k {
        largest = max(largest, scores[row + column]);
        column += ROW_THREADS;
    }
    shared[thread] = largest;
    sync_cube();
    for other in 0..ROW_THREADS {
        largest = max(largest, shared[other]);
    }
    sync_cube();

    let mut sum = f32::new(0.0);
    column = thread;
    while column < seq_k {
        let power = (scores[row + column] - largest).exp();
        scores[row + column] = power;
        sum += power;
        column += ROW_THREADS;
    }
    shared[thread] = sum;
    sync_cube();
    let mut total = f32::new(0.0);
    for other in 0..ROW_THREADS {
        total += shared[other];
    }

    column = thread;
    while column < seq_k {
        let weight = scores[row + column] / total;
        scores[row + column] = weight;
        column += ROW_THREADS;
    }
}
// ANCHOR_END: weights

// ANCHOR: mix
/// `weights · value`.
///
/// - `weights`: `[batch, heads, seq_q, seq_k]`; `value`: `[batch, kv_heads, seq_k, head_dim]`
/// - `output`: `[batch, heads, seq_q, head_dim]`
///
/// Launched with a cube for each tile of the output, along its columns, queries and heads.
#[cube(launch)]
pub fn standard_mix(weights: &Tensor<f32>, value: &Tensor<f32>, output: &mut Tensor<f32>) {
    let (x, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let (d, row) = (CUBE_POS_X as usize * TILE + x, CUBE_POS_Y as usize * TILE + y);
    let head = CUBE_POS_Z as usize;
    let kv_head = head / (weights.shape(1) / value.shape(1));
    let (seq_q, seq_k, head_dim) = (weights.shape(2), weights.shape(3), value.shape(3));

    let mut weight_tile = Shared::<[f32]>::new_slice(TILE * TILE);
    let mut value_tile = Shared::<[f32]>::new_slice(TILE * TILE);
    let mut sum = f32::new(0.0);
    for part in 0..seq_k.div_ceil(TILE) {
        let (column, brought) = (part * TILE + x, part * TILE + y);
        let mut weight = f32::new(0.0);
        if row < seq_q && column < seq_k {
            weight = weights[head * weights.stride(1) + row * weights.stride(2) + column];
        }
        let mut number = f32::new(0.0);
        if brought < seq_k && d < head_dim {
            number = value[kv_head * value.stride(1) + brought * value.stride(2) + d];
        }
        sync_cube();
        weight_tile[y * TILE + x] = weight;
        value_tile[y * TILE + x] = number;
        sync_cube();
        for key in 0..TILE {
            sum += weight_tile[y * TILE + key] * value_tile[key * TILE + x];
        }
    }
    if row < seq_q && d < head_dim {
        let at = head * output.stride(1) + row * output.stride(2) + d;
        output[at] = sum;
    }
}
// ANCHOR_END: mix
