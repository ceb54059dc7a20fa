//! Chapter 8: how many bytes does attention move, and how long must that take?
//!
//! Watch the bytes fall as the tiles grow. Tiles that are too small move more than standard
//! attention does. What they read again can come from the L2 cache: then arithmetic sets the time,
//! unless the tiles ask more of L2 than it can give. And a tile must fit into registers and shared
//! memory.

use anyhow::{Context, Result};
use attention::cost::Work;
use attention::devices::{Arithmetic, DeviceSpec, device};
use attention::flash::{TileOptions, flash_traffic};
use attention::levels::{A100_BLOCK, Level, REGISTERS, a100};
use attention::traffic::{Sizes, least_formula, standard_formula};
use attention::units::{Bytes, Seconds};
use clap::Parser;
use inputs::flash::{A100, BLOCKS, HEAD_DIM, HEADS, SEQ};
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
    let [.., l2, hbm] = a100();
    text += &format!("\nleast time of {HEADS} heads on {}, and what sets it\n", A100[0]);
    text += &format!(
        "{:<10}{:>15}{:>19}{:>19}\n",
        "", "intensity", "nothing from L2", "read again from L2"
    );
    for (name, traffic) in &rows {
        let moved = HEADS as u64 * traffic.moved().0;
        let work = Work { flops: traffic.flops * HEADS as u64, bytes: Bytes(moved) };
        let compute = work.flops / find(A100[0])?.peak(Arithmetic::Fp16)?;
        let alone = longest([(compute, "arithmetic"), (work.bytes / hbm.bandwidth, "HBM")]);
        text += &format!("{name:<10}{:>15}{alone:>19}", work.intensity().to_string());
        if name != "standard" {
            text += &format!("{:>19}", cached(&sizes, &work, compute, [l2, hbm]));
        }
        text += "\n";
    }
    text += "\non the chip: queries, keys and values in fp16, scores and output in f32\n";
    text += &format!("{:<10}{:>15}{:>15}{:>15}\n", "", "shared memory", "registers", "together");
    for block in blocks {
        let block = block.min(tokens);
        let shared = Bytes((3 * block * head_dim * sizes.bytes_per_number) as u64);
        let registers = Bytes((block * (block + head_dim) * size_of::<f32>()) as u64);
        text += &format!("{:<10}", format!("flash {block}"));
        for held in [shared, registers, shared + registers] {
            text += &format!("{:>15}", held.in_gib());
        }
        text += "\n";
    }
    text += &format!(
        "a block of an A100 may have {} of shared memory, and a multiprocessor has {} of registers\n",
        A100_BLOCK.in_gib(),
        REGISTERS.in_gib()
    );
    print(&text)?;
    Ok(())
}

// ANCHOR: time
/// The least time when HBM moves each number once and L2 serves what is read again: the longest of
/// three.
fn cached(sizes: &Sizes, work: &Work, compute: Seconds, [l2, hbm]: [Level; 2]) -> String {
    let once = Bytes(HEADS as u64 * least_formula(sizes).moved().0);
    longest([
        (compute, "arithmetic"),
        (once / hbm.bandwidth, "HBM"),
        (work.bytes / l2.bandwidth, "L2"),
    ])
}

/// The longest of some times, and what takes it.
fn longest<const N: usize>(times: [(Seconds, &str); N]) -> String {
    let (time, what) = times
        .into_iter()
        .fold((Seconds(0.0), ""), |most, it| if it.0 > most.0 { it } else { most });
    format!("{time} {what}")
}
// ANCHOR_END: time

fn find(name: &str) -> Result<&'static DeviceSpec> {
    device(name).with_context(|| format!("no device {name} in the table"))
}
