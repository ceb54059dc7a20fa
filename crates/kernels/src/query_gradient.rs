//! The gradient of the query: a thread has a query, a cube shares its keys and values.

#![allow(missing_docs, reason = "the macro makes items that have none")]

use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::rows::{add_scaled, dot, load_row, load_tile, row_length, store_row};
use crate::score::{LOWEST, score, slope};
use crate::sight::{end_seen, first_seen};
use crate::tiles::PlainTiles;

/// The gradient of the query, a tile of keys at a time, with the weights made again from the
/// log-sum-exp (Dao, *FlashAttention-2*, 2023, Algorithm 2). The loops are those of the forward
/// pass, so that a query's gradient is summed in its thread and written once.
///
/// - `query`, `output_gradient`, `query_gradient`: `[batch, heads, seq_q, head_dim]`
/// - `key`, `value`: `[batch, kv_heads, seq_k, head_dim]`
/// - `log_sum_exp`, `common`: `[batch, heads, seq_q]`, the latter from
///   [`row_dot`](crate::row_dot::row_dot())
/// - `lengths`: `[batch]`
///
/// The rest, and the launch, as for [`plain_forward`](crate::plain_forward::plain_forward()).
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
    #[comptime] tiles: PlainTiles,
    #[define(F)] _dtype: ElemType,
) {
    let block_rows = comptime!(tiles.block_rows);
    let block_columns = comptime!(tiles.block_columns);
    let unrolled = comptime!(tiles.unrolled);
    let head = CUBE_POS_Y as usize;
    let batch = CUBE_POS_Z as usize;
    let seq_q = query.shape(2);
    let seq_k = key.shape(2);
    let first_row = CUBE_POS_X as usize * block_rows;
    let row = first_row + UNIT_POS_X as usize;
    let has_row = row < seq_q;
    let kv_head = head / (query.shape(1) / key.shape(1));
    let key_at = batch * key.stride(0) + kv_head * key.stride(1);
    let value_at = batch * value.stride(0) + kv_head * value.stride(1);

    let length = min(lengths[batch * lengths.stride(0)] as usize, seq_k);
    let first_key = first_seen(row, seq_q, seq_k, before);
    let end_key = min(length, end_seen(row, seq_q, seq_k, after));
    let cube_first = first_seen(first_row, seq_q, seq_k, before);
    let cube_end = min(length, end_seen(first_row + block_rows - 1, seq_q, seq_k, after));

    let mut key_tile = Shared::<[f32]>::new_slice(block_columns * head_dim);
    let mut value_tile = Shared::<[f32]>::new_slice(block_columns * head_dim);
    let row_length = row_length(query, head_dim);
    let mut query_row = Array::<f32>::new(head_dim);
    let mut gradient_row = Array::<f32>::new(head_dim);
    let mut sums = Array::<f32>::new(head_dim);
    let query_at = batch * query.stride(0) + head * query.stride(1) + row * query.stride(2);
    load_row(query, query_at, has_row, &mut query_row, row_length, unrolled);
    let gradient_at = batch * output_gradient.stride(0)
        + head * output_gradient.stride(1)
        + row * output_gradient.stride(2);
    load_row(output_gradient, gradient_at, has_row, &mut gradient_row, row_length, unrolled);
    #[unroll(unrolled)]
    for d in 0..row_length {
        sums[d] = f32::new(0.0);
    }
    let mut row_log_sum_exp = f32::new(0.0);
    let mut row_common = f32::new(0.0);
    if has_row {
        let at = batch * log_sum_exp.stride(0) + head * log_sum_exp.stride(1) + row;
        // A query that saw no key has -inf here, which cannot be subtracted.
        row_log_sum_exp = max(log_sum_exp[at], f32::new(LOWEST));
        let at = batch * common.stride(0) + head * common.stride(1) + row;
        row_common = common[at];
    }

    let mut start = cube_first / block_columns * block_columns;
    while start < cube_end {
        sync_cube();
        load_tile(
            key,
            key_at,
            key.stride(2),
            start,
            length,
            &mut key_tile,
            block_columns,
            head_dim,
            block_rows,
        );
        load_tile(
            value,
            value_at,
            value.stride(2),
            start,
            length,
            &mut value_tile,
            block_columns,
            head_dim,
            block_rows,
        );
        sync_cube();

        let from = max(first_key, start) - start;
        let to = min(max(end_key, start) - start, block_columns);
        for column in from..to {
            // The weight, made again.
            let dot_product = dot(&query_row, &key_tile, column, row_length, unrolled);
            let score = score(dot_product, scale, soft_cap, capped);
            let weight = (score - row_log_sum_exp).exp();
            // Back through `weights · value`, the softmax, the score and `query · keyᵀ`.
            let weight_gradient = dot(&gradient_row, &value_tile, column, row_length, unrolled);
            let score_gradient = weight * (weight_gradient - row_common);
            let dot_gradient = score_gradient * slope(score, scale, soft_cap, capped);
            add_scaled(&mut sums, dot_gradient, &key_tile, column, row_length, unrolled);
        }
        start += block_columns;
    }

    if has_row {
        let at = batch * query_gradient.stride(0)
            + head * query_gradient.stride(1)
            + row * query_gradient.stride(2);
        store_row(query_gradient, at, &sums, f32::new(1.0), row_length, unrolled);
    }
}
