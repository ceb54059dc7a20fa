//! Chapter 6: all positions at once, or one token after the other?
//!
//! In training the whole text goes through the model in one pass, and each position guesses its
//! next token. In writing a token comes at a time. Watch that the mask makes both the same: where
//! a token looks, and what is expected after it, does not depend on what comes later.

use anyhow::Result;
use burn::tensor::Tensor;
use clap::Parser;
use listings::terminal::{print, share, word};
use smollm2::{Decoder, Forward, Model};

/// Reads a text at once and token by token, and compares.
#[derive(Parser)]
struct Options {
    /// The text that the model reads, of at most 32 tokens
    #[arg(default_value = "The capital of France is Paris, not Rome.")]
    text: String,
}

/// A difference of logits or of weights that rounding explains.
const ROUNDING: f32 = 1e-3;

fn main() -> Result<()> {
    let options = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let ids = model.tokenizer().encode(&options.text)?;
    anyhow::ensure!(ids.len() <= 32, "the text has {} tokens: give 32 at most", ids.len());

    let mut text = format!("{:<10}{:<12}{:>5}{:>11}\n", "token", "guess", "chance", "true next");
    let (mut logits, mut weights) = (0.0_f32, 0.0_f32);
    // ANCHOR: compare
    let whole = model.run_tokens(&ids)?;
    let mut decoder = Decoder::new(&model);
    for (last, id) in ids.iter().enumerate() {
        // One more token, beside the kept keys and values of those before it.
        let one_by_one = decoder.read(&[*id])?;
        // The text up to here, all at once: a pass hands out the logits after its last token.
        let start = model.run_tokens(&ids[..=last])?;

        logits = logits.max(largest_difference(&one_by_one, &start.logits));
        // Row `last` of every head, in the whole text and where nothing comes after it.
        weights = weights.max(largest_difference(&row(&whole, last), &row(&start, last)));
        text += &guess(&start, ids.get(last + 1))?;
    }
    // ANCHOR_END: compare

    text += &format!("\nlogits, one by one against at once: {}\n", verdict(logits));
    text += &format!("weights, the whole text against its start: {}\n", verdict(weights));
    print(&text)?;
    Ok(())
}

/// Where token `query` looks in all layers and heads, at itself and the tokens before it.
fn row(forward: &Forward, query: usize) -> Vec<f32> {
    let of_layer = |weights: &Tensor<3>| {
        weights.clone().narrow(1, query, 1).narrow(2, 0, query + 1).into_data()
    };
    forward.weights.iter().flat_map(|w| of_layer(w).iter::<f32>().collect::<Vec<_>>()).collect()
}

fn largest_difference(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

fn verdict(difference: f32) -> String {
    match difference < ROUNDING {
        true => format!("the same, to {ROUNDING}"),
        false => format!("they differ by {difference}"),
    }
}

/// The likeliest next token, and how likely the true one was: training makes that larger, at
/// every position of the text.
fn guess(forward: &Forward, next: Option<&u32>) -> Result<String> {
    let read = forward.tokens.last().map(|token| word(&token.text)).unwrap_or_default();
    let mut line = format!("{read:<10}");
    for best in forward.top(1)? {
        line += &format!("{:<12}{:>6}", word(&best.token.text), share(best.probability));
    }
    if let Some(next) = next {
        line += &format!("{:>11}", share(forward.probabilities()[*next as usize]));
    }
    Ok(line + "\n")
}
