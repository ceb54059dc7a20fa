//! The temperature of chapter 4.

use anyhow::Result;
use widgets::files::PageFile;
use widgets::next_token::NextToken;
use widgets::temperature::{Prompt, Setup, State, Temperature};

use super::Staged;
use crate::facts::Measured;
use crate::next_token::{self, PROMPTS};

/// The text before the made-up tokens.
const TEXT: &str = "She bought";

/// The made-up tokens and their logits, as in the listing `ch04-temperature`.
pub(crate) const TOY: [(&str, f32); 6] =
    [("a", 3.2), ("the", 2.5), ("my", 1.6), ("his", 1.1), ("two", 0.4), ("blue", -0.8)];

/// The made-up tokens, and the texts that the model has read, if it is there.
pub(super) fn stage(measured: Option<&Measured<'_>>) -> Result<Staged> {
    let asked: Vec<NextToken> = match measured {
        Some(measured) => {
            let ask = |(name, _)| next_token::ask(measured.model, name);
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
        toy_text: TEXT.to_owned(),
        toy: TOY.map(|(token, _)| token.to_owned()).to_vec(),
        prompts: asked.iter().map(prompt).collect(),
        opening: State::neutral(TOY.map(|(_, logit)| logit).to_vec()),
    };
    let mut staged = Staged::live::<Temperature>(setup, &[])?;
    let file = |asked: &NextToken| (NextToken::path(&asked.name), asked.to_bytes());
    staged.files = asked.iter().map(file).collect();
    Ok(staged)
}
