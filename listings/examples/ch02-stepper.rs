//! Chapter 2: four words, three numbers each, from X to the output, one step at a time.
//!
//! Watch the shapes. Four rows go in and four rows come out. Only the scores and the weights are
//! square: a row for each word that asks, a column for each word that answers.

use anyhow::Result;
use attention::{AttentionOptions, AttentionSteps, Mask, attention_steps};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use inputs::projections::{W_K, W_O, W_Q, W_V, WORDS, X};
use listings::terminal::print;

/// Walks through attention on a toy input.
#[derive(Parser)]
struct Options {
    /// Hide from each word the words after it
    #[arg(long)]
    causal: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let masks = if options.causal { vec![Mask::Causal.grid(4, 4)] } else { Vec::new() };

    // ANCHOR: steps
    let device = Device::flex();
    // One text and one head: `[batch, heads, seq, d_model]`.
    let x = Tensor::<4>::from_data([[X]], &device);
    let query = x.clone().matmul(Tensor::from_data([[W_Q]], &device));
    let key = x.clone().matmul(Tensor::from_data([[W_K]], &device));
    let value = x.clone().matmul(Tensor::from_data([[W_V]], &device));

    let steps =
        attention_steps(query, key, value, AttentionOptions { masks, ..Default::default() })?;
    let back = steps.output.clone().matmul(Tensor::from_data([[W_O]], &device));
    // ANCHOR_END: steps

    print(&tables(x, steps, back))?;
    Ok(())
}

/// A table a step. A step that changes nothing says so.
fn tables(x: Tensor<4>, steps: AttentionSteps, back: Tensor<4>) -> String {
    let all = [
        ("X", x),
        ("Q = X W_Q: what each word looks for", steps.query),
        ("K = X W_K: what each word offers", steps.key),
        ("V = X W_V: what each word carries", steps.value),
        ("raw scores = Q K^T", steps.raw_scores),
        ("scaled = raw scores / sqrt(head_dim)", steps.scaled),
        ("capped", steps.capped),
        ("biased", steps.biased),
        ("masked", steps.masked),
        ("weights = softmax of each row", steps.weights),
        ("output = weights V", steps.output),
        ("output W_O", back),
    ];
    let mut text = String::new();
    let mut before = Vec::new();
    for (name, tensor) in all {
        let [_, _, rows, columns] = tensor.dims();
        let numbers: Vec<f32> = tensor.into_data().iter().collect();
        text += &format!("{name}  [{rows}, {columns}]");
        if numbers == before {
            text += ": as before\n";
            continue;
        }
        text += "\n";
        for (word, row) in WORDS.iter().zip(numbers.chunks(columns)) {
            let row: String = row.iter().map(|&number| three_decimals(number)).collect();
            text += &format!("{word:>6}{row}\n");
        }
        before = numbers;
    }
    text
}

/// Adding zero turns `-0` into `0`.
fn three_decimals(number: f32) -> String {
    format!("{:>8.3}", (number * 1000.0).round() / 1000.0 + 0.0)
}
