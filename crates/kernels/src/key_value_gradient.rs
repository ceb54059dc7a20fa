//! The gradients of key and value: a thread, or a few, have a key; a cube shares the queries that
//! come by.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::rows::{
    add_scaled, clear, dot, load_row, load_tile, matrix_at, piece_of_row, row_at, store_row,
};
use crate::score::{score, slope};
use crate::sight::{end_seen, first_seen};
use crate::tiles::GradientTiles;

/// The gradients of key and value, a tile of queries at a time, with the weights recomputed from
/// the log-sum-exp (Dao, *FlashAttention-2*, 2023, Algorithm 2).
///
/// The loops are turned round: a block of keys stays and the queries come by, so that a key's
/// gradient is summed where the key is and written once. The query heads that share a key and value
/// head come one after the other, and their gradients add up in the same place.
///
/// Shapes as for [`query_gradient`](crate::query_gradient::query_gradient()); `key_gradient` and
/// `value_gradient` are `[batch, kv_heads, seq_k, head_dim]`.
///
/// Launched with a cube for each block of `tiles.block_rows` keys, each key and value head and each
/// text; a cube has `tiles.threads()` threads.
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
    #[comptime] tiles: GradientTiles,
    #[define(F)] _dtype: ElemType,
) {
    let block_rows = comptime!(tiles.block_rows);
    let block_columns = comptime!(tiles.block_columns);
    let row_threads = comptime!(tiles.row_threads);
    let threads = comptime!(tiles.threads());
    let piece_length = comptime!(head_dim / row_threads);
    let kv_head = CUBE_POS_Y as usize;
    let batch = CUBE_POS_Z as usize;
    let seq_q = query.shape(2);
    let seq_k = key.shape(2);
    let group = query.shape(1) / key.shape(1);
    let first_row = CUBE_POS_X as usize * block_rows;
    let row = first_row + UNIT_POS_X as usize / row_threads;
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
    let piece = piece_of_row(key, head_dim, tiles);
    let mut key_row = Array::<f32>::new(piece_length);
    load_row(key, row_at(key, batch, kv_head, row), has_row, &mut key_row, piece);
    let mut value_row = Array::<f32>::new(piece_length);
    load_row(value, row_at(value, batch, kv_head, row), has_row, &mut value_row, piece);
    let mut key_sums = Array::<f32>::new(piece_length);
    clear(&mut key_sums, piece);
    let mut value_sums = Array::<f32>::new(piece_length);
    clear(&mut value_sums, piece);

    for member in 0..group {
        let head = kv_head * group + member;
        let query_at = matrix_at(query, batch, head);
        let gradient_at = matrix_at(output_gradient, batch, head);
        let log_sum_exp_at = matrix_at(log_sum_exp, batch, head);
        let common_at = matrix_at(common, batch, head);

        let mut start = cube_first / block_columns * block_columns;
        while start < cube_end {
            sync_cube();
            load_tile(
                query,
                query_at,
                start,
                seq_q,
                &mut query_tile,
                block_columns,
                head_dim,
                threads,
            );
            load_tile(
                output_gradient,
                gradient_at,
                start,
                seq_q,
                &mut gradient_tile,
                block_columns,
                head_dim,
                threads,
            );
            sync_cube();

            // The queries that see any key of the cube: for the dot products, a key's threads need
            // one another, and all threads of a plane come along.
            let from = max(cube_first, start) - start;
            let to = min(cube_end - start, block_columns);
            for column in from..to {
                let dot_product = dot(&key_row, &query_tile, column, piece);
                let weight_gradient = dot(&value_row, &gradient_tile, column, piece);
                let place = start + column;
                if place >= first_query && place < end_query {
                    // The weight, made again. The query sees a key, so its log-sum-exp is finite.
                    let score = score(dot_product, scale, soft_cap, capped);
                    let weight = (score - log_sum_exp[log_sum_exp_at + place]).exp();
                    add_scaled(&mut value_sums, weight, &gradient_tile, column, piece);

                    let score_gradient = weight * (weight_gradient - common[common_at + place]);
                    let dot_gradient = score_gradient * slope(score, scale, soft_cap, capped);
                    add_scaled(&mut key_sums, dot_gradient, &query_tile, column, piece);
                }
            }
            start += block_columns;
        }
    }

    if has_row {
        let key_at = row_at(&*key_gradient, batch, kv_head, row);
        store_row(key_gradient, key_at, &key_sums, f32::new(1.0), piece);
        let value_at = row_at(&*value_gradient, batch, kv_head, row);
        store_row(value_gradient, value_at, &value_sums, f32::new(1.0), piece);
    }
}
