//! Chapter 8: flash attention, one tile after the other.
//!
//! Watch `m` and `l`: when a tile brings a larger score, `m` rises and what was summed before
//! shrinks. `O / l` is the attention over the keys so far; after a row's last tile it is the
//! output. No step needs more of the score matrix than its tile.

use anyhow::Result;
use attention::flash::{Step, TileOptions, flash_attention};
use attention::{Mask, scaled_dot_product_attention};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use inputs::flash::{KEY, QUERY, VALUE};
use listings::terminal::{bound, print};

/// Steps through flash attention with four tokens of two numbers each.
#[derive(Parser)]
struct Options {
    /// Queries in a tile
    #[arg(long, default_value_t = 2)]
    block_q: usize,
    /// Keys in a tile
    #[arg(long, default_value_t = 2)]
    block_k: usize,
    /// Hide the tokens that come later: tiles in the future are skipped
    #[arg(long)]
    causal: bool,
}

fn main() -> Result<()> {
    let Options { block_q, block_k, causal } = Options::parse();
    // ANCHOR: flash
    let device = Device::flex();
    let tensor = |rows: [[f32; 2]; 4]| Tensor::<4>::from_data([[rows]], &device);
    let (query, key, value) = (tensor(QUERY), tensor(KEY), tensor(VALUE));

    let options = TileOptions { block_q, block_k, causal, scale: None, keep_steps: true };
    let flash = flash_attention(query.clone(), key.clone(), value.clone(), &options)?;

    let mask = if causal { Mask::Causal } else { Mask::Full };
    let plain = scaled_dot_product_attention(query, key, value, mask)?.output;
    let difference = (flash.output.clone() - plain.clone()).abs().max().into_scalar::<f32>();
    // ANCHOR_END: flash

    let mut text: String = flash.steps.iter().map(step).collect();
    text += &format!("{:<9}{:>11}{:>18}\n", "result", "flash", "plain");
    for (query, (flash, plain)) in pairs(flash.output).iter().zip(pairs(plain)).enumerate() {
        text += &format!("query {query}  {}  {}\n", two(*flash), two(plain));
    }
    text += &format!("largest difference below {:e}\n", bound(difference));
    print(&text)?;
    Ok(())
}

/// One tile, and where its queries stand after it.
fn step(step: &Step) -> String {
    let tile = &step.tile;
    let mut text = format!(
        "tile ({}, {})  queries {:?}, keys {:?}, {} bytes moved so far\n",
        tile.row,
        tile.column,
        tile.queries,
        tile.keys,
        step.traffic.moved().0
    );
    if tile.skipped {
        return text + "  skipped: all its keys are in the future\n\n";
    }
    text += &format!("  {:<8}{:>6}{:>7}{:>9}{:>20}\n", "", "m", "l", "O", "O / l");
    let largest: Vec<f32> = step.softmax.largest.to_data().iter().collect();
    let total: Vec<f32> = step.softmax.total.to_data().iter().collect();
    let sums = pairs(step.output.clone());
    let shared = pairs(step.softmax.normalise(step.output.clone()));
    for (row, query) in tile.queries.clone().enumerate() {
        let (m, l) = (largest[row], total[row]);
        let (o, mixed) = (two(sums[row]), two(shared[row]));
        text += &format!("  query {query} {m:>6.2} {l:>6.2}  {o}  {mixed}\n");
    }
    text + "\n"
}

/// The rows of `[1, 1, rows, 2]`.
fn pairs(tensor: Tensor<4>) -> Vec<[f32; 2]> {
    let numbers: Vec<f32> = tensor.into_data().iter().collect();
    numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

fn two([left, right]: [f32; 2]) -> String {
    // Adding 0 turns -0 into 0.
    format!("[{:>6.2}, {:>6.2}]", left + 0.0, right + 0.0)
}
