//! Chapter 3: every word against every word, before and after the softmax.
//!
//! Watch the row of "sat": its largest weight goes to "cat", and the row adds up to one. Then
//! hide the future with `--mask causal`: what "down" had in that row goes to the words that are
//! left, each in proportion. No other row has a say in it.

use anyhow::{Context, Result};
use attention::{AttentionOptions, Mask, attention_steps};
use burn::tensor::{Device, Tensor};
use clap::{Parser, ValueEnum};
use inputs::score_matrix::{KEY, QUERY, WORDS};
use listings::terminal::{print, shaded, share};

/// Shows the scores of four words, raw and scaled, and the weights that the softmax makes.
#[derive(Parser)]
struct Options {
    /// What a word may look at
    #[arg(long, value_enum, default_value = "none")]
    mask: Choice,
    /// The word whose row is shown by itself
    #[arg(long, default_value = "sat")]
    query: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Choice {
    /// Every word sees every word
    None,
    /// A word sees itself and the words before it
    Causal,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let row = WORDS
        .iter()
        .position(|word| *word == options.query)
        .with_context(|| format!("no `{}` among: {}", options.query, WORDS.join(" | ")))?;
    // ANCHOR: matrix
    let mask = match options.mask {
        Choice::None => Mask::Full,
        Choice::Causal => Mask::Causal,
    };
    let masks = vec![mask.grid(4, 4)];
    let device = Device::flex();
    // The queries and keys of chapter 2's stepper: [batch, heads, seq, head_dim].
    let query = Tensor::<4>::from_data([[QUERY]], &device);
    let key = Tensor::<4>::from_data([[KEY]], &device);
    // The matrix does not depend on the values: any will do.
    let value = key.clone();
    let steps =
        attention_steps(query, key, value, AttentionOptions { masks, ..Default::default() })?;
    // ANCHOR_END: matrix

    let numbers = |tensor: Tensor<4>| tensor.into_data().iter().collect::<Vec<f32>>();
    let weights = numbers(steps.weights);
    let mut text = scores("raw scores", &numbers(steps.raw_scores));
    text += &scores("scaled and masked", &numbers(steps.masked));
    text += &format!("{}{:>7}\n", heading("weights"), "sum");
    for (word, row) in WORDS.iter().zip(weights.chunks(4)) {
        let cells = row.iter().map(|&weight| shaded(&format!("{:>7}", share(weight)), weight));
        let sum = share(row.iter().sum());
        text += &format!("{word:<18}{}{sum:>7}\n", cells.collect::<String>());
    }
    text += &format!("\nthe row of `{}`\n", WORDS[row]);
    for (word, &weight) in WORDS.iter().zip(&weights[row * 4..]) {
        let bar = "█".repeat((weight * 40.0).round() as usize);
        text += format!("{word:>6}  {:>4}  {bar}", share(weight)).trim_end();
        text += "\n";
    }
    print(&text)?;
    Ok(())
}

fn heading(name: &str) -> String {
    WORDS.iter().fold(format!("{name:<18}"), |line, word| line + &format!("{word:>7}"))
}

fn scores(name: &str, numbers: &[f32]) -> String {
    let mut text = heading(name) + "\n";
    for (word, row) in WORDS.iter().zip(numbers.chunks(4)) {
        let row: String = row.iter().map(|score| format!("{score:>7.3}")).collect();
        text += &format!("{word:<18}{row}\n");
    }
    text + "\n"
}
