//! Chapter 4: what may come next, by a real model: temperature, top-k and top-p.
//!
//! Watch the number of tokens that stay. Top-k keeps the same number after any text. Top-p keeps
//! few where the model is sure and many where it is not: compare two texts. Both start from the
//! column of the temperature.

use anyhow::Result;
use attention::sampling::{top_k, top_p};
use attention::{effective_tokens, softmax_with_temperature};
use burn::tensor::{DType, Device, Tensor, TensorData};
use clap::Parser;
use inputs::next_token::{TOP_K, TOP_P_PERCENT};
use inputs::texts;
use listings::terminal::{print, share, word};
use smollm2::{Forward, Model};

/// Shows the likeliest next tokens of SmolLM2-135M, as they are and after each filter.
#[derive(Parser)]
struct Options {
    /// The text that the model continues
    #[arg(default_value = texts::CAPITAL)]
    text: String,
    /// Above 0; 1 is the model's own distribution
    #[arg(long, default_value_t = 1.0)]
    temperature: f64,
    /// How many tokens top-k keeps
    #[arg(long, default_value_t = TOP_K)]
    top_k: usize,
    /// The probability that top-p keeps, above 0 and at most 1
    #[arg(long, default_value_t = TOP_P_PERCENT as f64 / 100.0)]
    top_p: f64,
    /// How many tokens to list
    #[arg(long, default_value_t = 8)]
    count: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let forward = Model::open(&smollm2::locate()?)?.run(&options.text)?;
    let own = forward.probabilities().into_iter().map(f64::from).collect();
    let [warm, few, nucleus, both] = filtered(&forward, &options)?;
    let columns = [own, warm, few, nucleus, both];

    let mut text = format!("after `{}`\n{:<14}", options.text, "");
    let warm = format!("T = {}", options.temperature);
    text += &format!("{:>8}{warm:>8}{:>8}{:>8}{:>8}\n", "model", "top-k", "top-p", "both");
    for candidate in forward.top(options.count)? {
        text += &format!("{:<14}", word(&candidate.token.text));
        for column in &columns {
            let kept = column[candidate.token.id as usize];
            let shown = if kept > 0.0 { share(kept as f32) } else { "-".to_owned() };
            text += &format!("{shown:>8}");
        }
        text += "\n";
    }
    text += &format!("{:<14}", "above zero");
    for column in &columns {
        text += &format!("{:>8}", column.iter().filter(|share| **share > 0.0).count());
    }
    text += &format!("\n{:<14}", "effective");
    for column in &columns {
        let effective: f64 = effective_tokens(tensor(column), 0)?.into_scalar();
        let decimals = usize::from(effective < 10.0);
        text += &format!("{effective:>8.decimals$}");
    }
    print(&(text + "\n"))?;
    Ok(())
}

// ANCHOR: filtered
/// The shares after the temperature alone, with top-k as well, with top-p as well, and with
/// top-k and then top-p.
fn filtered(forward: &Forward, options: &Options) -> Result<[Vec<f64>; 4]> {
    let logits: Vec<f64> = forward.logits.iter().copied().map(f64::from).collect();
    // [batch, vocab], with one text in the batch.
    let logits = tensor(&logits).unsqueeze::<2>();
    let shares = |logits: Tensor<2>, temperature| -> Result<Vec<f64>> {
        Ok(softmax_with_temperature(logits, temperature, 1)?.into_data().iter().collect())
    };
    let warm = shares(logits.clone(), options.temperature)?;
    let logits = logits / options.temperature;
    let few = top_k(logits.clone(), options.top_k)?;
    let nucleus = top_p(logits, options.top_p)?;
    let both = top_p(few.clone(), options.top_p)?;
    Ok([warm, shares(few, 1.0)?, shares(nucleus, 1.0)?, shares(both, 1.0)?])
}

/// In f64, for in f32 a sum of so many small shares loses digits.
fn tensor(numbers: &[f64]) -> Tensor<1> {
    let data = TensorData::new(numbers.to_vec(), [numbers.len()]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}
// ANCHOR_END: filtered
