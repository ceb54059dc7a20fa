//! Chapter 4: the other knob, inside attention: the scale `1 / sqrt(head_dim)`.
//!
//! Queries and keys are drawn at random, with mean 0 and variance 1. Watch the spread of their dot
//! products grow with the dimension. Without the scale the softmax saturates: in more and more
//! rows one key takes all, and the slope of its weight, `a (1 - a)`, goes to zero, so that nothing
//! is left to learn from. With the scale the lines soon look alike. The last line is all heads of
//! SmolLM2, for the last word of a text: it was trained with the scale. Nothing here is sampled:
//! this is no temperature for the next token.

use anyhow::Result;
use attention::{AttentionOptions, attention_steps, softmax};
use burn::tensor::Tensor;
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use inputs::scale::{HEADS, KEYS, QUERIES, SEED, STUCK};
use inputs::texts;
use listings::random::Random;
use listings::terminal::{print, share};
use smollm2::Model;

/// Compares attention with and without its scale as the dimension grows.
#[derive(Parser)]
struct Options {
    /// Keys that each query can look at, 2 to 256
    #[arg(long, default_value_t = KEYS, value_parser = RangedU64ValueParser::<usize>::new().range(2..=256))]
    keys: usize,
    /// Which draw to take
    #[arg(long, default_value_t = SEED)]
    seed: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut text = format!("{:>8}{:>8}{:>24}{:>24}\n", "", "", "without scale", "with scale");
    text += &format!("{:>8}{:>8}", "head_dim", "spread");
    text += &format!("{:>9}{:>8}{:>7}", "largest", "slope", "stuck").repeat(2);
    text += "\n";
    for head_dim in (0..10).map(|power| 1 << power) {
        let [raw, scaled] = drawn(head_dim, &options)?;
        text += &line(&head_dim.to_string(), raw, scaled);
    }
    let [raw, scaled] = smollm2_scores()?;
    print(&(text + &line("SmolLM2", raw, scaled)))?;
    Ok(())
}

// ANCHOR: drawn
/// The scores of queries and keys drawn at random, raw and scaled:
/// `[1, HEADS, QUERIES, keys]`.
fn drawn(head_dim: usize, options: &Options) -> Result<[Tensor<4>; 2]> {
    let mut random = Random::new(options.seed);
    let query = random.unit_tensor([1, HEADS, QUERIES, head_dim]);
    let key = random.unit_tensor([1, HEADS, options.keys, head_dim]);
    let steps = attention_steps(query, key.clone(), key, AttentionOptions::default())?;
    Ok([steps.raw_scores, steps.scaled])
}

/// Over the rows of `scores`: the largest weight on average, its slope in
/// the middle one of all rows, and the part of the rows that are stuck.
fn saturation(scores: Tensor<4>) -> [f32; 3] {
    let largest: Vec<f32> = softmax(scores, 3).max_dim(3).into_data().iter().collect();
    let rows = largest.len();
    let stuck = largest.iter().filter(|weight| **weight > STUCK).count();
    let mut slopes: Vec<f32> = largest.iter().map(|weight| weight * (1.0 - weight)).collect();
    slopes.sort_by(f32::total_cmp);
    [largest.iter().sum::<f32>() / rows as f32, slopes[rows / 2], stuck as f32 / rows as f32]
}
// ANCHOR_END: drawn

fn line(name: &str, raw: Tensor<4>, scaled: Tensor<4>) -> String {
    let spread: f32 = raw.clone().var(3).mean().sqrt().into_scalar();
    let mut text = format!("{name:>8}{spread:>8.1}");
    for scores in [raw, scaled] {
        let [largest, slope, stuck] = saturation(scores);
        text += &format!("{:>9}{slope:>8.3}{:>7}", share(largest), share(stuck));
    }
    text + "\n"
}

/// What the last word of a text scores in each head, raw and scaled: `[layers, heads, 1, seq_k]`.
fn smollm2_scores() -> Result<[Tensor<4>; 2]> {
    let model = Model::open(&smollm2::locate()?)?;
    let forward = model.run(texts::CAT)?;
    let last = forward.tokens.len() - 1;
    let rows = forward.scores.into_iter().map(|scores| scores.narrow(1, last, 1)).collect();
    let scaled: Tensor<4> = Tensor::stack(rows, 0);
    Ok([scaled.clone() * (model.config().head_dim as f32).sqrt(), scaled])
}
