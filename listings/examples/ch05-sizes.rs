//! Chapter 5: how real models cut their vectors into heads.
//!
//! Watch the product: in most models the heads together are exactly as wide as a token, 96 times
//! 128 in GPT-3. It is a custom, not a law: Gemma 2 does otherwise, and W_O makes up for it.

use anyhow::{Context, Result};
use attention::cost::Kind;
use attention::presets::{PRESETS, Preset, preset};
use clap::Parser;
use listings::terminal::print;

/// Shows how many heads real models have, and how wide they are.
#[derive(Parser)]
struct Options {
    /// The models, each by its exact name
    #[arg(default_values = ["GPT-3 175B", "Llama 3 8B", "SmolLM2-135M", "Gemma 2 9B"])]
    models: Vec<String>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut text = format!(
        "{:<16}{:>7}{:>6}{:>9}{:>10}{:>19}{:>9}\n",
        "model", "layers", "heads", "kv heads", "head_dim", "heads x head_dim", "d_model"
    );
    for name in &options.models {
        let model = preset(name).with_context(|| unknown(name))?;
        text += &row(model)?;
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: row
fn row(model: &Preset) -> Result<String> {
    let shape = model.shape;
    let Kind::Grouped { kv_heads, head_dim } = shape.kind else {
        anyhow::bail!(
            "the heads of {} are made from latent vectors, which chapter 10 explains: leave it out",
            model.name
        );
    };
    let product = format!("{} x {head_dim} = {}", shape.heads, shape.heads * head_dim);
    Ok(format!(
        "{:<16}{:>7}{:>6}{kv_heads:>9}{head_dim:>10}{product:>19}{:>9}\n",
        model.name, shape.layers, shape.heads, shape.d_model
    ))
}
// ANCHOR_END: row

fn unknown(name: &str) -> String {
    let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    format!("no model is called `{name}`: choose from {}", names.join(", "))
}
