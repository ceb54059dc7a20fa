//! Chapter 9: how far back does a window reach, layer upon layer?
//!
//! A token that I see has itself seen others, one layer below. Watch the window's reach grow by
//! the same amount with each layer; holes make it grow twice as fast, and miss every second
//! token; one global token makes it whole in two layers.

use anyhow::{Result, bail};
use attention::cost::Window;
use attention::presets::preset;
use attention::{Mask, MaskGrid};
use clap::Parser;
use listings::terminal::print;

/// Follows what can reach the last token of a text, layer by layer.
#[derive(Parser)]
struct Options {
    /// How many tokens
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=100))]
    tokens: u16,
    /// How many layers
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=100))]
    layers: u8,
    /// How many tokens before its own each token sees
    #[arg(long, default_value_t = 3)]
    before: u8,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let (n, layers) = (usize::from(options.tokens), usize::from(options.layers));
    let before = usize::from(options.before);

    let mut text = String::new();
    for (name, mask) in [
        ("window", Mask::SlidingWindow { before, after: 0 }),
        ("dilated: every second token", Mask::Dilated { before, after: 0, gap: 1 }),
        ("window and one global token", Mask::Longformer { before, after: 0, global: 1 }),
    ] {
        text += &format!("{name}, {before} before\n");
        for (layer, seen) in reach(&mask.grid(n, n), layers).iter().enumerate() {
            let row: String = seen.iter().map(|seen| if *seen { '#' } else { '.' }).collect();
            let count = seen.iter().filter(|seen| **seen).count();
            text += &format!("  layer {:>2}  {row}  {count:>3} tokens\n", layer + 1);
        }
        text += "\n";
    }
    text += &mistral()?;
    print(&text)?;
    Ok(())
}

// ANCHOR: reach
/// Which tokens can reach the last one, after each number of layers.
fn reach(mask: &MaskGrid, layers: usize) -> Vec<Vec<bool>> {
    let [_, n] = mask.dims();
    // Below the first layer a token knows itself alone.
    let mut seen: Vec<bool> = (0..n).map(|token| token == n - 1).collect();
    let mut after_layer = Vec::new();
    for _ in 0..layers {
        let reaches = |key| (0..n).any(|token| seen[token] && mask.sees(token, key));
        seen = (0..n).map(reaches).collect();
        after_layer.push(seen.clone());
    }
    after_layer
}
// ANCHOR_END: reach

/// The same in numbers, for a model that is too large to draw.
fn mistral() -> Result<String> {
    let name = "Mistral 7B v0.1";
    let Some(model) = preset(name) else { bail!("no {name} in the presets") };
    let Window::Every(window) = model.shape.window else {
        bail!("{name} has no window in the presets")
    };
    let (layers, before) = (model.shape.layers, window - 1);
    let reach = layers * before + 1;
    Ok(format!("{name}: {layers} layers x {before} before + itself = {reach} tokens\n"))
}
