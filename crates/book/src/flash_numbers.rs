//! Queries, keys and values that chapter 8 cuts into tiles: made-up ones, and those of SmolLM2.

use anyhow::{Result, ensure};
use burn::tensor::Tensor;
use inputs::texts::{DAY, DAY_TOKENS};
use inputs::{flash, heads};
use smollm2::Head;
use widgets::flash::Numbers;

use crate::memoised_model::MemoisedModel;

/// A head whose numbers the widget and the facts of the chapter are about.
pub(crate) struct FlashHead {
    /// A short name for files, addresses and facts.
    pub(crate) name: &'static str,
    /// Its layer and its place in the layer, from 0.
    pub(crate) head: (usize, usize),
    /// What it is known for.
    pub(crate) about: &'static str,
}

/// The heads of the menu. The widget opens on the first.
pub(crate) const HEADS: [FlashHead; 3] = [
    FlashHead { name: "noun", head: heads::NOUN, about: "“it” finds its noun" },
    FlashHead { name: "previous", head: heads::PREVIOUS_TOKEN, about: "looks one token back" },
    FlashHead { name: "sink", head: heads::SINK, about: "nearly all on the first token" },
];

/// What each of [`HEADS`] makes of the text [`DAY`].
///
/// # Errors
/// When the model cannot run, or the text has another number of tokens than [`DAY_TOKENS`].
pub(crate) fn of_heads(model: &MemoisedModel) -> Result<Vec<Numbers>> {
    let heads = model.heads(DAY, &HEADS.map(|shown| shown.head))?;
    HEADS.iter().zip(&*heads).map(|(shown, head)| of_head(shown.name, head)).collect()
}

fn of_head(name: &str, head: &Head) -> Result<Numbers> {
    let [_, _, seq, head_dim] = head.steps.query.dims();
    ensure!(seq == DAY_TOKENS, "the text of chapter 8 has {seq} tokens, not {DAY_TOKENS}");
    let numbers = |tensor: &Tensor<4>| tensor.to_data().iter().collect();
    Ok(Numbers {
        name: name.to_owned(),
        tokens: head.tokens.iter().map(|token| token.text.clone()).collect(),
        head_dim,
        query: numbers(&head.steps.query),
        key: numbers(&head.steps.key),
        value: numbers(&head.steps.value),
    })
}

/// The made-up numbers of the listing `ch08-flash-steps`.
pub(crate) fn made_up() -> Numbers {
    Numbers {
        name: "toy".to_owned(),
        tokens: flash::TOKENS.map(str::to_owned).to_vec(),
        head_dim: flash::QUERY[0].len(),
        query: flash::QUERY.concat(),
        key: flash::KEY.concat(),
        value: flash::VALUE.concat(),
    }
}
