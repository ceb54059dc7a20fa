//! The gradients of key and value: a thread has a key, a cube shares the queries that come by.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::rows::{add_scaled, dot, load_row, load_tile, row_length, store_row};
use crate::score::{LOWEST, score, slope};
use crate::sight::{end_seen, first_seen};
use crate::tiles::PlainTiles;

/// The gradients of key and value, a tile of queries at a time, with the weights made again from
/// the log-sum-exp (Dao, *FlashAttention-2*, 2023, Algorithm 2).
///
/// The loops are turned round: a block of keys stays and the queries come by, so that a key's
/// gradient is summed in its thread and written once. The query heads that share a key and value
/// head come one after the other, and their gradients add up in the same place.
///
/// Shapes as for [`query_gradient`](crate::query_gradient::query_gradient()); `key_gradient` and
/// `value_gradient` are `[batch, kv_heads, seq_k, head_dim]`.
///
/// Launched with a cube for each block of `block_rows` keys, each key and value head and each
/// text; a cube has `block_rows` threads.
#[cube(launch)]
pub fn key_value_gradient<F: Float>(
    query: &Tensor<F>,
    key: &Tensor<F>,
    value: &Tensor<F>,
    output_gradient: &Tensor<F>,
    log_sum_exp: &Tensor<f32>,
    common: &Tensor<f32>,
    lengths: &Tensor<u32>,
    key_gradient: &mut Tensor<F>,
    value_gradient: &mut Tensor<F>,
    scale: f32,
    soft_cap: f32,
    before: usize,
    after: usize,
    #[comptime] head_dim: usize,
    #[comptime] capped: bool,
    #[comptime] tiles: PlainTiles,
    #[define(F)] _dtype: ElemType,
) {
    let block_rows = comptime!(tiles.block_rows);
    let block_columns = comptime!(tiles.block_columns);
    let unrolled = comptime!(tiles.unrolled);
    let thread = UNIT_POS_X as usize;
    let kv_head = CUBE_POS_Y as usize;
    let batch = CUBE_POS_Z as usize;
    let seq_q = query.shape(2);
    let seq_k = key.shape(2);
    let group = query.shape(1) / key.shape(1);
    let first_row = CUBE_POS_X as usize * block_rows;
    let row = first_row + thread;
    let has_row = row < seq_k;

    // The queries that see this key, and those that see any key of the cube: none see padding.
    let length = min(lengths[batch * lengths.stride(0)] as usize, seq_k);
    let first_query = first_seen(row, seq_k, seq_q, after);
    let mut end_query = min(seq_q, end_seen(row, seq_k, seq_q, before));
    if row >= length {
        end_query = 0usize;
    }
    let cube_first = first_seen(first_row, seq_k, seq_q, after);
    let mut cube_end = min(seq_q, end_seen(first_row + block_rows - 1, seq_k, seq_q, before));
    if first_row >= length {
        cube_end = 0usize;
    }

    let mut query_tile = Shared::<[f32]>::new_slice(block_columns * head_dim);
    let mut gradient_tile = Shared::<[f32]>::new_slice(block_columns * head_dim);
    let row_length = row_length(key, head_dim);
    let mut key_row = Array::<f32>::new(head_dim);
    let mut value_row = Array::<f32>::new(head_dim);
    let mut key_sums = Array::<f32>::new(head_dim);
    let mut value_sums = Array::<f32>::new(head_dim);
    let key_at = batch * key.stride(0) + kv_head * key.stride(1) + row * key.stride(2);
    load_row(key, key_at, has_row, &mut key_row, row_length, unrolled);
    let value_at = batch * value.stride(0) + kv_head * value.stride(1) + row * value.stride(2);
    load_row(value, value_at, has_row, &mut value_row, row_length, unrolled);
    #[unroll(unrolled)]
    for d in 0..row_length {
        key_sums[d] = f32::new(0.0);
        value_sums[d] = f32::new(0.0);
    }

    for member in 0..group {
        let head = kv_head * group + member;
        let query_at = batch * query.stride(0) + head * query.stride(1);
        let gradient_at = batch * output_gradient.stride(0) + head * output_gradient.stride(1);
        let log_sum_exp_at = batch * log_sum_exp.stride(0) + head * log_sum_exp.stride(1);
        let common_at = batch * common.stride(0) + head * common.stride(1);

        let mut start = cube_first / block_columns * block_columns;
        while start < cube_end {
            sync_cube();
            load_tile(
                query,
                query_at,
                query.stride(2),
                start,
                seq_q,
                &mut query_tile,
                block_columns,
                head_dim,
                block_rows,
            );
            load_tile(
                output_gradient,
                gradient_at,
                output_gradient.stride(2),
                start,
                seq_q,
                &mut gradient_tile,
                block_columns,
                head_dim,
                block_rows,
            );
            sync_cube();

            let from = max(first_query, start) - start;
            let to = min(max(end_query, start) - start, block_columns);
            for column in from..to {
                let query_row = start + column;
                let dot_product = dot(&key_row, &query_tile, column, row_length, unrolled);
                let score = score(dot_product, scale, soft_cap, capped);
                // A query that saw no key has -inf here, which cannot be subtracted.
                let row_log_sum_exp =
                    max(log_sum_exp[log_sum_exp_at + query_row], f32::new(LOWEST));
                let weight = (score - row_log_sum_exp).exp();
                add_scaled(&mut value_sums, weight, &gradient_tile, column, row_length, unrolled);

                let weight_gradient = dot(&value_row, &gradient_tile, column, row_length, unrolled);
                let score_gradient = weight * (weight_gradient - common[common_at + query_row]);
                let dot_gradient = score_gradient * slope(score, scale, soft_cap, capped);
                add_scaled(&mut key_sums, dot_gradient, &query_tile, column, row_length, unrolled);
            }
            start += block_columns;
        }
    }

    if has_row {
        let at = batch * key_gradient.stride(0)
            + kv_head * key_gradient.stride(1)
            + row * key_gradient.stride(2);
        store_row(key_gradient, at, &key_sums, f32::new(1.0), row_length, unrolled);
        let at = batch * value_gradient.stride(0)
            + kv_head * value_gradient.stride(1)
            + row * value_gradient.stride(2);
        store_row(value_gradient, at, &value_sums, f32::new(1.0), row_length, unrolled);
    }
}
