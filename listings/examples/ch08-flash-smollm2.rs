//! Chapter 8: is flash attention exact?
//!
//! Random numbers in the sizes of a layer of SmolLM2. Watch the last column: whatever the tiles,
//! the result is that of plain attention but for rounding, in which the order of sums matters.

use anyhow::{Result, bail};
use attention::cost::Kind;
use attention::flash::{FlashOptions, flash_attention};
use attention::presets::preset;
use attention::{Mask, scaled_dot_product_attention};
use clap::Parser;
use listings::random::Random;
use listings::terminal::{bound, print};

/// Compares flash attention with plain attention on random numbers, causal, in f32.
#[derive(Parser)]
struct Options {
    /// How many tokens
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..=2048))]
    tokens: u16,
    /// Which random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Queries and keys in a tile. The fourth divides no length evenly.
const BLOCKS: [(usize, usize); 5] = [(16, 16), (64, 64), (128, 128), (100, 60), (512, 512)];

fn main() -> Result<()> {
    let options = Options::parse();
    let tokens = usize::from(options.tokens);
    let Some(model) = preset("SmolLM2-135M") else { bail!("no SmolLM2-135M in the presets") };
    let Kind::Grouped { head_dim, .. } = model.shape.kind else {
        bail!("SmolLM2-135M is not of the grouped kind")
    };
    // ANCHOR: compare
    let shape = [1, model.shape.heads as usize, tokens, head_dim as usize];
    let mut random = Random::new(options.seed);
    let (query, key, value) = (random.tensor(shape), random.tensor(shape), random.tensor(shape));

    let plain =
        scaled_dot_product_attention(query.clone(), key.clone(), value.clone(), Mask::Causal)?;
    let mut rows = vec![("plain".to_owned(), tokens * tokens, None)];
    for (block_q, block_k) in BLOCKS {
        let tiles = FlashOptions { block_q, block_k, causal: true, ..Default::default() };
        let flash = flash_attention(query.clone(), key.clone(), value.clone(), &tiles)?;
        let error = (flash.output - plain.output.clone()).abs().max().into_scalar::<f32>();
        rows.push((format!("{block_q} x {block_k}"), flash.largest_tensor, Some(error)));
    }
    // ANCHOR_END: compare

    let mut text = format!("{shape:?} random numbers, causal, f32\n");
    text += &format!("{:<10}{:>28}{:>20}\n", "tile", "largest matrix of a head", "difference");
    for (name, largest, error) in rows {
        let error = error.map_or(String::new(), |error| format!("below {:e}", bound(error)));
        text += format!("{name:<10}{largest:>20} numbers{error:>20}").trim_end();
        text += "\n";
    }
    print(&text)?;
    Ok(())
}
