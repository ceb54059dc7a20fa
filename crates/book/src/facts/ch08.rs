//! Chapter 8, flash attention: traffic, memory and the least time, for the source's example of
//! 4096 tokens.

use anyhow::{Context, Result};
use attention::cost::{Bound, Work};
use attention::devices::{Arithmetic, DEVICES, DeviceSpec, device};
use attention::flash::{TileOptions, flash_traffic};
use attention::traffic::{Sizes, Traffic, standard_formula};
use attention::units::Bytes;
use widgets::flash::{Row, State, Work as Tiles};
use widgets::show::significant;

use super::{Fact, Facts, Measured};
use crate::literature::Literature;
use crate::stage::flash::{HEADS, TOKENS as READ, numbers, toy};

/// The example: so many queries and as many keys, one head, in fp16.
pub(crate) const TOKENS: usize = 4096;
/// Numbers in a query, a key and a value of the example.
pub(crate) const HEAD_DIM: usize = 64;
const FP16_BYTES: usize = 2;

/// The tiles of the listing `ch08-flash-traffic`, a side.
const BLOCKS: [usize; 5] = [16, 32, 64, 128, 256];

/// The tile that the figures of the text are about, a side.
const TILE: usize = 128;

/// The two parts that are both called A100.
const A100: [(&str, &str); 2] =
    [("a100-40", "NVIDIA A100 40GB SXM4"), ("a100-80", "NVIDIA A100 80GB SXM4")];

/// Adds the figures of chapter 8.
pub(super) fn add(facts: &mut Facts, measured: Option<&Measured<'_>>) -> Result<()> {
    for (name, number, source) in [
        ("one", 1, "a shape, or the power of itself"),
        ("two", 2, "counted: keys and values"),
        ("four", 4, "counted: scores and weights, written and read"),
        ("hbm-gb", 80, "the name of the part"),
    ] {
        facts.add(&format!("flash.{name}"), Fact::count(number, source));
    }
    real(facts, measured)?;
    widget(facts, measured)?;
    steps(facts)?;
    let standard = standard();
    facts.add("flash.tokens", Fact::text(TOKENS, "the example of the chapter"));
    facts.add("flash.head-dim", Fact::count(HEAD_DIM, "the example of the chapter"));
    facts.add("flash.tile", Fact::count(TILE, "the tile that the text chose"));
    let pairs = Fact::count(TOKENS * TOKENS, "scores of one head: queries times keys");
    facts.add("flash.scores", pairs);
    let matrix = Bytes((TOKENS * TOKENS * FP16_BYTES) as u64);
    facts.add("flash.matrix", amount(matrix.in_gib(), matrix, "the scores of one head, fp16"));
    facts.add("flash.standard-moved", moved(&standard, "standard attention"));
    for block in BLOCKS {
        facts.add(&format!("flash.side-{block}"), Fact::count(block, "a tile of the text"));
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
    intensities(facts)?;
    versions(facts)?;
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
    let kib = Fact::count(192, "NVIDIA A100 Tensor Core GPU Architecture, 2020");
    facts.add("a100.multiprocessor-kib", kib);
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

/// What standard attention costs in the example.
pub(crate) fn standard() -> Traffic {
    standard_formula(&sizes(TOKENS))
}

/// What flash attention costs with square tiles, `block` a side.
pub(crate) fn tiles(tokens: usize, block: usize, causal: bool) -> Result<Traffic> {
    let options = TileOptions { block_q: block, block_k: block, causal, ..Default::default() };
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
    for (name, tokens) in [
        ("1k", 1_u64 << 10),
        ("8k", 8 << 10),
        ("32k", 32 << 10),
        ("128k", 128 << 10),
        ("1m", 1 << 20),
    ] {
        let length = Fact::count(usize::try_from(tokens)?, "a length of the table");
        facts.add(&format!("flash.tokens-{name}"), length);
        let matrix = Bytes(tokens * tokens * FP16_BYTES as u64);
        let source = format!("the scores of one head at {tokens} tokens, fp16");
        facts.add(&format!("flash.matrix-{name}"), amount(matrix.in_gib(), matrix, &source));
        // One log-sum-exp in f32 for each query.
        let kept = Bytes(tokens * 4);
        let source = format!("one f32 for each of {tokens} queries of one head");
        facts.add(&format!("flash.kept-{name}"), amount(kept.in_gib(), kept, &source));
    }
    let tile = Bytes((TILE * TILE * FP16_BYTES) as u64);
    let source = format!("a tile of {TILE} by {TILE} scores, fp16");
    facts.add("flash.tile-bytes", amount(tile.in_gib(), tile, &source));
    // The distance from 10,000 to the next f32, halved.
    let large = 1e4_f32;
    let step = (f32::from_bits(large.to_bits() + 1) - large) / 2.0;
    let source = "half the distance from ten thousand to the next f32";
    facts.add("flash.lse-rounding", Fact::rounded(format!("{step:.4}"), step, source));
    facts.add("flash.lse-large", Fact::count(large as usize, "an example"));
    Ok(())
}

/// Operations a byte, as the roofline shows them.
fn intensities(facts: &mut Facts) -> Result<()> {
    let standard = standard();
    let intensity = work(&standard).intensity().0;
    let source = "the two matrix products over the bytes of standard attention";
    let fact = Fact::rounded(significant(intensity), intensity, source);
    facts.add("flash.standard-intensity", fact);
    Ok(())
}

/// What the two later versions gain: the order of the loops, and the units that they keep busy.
fn versions(facts: &mut Facts) -> Result<()> {
    let outside = keys_outside(TILE);
    let what = format!("tiles of {TILE} by {TILE} with the loop over keys on the outside");
    facts.add("flash.keys-outside-moved", moved(&outside, &what));
    let blocks = 12 * TOKENS / TILE;
    let source = format!("twelve heads, each with {TOKENS} queries in blocks of {TILE}");
    facts.add("flash.pieces", Fact::count(blocks, source));
    let multiprocessors = Fact::count(108, "NVIDIA A100 Tensor Core GPU Architecture, 2020");
    facts.add("a100.multiprocessors", multiprocessors);

    let a100 = find(A100[0].1)?;
    let times = a100.peak(Arithmetic::Fp16)?.0 / a100.peak(Arithmetic::Fp32)?.0;
    let source = format!("peaks of {}: fp16 in matrix units over fp32 in the others", a100.name);
    facts.add("a100.products-over-others", Fact::decimals(times, 0, source));
    let h100 = find("NVIDIA H100 80GB SXM5")?;
    let peak = h100.peak(Arithmetic::Fp16)?;
    let source = format!("the dense peak of {}, fp16", h100.name);
    facts.add("h100.peak", Fact::rounded(format!("{:.0} TFLOP/s", peak.0 / 1e12), peak, source));
    let quoted = &Literature::of_the_book().figure["flash.h100-exponentials"].value;
    let times = peak.0 / (quoted.parse::<f64>()? * 1e12);
    let source = format!("the dense peak of {}, fp16, over its exponentials a second", h100.name);
    facts.add("h100.products-over-exponentials", Fact::decimals(times, 0, source.as_str()));
    // Two products of `head_dim` multiplications and additions each make and use a score.
    let share = 100.0 * times / (4 * TILE) as f64;
    let source = format!("{source}, over the operations for one score in a head of {TILE}");
    facts.add("h100.exponential-share", Fact::decimals(share, 0, source));
    Ok(())
}

/// What tiles cost with the loop over keys on the outside, as in Dao et al., *FlashAttention*,
/// 2022, Algorithm 1: the output and its two sums travel at each visit.
fn keys_outside(block: usize) -> Traffic {
    let mut traffic = Traffic::default();
    let (tile, sum) = ([1, 1, block, HEAD_DIM], [1, 1, block, 1]);
    for _keys in 0..TOKENS / block {
        traffic.reads(tile, FP16_BYTES);
        traffic.reads(tile, FP16_BYTES);
        for _queries in 0..TOKENS / block {
            traffic.reads(tile, FP16_BYTES);
            for carried in [tile, sum, sum] {
                traffic.reads(carried, FP16_BYTES);
                traffic.writes(carried, FP16_BYTES);
            }
        }
    }
    traffic
}

/// The second row of the toy's tiles, as in the first recorded run of `ch08-flash-steps`.
fn steps(facts: &mut Facts) -> Result<()> {
    let numbers = toy();
    let state = State::opening(&numbers.name, numbers.tokens.len(), false);
    let work = Tiles::new(&numbers, &state)?;
    let source = "query two of the made-up numbers, the listing ch08-flash-steps";
    let two = |value: f32| Fact::decimals(f64::from(value), 2, source);
    let [before, after] = [2, 3].map(|step| work.rows(step)[0].clone());
    facts.add("steps.m-before", two(before.largest));
    facts.add("steps.m-after", two(after.largest));
    facts.add("steps.l-before", two(before.total));
    facts.add("steps.l-after", two(after.total));
    let kept = after.kept.context("the second tile follows the first")?;
    facts.add("steps.kept", Fact::rounded(format!("{kept:.3}"), kept, source));
    Ok(())
}

/// Heads of SmolLM2 in tiles of four by four and sixteen by sixteen, as the widget shows them.
fn real(facts: &mut Facts, measured: Option<&Measured<'_>>) -> Result<()> {
    facts.add("flash.read", Fact::count(READ, "the text of the widget, its first tokens"));
    for (name, (layer, head), _) in HEADS {
        let numbers =
            measured.map(|measured| numbers(measured, name, (layer, head))).transpose()?;
        let source = format!("layer {layer}, head {head} of SmolLM2, {READ} tokens, causal");
        for block in [4, 16] {
            let state = State {
                numbers: name.to_owned(),
                seq: READ,
                block_q: block,
                block_k: block,
                causal: true,
                step: 0,
            };
            let work = numbers.as_ref().map(|numbers| Tiles::new(numbers, &state)).transpose()?;
            let source = format!("{source}, tiles of {block} by {block}");
            let rises = work.as_ref().map(risen);
            let rises = rises.map(|rises| Fact::count(rises, source.as_str()));
            facts.add_measured(&format!("flash.{name}-rises-{block}"), rises);
            let all = work.as_ref().map(|work| Fact::count(met(work), source.as_str()));
            facts.add_measured(&format!("flash.{name}-met-{block}"), all);
            let difference = work.map(|work| work.difference);
            let ulps = difference.map(|it| Fact::count(it.ulps as usize, source.as_str()));
            facts.add_measured(&format!("flash.{name}-ulps-{block}"), ulps);
            let shown = |it: f32| Fact::rounded(format!("{it:.1e}"), it, source.as_str());
            let relative = difference.map(|it| shown(it.relative));
            facts.add_measured(&format!("flash.{name}-relative-{block}"), relative);
        }
    }
    Ok(())
}

/// What the widget shows first: the tile in which maxima begin to rise, and the traffic of the
/// whole text with the mask off.
fn widget(facts: &mut Facts, measured: Option<&Measured<'_>>) -> Result<()> {
    let (name, head, _) = HEADS[0];
    let numbers = measured.map(|measured| numbers(measured, name, head)).transpose()?;
    let work =
        |state: State| numbers.as_ref().map(|numbers| Tiles::new(numbers, &state)).transpose();
    let opening = work(State::opening(name, READ, true))?;
    let rises = |rows: Vec<Row>| rows.iter().any(|row| row.kept.is_some_and(|kept| kept < 1.0));
    let first = opening.and_then(|work| {
        (0..work.flash.steps.len())
            .find(|&at| !work.flash.steps[at].tile.skipped && rises(work.rows(at)))
    });
    let source = "the widget as it opens: the first tile that makes a maximum rise, from one";
    facts.add_measured("flash.first-rise", first.map(|at| Fact::count(at + 1, source)));
    for block in [4, 8, 16, 32] {
        let opening = State::opening(name, READ, false);
        let state = State { seq: READ, block_q: block, block_k: block, ..opening };
        let work = work(state)?;
        let source =
            format!("the widget: {READ} tokens, tiles of {block} by {block}, no mask, f32");
        let flash = work.as_ref().map(|work| moved(&work.flash.traffic, &source));
        facts.add_measured(&format!("flash.small-{block}"), flash);
        if block == 4 {
            let source = format!("the widget: {READ} tokens, f32, standard attention");
            let standard = work.as_ref().map(|work| moved(&work.standard, &source));
            facts.add_measured("flash.small-standard", standard);
        }
    }
    Ok(())
}

/// How often a later tile made a query's maximum rise.
fn risen(work: &Tiles) -> usize {
    kept(work).filter(|kept| *kept < 1.0).count()
}

/// How often a query met a tile after its first.
fn met(work: &Tiles) -> usize {
    kept(work).count()
}

/// What sums were multiplied by, for each query and tile that was not skipped, but for the first.
fn kept(work: &Tiles) -> impl Iterator<Item = f32> {
    let steps = work.flash.steps.iter().enumerate().filter(|(_, step)| !step.tile.skipped);
    steps.flat_map(|(at, _)| work.rows(at)).filter_map(|row| row.kept)
}

/// Operations and bytes.
fn work(traffic: &Traffic) -> Work {
    Work { flops: traffic.flops, bytes: traffic.moved() }
}

/// The least time on a device, and what sets it.
fn times(facts: &mut Facts, short: &str, spec: &DeviceSpec, standard: &Traffic) -> Result<()> {
    for (kind, traffic) in [("standard", *standard), ("flash", tiles(TOKENS, TILE, false)?)] {
        let roofline = work(&traffic).on(spec, Arithmetic::Fp16)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys and values once, and for each of their blocks all queries, and the output and two
    /// sums both ways.
    #[test]
    fn with_keys_outside_the_output_travels_at_each_visit() {
        let (n, d) = (TOKENS as u64, HEAD_DIM as u64);
        for block in [64, 128] {
            let visits = n / block as u64;
            let numbers = 2 * n * d + visits * (n * d + 2 * (n * d + 2 * n));
            assert_eq!(keys_outside(block).moved(), Bytes(2 * numbers));
        }
    }
}
