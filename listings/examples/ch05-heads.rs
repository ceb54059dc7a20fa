//! Chapter 5: split into heads, attend, merge, and mix with W_O.
//!
//! Watch the shapes: no number is lost between the split and the merge. Then watch the last token:
//! what the heads add, each through its own rows of W_O, sums to the output.

use anyhow::Result;
use attention::{AttentionOptions, Mask, MultiHeadAttention, MultiHeadSteps, merge_heads};
use burn::tensor::{Device, Tensor, TensorData};
use clap::Parser;
use listings::terminal::print;

/// Takes one layer of multi-head attention apart. Its weights are made up, not trained.
#[derive(Parser)]
struct Options {
    /// How many heads share the numbers of a token: a divisor of d-model
    #[arg(long, default_value_t = 2)]
    heads: usize,
    /// How many numbers describe a token
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    d_model: u16,
    /// How many tokens the text has
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    tokens: u16,
}

fn main() -> Result<()> {
    let Options { heads, d_model, tokens } = Options::parse();
    let (d_model, tokens) = (usize::from(d_model), usize::from(tokens));
    let weight = |seed| made_up([d_model, d_model], seed);
    let x = made_up([1, tokens, d_model], 24);

    // ANCHOR: layer
    let (w_q, w_k, w_v, w_o) = (weight(1), weight(2), weight(3), weight(4));
    let layer = MultiHeadAttention::new(w_q, w_k, w_v, w_o.clone(), heads)?;
    let masks = vec![Mask::Causal.grid(tokens, tokens)];
    let steps = layer.forward(x.clone(), AttentionOptions { masks, ..Default::default() })?;
    // ANCHOR_END: layer

    let mut text = shapes(&x, &steps, &w_o);
    text += "\nthe last token\n";
    for head in 0..heads {
        text += &row(&format!("head {head} adds"), added(&steps, &w_o, head));
    }
    text += &row("output", steps.output);
    print(&text)?;
    Ok(())
}

// ANCHOR: shapes
fn shapes(x: &Tensor<3>, steps: &MultiHeadSteps, w_o: &Tensor<2>) -> String {
    let heads = &steps.heads;
    [
        ("x", x.dims().to_vec(), "batch, seq, d_model"),
        ("queries, split", heads.query.dims().to_vec(), "batch, heads, seq, head_dim"),
        ("keys, split", heads.key.dims().to_vec(), "batch, heads, seq, head_dim"),
        ("values, split", heads.value.dims().to_vec(), "batch, heads, seq, head_dim"),
        ("weights", heads.weights.dims().to_vec(), "batch, heads, seq_q, seq_k"),
        ("outputs of heads", heads.output.dims().to_vec(), "batch, heads, seq, head_dim"),
        ("merged", steps.merged.dims().to_vec(), "batch, seq, heads * head_dim"),
        ("W_O", w_o.dims().to_vec(), "heads * head_dim, d_model"),
        ("output", steps.output.dims().to_vec(), "batch, seq, d_model"),
    ]
    .map(|(name, shape, meaning)| format!("{name:<18}{:<15}{meaning}\n", format!("{shape:?}")))
    .concat()
}
// ANCHOR_END: shapes

// ANCHOR: added
/// What one head adds to the output: its own output times its own rows of W_O.
fn added(steps: &MultiHeadSteps, w_o: &Tensor<2>, head: usize) -> Tensor<3> {
    let own = merge_heads(steps.heads.output.clone().narrow(1, head, 1));
    let [_, _, head_dim] = own.dims();
    own.matmul(w_o.clone().narrow(0, head * head_dim, head_dim).unsqueeze())
}
// ANCHOR_END: added

/// The numbers of the last token.
fn row(name: &str, x: Tensor<3>) -> String {
    let last = x.dims()[1] - 1;
    let numbers = x.narrow(1, last, 1).into_data();
    let numbers: String = numbers.iter::<f32>().map(|number| format!("{number:>7.2}")).collect();
    format!("{name:<14}{numbers}\n")
}

/// Numbers from -1.0 to 1.0, the same ones on every machine.
fn made_up<const D: usize>(shape: [usize; D], seed: u32) -> Tensor<D> {
    let mut state = seed;
    let numbers = (0..shape.iter().product()).map(|_| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        ((state >> 16) % 21) as f32 / 10.0 - 1.0
    });
    Tensor::from_data(TensorData::new(numbers.collect::<Vec<f32>>(), shape), &Device::flex())
}
