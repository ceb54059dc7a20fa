//! Chapter 10: how few bits may a cached number have?
//!
//! SmolLM2 reads a story with its keys and values rounded to a few levels. Watch two bits: with
//! levels for each token's key the model breaks, and with levels for each channel it holds on.

use anyhow::Result;
use attention::{Mask, grouped_query_attention, quantised, softmax, total_variation};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use inputs::texts::LIGHTHOUSE;
use listings::terminal::{print, share};
use smollm2::{Model, surprises};

/// Measures what quantising the keys and values does to SmolLM2-135M.
#[derive(Parser)]
struct Options {
    /// Bits of a number
    #[arg(default_values_t = [8, 4, 3, 2], value_parser = clap::value_parser!(u32).range(1..=16))]
    bits: Vec<u32>,
}

fn main() -> Result<()> {
    let Options { bits } = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let ids = model.tokenizer().encode(LIGHTHOUSE)?;
    let whole = model.logits_by(&ids, &|query, key, value| {
        Ok(grouped_query_attention(query, key, value, Mask::Causal)?.output)
    })?;

    let mut text = format!("{} tokens\n", ids.len());
    text += &format!("{:<6}{:<18}{:>8}{:>12}\n", "bits", "keys' levels", "loss", "moved");
    text += &format!("{:<24}{:>8.2}\n", "f32", mean(&surprises(&whole, &ids)));
    for bits in bits {
        for (name, along) in [("for each token", 3), ("for each channel", 2)] {
            let logits = read(&model, &ids, bits, along)?;
            let loss = mean(&surprises(&logits, &ids));
            let moved = moved(&whole, &logits)?;
            text += &format!("{bits:<6}{name:<18}{loss:>8.2}{:>12}\n", share(moved));
        }
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: read
/// The logits after each token, when keys and values are kept with so many bits. Values get levels
/// for each token, keys along the dimension `along`: 3 for each token, 2 for each channel.
fn read(model: &Model, ids: &[u32], bits: u32, along: usize) -> Result<Vec<Vec<f32>>> {
    let attend = |query: Tensor<4>, key: Tensor<4>, value: Tensor<4>| {
        let (key, value) = (quantised(key, bits, along)?, quantised(value, bits, 3)?);
        Ok(grouped_query_attention(query, key, value, Mask::Causal)?.output)
    };
    Ok(model.logits_by(ids, &attend)?)
}
// ANCHOR_END: read

/// How far the distributions of the next token move, on average over the text: the share of the
/// probability that goes to other tokens.
fn moved(whole: &[Vec<f32>], logits: &[Vec<f32>]) -> Result<f32> {
    let tensor = |rows: &[Vec<f32>]| -> Tensor<4> {
        let wide = rows.first().map_or(0, Vec::len);
        Tensor::<1>::from_data(rows.concat().as_slice(), &Device::flex()).reshape([
            1,
            1,
            rows.len(),
            wide,
        ])
    };
    let shares = |rows| softmax(tensor(rows), 3);
    Ok(total_variation(shares(whole), shares(logits), 3)?.mean().into_scalar())
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}
