//! Chapter 7: is a head that looks at the right word needed?
//!
//! Watch the second column: a head that spreads its weights evenly can tell nothing apart, and
//! still most translations stay as they were, word for word. Then several heads go at once.

use anyhow::Result;
use burn::tensor::Device;
use listings::terminal::print;
use translator::{Corpus, HEADS, LAYERS, Pair, Translator};

fn main() -> Result<()> {
    let corpus = Corpus::of_the_book();
    let model = Translator::of_the_book(&Device::flex());
    let held_out: Vec<&Pair> = corpus.held_out.iter().collect();
    let same = |model: &Translator| -> Result<usize> {
        Ok(model.agrees(&held_out)?.into_iter().filter(|right| *right).count())
    };

    let mut text = format!("{} held-out sentences, {} right\n", held_out.len(), same(&model)?);
    text += "\nuniform heads      still right\n";
    // ANCHOR: level
    let mut idle = Vec::new();
    for layer in 0..LAYERS {
        for head in 0..HEADS {
            let right = same(&model.clone().with_uniform_head(layer, head))?;
            text += &format!("{:<18} {right:>11}\n", format!("layer {layer}, head {head}"));
            if right == held_out.len() {
                idle.push((layer, head));
            }
        }
    }
    let without = |heads: &[(usize, usize)]| {
        heads
            .iter()
            .fold(model.clone(), |model, (layer, head)| model.with_uniform_head(*layer, *head))
    };
    // ANCHOR_END: level
    let every: Vec<(usize, usize)> =
        (0..LAYERS).flat_map(|layer| (0..HEADS).map(move |head| (layer, head))).collect();
    text += &format!(
        "{:<18} {:>11}\n",
        format!("these {} at once", idle.len()),
        same(&without(&idle))?
    );
    text += &format!("{:<18} {:>11}\n", "all heads", same(&without(&every))?);
    print(&text)?;
    Ok(())
}
