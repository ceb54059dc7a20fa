//! Chapter 8, flash attention: traffic, memory and the least time, for the source's example of
//! 4096 tokens.

use anyhow::{Context, Result};
use attention::cost::Work;
use attention::devices::{Arithmetic, DeviceSpec, device};
use attention::levels::{A100_BLOCK, A100_MULTIPROCESSORS, MOST_REGISTERS, REGISTERS, a100};
use attention::traffic::{Sizes, Traffic, flash_formula, standard_formula};
use attention::units::{Bytes, Seconds};
use inputs::flash::{A100, BLOCK as TILE, HEAD_DIM, HEADS, SEQ as TOKENS};
use inputs::texts::DAY_TOKENS as READ;
use widgets::flash::{Numbers, Row, State, Work as Tiles};
use widgets::show::significant;

use super::Facts;
use crate::fact::Fact;
use crate::flash_numbers::{self, FlashHead, HEADS as SHOWN};
use crate::flash_traffic::{FP16_BYTES, cached, keys_outside, standard, tiles};
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
    held(facts);
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
    times(facts, &standard)?;
    cache(facts)?;
    wide(facts)?;
    let chip = find(A100[0])?.on_chip.context("the A100 has no on-chip memory in the table")?;
    let source = format!("{}, {}: {}", chip.source.title, chip.source.year, chip.what);
    facts.add("a100.on-chip", amount(chip.bytes.in_gib(), chip.bytes, &source));
    let speed = chip.bandwidth.context("the A100's on-chip memory has no speed in the table")?;
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

/// What a tile takes on the chip: queries, keys and values in fp16, scores and output in f32.
fn held(facts: &mut Facts) {
    let shared = |block| Bytes((3 * block * HEAD_DIM * FP16_BYTES) as u64);
    let registers = |block| Bytes((block * (block + HEAD_DIM) * size_of::<f32>()) as u64);
    let name = |block| format!("a tile of {block} by {block}");
    let source = format!("{}: queries, keys and values in fp16", name(TILE));
    facts.add("flash.shared-128", amount(shared(TILE).in_gib(), shared(TILE), &source));
    for block in [TILE, 2 * TILE] {
        let source = format!("{}: scores and output in f32", name(block));
        let bytes = registers(block);
        facts.add(&format!("flash.registers-{block}"), amount(bytes.in_gib(), bytes, &source));
    }
    let source = format!("{}: queries, keys, values, scores and output", name(TILE));
    let all = shared(TILE) + registers(TILE);
    facts.add("flash.held-128", amount(all.in_gib(), all, &source));
    let each = registers(TILE).0 as usize / size_of::<f32>() / (4 * 32);
    let source = format!("{}: scores and output in f32, shared out over 128 threads", name(TILE));
    facts.add("flash.registers-a-thread", Fact::count(each, source));
    facts.add("gpu.most-registers", Fact::count(MOST_REGISTERS, "CUDA: registers of a thread"));
    let source = "shared memory that one block of an A100 may have";
    facts.add("a100.block", amount(A100_BLOCK.in_gib(), A100_BLOCK, source));
    let source = "registers of a multiprocessor: 65,536 of 32 bits";
    facts.add("a100.registers-each", amount(REGISTERS.in_gib(), REGISTERS, source));
}

/// The L2 cache: what it holds, what passes it, and what is left for HBM.
fn cache(facts: &mut Facts) -> Result<()> {
    let [registers, shared, l2, _] = a100();
    facts.add("a100.l2", amount(l2.bytes.in_gib(), l2.bytes, l2.how));
    for (name, level) in [("registers", registers), ("shared", shared), ("l2", l2)] {
        let rate = level.bandwidth.0 / 1e12;
        let source = format!("{}: {}", level.name, level.how);
        facts.add(&format!("a100.{name}-rate"), Fact::decimals(rate, 1, source));
    }
    let pair = Bytes((2 * TOKENS * HEAD_DIM * FP16_BYTES) as u64);
    let source = format!("keys and values of one head at {TOKENS} tokens, fp16");
    facts.add("flash.keys-and-values", amount(pair.in_gib(), pair, &source));
    let blocks = 2 * A100_MULTIPROCESSORS as usize;
    let at_once = blocks.div_ceil(TOKENS / TILE);
    let source =
        format!("two blocks of {TILE} queries on each multiprocessor of an A100, in heads");
    facts.add("flash.heads-at-once", Fact::count(at_once, source));
    facts.add("flash.heads", Fact::count(HEADS, "the heads whose time is counted"));
    let least = cached();
    facts.add("flash.cached-moved", moved(&least, "each input and output once"));
    let intensity = work(&least).intensity().0;
    let source = "the two matrix products over inputs and outputs, each moved once";
    let shown = significant(intensity);
    facts.add("flash.cached-intensity", Fact::rounded(shown, intensity, source));
    let h100 = find("NVIDIA H100 80GB SXM5")?;
    let roofline = work(&tiles(TOKENS, TILE, false)?).on(h100, Arithmetic::Fp16)?;
    let rate = standard().flops.0 as f64 / roofline.time().0 / 1e12;
    let source = format!("the roofline of {}, were there no L2 cache", h100.name);
    facts.add("h100.without-l2", Fact::decimals(rate, 0, source));
    Ok(())
}

/// The example with heads twice as wide: an exercise.
fn wide(facts: &mut Facts) -> Result<()> {
    let head_dim = 2 * HEAD_DIM;
    let sizes = Sizes {
        seq_q: TOKENS,
        seq_k: TOKENS,
        head_dim,
        value_dim: head_dim,
        bytes_per_number: FP16_BYTES,
        ..Sizes::one()
    };
    let what = format!("standard attention, a head of {head_dim}");
    facts.add("flash.wide-standard", moved(&standard_formula(&sizes), &what));
    for block in [32, 64] {
        let what = format!("tiles of {block} by {block}, a head of {head_dim}");
        let traffic = flash_formula(&sizes, block, block);
        facts.add(&format!("flash.wide-{block}"), moved(&traffic, &what));
    }
    let block = 2 * TILE;
    let held = Bytes((3 * block * head_dim * FP16_BYTES + 4 * block * (block + head_dim)) as u64);
    let source = format!("a tile of {block} by {block}, a head of {head_dim}, f32 sums");
    facts.add("flash.wide-held-256", amount(held.in_gib(), held, &source));
    Ok(())
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
        // The output, and one log-sum-exp in f32 for each query.
        let kept = Bytes(tokens * (4 + (HEAD_DIM * FP16_BYTES) as u64));
        let source = format!("output in fp16 and one f32 for each of {tokens} queries of one head");
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
    let multiprocessors = Fact::count(
        A100_MULTIPROCESSORS as usize,
        "NVIDIA A100 Tensor Core GPU Architecture, 2020",
    );
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
    let b200 = find("NVIDIA B200 180GB (HGX, 1000 W)")?;
    let over = b200.peak(Arithmetic::Fp16)?.0 / peak.0;
    let source = format!("dense peaks, fp16: {} over {}", b200.name, h100.name);
    facts.add("b200.products-over-h100", Fact::decimals(over, 1, source));
    // Two products of `head_dim` multiplications and additions each make and use a score.
    let share = 100.0 * times / (4 * TILE) as f64;
    let source = "the dense peak of the H100 over its exponentials";
    let source = format!("{source}, over the operations for one score in a head of {TILE}");
    facts.add("h100.exponential-share", Fact::decimals(share, 0, source.as_str()));
    let half = source.replace(&TILE.to_string(), &HEAD_DIM.to_string());
    facts.add("h100.exponential-share-64", Fact::decimals(2.0 * share, 0, half));
    Ok(())
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
    for (place, FlashHead { name, head: (layer, head), .. }) in SHOWN.iter().enumerate() {
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
            let tiles = work.as_ref().map(later_tiles);
            for (what, at) in [("calm", 0), ("tiles", 1)] {
                let count = tiles.map(|counts| Fact::count(counts[at], source));
                facts.add_measured(&format!("flash.{name}-{what}-16"), count);
            }
        }
    }
    Ok(())
}

/// What the widget shows first: the tile in which maxima begin to rise, and the traffic of the
/// whole text with the mask off.
fn widget(facts: &mut Facts, read: Option<&[Numbers]>) -> Result<()> {
    let name = SHOWN[0].name;
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

/// Later tiles, those that are not the first of their row: how many make no maximum rise, and all.
fn later_tiles(work: &Tiles) -> [usize; 2] {
    let steps = work.flash.steps.iter().enumerate();
    let later = steps.filter(|(_, step)| !step.tile.skipped && step.tile.column > 0);
    let calm = |at: usize| work.rows(at).iter().all(|row| row.kept.is_none_or(|kept| kept == 1.0));
    later.fold([0, 0], |[calm_ones, all], (at, _)| [calm_ones + usize::from(calm(at)), all + 1])
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

/// The least time of all heads on an A100, and what sets it: with nothing from L2, and with all that
/// is read again.
fn times(facts: &mut Facts, standard: &Traffic) -> Result<()> {
    let spec = find(A100[0])?;
    let [.., l2, hbm] = a100();
    let all = |bytes: Bytes| Bytes(bytes.0 * HEADS as u64);
    let compute = standard.flops * HEADS as u64 / spec.peak(Arithmetic::Fp16)?;
    let mut add = |name: &str, traffic: &Traffic, cache: bool| {
        let bytes = all(traffic.moved());
        let least = if cache { all(cached().moved()) } else { bytes };
        let mut limits = vec![("arithmetic", compute), ("HBM", least / hbm.bandwidth)];
        if cache {
            limits.push(("the L2 cache", bytes / l2.bandwidth));
        }
        let longest = |most: (&'static str, Seconds), it: (&'static str, Seconds)| {
            if it.1 > most.1 { it } else { most }
        };
        let (bound, time) = limits.into_iter().fold(("", Seconds(0.0)), longest);
        let source = format!("{HEADS} heads on {}, set by {bound}", spec.name);
        let shown = Fact::rounded(time, time.0, source.clone());
        facts.add(&format!("a100-40.{name}-time"), shown);
        facts.add(&format!("a100-40.{name}-bound"), Fact::text(bound, source));
    };
    add("standard", standard, false);
    add("flash", &tiles(TOKENS, TILE, false)?, false);
    add("cached", &tiles(TOKENS, TILE, false)?, true);
    add("small", &tiles(TOKENS, 16, false)?, true);
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
