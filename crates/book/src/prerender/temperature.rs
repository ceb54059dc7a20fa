//! The temperature of chapter 4.

use anyhow::Result;
use inputs::next_token::{LOGITS, TOKENS};
use inputs::texts::BOUGHT;
use widgets::files::PageFile;
use widgets::next_token::NextToken;
use widgets::temperature::{Prompt, Setup, State, Temperature};

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::next_token::{self, PROMPTS};

/// The made-up tokens, and the texts that the model has read, if it is there.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let asked: Vec<NextToken> = match model {
        Some(model) => {
            let ask = |(name, _)| next_token::ask(model, name);
            PROMPTS.into_iter().map(ask).collect::<Result<_>>()?
        }
        None => Vec::new(),
    };
    let prompt = |asked: &NextToken| Prompt {
        name: asked.name.clone(),
        text: asked.text.clone(),
        vocabulary: asked.logits.len(),
    };
    let setup = Setup {
        toy_text: BOUGHT.to_owned(),
        toy: TOKENS.map(str::to_owned).to_vec(),
        prompts: asked.iter().map(prompt).collect(),
        opening: State::neutral(LOGITS.to_vec()),
    };
    let mut prerendered = Prerendered::live::<Temperature>(setup, &[])?;
    let file = |asked: &NextToken| (NextToken::path(&asked.name), asked.to_bytes());
    prerendered.files = asked.iter().map(file).collect();
    Ok(prerendered)
}
