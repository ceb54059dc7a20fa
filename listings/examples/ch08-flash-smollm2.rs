//! Chapter 8: is flash attention exact on a real model?
//!
//! Three heads of SmolLM2 read a text, and attention is computed from their queries, keys and
//! values in two ways. Watch the last column: whatever the tiles, only rounding differs. The
//! column before it says how often a later tile made a maximum rise, so that sums had to be
//! scaled down: that depends on what the head looks at.

use anyhow::Result;
use attention::flash::{Flash, Step, TileOptions, flash_attention};
use clap::Parser;
use inputs::{heads, texts};
use listings::terminal::{bound, print};
use smollm2::{Model, locate};

/// Compares flash attention with plain attention in heads of SmolLM2, causal, in f32.
#[derive(Parser)]
struct Options {
    /// The text
    #[arg(default_value = texts::DAY)]
    text: String,
    /// Queries in a tile, and as many keys
    #[arg(long, value_delimiter = ',', default_values_t = [4, 16, 60, 128])]
    blocks: Vec<usize>,
}

/// Layer and head, and what the head is known for.
const HEADS: [((usize, usize), &str); 3] = [
    (heads::NOUN, "it finds its noun"),
    (heads::PREVIOUS_TOKEN, "one token back"),
    (heads::SINK, "the first token"),
];

fn main() -> Result<()> {
    let Options { text, blocks } = Options::parse();
    let model = Model::open(&locate()?)?;
    let mut page = String::new();
    for ((layer, head), about) in HEADS {
        // ANCHOR: compare
        let steps = model.head(&text, layer, head)?.steps;
        let seq = steps.query.dims()[2];
        let mut rows = vec![("plain".to_owned(), seq * seq, None)];
        for &block in &blocks {
            let tiles = TileOptions {
                block_q: block,
                block_k: block,
                causal: true,
                keep_steps: true,
                ..Default::default()
            };
            let (query, key, value) = (steps.query.clone(), steps.key.clone(), steps.value.clone());
            let flash = flash_attention(query, key, value, &tiles)?;
            let apart = (flash.output.clone() - steps.output.clone()).abs().max();
            let largest = block.min(seq).pow(2);
            rows.push((format!("{block} x {block}"), largest, Some((flash, apart))));
        }
        // ANCHOR_END: compare
        page += &format!("layer {layer}, head {head} ({about}): {seq} tokens, causal, f32\n");
        page +=
            &format!("{:<12}{:>14}{:>14}{:>16}\n", "tile", "scores held", "rescaled", "difference");
        for (name, largest, flash) in rows {
            let told = flash.map_or(String::new(), |(flash, apart)| {
                let (risen, met) = rises(&flash);
                // Less than this differs from one processor to the next.
                let apart = apart.into_scalar::<f32>().max(2e-6);
                let below = format!("below {:e}", bound(apart));
                format!("{:>14}{below:>16}", format!("{risen} of {met}"))
            });
            page += &format!("{name:<12}{largest:>14}{told}\n");
        }
        page += "\n";
    }
    print(page.trim_end())?;
    print("\n")?;
    Ok(())
}

// ANCHOR: rises
/// How often a later tile made a query's maximum rise, and how often it could have.
fn rises(flash: &Flash) -> (usize, usize) {
    let same_row = |pair: &&[Step]| pair[0].tile.row == pair[1].tile.row && !pair[1].tile.skipped;
    let (mut risen, mut met) = (0, 0);
    for pair in flash.steps.windows(2).filter(same_row) {
        let kept = pair[0].softmax.correction(&pair[1].softmax).into_data();
        risen += kept.iter::<f32>().filter(|kept| *kept < 1.0).count();
        met += pair[1].tile.queries.len();
    }
    (risen, met)
}
// ANCHOR_END: rises
