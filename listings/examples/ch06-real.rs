//! Chapter 6: the mask in the scores of SmolLM2.
//!
//! Watch the upper right: no later token ever gets a finite score, in any head, so its weight is
//! 0, and another last word changes nothing before it. Then the mask comes off, for these scores
//! alone. The model was never trained to look ahead, so read the last table as what the mask
//! keeps out, and not as what a model without a mask would do.

use anyhow::{Context, Result};
use attention::{Mask, softmax, total_variation};
use burn::tensor::Tensor;
use clap::Parser;
use inputs::texts;
use listings::terminal::{print, share, word};
use smollm2::{Forward, Model};

/// Shows the scores of one head of SmolLM2-135M. Layers and heads count from 0.
#[derive(Parser)]
struct Options {
    /// The text that the model reads
    #[arg(default_value = texts::MYSTERY[0])]
    text: String,
    /// Another text that begins in the same way
    #[arg(default_value = texts::MYSTERY[1])]
    other: String,
    /// The layer
    #[arg(long, default_value_t = 13, value_parser = clap::value_parser!(u8).range(0..30))]
    layer: u8,
    /// The query head of the layer
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(0..9))]
    head: u8,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let forward = model.run(&options.text)?;
    let other = model.run(&options.other)?;

    let mut text = scores(&forward, options.layer.into(), options.head.into());
    text += &count(&forward);
    text += &beginning(&forward, &other);
    text += &without_the_mask(&model, &forward)?;
    print(&text)?;
    Ok(())
}

/// The scores of one head, before the softmax.
fn scores(forward: &Forward, layer: usize, head: usize) -> String {
    let words: Vec<String> = forward.tokens.iter().map(|token| word(&token.text)).collect();
    let scores = forward.scores[layer].clone().narrow(0, head, 1).into_data();
    let scores: Vec<f32> = scores.iter().collect();
    let mut text = format!("layer {layer}, head {head}\n{:8}", "");
    for word in &words {
        text += &format!("{word:>9}");
    }
    text += "\n";
    for (word, row) in words.iter().zip(scores.chunks(words.len())) {
        text += &format!("{word:>8}");
        for score in row {
            // Adding zero turns -0.0 into 0.0.
            text += &format!("{:>9.1}", (score * 10.0).round() / 10.0 + 0.0);
        }
        text += "\n";
    }
    text
}

// ANCHOR: count
/// In how many places of all heads the mask stands, and what is there.
fn count(forward: &Forward) -> String {
    let seq = forward.tokens.len();
    let grid = Mask::Causal.grid(seq, seq);
    let (mut hidden, mut minus_infinity, mut zero) = (0, 0, 0);
    let (mut heads, mut alone) = (0, 0);
    for (scores, weights) in forward.scores.iter().zip(&forward.weights) {
        let scores: Vec<f32> = scores.to_data().iter().collect();
        let weights: Vec<f32> = weights.to_data().iter().collect();
        for (place, (score, weight)) in scores.iter().zip(&weights).enumerate() {
            let (query, key) = (place / seq % seq, place % seq);
            if !grid.sees(query, key) {
                hidden += 1;
                minus_infinity += usize::from(*score == f32::NEG_INFINITY);
                zero += usize::from(*weight == 0.0);
            }
            if query == 0 && key == 0 {
                heads += 1;
                alone += usize::from(*weight == 1.0);
            }
        }
    }
    format!(
        "\n{hidden} places hidden in {heads} heads: {minus_infinity} scores are -inf, {zero} \
         weights are 0\ntoken 0 gives itself 1.00 in {alone} of {heads} heads\n"
    )
}
// ANCHOR_END: count

// ANCHOR: beginning
/// How far the weights of the tokens that both texts begin with differ.
fn beginning(one: &Forward, other: &Forward) -> String {
    let pairs = || one.tokens.iter().zip(&other.tokens);
    let same = pairs().take_while(|(one, other)| one.id == other.id).count();
    if same == 0 {
        return "\nthe texts begin with different tokens\n".to_owned();
    }
    let mut largest = 0.0_f32;
    for (one, other) in one.weights.iter().zip(&other.weights) {
        let [one, other] = [one, other].map(|w| w.clone().narrow(1, 0, same).narrow(2, 0, same));
        largest = largest.max((one - other).abs().max().into_scalar());
    }
    format!(
        "\n\"{}\" and \"{}\" begin with the same {same} tokens.\nTheir weights differ by {largest:.4} \
         at most, in all layers and heads.\n",
        one.text, other.text
    )
}
// ANCHOR_END: beginning

// ANCHOR: without
/// For each row what the mask moves, in the mean over all heads.
fn without_the_mask(model: &Model, forward: &Forward) -> Result<String> {
    let ids: Vec<u32> = forward.tokens.iter().map(|token| token.id).collect();
    let mut moved = Vec::new();
    // [heads, seq_q, seq_k] for each layer: the same scores, and the later tokens' as well.
    for scores in model.unmasked_scores(&ids)? {
        let [_, seq, _] = scores.dims();
        let hidden = Mask::Causal.hidden(seq, seq, &scores.device()).context("a mask hides")?;
        let masked = scores.clone().mask_fill(hidden.unsqueeze::<3>(), f32::NEG_INFINITY);
        moved.push(total_variation(softmax(scores, 2), softmax(masked, 2), 2)?);
    }
    let mean: Tensor<3> = Tensor::cat(moved, 0).mean_dim(0);
    // ANCHOR_END: without
    let mut text = "\nmoved by the mask, in the mean over all heads\n".to_owned();
    for (token, moved) in forward.tokens.iter().zip(mean.into_data().iter::<f32>()) {
        text += &format!("{:>8}{:>9}\n", word(&token.text), share(moved.max(0.0)));
    }
    Ok(text)
}
