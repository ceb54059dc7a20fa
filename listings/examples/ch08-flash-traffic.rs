//! Chapter 8: how many bytes does attention move, and how long must that take?
//!
//! Watch the bytes fall as the tiles grow. Tiles that are too small move more than standard
//! attention does; with large ones the time is no longer that of the memory. But a tile must fit on
//! the chip, together with its queries, keys, values and output.

use anyhow::{Context, Result};
use attention::cost::{Bound, Work};
use attention::devices::{Arithmetic, DeviceSpec, device};
use attention::flash::{TileOptions, flash_traffic};
use attention::traffic::{Sizes, Traffic, standard_formula};
use attention::units::Bytes;
use clap::Parser;
use inputs::flash::{A100, BLOCKS, HEAD_DIM, SEQ};
use listings::terminal::print;

/// Compares the traffic of flash attention with that of standard attention, in fp16.
#[derive(Parser)]
struct Options {
    /// Queries and keys
    #[arg(long, default_value_t = SEQ as u32, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    tokens: u32,
    /// Numbers in a query, a key and a value
    #[arg(long, default_value_t = HEAD_DIM as u16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    head_dim: u16,
    /// Tile sizes: so many queries by so many keys
    #[arg(long, value_delimiter = ',', default_values_t = BLOCKS)]
    blocks: Vec<usize>,
    /// Hide the tokens that come later
    #[arg(long)]
    causal: bool,
}

fn main() -> Result<()> {
    let Options { tokens, head_dim, blocks, causal } = Options::parse();
    // ANCHOR: count
    let (tokens, head_dim) = (tokens as usize, usize::from(head_dim));
    let sizes = Sizes {
        seq_q: tokens,
        seq_k: tokens,
        head_dim,
        value_dim: head_dim,
        bytes_per_number: 2,
        ..Sizes::one()
    };
    let mut rows = vec![("standard".to_owned(), standard_formula(&sizes))];
    for &block in &blocks {
        let options = TileOptions { block_q: block, block_k: block, causal, ..Default::default() };
        rows.push((format!("flash {block}"), flash_traffic(&sizes, &options)?));
    }
    // ANCHOR_END: count

    let mask = if causal { ", causal" } else { "" };
    let mut text = format!("{tokens} x {tokens}{mask}, one head of {head_dim}, fp16\n\n");
    let columns = ["largest matrix", "read", "written", "moved", "work"];
    text += &format!("{:<10}", "");
    for column in columns {
        text += &format!("{column:>15}");
    }
    text += "\n";
    for (name, traffic) in &rows {
        let largest = Bytes(traffic.largest_tile * sizes.bytes_per_number as u64);
        text += &format!("{name:<10}{:>15}", largest.in_gib());
        for bytes in [traffic.read, traffic.written, traffic.moved()] {
            text += &format!("{:>15}", bytes.in_gb());
        }
        text += &format!("{:>15}\n", traffic.flops.to_string());
    }
    text += "\nleast time, and what sets it\n";
    text += &format!("{:<10}{:>15}{:>24}{:>24}\n", "", "intensity", A100[0], A100[1]);
    for (name, traffic) in &rows {
        text += &times(name, traffic)?;
    }
    text += "\non the chip, with queries, keys, values and output\n";
    for block in blocks {
        let block = block.min(tokens);
        let held = Bytes((block * (block + 4 * head_dim) * sizes.bytes_per_number) as u64);
        text += &format!("{:<10}{:>15}\n", format!("flash {block}"), held.in_gib());
    }
    let chip = find(A100[0])?.on_chip.context("no on-chip memory in the table")?;
    text += &format!("an A100 has {}\n", chip.what);
    print(&text)?;
    Ok(())
}

// ANCHOR: time
/// The least time on each device: the longer of the operations' and the bytes'.
fn times(name: &str, traffic: &Traffic) -> Result<String> {
    let work = Work { flops: traffic.flops, bytes: traffic.moved() };
    let mut text = format!("{name:<10}{:>15}", work.intensity().to_string());
    for name in A100 {
        let roofline = work.on(find(name)?, Arithmetic::Fp16)?;
        let bound = match roofline.bound() {
            Bound::Compute => "compute",
            Bound::Memory => "memory",
        };
        text += &format!("{:>24}", format!("{} {bound:<7}", roofline.time()));
    }
    Ok(text.trim_end().to_owned() + "\n")
}
// ANCHOR_END: time

fn find(name: &str) -> Result<&'static DeviceSpec> {
    device(name).with_context(|| format!("no device {name} in the table"))
}
