//! Chapter 8: on which device does flash attention help, and how much at best?
//!
//! A device multiplies, and it moves bytes. The longer of the two times is the least that a kernel
//! can take. Watch the ridge: a kernel with fewer operations a byte than this waits for memory. The
//! last column lets an L2 cache serve what the tiles read again.

use anyhow::Result;
use attention::cost::{Bound, Work};
use attention::devices::{Arithmetic, DEVICES};
use attention::flash::{TileOptions, flash_traffic};
use attention::traffic::{Sizes, Traffic, least_formula, standard_formula};
use clap::Parser;
use inputs::flash::{BLOCK, HEAD_DIM, HEADS, SEQ};
use listings::terminal::print;

/// The least time of attention on each device of the table, in fp16.
#[derive(Parser)]
struct Options {
    /// Queries and keys
    #[arg(long, default_value_t = SEQ as u32, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    tokens: u32,
    /// Numbers in a query, a key and a value
    #[arg(long, default_value_t = HEAD_DIM as u16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    head_dim: u16,
    /// Queries in a tile, and as many keys
    #[arg(long, default_value_t = BLOCK)]
    block: usize,
}

fn main() -> Result<()> {
    let Options { tokens, head_dim, block } = Options::parse();
    let (tokens, head_dim) = (tokens as usize, usize::from(head_dim));
    let sizes = Sizes {
        heads: HEADS,
        seq_q: tokens,
        seq_k: tokens,
        head_dim,
        value_dim: head_dim,
        bytes_per_number: 2,
        ..Sizes::one()
    };
    let options = TileOptions { block_q: block, block_k: block, ..Default::default() };
    // ANCHOR: roofline
    let work = |traffic: Traffic| Work { flops: traffic.flops, bytes: traffic.moved() };
    let standard = work(standard_formula(&sizes));
    let flash = work(flash_traffic(&sizes, &options)?);
    let cached = work(least_formula(&sizes));

    let mut rows = String::new();
    let with_fp16 = DEVICES.iter().filter(|device| device.peak(Arithmetic::Fp16).is_ok());
    for device in with_fp16.clone() {
        let ridge = device.ridge(Arithmetic::Fp16)?;
        rows += &format!("{:<31}{:>11}", device.name, ridge.to_string());
        for work in [standard, flash, cached] {
            let roofline = work.on(device, Arithmetic::Fp16)?;
            let bound = if roofline.bound() == Bound::Memory { "memory" } else { "compute" };
            rows += &format!("{:>16}", format!("{} {bound}", roofline.time()));
        }
        rows += "\n";
    }
    // ANCHOR_END: roofline
    let mut text = format!("{tokens} x {tokens}, {HEADS} heads of {head_dim}, fp16\n");
    text += &format!(
        "standard: {}, flash {block}: {}, with L2: {}\n\n",
        standard.intensity(),
        flash.intensity(),
        cached.intensity()
    );
    text += &format!("{:<31}{:>11}{:>16}", "least time", "ridge", "standard");
    text += &format!("{:>16}{:>16}\n", format!("flash {block}"), "with L2");
    text += &rows;
    text += "\nbandwidths and dense peaks are from\n";
    for device in with_fp16 {
        text += &format!("{}: {}, {}\n", device.name, device.source.title, device.source.year);
    }
    print(&text)?;
    Ok(())
}
