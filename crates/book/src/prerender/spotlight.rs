//! The spotlight of chapter 1.

use anyhow::{Context, Result, ensure};
use widgets::Machine;
use widgets::files::PageFile;
use widgets::gallery::Sentence;
use widgets::spotlight::{Illustration, Preset, Setup, Spotlight, State, without_model};

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::sentences::{self, GALLERY, ILLUSTRATION, NAMED_HEADS, ReadSentence};

/// The token of the first sentence that the illustration is seen from: "it".
const IT: usize = 7;

/// The spotlight over the gallery. Without the model: the illustration alone.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let Some(model) = model else {
        let missing = "The real map is missing: this book was built without the model's weights.";
        let words = sentences::illustrated_words();
        return Ok(Prerendered::still(
            Spotlight::NAME,
            without_model(&illustration(IT), &words, missing),
        ));
    };
    let read = sentences::read_all(model)?;
    let setup = setup(&read)?;
    let first = &read[0].packed;
    Prerendered::live::<Spotlight>(setup, &[(Sentence::path(&first.name), first.to_bytes())])
}

/// What the spotlight is told about the gallery.
fn setup(gallery: &[ReadSentence]) -> Result<Setup> {
    let first = gallery.first().context("the gallery is empty")?;
    let presets = NAMED_HEADS
        .iter()
        .map(|named| {
            let (layer, head) = named.head;
            let read = gallery.iter().find(|read| read.chosen.name == named.sentence);
            let read = read.with_context(|| format!("no sentence `{}`", named.sentence))?;
            let (label, sentence) = (named.label.to_owned(), named.sentence.to_owned());
            Ok(Preset { layer, head, label, sentence, query: read.query })
        })
        .collect::<Result<Vec<_>>>()?;
    ensure!(!presets.is_empty(), "no head has a name");
    Ok(Setup {
        gallery: sentences::gallery(gallery),
        illustration: illustration(first.query),
        opening: State {
            sentence: first.chosen.name.to_owned(),
            layer: presets[0].layer,
            head: presets[0].head,
            query: first.query,
            cell: (first.query, 0),
            look: None,
        },
        presets,
    })
}

/// The illustration, seen from token `query` of the first sentence.
fn illustration(query: usize) -> Illustration {
    Illustration { sentence: GALLERY[0].name.to_owned(), query, weights: ILLUSTRATION.to_vec() }
}
