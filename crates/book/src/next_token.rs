//! Texts whose next token SmolLM2 is asked for when the book is built.

use anyhow::Result;
use inputs::texts;
use widgets::next_token::NextToken;

use crate::memoised_model::MemoisedModel;

/// How many of the likeliest tokens a page can name.
const NAMED: usize = 50;

/// The texts, in the order of the menu: names for files and addresses, and what is read.
pub const PROMPTS: [(&str, &str); 4] = [
    ("bought", texts::BOUGHT),
    ("capital", texts::CAPITAL),
    ("sat", texts::CAT_SAT_ON),
    ("names", texts::NAMES),
];

/// The text called `name`.
///
/// # Panics
/// If there is none.
pub fn text(name: &str) -> &'static str {
    let found = PROMPTS.into_iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("there is no text `{name}` to continue")).1
}

/// What may come after the text called `name`.
///
/// # Errors
/// When the model cannot run.
pub fn ask(model: &MemoisedModel, name: &str) -> Result<NextToken> {
    let text = text(name);
    let logits = &model.forward(text)?.logits;
    let token = |place: usize| model.tokenizer().token(place as u32).map(|token| token.text);
    Ok(NextToken::rank(name, text, logits, NAMED, token)?)
}
