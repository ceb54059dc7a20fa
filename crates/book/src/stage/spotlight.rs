//! The spotlight of chapter 1.

use anyhow::{Context, Result, ensure};
use widgets::Machine;
use widgets::files::PageFile;
use widgets::gallery::Sentence;
use widgets::spotlight::{Illustration, Preset, Setup, Spotlight, State, without_model};

use super::Staged;
use crate::facts::Measured;
use crate::gallery::{self, ILLUSTRATION, NAMED_HEADS, PICTURES};

/// The token of the first sentence that the illustration is seen from: "it".
const IT: usize = 7;

/// The spotlight over the gallery. Without the model: the illustration alone.
pub(super) fn stage(measured: Option<&Measured<'_>>) -> Result<Staged> {
    let Some(measured) = measured else {
        let missing = "The real map is missing: this book was built without the model's weights.";
        let words = gallery::illustrated_words();
        return Ok(Staged::still(
            Spotlight::NAME,
            without_model(&illustration(IT), &words, missing),
        ));
    };
    let setup = setup(measured)?;
    let first = &measured.reading(&setup.opening.sentence)?.sentence;
    Staged::live::<Spotlight>(setup, &[(Sentence::path(&first.name), first.to_bytes())])
}

/// What the spotlight is told about the gallery.
fn setup(measured: &Measured<'_>) -> Result<Setup> {
    let first = measured.readings.first().context("the gallery is empty")?;
    let presets = NAMED_HEADS
        .iter()
        .map(|named| {
            Ok(Preset {
                layer: named.layer,
                head: named.head,
                label: named.label.to_owned(),
                sentence: named.sentence.to_owned(),
                query: measured.reading(named.sentence)?.query,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    ensure!(!presets.is_empty(), "no head has a name");
    Ok(Setup {
        gallery: gallery::entries(measured.readings),
        illustration: illustration(first.query),
        opening: State {
            sentence: first.picture.name.to_owned(),
            layer: presets[0].layer,
            head: presets[0].head,
            query: first.query,
            cell: (first.query, 0),
        },
        presets,
    })
}

/// The illustration, seen from token `query` of the first sentence.
fn illustration(query: usize) -> Illustration {
    Illustration { sentence: PICTURES[0].name.to_owned(), query, weights: ILLUSTRATION.to_vec() }
}
