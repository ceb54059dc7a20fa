//! Chapter 1: which heads look from one word to another?
//!
//! Watch how few of the 270 heads do: most give the pair almost nothing.

use anyhow::{Context, Result};
use clap::Parser;
use listings::terminal::{print, share, word};
use smollm2::{Error, Forward, Model};

/// Lists the heads of SmolLM2-135M that give most attention from one word to another.
#[derive(Parser)]
struct Options {
    /// The text that the model reads
    text: String,
    /// The word that looks (its last occurrence)
    #[arg(long)]
    query: String,
    /// The word that is looked at (its last occurrence before the query)
    #[arg(long)]
    key: String,
    /// How many heads to list
    #[arg(long, default_value_t = 5)]
    count: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let forward = model.run(&options.text)?;
    let words: Vec<String> = forward.tokens.iter().map(|token| word(&token.text)).collect();
    let last = |wanted: &str, among: &[String]| {
        among
            .iter()
            .rposition(|word| word == wanted)
            .with_context(|| format!("no token `{wanted}` among: {}", among.join(" | ")))
    };
    let query = last(&options.query, &words)?;
    let key = last(&options.key, &words[..query])?;

    let mut text = String::new();
    for (weight, layer, head) in strongest(&forward, query, key)?.into_iter().take(options.count) {
        text += &format!("layer {layer:>2}, head {head}: {}\n", share(weight));
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: search
/// Every head's weight from token `query` to token `key`, the largest first.
fn strongest(
    forward: &Forward,
    query: usize,
    key: usize,
) -> Result<Vec<(f32, usize, usize)>, Error> {
    let mut found = Vec::new();
    for (layer, weights) in forward.weights.iter().enumerate() {
        let [heads, ..] = weights.dims();
        for head in 0..heads {
            found.push((forward.weight(layer, head, query, key)?, layer, head));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(found)
}
// ANCHOR_END: search
