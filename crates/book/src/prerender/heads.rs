//! The heads of chapter 5.

use anyhow::Result;
use inputs::heads;
use widgets::Machine;
use widgets::files::PageFile;
use widgets::gallery::Sentence;
use widgets::heads::{Heads, Named, Setup, Show, State, without_model};

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::sentences;

/// The widget over the gallery, opened on a head that looks one token back. Without the model: a
/// word on what is missing.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let Some(model) = model else {
        let missing = "The heads are missing: this book was built without the model's weights.";
        return Ok(Prerendered::still(Heads::NAME, without_model(missing)));
    };
    let named: Vec<Named> = NAMED
        .iter()
        .map(|(label, sentence, show, head, pair)| Named {
            label: (*label).to_owned(),
            view: State { sentence: (*sentence).to_owned(), show: *show, head: *head, pair: *pair },
        })
        .collect();
    let opening = named[0].view.clone();
    let first = sentences::read(model, &opening.sentence)?.packed;
    let setup = Setup { gallery: sentences::gallery(&sentences::read_all(model)?), named, opening };
    Prerendered::live::<Heads>(setup, &[(Sentence::path(&first.name), first.to_bytes())])
}

/// What a head does, the sentence and the measure that show it, the head, and a query and a key.
type View = (&'static str, &'static str, Show, (usize, usize), (usize, usize));

/// The named heads, in the order of the menu. The widget opens on the first.
const NAMED: &[View] = &[
    ("one token back", "cat", Show::Previous, heads::PREVIOUS_TOKEN, (7, 6)),
    ("one token back, too", "cat", Show::Previous, heads::PREVIOUS_TOKEN_EARLIER, (7, 6)),
    ("“it” finds its noun", "cat", Show::Pair, heads::NOUN, (7, 1)),
    ("the verb finds its subject: the same head", "keys", Show::Pair, heads::NOUN, (7, 1)),
    ("what came next last time (induction)", "repeat", Show::Prefix, heads::INDUCTION, (8, 4)),
    ("nearly all on the first token (sink)", "cat", Show::First, heads::SINK, (7, 0)),
    ("looks at all alike", "cat", Show::Entropy, (0, 4), (7, 1)),
];
