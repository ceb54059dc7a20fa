//! Chapter 7: translate a sentence, and see where each English word comes from.
//!
//! Watch the two words in the middle cross over: French puts the colour after the animal. Watch
//! "the", too: it need not look at "le". The model is the one that `ch07-train` trained.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use clap::Parser;
use inputs::translation;
use listings::terminal::{print, shaded, share};
use translator::{HEADS, LAYERS, Pair, Translator, join};

/// Translates French into English, and shows the cross-attention of one head.
#[derive(Parser)]
struct Options {
    /// A French sentence of the grammar
    #[arg(default_value = translation::CAT)]
    french: String,
    /// The layer of the decoder, from 0
    #[arg(long, default_value_t = 1)]
    layer: usize,
    /// The head, from 0; the mean of all heads if not given
    #[arg(long)]
    head: Option<usize>,
}

fn main() -> Result<()> {
    let Options { french, layer, head } = Options::parse();
    ensure!(layer < LAYERS, "there is no layer {layer}: choose one below {LAYERS}");
    ensure!(head.is_none_or(|it| it < HEADS), "there are {HEADS} heads: choose one below {HEADS}");

    // ANCHOR: translate
    let pair = Pair::read(&french)?;
    let model = Translator::of_the_book(&Device::flex());
    let translation = model.translate(&pair.french)?;
    let heads = &translation.weights[layer]; // [heads][seq_q][seq_k]
    // ANCHOR_END: translate

    let mut text = format!("{}\n{}\n\n{:>9}", join(&pair.french), join(&translation.english), "");
    for word in &pair.french {
        text += &format!(" {word:>9}");
    }
    text += "\n";
    let rows = translation.english.iter().copied().chain(["(end)"]);
    for (row, word) in rows.enumerate() {
        text += &format!("{word:>9}");
        for column in 0..pair.french.len() {
            let weight = match head {
                Some(head) => heads[head][row][column],
                None => heads.iter().map(|head| head[row][column]).sum::<f32>() / HEADS as f32,
            };
            text += " ";
            text += &shaded(&format!("{:>9}", share(weight)), weight);
        }
        text += "\n";
    }
    print(&text)?;
    Ok(())
}
