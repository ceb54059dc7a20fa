//! The gradient of the query: a thread, or a few, have a query; a cube shares its keys and values.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::rows::{
    add_scaled, clear, dot, load_row, load_tile, matrix_at, piece_of_row, row_at, store_row,
};
use crate::score::{score, slope};
use crate::sight::{end_seen, first_seen};
use crate::tiles::GradientTiles;

/// The gradient of the query, a tile of keys at a time, with the weights recomputed from the
/// log-sum-exp (Dao, *FlashAttention-2*, 2023, Algorithm 2). The loops are those of the forward
/// pass, so that a query's gradient is summed where the query is and written once.
///
/// - `query`, `output_gradient`, `query_gradient`: `[batch, heads, seq_q, head_dim]`
/// - `key`, `value`: `[batch, kv_heads, seq_k, head_dim]`
/// - `log_sum_exp`, `common`: `[batch, heads, seq_q]`, the latter from
///   [`row_dot`](crate::row_dot::row_dot())
/// - `lengths`: `[batch]`
///
/// The rest as for [`plain_forward`](crate::plain_forward::plain_forward()). Launched with a cube
/// for each block of `tiles.block_rows` queries, each head and each text; a cube has
/// `tiles.threads()` threads.
#[cube(launch)]
pub fn query_gradient<F: Float>(
    query: &Tensor<F>,
    key: &Tensor<F>,
    value: &Tensor<F>,
    output_gradient: &Tensor<F>,
    log_sum_exp: &Tensor<f32>,
    common: &Tensor<f32>,
    lengths: &Tensor<u32>,
    query_gradient: &mut Tensor<F>,
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
    let head = CUBE_POS_Y as usize;
    let batch = CUBE_POS_Z as usize;
    let seq_q = query.shape(2);
    let seq_k = key.shape(2);
    let first_row = CUBE_POS_X as usize * block_rows;
    let row = first_row + UNIT_POS_X as usize / row_threads;
    let has_row = row < seq_q;
    let kv_head = head / (query.shape(1) / key.shape(1));
    let key_at = matrix_at(key, batch, kv_head);
    let value_at = matrix_at(value, batch, kv_head);

    let length = min(lengths[batch * lengths.stride(0)] as usize, seq_k);
    let first_key = first_seen(row, seq_q, seq_k, before);
    let end_key = min(length, end_seen(row, seq_q, seq_k, after));
    let cube_first = first_seen(first_row, seq_q, seq_k, before);
    let cube_end = min(length, end_seen(first_row + block_rows - 1, seq_q, seq_k, after));

    let mut key_tile = Shared::<[f32]>::new_slice(block_columns * head_dim);
    let mut value_tile = Shared::<[f32]>::new_slice(block_columns * head_dim);
    let piece = piece_of_row(query, head_dim, tiles);
    let mut query_row = Array::<f32>::new(piece_length);
    load_row(query, row_at(query, batch, head, row), has_row, &mut query_row, piece);
    let mut gradient_row = Array::<f32>::new(piece_length);
    let gradient_at = row_at(output_gradient, batch, head, row);
    load_row(output_gradient, gradient_at, has_row, &mut gradient_row, piece);
    let mut sums = Array::<f32>::new(piece_length);
    clear(&mut sums, piece);
    let mut row_log_sum_exp = f32::new(0.0);
    let mut row_common = f32::new(0.0);
    if has_row {
        row_log_sum_exp = log_sum_exp[matrix_at(log_sum_exp, batch, head) + row];
        row_common = common[matrix_at(common, batch, head) + row];
    }

    let mut start = cube_first / block_columns * block_columns;
    while start < cube_end {
        sync_cube();
        load_tile(key, key_at, start, length, &mut key_tile, block_columns, head_dim, threads);
        load_tile(
            value,
            value_at,
            start,
            length,
            &mut value_tile,
            block_columns,
            head_dim,
            threads,
        );
        sync_cube();

        // The keys that any query of the cube sees: for the dot products, a query's threads need
        // one another, and all threads of a plane come along.
        let from = max(cube_first, start) - start;
        let to = min(cube_end - start, block_columns);
        for column in from..to {
            let dot_product = dot(&query_row, &key_tile, column, piece);
            let weight_gradient = dot(&gradient_row, &value_tile, column, piece);
            let place = start + column;
            if place >= first_key && place < end_key {
                // The weight, made again. The query sees a key, so its log-sum-exp is finite.
                let score = score(dot_product, scale, soft_cap, capped);
                let weight = (score - row_log_sum_exp).exp();
                // Back through `weights · value`, the softmax, the score and `query · keyᵀ`.
                let score_gradient = weight * (weight_gradient - row_common);
                let dot_gradient = score_gradient * slope(score, scale, soft_cap, capped);
                add_scaled(&mut sums, dot_gradient, &key_tile, column, piece);
            }
        }
        start += block_columns;
    }

    if has_row {
        let at = row_at(&*query_gradient, batch, head, row);
        store_row(query_gradient, at, &sums, f32::new(1.0), piece);
    }
}
