//! Chapter 9: who may look where, drawn and counted.
//!
//! Watch the shares: where a query sees a fixed number of keys, the share shrinks as the text
//! grows. Full, causal and padding masks keep theirs, so their work grows with the square.

use anyhow::Result;
use attention::{Mask, MaskGrid};
use clap::Parser;
use listings::terminal::print;

/// Draws every mask of the library for a short text, and counts what is visible there and in a
/// longer one. A row is a query, a column a key.
#[derive(Parser)]
struct Options {
    /// Tokens of the short text
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=16))]
    tokens: u16,
    /// Tokens of the longer text
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u16).range(1..=2048))]
    longer: u16,
}

const PER_LINE: usize = 4;
const WIDTH: usize = 20;

fn main() -> Result<()> {
    let options = Options::parse();
    let (short, longer) = (usize::from(options.tokens), usize::from(options.longer));
    let drawn = masks(short)?;
    let counted = masks(longer)?;

    let mut text = String::new();
    for line in drawn.chunks(PER_LINE) {
        text += &drawings(line, short);
    }
    text += &format!("{:<17}{short:>6} tokens{:>8}{longer:>10} tokens{:>8}\n", "", "", "");
    for ((name, small), (_, large)) in drawn.iter().zip(&counted) {
        let (seen, of) = (small.count(), share(small));
        text += &format!("{name:<17}{seen:>13}{of:>8}{:>17}{:>8}\n", large.count(), share(large));
    }
    print(&text.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>())?;
    Ok(())
}

// ANCHOR: masks
/// Every pattern, for a text of `n` tokens.
fn masks(n: usize) -> Result<Vec<(&'static str, MaskGrid)>> {
    let (before, after, seed) = (2, 2, 7);
    // The root of the length, as its authors advise: then the count grows as `n` times its root.
    let stride = n.isqrt();
    let grid = |mask: Mask| mask.grid(n, n);
    let causal = grid(Mask::Causal);
    let longformer = grid(Mask::Longformer { before, after, global: 1 });
    Ok(vec![
        ("full", grid(Mask::Full)),
        ("causal", causal.clone()),
        ("window", grid(Mask::SlidingWindow { before, after })),
        ("causal window", grid(Mask::SlidingWindow { before, after: 0 })),
        ("dilated", grid(Mask::Dilated { before, after, gap: 1 })),
        ("strided", grid(Mask::Strided { stride })),
        ("global", grid(Mask::Global { tokens: 1 })),
        ("random", grid(Mask::Random { keys: 2, seed })),
        ("longformer", longformer.clone()),
        ("big bird", grid(Mask::BigBird { before: 1, after: 1, global: 1, random: 2, seed })),
        ("padding", grid(Mask::Padding { length: n - n / 4 })),
        ("causal longformer", longformer.and(&causal)?),
    ])
}
// ANCHOR_END: masks

/// Masks side by side.
fn drawings(masks: &[(&str, MaskGrid)], rows: usize) -> String {
    let drawn: Vec<String> = masks.iter().map(|(_, mask)| mask.to_string()).collect();
    let mut text: String = masks.iter().map(|(name, _)| format!("{name:<WIDTH$}")).collect();
    text += "\n";
    for row in 0..rows {
        for drawing in &drawn {
            text += &format!("{:<WIDTH$}", drawing.lines().nth(row).unwrap_or_default());
        }
        text += "\n";
    }
    text + "\n"
}

/// The visible part of all pairs.
fn share(mask: &MaskGrid) -> String {
    let [queries, keys] = mask.dims();
    format!("{:.1} %", 100.0 * mask.count() as f64 / (queries * keys) as f64)
}
