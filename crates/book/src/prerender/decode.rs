//! One step of decoding, of chapter 10.

use anyhow::Result;
use inputs::{heads, texts};
use widgets::decode::{Decode, Setup, State};
use widgets::show::word;

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::sentences;

/// The token that the widget opens on.
const OPENING: &str = "it";

/// The widget over the first sentence of the gallery, with the weights of the head that finds the
/// noun. Without the model the weights are missing, and all that is counted is there.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let (layer, head) = heads::NOUN;
    let (words, weights) = match model {
        Some(model) => {
            let sentence = sentences::read(model, "cat")?.packed;
            let weights = sentence.weights(layer, head);
            (sentence.tokens.iter().map(|token| word(token)).collect(), weights)
        }
        None => (texts::CAT.split(' ').map(str::to_owned).collect::<Vec<_>>(), Vec::new()),
    };
    let step = words.iter().position(|word| word == OPENING).unwrap_or(0);
    let whose = format!("SmolLM2, layer {layer}, head {head}");
    let setup = Setup { words, whose, weights, opening: State { step } };
    Prerendered::live::<Decode>(setup, &[])
}
