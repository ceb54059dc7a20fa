//! The heads of chapter 5.

use anyhow::Result;
use widgets::Machine;
use widgets::files::PageFile;
use widgets::gallery::Sentence;
use widgets::heads::{Heads, Named, Setup, Show, State, without_model};

use super::Staged;
use crate::facts::Measured;
use crate::gallery;

/// The widget over the gallery, opened on a head that looks one token back. Without the model: a
/// word on what is missing.
pub(super) fn stage(measured: Option<&Measured<'_>>) -> Result<Staged> {
    let Some(measured) = measured else {
        let missing = "The heads are missing: this book was built without the model's weights.";
        return Ok(Staged::still(Heads::NAME, without_model(missing)));
    };
    let named: Vec<Named> = NAMED
        .iter()
        .map(|(label, sentence, show, head, pair)| Named {
            label: (*label).to_owned(),
            view: State { sentence: (*sentence).to_owned(), show: *show, head: *head, pair: *pair },
        })
        .collect();
    let opening = named[0].view.clone();
    let first = &measured.reading(&opening.sentence)?.sentence;
    let setup = Setup { gallery: gallery::entries(measured.readings), named, opening };
    Staged::live::<Heads>(setup, &[(Sentence::path(&first.name), first.to_bytes())])
}

/// What a head does, the sentence and the measure that show it, the head, and a query and a key.
type View = (&'static str, &'static str, Show, (usize, usize), (usize, usize));

/// The named heads, in the order of the menu. The widget opens on the first.
const NAMED: &[View] = &[
    ("one token back", "cat", Show::Previous, (16, 0), (7, 6)),
    ("one token back, too", "cat", Show::Previous, (11, 1), (7, 6)),
    ("“it” finds its noun", "cat", Show::Pair, (13, 8), (7, 1)),
    ("the verb finds its subject: the same head", "keys", Show::Pair, (13, 8), (7, 1)),
    ("what came next last time (induction)", "repeat", Show::Prefix, (18, 6), (8, 4)),
    ("nearly all on the first token (sink)", "cat", Show::First, (18, 8), (7, 0)),
    ("looks at all alike", "cat", Show::Entropy, (0, 4), (7, 1)),
];
