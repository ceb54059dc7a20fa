//! Chapter 8, flash attention: traffic, memory and the least time, for the source's example of
//! 4096 tokens.

use anyhow::{Context, Result};
use attention::cost::{Bound, Work};
use attention::devices::{Arithmetic, DEVICES, DeviceSpec, device};
use attention::flash::{FlashOptions, flash_traffic};
use attention::traffic::{Sizes, Traffic, standard_formula};
use attention::units::Bytes;

use super::{Fact, Facts, Measured};

/// The example: so many queries and keys, one head of so many numbers, in fp16.
const TOKENS: usize = 4096;
const HEAD_DIM: usize = 64;
const FP16_BYTES: usize = 2;

/// The tile that the figures of the text are about, a side.
const TILE: usize = 128;

/// The two parts that are both called A100.
const A100: [(&str, &str); 2] =
    [("a100-40", "NVIDIA A100 40GB SXM4"), ("a100-80", "NVIDIA A100 80GB SXM4")];

/// Adds the figures of chapter 8.
pub(super) fn add(facts: &mut Facts, _measured: Option<&Measured<'_>>) -> Result<()> {
    let standard = standard_formula(&sizes(TOKENS));
    facts.add("flash.tokens", Fact::text(TOKENS, "the example of the chapter"));
    facts.add("flash.head-dim", Fact::count(HEAD_DIM, "the example of the chapter"));
    facts.add("flash.tile", Fact::count(TILE, "the tile that the text chose"));
    let pairs = Fact::count(TOKENS * TOKENS, "scores of one head: queries times keys");
    facts.add("flash.scores", pairs);
    let matrix = Bytes((TOKENS * TOKENS * FP16_BYTES) as u64);
    facts.add("flash.matrix", amount(matrix.in_gib(), matrix, "the scores of one head, fp16"));
    facts.add("flash.standard-moved", moved(&standard, "standard attention"));
    for block in [16, 32, 64, 128, 256] {
        let traffic = tiles(TOKENS, block, false)?;
        let name = format!("tiles of {block} by {block}");
        facts.add(&format!("flash.moved-{block}"), moved(&traffic, &name));
        facts.add(&format!("flash.ratio-{block}"), ratio(&standard, &traffic, &name));
        let causal = moved(&tiles(TOKENS, block, true)?, &format!("{name}, causal"));
        facts.add(&format!("flash.causal-moved-{block}"), causal);
        let held = Bytes((block * (block + 4 * HEAD_DIM) * FP16_BYTES) as u64);
        let source = format!("{name}: the tile, its queries, keys, values and output, fp16");
        facts.add(&format!("flash.held-{block}"), amount(held.in_gib(), held, &source));
    }
    let work = standard.flops.to_string();
    facts.add("flash.work", Fact::rounded(work, standard.flops.0, "the two matrix products"));
    memory(facts)?;
    for spec in DEVICES {
        let name = spec.name.to_lowercase().replace([' ', '(', ')', ','], "-");
        let source = format!("{}, {}", spec.source.title, spec.source.year);
        let bandwidth = format!("{:.0}", spec.bandwidth.0 / 1e9);
        facts.add(&format!("device.{name}.bandwidth"), Fact::text(bandwidth, source));
    }
    for (short, name) in A100 {
        times(facts, short, find(name)?, &standard)?;
    }
    let chip = find(A100[0].1)?.on_chip.context("the A100 has no on-chip memory in the table")?;
    let source = format!("{}, {}: {}", chip.source.title, chip.source.year, chip.what);
    facts.add("a100.on-chip", amount(chip.bytes.in_gib(), chip.bytes, &source));
    let speed = chip.bandwidth.context("the A100's on-chip memory has no speed in the table")?;
    facts.add("a100.on-chip-speed", Fact::text(format!("{:.0}", speed.0 / 1e12), source));
    Ok(())
}

fn sizes(tokens: usize) -> Sizes {
    Sizes {
        seq_q: tokens,
        seq_k: tokens,
        head_dim: HEAD_DIM,
        value_dim: HEAD_DIM,
        bytes_per_number: FP16_BYTES,
        ..Sizes::one()
    }
}

fn tiles(tokens: usize, block: usize, causal: bool) -> Result<Traffic> {
    let options = FlashOptions { block_q: block, block_k: block, causal, ..Default::default() };
    Ok(flash_traffic(&sizes(tokens), &options)?)
}

fn amount(shown: String, bytes: Bytes, source: &str) -> Fact {
    Fact::rounded(shown, bytes.0, format!("{source}: {} bytes", bytes.0))
}

fn moved(traffic: &Traffic, what: &str) -> Fact {
    let bytes = traffic.moved();
    amount(bytes.in_gb(), bytes, &format!("{what}: read and written, counted"))
}

/// How many times fewer bytes the tiles move; below one where they move more.
fn ratio(standard: &Traffic, flash: &Traffic, what: &str) -> Fact {
    let ratio = standard.moved().0 as f64 / flash.moved().0 as f64;
    Fact::decimals(ratio, 1, format!("bytes of standard attention over those of {what}"))
}

/// What the scores of one head would take as the text grows, and what flash keeps instead.
fn memory(facts: &mut Facts) -> Result<()> {
    for (name, tokens) in [("8k", 8_192_u64), ("128k", 131_072), ("1m", 1_048_576)] {
        let matrix = Bytes(tokens * tokens * FP16_BYTES as u64);
        let source = format!("the scores of one head at {tokens} tokens, fp16");
        facts.add(&format!("flash.matrix-{name}"), amount(matrix.in_gib(), matrix, &source));
        // One log-sum-exp in f32 for each query.
        let kept = Bytes(tokens * 4);
        let source = format!("one f32 for each of {tokens} queries of one head");
        facts.add(&format!("flash.kept-{name}"), amount(kept.in_gib(), kept, &source));
    }
    Ok(())
}

/// The least time on a device, and what sets it.
fn times(facts: &mut Facts, short: &str, spec: &DeviceSpec, standard: &Traffic) -> Result<()> {
    for (kind, traffic) in [("standard", *standard), ("flash", tiles(TOKENS, TILE, false)?)] {
        let work = Work { flops: traffic.flops, bytes: traffic.moved() };
        let roofline = work.on(spec, Arithmetic::Fp16)?;
        let bound = match roofline.bound() {
            Bound::Compute => "arithmetic",
            Bound::Memory => "memory",
        };
        let source = format!("the roofline of {}, set by its {bound}", spec.name);
        let time = Fact::rounded(roofline.time(), roofline.time().0, source.clone());
        facts.add(&format!("{short}.{kind}-time"), time);
        facts.add(&format!("{short}.{kind}-bound"), Fact::text(bound, source));
    }
    let ridge = spec.ridge(Arithmetic::Fp16)?;
    let source = format!("peak over bandwidth of {}, fp16", spec.name);
    facts.add(&format!("{short}.ridge"), Fact::rounded(ridge, ridge.0, source));
    Ok(())
}

fn find(name: &str) -> Result<&'static DeviceSpec> {
    device(name).with_context(|| format!("no device {name} in the table"))
}
