//! Chapter 9, patterns: how many pairs each mask lets see each other, and how far it reaches.

use anyhow::{Context, Result, bail};
use attention::MaskGrid;
use attention::cost::Window;
use attention::mask::Mask;
use attention::presets::preset;

use super::{Fact, Facts, Measured};

/// The lengths that the text counts at: one to draw, one that a model reads.
const LENGTHS: [usize; 2] = [12, 1024];

/// Adds the figures of chapter 9.
pub(super) fn add(facts: &mut Facts, _measured: Option<&Measured<'_>>) -> Result<()> {
    for tokens in LENGTHS {
        for (name, grid) in masks(tokens)? {
            let source = format!("the mask `{name}` over {tokens} tokens, counted");
            let count = Fact::count(grid.count(), source.clone());
            facts.add(&format!("pattern.{name}-{tokens}"), count);
            let share = 100.0 * grid.count() as f64 / (tokens * tokens) as f64;
            let percent = Fact::decimals(share, 1, format!("{source}, in percent of all pairs"));
            facts.add(&format!("pattern.{name}-{tokens}-percent"), percent);
        }
    }
    reach(facts)
}

/// The patterns of the chapter, as its listing draws them.
fn masks(n: usize) -> Result<Vec<(&'static str, MaskGrid)>> {
    let (before, after, seed) = (2, 2, 7);
    let grid = |mask: Mask| mask.grid(n, n);
    let longformer = grid(Mask::Longformer { before, after, global: 1 });
    let causal = grid(Mask::Causal);
    Ok(vec![
        ("full", grid(Mask::Full)),
        ("window", grid(Mask::SlidingWindow { before, after })),
        ("causal-window", grid(Mask::SlidingWindow { before, after: 0 })),
        ("dilated", grid(Mask::Dilated { before, after, gap: 1 })),
        ("strided", grid(Mask::Strided { stride: n.isqrt() })),
        ("global", grid(Mask::Global { tokens: 1 })),
        ("random", grid(Mask::Random { keys: 2, seed })),
        ("big-bird", grid(Mask::BigBird { before: 1, after: 1, global: 1, random: 2, seed })),
        ("causal-longformer", longformer.and(&causal)?),
        ("longformer", longformer),
        ("causal", causal),
    ])
}

/// How far back the last layer of Mistral 7B can see through its windows.
fn reach(facts: &mut Facts) -> Result<()> {
    let name = "Mistral 7B v0.1";
    let model = preset(name).with_context(|| format!("no {name} in the presets"))?;
    let Window::Every(window) = model.shape.window else { bail!("{name} has no window") };
    let layers = model.shape.layers;
    let source = format!("{}, {}", model.source.title, model.source.year);
    facts.add("mistral.window", Fact::count(window as usize, source.clone()));
    facts.add("mistral.layers", Fact::count(layers as usize, source));
    let reach = (layers * (window - 1) + 1) as usize;
    let source = "each layer adds the window, less the token itself";
    facts.add("mistral.reach", Fact::count(reach, source));
    Ok(())
}
