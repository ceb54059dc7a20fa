//! The translator of chapter 7.

use anyhow::Result;
use inputs::translation::{CAT, CAT_TO_CHAT, GREEN_CAT, OWNER};
use translator::WEIGHTS;
use widgets::translation::{Example, Illustration, Setup, Translation, weights_path};

use super::Prerendered;

/// The sentences of the menu, and the English word to open on. A test holds each to be one that
/// the model never saw.
const EXAMPLES: [(&str, usize); 7] = [
    (CAT, 2),
    (GREEN_CAT, 2),
    (OWNER, 3),
    ("un chat n'arrive pas toujours", 3),
    ("une souris n'écoute jamais le chat rouge", 2),
    ("les petits enfants fatigués voient le jeune chat", 0),
    ("j'attends le chat", 2),
];

/// The translator with its trained weights, which the page loads.
pub(super) fn prerender() -> Result<Prerendered> {
    let examples = EXAMPLES.map(|(french, word)| Example { french: french.to_owned(), word });
    let setup = Setup {
        examples: examples.to_vec(),
        weights: weights_path(),
        illustration: Illustration {
            english: "cat".to_owned(),
            french: "chat".to_owned(),
            weight: CAT_TO_CHAT,
        },
        layer: 1,
        head: None,
    };
    let files = vec![(weights_path(), WEIGHTS.to_vec())];
    let mut prerendered = Prerendered::live::<Translation>(setup, &files)?;
    prerendered.files = files;
    Ok(prerendered)
}
