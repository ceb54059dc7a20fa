//! Chapter 9: who may look where, drawn and counted.
//!
//! Watch the shares: where a query sees a fixed number of keys, the share shrinks as the text
//! grows. Full, causal and padding masks keep theirs, so their work grows with the square.

use anyhow::Result;
use attention::MaskGrid;
use clap::Parser;
use inputs::masks::{LONG, SHORT, masks};
use listings::terminal::print;

/// Draws every mask of the library for a short text, and counts what is visible there and in a
/// longer one. A row is a query, a column a key.
#[derive(Parser)]
struct Options {
    /// Tokens of the short text
    #[arg(long, default_value_t = SHORT, value_parser = clap::value_parser!(u16).range(1..=16))]
    tokens: u16,
    /// Tokens of the longer text
    #[arg(long, default_value_t = LONG, value_parser = clap::value_parser!(u16).range(1..=2048))]
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
