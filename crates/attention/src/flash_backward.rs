//! Flash attention backwards: the gradients, without the weights having been kept.
//!
//! Training needs the weights once more in the backward pass. Standard attention keeps all
//! `seq_q x seq_k` of them. Here any tile of them is recomputed from the query, the key and one
//! number a query, the log-sum-exp `L`: `weights = exp(scores - L)`. More arithmetic, much less
//! memory, and less time, for fetching the weights would take longer.
//!
//! The gradient of a softmax needs, for each row, the sum of its weights times their gradients. A
//! tile has only a part of the row. But `sum_j a_j (dO · v_j) = dO · sum_j a_j v_j = dO · O`: the
//! sum is the product of two vectors that are there already. It is called `D` in the paper and
//! `common` here: one number a query, computed before the loops.
//!
//! From Dao et al., *FlashAttention*, 2022, section 3.1 and Algorithm 4, with the loops and the
//! log-sum-exp of Dao, *FlashAttention-2*, 2023, Algorithm 2.

use std::ops::Range;

use burn::tensor::Tensor;

use crate::Error;
use crate::flash::{Flash, TileOptions, blocks, check_sizes, score_tile};
use crate::float_type::{same_type, widened};
use crate::online_softmax::powers;
use crate::traffic::Traffic;

/// The gradients of a loss, and what they took.
#[derive(Debug, Clone)]
pub struct FlashGradients {
    /// Of the query, `[batch, heads, seq_q, head_dim]`.
    pub query: Tensor<4>,
    /// Of the key, `[batch, heads, seq_k, head_dim]`.
    pub key: Tensor<4>,
    /// Of the value, `[batch, heads, seq_k, value_dim]`.
    pub value: Tensor<4>,
    /// Bytes and operations, counted on the way.
    pub traffic: Traffic,
}

/// The gradients of query, key and value, from the gradient of the output.
///
/// `flash` is what [`flash_attention`](crate::flash::flash_attention) gave for the same `query`,
/// `key`, `value` and `options`. The blocks may differ, `causal` and `scale` must not.
/// `output_gradient` is `[batch, heads, seq_q, value_dim]`: the gradient of the loss in each
/// number of the output.
///
/// The memory used besides inputs and gradients is a few tiles, and two numbers a query.
///
/// A weight made again is as right as the log-sum-exp is: to `1e-6` of itself in `f32` while
/// scores stay below ten, but to `5e-4` at scores of `1e4`, where an `f32` has no more digits.
///
/// ```
/// use attention::flash::{TileOptions, flash_attention};
/// use attention::flash_backward::flash_backward;
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let query = Tensor::<4>::from_data([[[[1.0_f32]]]], &device);
/// let key = Tensor::<4>::from_data([[[[2.0_f32], [3.0]]]], &device);
/// let value = Tensor::<4>::from_data([[[[0.0_f32], [1.0]]]], &device);
///
/// let options = TileOptions::default();
/// let flash = flash_attention(query.clone(), key.clone(), value.clone(), &options)?;
/// let one = flash.output.ones_like();
/// let gradients = flash_backward(query, key, value, &flash, one, &options)?;
///
/// // Two weights, sigmoid(-1) and sigmoid(1): they are what the values' gradients are.
/// let of_value = gradients.value.into_data().try_to_vec::<f32>().unwrap();
/// assert!((of_value[0] - 0.26894142).abs() < 1e-6);
/// assert!((of_value[1] - 0.73105858).abs() < 1e-6);
/// # Ok::<(), attention::Error>(())
/// ```
///
/// # Errors
/// As [`flash_attention`](crate::flash::flash_attention), [`Error::Mismatch`] when the output or
/// its gradient has not the shape that query and value ask for, and [`Error::Shape`] when the
/// log-sum-exp has not.
pub fn flash_backward(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    flash: &Flash,
    output_gradient: Tensor<4>,
    options: &TileOptions,
) -> Result<FlashGradients, Error> {
    same_type(&[
        ("query", query.dtype()),
        ("key", key.dtype()),
        ("value", value.dtype()),
        ("output", flash.output.dtype()),
        ("output_gradient", output_gradient.dtype()),
    ])?;
    check_sizes(query.dims(), key.dims(), value.dims(), options)?;
    check_output("output", query.dims(), value.dims(), flash.output.dims())?;
    check_output("output_gradient", query.dims(), value.dims(), output_gradient.dims())?;
    check_log_sum_exp(flash.log_sum_exp.dims(), query.dims())?;
    let mut traffic = Traffic::default();
    let size = query.dtype().size();
    let offset = key.dims()[2] as i64 - query.dims()[2] as i64;
    let scale = options.scale_for(query.dims()[3]);
    let rows_of = |tensor: &Tensor<4>, rows: &Range<usize>| {
        widened(tensor.clone().narrow(2, rows.start, rows.len()))
    };

    // ANCHOR: common
    // D: the sum over a row of the weights times their gradients, one number a query.
    traffic.reads(flash.output.dims(), size);
    traffic.reads(output_gradient.dims(), size);
    let common = (widened(output_gradient.clone()) * widened(flash.output.clone())).sum_dim(3);
    traffic.writes(common.dims(), size);
    // ANCHOR_END: common
    let log_sum_exp = flash.log_sum_exp.clone().unsqueeze_dim::<4>(3);

    let query_blocks: Vec<_> = blocks(query.dims()[2], options.block_q).collect();
    let mut query_gradients: Vec<Tensor<4>> =
        query_blocks.iter().map(|queries| rows_of(&query, queries).zeros_like()).collect();
    let (mut key_gradients, mut value_gradients) = (Vec::new(), Vec::new());

    // A block of keys and values stays, and the queries come by: the other way round than
    // forwards, so that the gradients of key and value are written once.
    for keys in blocks(key.dims()[2], options.block_k) {
        let (key_tile, value_tile) = (rows_of(&key, &keys), rows_of(&value, &keys));
        traffic.reads(key_tile.dims(), size);
        traffic.reads(value_tile.dims(), size);
        let mut key_gradient = key_tile.zeros_like();
        let mut value_gradient = value_tile.zeros_like();

        for (queries, query_gradient) in query_blocks.iter().zip(&mut query_gradients) {
            if options.causal && queries.end as i64 - 1 + offset < keys.start as i64 {
                continue;
            }
            let query_tile = rows_of(&query, queries);
            let gradient_tile = rows_of(&output_gradient, queries);
            let common_tile = rows_of(&common, queries);
            let log_sum_exp_tile = rows_of(&log_sum_exp, queries);
            for tile in [&query_tile, &gradient_tile, &common_tile, &log_sum_exp_tile] {
                traffic.reads(tile.dims(), size);
            }

            // ANCHOR: again
            // The weights, recomputed.
            let diagonal =
                options.causal.then(|| offset + queries.start as i64 - keys.start as i64);
            let scores = score_tile(&query_tile, &key_tile, scale, diagonal);
            traffic.multiplies(query_tile.dims(), key_tile.clone().transpose().dims());
            let weights = powers(scores, &log_sum_exp_tile);

            // Back through `weights · value`.
            let weights_back = weights.clone().transpose();
            value_gradient =
                value_gradient + product(&mut traffic, weights_back, gradient_tile.clone());
            let weights_gradient =
                product(&mut traffic, gradient_tile, value_tile.clone().transpose());

            // Back through the softmax and the scale.
            let scores_gradient = weights * (weights_gradient - common_tile) * scale;
            // ANCHOR_END: again

            // Back through `query · keyᵀ`.
            let scores_back = scores_gradient.clone().transpose();
            key_gradient = key_gradient + product(&mut traffic, scores_back, query_tile);
            traffic.reads(query_gradient.dims(), size);
            *query_gradient =
                query_gradient.clone() + product(&mut traffic, scores_gradient, key_tile.clone());
            traffic.writes(query_gradient.dims(), size);
        }

        traffic.writes(key_gradient.dims(), size);
        traffic.writes(value_gradient.dims(), size);
        key_gradients.push(key_gradient);
        value_gradients.push(value_gradient);
    }
    Ok(FlashGradients {
        query: Tensor::cat(query_gradients, 2).cast(query.dtype()),
        key: Tensor::cat(key_gradients, 2).cast(key.dtype()),
        value: Tensor::cat(value_gradients, 2).cast(value.dtype()),
        traffic,
    })
}

/// A matrix product that counts itself.
fn product(traffic: &mut Traffic, left: Tensor<4>, right: Tensor<4>) -> Tensor<4> {
    traffic.multiplies(left.dims(), right.dims());
    left.matmul(right)
}

/// The output and its gradient have a row for each query, as wide as a value.
fn check_output(
    name: &'static str,
    query: [usize; 4],
    value: [usize; 4],
    output: [usize; 4],
) -> Result<(), Error> {
    let fits = |dimension, axis: usize, right, right_shape: [usize; 4]| {
        if output[axis] == right_shape[axis] {
            return Ok(());
        }
        Err(Error::Mismatch { dimension, left: name, left_shape: output, right, right_shape })
    };
    fits("batch", 0, "query", query)?;
    fits("heads", 1, "query", query)?;
    fits("seq_q", 2, "query", query)?;
    fits("value_dim", 3, "value", value)
}

/// There is one log-sum-exp for each query.
fn check_log_sum_exp(found: [usize; 3], [batch, heads, seq_q, _]: [usize; 4]) -> Result<(), Error> {
    let expected = [batch, heads, seq_q];
    if found == expected {
        return Ok(());
    }
    let must_be = format!("{expected:?}, one number a query");
    Err(Error::Shape { tensor: "log_sum_exp", shape: found.to_vec(), must_be })
}
