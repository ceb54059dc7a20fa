//! Chapter 4: the other knob, inside attention: the scale `1 / sqrt(head_dim)`.
//!
//! Queries and keys are drawn by lot, with mean 0 and variance 1. Watch the spread of their dot
//! products grow with the dimension. Without the scale the softmax saturates: one key takes all,
//! and its slope, `w (1 - w)`, goes to zero, so that nothing is left to learn from. With the
//! scale the lines soon look alike. The last line is all heads of SmolLM2, for the last word of a
//! text: it was trained with the scale. Nothing here is sampled: this is no temperature for the
//! next token.

use anyhow::Result;
use attention::{AttentionOptions, attention_steps, effective_tokens, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use listings::terminal::print;
use smollm2::Model;

const HEADS: usize = 64;
const QUERIES: usize = 64;

/// Compares attention with and without its scale as the dimension grows.
#[derive(Parser)]
struct Options {
    /// Keys that each query can look at, 2 to 256
    #[arg(long, default_value_t = 16, value_parser = RangedU64ValueParser::<usize>::new().range(2..=256))]
    keys: usize,
    /// Which draw to take
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut text = format!("{:>8}{:>9}{:>27}{:>27}\n", "", "", "without scale", "with scale");
    text += &format!("{:>8}{:>9}", "head_dim", "spread");
    text += &format!("{:>9}{:>9}{:>9}", "largest", "slope", "effect.").repeat(2);
    text += "\n";
    for head_dim in (0..10).map(|power| 1 << power) {
        let mut draw = options.seed;
        let query = normal([1, HEADS, QUERIES, head_dim], &mut draw);
        let key = normal([1, HEADS, options.keys, head_dim], &mut draw);
        let steps = attention_steps(query, key.clone(), key, AttentionOptions::default())?;
        text += &line(&head_dim.to_string(), steps.raw_scores, steps.scaled)?;
    }
    let (raw, scaled) = smollm2_scores()?;
    print(&(text + &line("SmolLM2", raw, scaled)?))?;
    Ok(())
}

fn line(name: &str, raw: Tensor<4>, scaled: Tensor<4>) -> Result<String> {
    let spread: f32 = raw.clone().var(3).mean().sqrt().into_scalar();
    let mut text = format!("{name:>8}{spread:>9.1}");
    for scores in [raw, scaled] {
        let [largest, slope, effective] = saturation(scores)?;
        text += &format!("{largest:>9.2}{slope:>9.3}{effective:>9.1}");
    }
    Ok(text + "\n")
}

// ANCHOR: saturation
/// On average over the rows of `scores`: the largest weight, the slope of the softmax there, and
/// the effective number of keys.
fn saturation(scores: Tensor<4>) -> Result<[f32; 3]> {
    let weights = softmax(scores, 3);
    let largest = weights.clone().max_dim(3);
    let slope = largest.clone() - largest.clone() * largest.clone();
    let effective = effective_tokens(weights, 3)?;
    Ok([largest, slope, effective].map(|column| column.mean().into_scalar()))
}
// ANCHOR_END: saturation

/// What the last word of a text scores in each head, raw and scaled: `[layers, heads, 1, seq_k]`.
fn smollm2_scores() -> Result<(Tensor<4>, Tensor<4>)> {
    let model = Model::open(&smollm2::locate()?)?;
    let forward = model.run("The cat sat on the mat because it was tired")?;
    let last = forward.tokens.len() - 1;
    let rows = forward.scores.into_iter().map(|scores| scores.narrow(1, last, 1)).collect();
    let scaled: Tensor<4> = Tensor::stack(rows, 0);
    Ok((scaled.clone() * (model.config().head_dim as f32).sqrt(), scaled))
}

/// Numbers with mean 0 and variance 1: twelve dice between 0 and 1, added up, less 6. Sums of
/// that many are close to normal.
fn normal(shape: [usize; 4], draw: &mut u64) -> Tensor<4> {
    let die = |draw: &mut u64| (next(draw) >> 40) as f32 / (1_u64 << 24) as f32;
    let number = |_| (0..12).map(|_| die(draw)).sum::<f32>() - 6.0;
    let numbers: Vec<f32> = (0..shape.iter().product::<usize>()).map(number).collect();
    Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers on every machine.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
