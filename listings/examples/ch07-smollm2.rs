//! Chapter 7: how a model without cross-attention translates.
//!
//! SmolLM2 is a decoder alone: French and English stand in one text, and self-attention looks
//! from one to the other. Watch the weight from the adjective, where the noun must come next, to
//! the French noun, and what the model says next. One head, five sentences.

use anyhow::Result;
use inputs::{heads, texts};
use listings::terminal::{print, share, word};
use smollm2::Model;

fn main() -> Result<()> {
    let model = Model::open(&smollm2::locate()?)?;
    let (layer, head) = heads::FRENCH_NOUN;
    let mut text = format!("layer {layer}, head {head}, from the last token\n");
    for prompt in texts::FRENCH {
        // ANCHOR: noun
        let forward = model.run(prompt)?;
        let tokens = &forward.tokens;
        // The noun begins after `French`, `:` and the article, and may be cut into pieces.
        let pieces = tokens[4..].iter().take_while(|token| !token.text.starts_with(' ')).count();
        let noun = 3..4 + pieces;
        let mut weight = 0.0;
        for token in noun.clone() {
            weight += forward.weight(layer, head, tokens.len() - 1, token)?;
        }
        // ANCHOR_END: noun
        let french: String = tokens[noun].iter().map(|token| token.text.as_str()).collect();
        let next = &forward.top(1)?[0].token.text;
        let (_, english) = prompt.split_once("English: ").expect("a prompt has an English part");
        text += &format!(
            "{english:>9} -> {:<7} {}   says: {}\n",
            word(&french),
            share(weight),
            word(next)
        );
    }
    print(&text)?;
    Ok(())
}
