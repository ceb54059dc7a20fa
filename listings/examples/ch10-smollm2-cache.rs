//! Chapter 10: a real model's cache, weighed while it writes.
//!
//! SmolLM2 reads a prompt and goes on, always with the likeliest token. Watch the two columns of
//! bytes: what its caches hold in memory, and what the formula says. Each token adds the same.

use anyhow::{Context, Result};
use attention::cost::{Kind, Precision, Shape, Window};
use clap::Parser;
use inputs::texts;
use listings::terminal::{print, word};
use smollm2::{Config, Decoder, Model};

/// Measures the KV cache of SmolLM2-135M as it writes, and compares it with the formula.
#[derive(Parser)]
struct Options {
    /// The text to go on from
    #[arg(default_value = texts::CAPITAL)]
    text: String,
    /// How many tokens to write
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let shape = shape(model.config());
    let mut text = format!("{:<16}{:>7}{:>12}{:>12}\n", "read", "tokens", "measured", "formula");

    // ANCHOR: measure
    let mut decoder = Decoder::new(&model);
    let mut ids = model.tokenizer().encode(&options.text)?;
    for step in 0..=options.count {
        let logits = decoder.read(&ids)?;
        let measured = decoder.cache_bytes();
        let formula = shape.cache(decoder.len() as u64, 1, Precision::Fp32)?;

        let read = if step == 0 {
            "(the prompt)".to_owned()
        } else {
            word(&model.tokenizer().token(ids[0])?.text)
        };
        text += &format!("{read:<16}{:>7}{:>12}{:>12}\n", decoder.len(), measured.0, formula.0);
        ids = vec![likeliest(&logits)?];
    }
    // ANCHOR_END: measure

    let context = model.config().context as u64;
    text += &format!("\n{context} tokens, by the formula\n");
    let alone = Shape { kind: kind(model.config(), model.config().heads), ..shape };
    for (name, shape, precision) in [
        ("fp32, as it is kept here", shape, Precision::Fp32),
        ("fp16", shape, Precision::Fp16),
        ("fp16, each query head with its own", alone, Precision::Fp16),
    ] {
        text += &format!("  {name:<36}{}\n", shape.cache(context, 1, precision)?);
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: shape
/// What the formula needs to know of the model.
fn shape(config: &Config) -> Shape {
    Shape {
        layers: config.layers as u64,
        d_model: config.d_model as u64,
        heads: config.heads as u64,
        kind: kind(config, config.kv_heads),
        window: Window::Full,
    }
}

fn kind(config: &Config, kv_heads: usize) -> Kind {
    Kind::Grouped { kv_heads: kv_heads as u64, head_dim: config.head_dim as u64 }
}
// ANCHOR_END: shape

fn likeliest(logits: &[f32]) -> Result<u32> {
    let ids = (0..).zip(logits);
    let (id, _) = ids.max_by(|a, b| a.1.total_cmp(b.1)).context("the model knows no token")?;
    Ok(id)
}
