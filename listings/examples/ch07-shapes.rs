//! Chapter 7: the shapes of cross-attention.
//!
//! Watch which side each number comes from: a row of the map for each token that asks, a column
//! for each token that answers, so the map need not be square. No mask is drawn in: the source is
//! there as a whole, and the first token that asks may look at all of it.

use anyhow::Result;
use attention::{MultiHeadAttention, cross_attention};
use burn::tensor::{Device, Tensor, TensorData};
use clap::Parser;
use listings::terminal::{print, share};

/// Lets a target of one length and width look at a source of another. All numbers are made up.
#[derive(Parser)]
struct Options {
    /// Tokens of the target, which asks
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=12))]
    target: u16,
    /// Tokens of the source, which answers
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=12))]
    source: u16,
    /// Heads, which share 8 numbers of a query and 4 of a value
    #[arg(long, default_value_t = 2)]
    heads: usize,
}

fn main() -> Result<()> {
    let Options { target, source, heads } = Options::parse();
    let (seq_q, seq_k) = (usize::from(target), usize::from(source));
    // ANCHOR: layer
    // A token of the target is 6 numbers wide, one of the source 10.
    let target = made_up([1, seq_q, 6], 1);
    let source = made_up([1, seq_k, 10], 2);
    let w_q = made_up([6, 8], 3);
    let (w_k, w_v) = (made_up([10, 8], 4), made_up([10, 4], 5));
    let w_o = made_up([4, 6], 6);

    let layer = MultiHeadAttention::new(w_q, w_k, w_v, w_o, heads)?;
    let steps = cross_attention(&layer, target.clone(), source.clone(), &[seq_k])?;
    // ANCHOR_END: layer

    let inner = &steps.heads;
    let mut text = String::new();
    for (name, shape, meaning) in [
        ("target", target.dims().to_vec(), "batch, seq_q, d_target"),
        ("source", source.dims().to_vec(), "batch, seq_k, d_source"),
        ("queries", inner.query.dims().to_vec(), "batch, heads, seq_q, head_dim"),
        ("keys", inner.key.dims().to_vec(), "batch, heads, seq_k, head_dim"),
        ("values", inner.value.dims().to_vec(), "batch, heads, seq_k, value_dim"),
        ("weights", inner.weights.dims().to_vec(), "batch, heads, seq_q, seq_k"),
        ("merged", steps.merged.dims().to_vec(), "batch, seq_q, heads * value_dim"),
        ("output", steps.output.dims().to_vec(), "batch, seq_q, d_target"),
    ] {
        text += &format!("{name:<10}{:<15}{meaning}\n", format!("{shape:?}"));
    }

    text += &format!("\nthe map of head 0: {seq_q} rows, {seq_k} columns\n");
    let map: Vec<f32> = inner.weights.clone().narrow(1, 0, 1).into_data().iter().collect();
    for row in map.chunks(seq_k) {
        text += &row.iter().map(|weight| format!("{:>6}", share(*weight))).collect::<String>();
        text += &format!("   sum {}\n", share(row.iter().sum()));
    }
    print(&text)?;
    Ok(())
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
