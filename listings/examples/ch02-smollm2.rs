//! Chapter 2: the same steps on one head of a real model.
//!
//! One word asks, and each line is a word that answers. Watch how far apart the scores are,
//! and what the softmax makes of it: 2 more on the scaled score is a share 7 times as large.

use anyhow::{Context, Result, ensure};
use attention::softmax;
use burn::tensor::Tensor;
use clap::Parser;
use inputs::{heads, texts};
use listings::terminal::{print, share, word};
use smollm2::Model;

/// Follows one query of SmolLM2-135M from raw scores to weights. All numbers count from 0.
#[derive(Parser)]
struct Options {
    /// The text that the model reads
    #[arg(default_value = texts::CAT)]
    text: String,
    /// The layer, 0 to 29
    #[arg(long, default_value_t = heads::NOUN.0)]
    layer: usize,
    /// The query head of the layer, 0 to 8
    #[arg(long, default_value_t = heads::NOUN.1)]
    head: usize,
    /// The word that asks (its last occurrence)
    #[arg(long, default_value = "it")]
    query: String,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let forward = model.run(&options.text)?;
    let words: Vec<String> = forward.tokens.iter().map(|token| word(&token.text)).collect();
    let query = words
        .iter()
        .rposition(|word| *word == options.query)
        .with_context(|| format!("no token `{}` among: {}", options.query, words.join(" | ")))?;
    let (layer, head) = (options.layer, options.head);
    // Asking for one weight checks the layer and the head.
    forward.weight(layer, head, query, 0)?;

    // ANCHOR: row
    // [heads, seq_q, seq_k]: one head, one query, every key.
    let scaled: Tensor<3> =
        forward.scores[layer].clone().slice([head..head + 1, query..query + 1, 0..words.len()]);
    // What the model divided by goes back on.
    let scale = (model.config().head_dim as f32).sqrt();
    let raw = scaled.clone() * scale;
    let weights = softmax(scaled.clone(), 2);
    // ANCHOR_END: row

    let numbers = |tensor: Tensor<3>| tensor.into_data().iter().collect::<Vec<f32>>();
    let (raw, scaled, weights) = (numbers(raw), numbers(scaled), numbers(weights));
    let mut text = format!("layer {layer}, head {head}: `{}` asks\n", words[query]);
    text += &format!("{:>10}{:>8}{:>8}{:>8}\n", "", "q . k", format!("/ {scale}"), "weight");
    for (key, word) in words.iter().enumerate() {
        if key > query {
            text += &format!("{word:>10}{:>8}{:>8}{:>8}\n", "hidden", "-inf", share(weights[key]));
            continue;
        }
        text +=
            &format!("{word:>10}{:>8.1}{:>8.2}{:>8}\n", raw[key], scaled[key], share(weights[key]));
        // The model's own weights are the softmax of its scores.
        let own = forward.weight(layer, head, query, key)?;
        ensure!((own - weights[key]).abs() < 1e-6, "`{word}` has {own} in the model");
    }
    text += &format!("{:>10}{:>24}\n", "sum", share(weights.iter().sum()));
    print(&text)?;
    Ok(())
}
