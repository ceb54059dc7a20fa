//! Chapter 9: what do the heads of a real model do?
//!
//! SmolLM2 reads random tokens, and then the same ones again. Nothing in them has a meaning, so
//! what a head does here it does by the pattern alone. Watch how far the best heads stand above
//! the mean of all.

use anyhow::Result;
use attention::detectors::Pattern;
use burn::tensor::Tensor;
use clap::Parser;
use inputs::tokens::{COUNT, random_twice};
use listings::terminal::{print, share};
use smollm2::{Forward, Model};

/// Looks for induction heads, previous-token heads and attention sinks in SmolLM2-135M. One text
/// is one observation: try other seeds.
#[derive(Parser)]
struct Options {
    /// How many different tokens, each of which comes twice
    #[arg(long, default_value_t = COUNT, value_parser = clap::value_parser!(u16).range(2..=256))]
    tokens: u16,
    /// Which random tokens
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many heads to list
    #[arg(long, default_value_t = 3)]
    count: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let vocabulary = model.config().vocabulary as u32;
    // ANCHOR: detect
    let tokens = random_twice(options.seed, usize::from(options.tokens), vocabulary);
    let forward = model.run_tokens(&tokens)?;

    let induction = scores(&forward, |head| head.prefix_matching(&tokens))?;
    let previous = scores(&forward, |head| head.previous_token())?;
    let sink = scores(&forward, |head| head.sink())?;
    // ANCHOR_END: detect

    let mut text = format!("{} random tokens, twice\n", options.tokens);
    for (what, scores) in [
        ("induction: looks at what came after the same token before", induction),
        ("previous token: looks at the token right before", previous),
        ("sink: looks at the first token, whatever it is", sink),
    ] {
        text += &format!("\n{what}\n");
        for (score, layer, head) in scores.iter().take(options.count) {
            text += &format!("  layer {layer:>2}, head {head}: {}\n", share(*score as f32));
        }
        let mean = scores.iter().map(|(score, ..)| score).sum::<f64>() / scores.len() as f64;
        text += &format!("  mean of {} heads: {}\n", scores.len(), share(mean as f32));
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: scores
/// The score of every head, with its layer and number, the highest first.
fn scores(
    forward: &Forward,
    score: impl Fn(&Pattern) -> Result<f64, attention::Error>,
) -> Result<Vec<(f64, usize, usize)>> {
    let mut scores = Vec::new();
    for (layer, weights) in forward.weights.iter().enumerate() {
        let [heads, ..] = weights.dims();
        for head in 0..heads {
            let weights: Tensor<2> = weights.clone().narrow(0, head, 1).squeeze_dim(0);
            scores.push((score(&Pattern::new(weights)?)?, layer, head));
        }
    }
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(scores)
}
// ANCHOR_END: scores
