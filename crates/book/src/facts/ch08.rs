//! Chapter 8, flash attention: traffic, memory and the least time, for the source's example of
//! 4096 tokens.

use anyhow::{Context, Result};
use attention::cost::{Bound, Work};
use attention::devices::{Arithmetic, DeviceSpec, device};
use attention::traffic::Traffic;
use attention::units::Bytes;
use inputs::flash::{A100, BLOCK as TILE, HEAD_DIM, SEQ as TOKENS};
use inputs::texts::DAY_TOKENS as READ;
use widgets::flash::{Numbers, Row, State, Work as Tiles};
use widgets::show::significant;

use super::Facts;
use crate::fact::Fact;
use crate::flash_numbers::{self, FlashHead, HEADS};
use crate::flash_traffic::{FP16_BYTES, standard, tiles};
use crate::literature::Literature;
use crate::memoised_model::MemoisedModel;

/// What the facts call the two parts that are both called A100.
const A100_SHORT: [&str; 2] = ["a100-40", "a100-80"];

/// Adds the facts of chapter 8.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let read = model.map(flash_numbers::of_heads).transpose()?;
    real(facts, read.as_deref())?;
    widget(facts, read.as_deref())?;
    steps(facts)?;
    let standard = standard();
    facts.add("flash.tokens", Fact::text(TOKENS, "the example of the chapter"));
    let pairs = Fact::count(TOKENS * TOKENS, "scores of one head: queries times keys");
    facts.add("flash.scores", pairs);
    facts.add("flash.standard-moved", moved(&standard, "standard attention"));
    for block in [16, TILE] {
        let name = format!("tiles of {block} by {block}");
        let traffic = moved(&tiles(TOKENS, block, false)?, &name);
        facts.add(&format!("flash.moved-{block}"), traffic);
    }
    let name = format!("tiles of {TILE} by {TILE}");
    let ratio = ratio(&standard, &tiles(TOKENS, TILE, false)?, &name);
    facts.add("flash.ratio-128", ratio);
    for block in [TILE, 2 * TILE] {
        let name = format!("tiles of {block} by {block}");
        let held = Bytes((block * (block + 4 * HEAD_DIM) * FP16_BYTES) as u64);
        let source = format!("{name}: the tile, its queries, keys, values and output, fp16");
        facts.add(&format!("flash.held-{block}"), amount(held.in_gib(), held, &source));
    }
    let work = standard.flops.to_string();
    facts.add("flash.work", Fact::rounded(work, standard.flops.0, "the two matrix products"));
    memory(facts)?;
    intensities(facts)?;
    versions(facts)?;
    for (short, name) in A100_SHORT.iter().zip(A100) {
        let spec = find(name)?;
        let source = format!("{}, {}", spec.source.title, spec.source.year);
        let bandwidth = format!("{:.0}", spec.bandwidth.0 / 1e9);
        facts.add(&format!("{short}.bandwidth"), Fact::text(bandwidth, source));
    }
    times(facts, find(A100[0])?, &standard)?;
    let chip = find(A100[0])?.on_chip.context("the A100 has no on-chip memory in the table")?;
    let source = format!("{}, {}: {}", chip.source.title, chip.source.year, chip.what);
    facts.add("a100.on-chip", amount(chip.bytes.in_gib(), chip.bytes, &source));
    let speed = chip.bandwidth.context("the A100's on-chip memory has no speed in the table")?;
    let kib = Fact::count(192, "NVIDIA A100 Tensor Core GPU Architecture, 2020");
    facts.add("a100.multiprocessor-kib", kib);
    facts.add("a100.on-chip-speed", Fact::text(format!("{:.0}", speed.0 / 1e12), source));
    Ok(())
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

    let a100 = find(A100[0])?;
    let times = a100.peak(Arithmetic::Fp16)?.0 / a100.peak(Arithmetic::Fp32)?.0;
    let source = format!("peaks of {}: fp16 in matrix units over fp32 in the others", a100.name);
    facts.add("a100.products-over-others", Fact::decimals(times, 0, source));
    let h100 = find("NVIDIA H100 80GB SXM5")?;
    let peak = h100.peak(Arithmetic::Fp16)?;
    let source = format!("the dense peak of {}, fp16", h100.name);
    facts.add("h100.peak", Fact::rounded(format!("{:.0} TFLOP/s", peak.0 / 1e12), peak, source));
    let quoted = &Literature::of_the_book().quoted["flash.h100-exponentials"].value;
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
    let numbers = flash_numbers::made_up();
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

/// Heads of SmolLM2 in tiles: how far the widget's first head ends from plain attention in small
/// ones, and how often maxima rise in the other two in larger ones.
fn real(facts: &mut Facts, read: Option<&[Numbers]>) -> Result<()> {
    facts.add("flash.read", Fact::count(READ, "the text of the widget, its first tokens"));
    for (place, FlashHead { name, head: (layer, head), .. }) in HEADS.iter().enumerate() {
        let block = if *name == "noun" { 4 } else { 16 };
        let state = State {
            numbers: (*name).to_owned(),
            seq: READ,
            block_q: block,
            block_k: block,
            causal: true,
            step: 0,
        };
        let work = read.map(|read| Tiles::new(&read[place], &state)).transpose()?;
        let source = format!(
            "layer {layer}, head {head} of SmolLM2, {READ} tokens, causal, tiles of {block} by {block}"
        );
        let source = source.as_str();
        if *name == "noun" {
            let difference = work.map(|work| work.difference);
            let ulps = difference.map(|it| Fact::count(it.ulps as usize, source));
            facts.add_measured("flash.noun-ulps-4", ulps);
            let shown = |it: f32| Fact::rounded(format!("{it:.1e}"), it, source);
            facts.add_measured("flash.noun-relative-4", difference.map(|it| shown(it.relative)));
        } else {
            let rises = work.as_ref().map(|work| Fact::count(risen(work), source));
            facts.add_measured(&format!("flash.{name}-rises-16"), rises);
            let all = work.as_ref().map(|work| Fact::count(met(work), source));
            facts.add_measured(&format!("flash.{name}-met-16"), all);
        }
    }
    Ok(())
}

/// What the widget shows first: the tile in which maxima begin to rise, and the traffic of the
/// whole text with the mask off.
fn widget(facts: &mut Facts, read: Option<&[Numbers]>) -> Result<()> {
    let name = HEADS[0].name;
    let work = |state: State| read.map(|read| Tiles::new(&read[0], &state)).transpose();
    let opening = work(State::opening(name, READ, true))?;
    let rises = |rows: Vec<Row>| rows.iter().any(|row| row.kept.is_some_and(|kept| kept < 1.0));
    let first = opening.and_then(|work| {
        (0..work.flash.steps.len())
            .find(|&at| !work.flash.steps[at].tile.skipped && rises(work.rows(at)))
    });
    let source = "the widget as it opens: the first tile that makes a maximum rise, from one";
    facts.add_measured("flash.first-rise", first.map(|at| Fact::count(at + 1, source)));
    for block in [4, 16, 32] {
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
fn times(facts: &mut Facts, spec: &DeviceSpec, standard: &Traffic) -> Result<()> {
    for (kind, traffic) in [("standard", *standard), ("flash", tiles(TOKENS, TILE, false)?)] {
        let roofline = work(&traffic).on(spec, Arithmetic::Fp16)?;
        let bound = match roofline.bound() {
            Bound::Compute => "arithmetic",
            Bound::Memory => "memory",
        };
        let source = format!("the roofline of {}, set by its {bound}", spec.name);
        let time = Fact::rounded(roofline.time(), roofline.time().0, source.clone());
        facts.add(&format!("a100-40.{kind}-time"), time);
        if kind == "standard" {
            facts.add("a100-40.standard-bound", Fact::text(bound, source));
        }
    }
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
