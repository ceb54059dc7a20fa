//! Chapter 4: one set of logits, many temperatures.
//!
//! The tokens may come after "She bought". Watch "a", the largest logit: near 0 it takes all, at 5 it has little more than the others.
//! The last two columns say the same in one number: the entropy, in nats, and to how many
//! tokens that amounts if all of them were alike.

use anyhow::Result;
use attention::{effective_tokens, entropy, softmax_with_temperature};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use inputs::next_token::{LOGITS, TOKENS};
use listings::terminal::{print, shaded, share};

/// Shows what temperature does to the shares of six tokens.
#[derive(Parser)]
struct Options {
    /// The temperatures, each above 0
    #[arg(default_values_t = [0.1, 0.2, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0])]
    temperatures: Vec<f64>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut text = format!("{:>5}", "T");
    text += &TOKENS.map(|token| format!("{token:>6}")).concat();
    text += &format!("{:>9}{:>11}\n{:>5}", "entropy", "effective", "");
    text += &LOGITS.map(|logit| format!("{logit:>6.1}")).concat();
    text += "  (logits)\n";
    for temperature in options.temperatures {
        text += &line(temperature)?;
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: line
/// The shares at one temperature, how spread out they are, and over how many tokens.
fn line(temperature: f64) -> Result<String> {
    let logits = Tensor::<1>::from_data(LOGITS, &Device::flex());
    let shares = softmax_with_temperature(logits, temperature, 0)?;
    let entropy: f32 = entropy(shares.clone(), 0)?.into_scalar();
    let effective: f32 = effective_tokens(shares.clone(), 0)?.into_scalar();

    let shares: Vec<f32> = shares.into_data().iter().collect();
    let cells = shares.iter().map(|&weight| shaded(&format!("{:>6}", share(weight)), weight));
    let cells: String = cells.collect();
    Ok(format!("{temperature:>5.2}{cells}{entropy:>9.2}{effective:>11.2}\n"))
}
// ANCHOR_END: line
