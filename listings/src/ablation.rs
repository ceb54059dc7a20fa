//! Chapter 5: heads whose output is replaced, and what that costs the model.

use std::cell::Cell;

use anyhow::Result;
use attention::{Mask, grouped_query_attention};
use burn::tensor::Tensor;
use smollm2::{Model, surprises};

/// The mean of some numbers.
pub fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

// ANCHOR: second
/// The mean surprise, in nats, over the second time that the tokens come, but for the first of
/// them: nothing says that they will come again.
pub fn second_time(surprise: &[f64]) -> f64 {
    mean(&surprise[surprise.len() / 2 + 1..])
}
// ANCHOR_END: second

// ANCHOR: mean
/// The surprise at each token but the first, when each of these heads hands over the same at
/// every position: the mean of what it hands over in the first half of the text.
///
/// # Errors
/// As [`Model::logits_by`].
pub fn mean_ablated(model: &Model, heads: &[(usize, usize)], tokens: &[u32]) -> Result<Vec<f64>> {
    let layer = Cell::new(0);
    let attend = |query, key, value| {
        let here = layer.replace(layer.get() + 1);
        let mut output = grouped_query_attention(query, key, value, Mask::Causal)?.output;
        let [batch, _, seq, head_dim] = output.dims();
        for &(_, head) in heads.iter().filter(|(layer, _)| *layer == here) {
            let own: Tensor<4> = output.clone().narrow(1, head, 1);
            let mean = own.narrow(2, 0, seq / 2).mean_dim(2).expand([batch, 1, seq, head_dim]);
            output = output.slice_assign([0..batch, head..head + 1, 0..seq, 0..head_dim], mean);
        }
        Ok(output)
    };
    Ok(surprises(&model.logits_by(tokens, &attend)?, tokens))
}
// ANCHOR_END: mean
