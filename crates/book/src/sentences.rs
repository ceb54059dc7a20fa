//! The gallery's sentences, which SmolLM2 reads when the book is built.

use std::rc::Rc;

use anyhow::{Context, Result};
use inputs::{heads, texts};
use smollm2::Forward;
use widgets::gallery::{Entry, Gallery, Sentence};
use widgets::show::word;

use crate::memoised_model::MemoisedModel;

/// A sentence of the gallery.
pub(crate) struct GallerySentence {
    /// A short name for files, addresses and facts.
    pub(crate) name: &'static str,
    /// What the model reads.
    pub(crate) text: &'static str,
    /// The word that the spotlight opens on: its last occurrence.
    pub(crate) query: &'static str,
}

/// The sentences, in the order of the menu.
pub(crate) const GALLERY: &[GallerySentence] = &[
    GallerySentence { name: "cat", text: texts::CAT, query: "it" },
    GallerySentence { name: "trophy-big", text: texts::TROPHY_BIG, query: "it" },
    GallerySentence { name: "trophy-small", text: texts::TROPHY_SMALL, query: "it" },
    GallerySentence { name: "repeat", text: texts::REPEAT, query: "cloud" },
    GallerySentence { name: "capital", text: texts::CAPITAL, query: "is" },
    GallerySentence { name: "keys", text: texts::KEYS, query: "are" },
    GallerySentence { name: "names", text: texts::NAMES, query: "to" },
    GallerySentence { name: "code", text: texts::CODE, query: "total" },
];

/// A head that does one thing that can be named, and where to see it.
pub(crate) struct NamedHead {
    /// Its layer and its place in the layer, from 0.
    pub(crate) head: (usize, usize),
    /// What it does on this sentence.
    pub(crate) label: &'static str,
    /// The sentence, by name.
    pub(crate) sentence: &'static str,
    /// The word that gets most from the token that the sentence opens on. None gets much from a
    /// head that spreads its weight.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds the name to the maps"))]
    pub(crate) most: Option<&'static str>,
}

const fn named(
    sentence: &'static str,
    head: (usize, usize),
    label: &'static str,
    most: Option<&'static str>,
) -> NamedHead {
    NamedHead { head, label, sentence, most }
}

/// The named heads: for each sentence those that a reader finds below it. Layers and heads count
/// from 0. A test holds each to what the model does.
pub(crate) const NAMED_HEADS: &[NamedHead] = &[
    named("cat", heads::NOUN, "“it” finds its noun", Some("cat")),
    named("cat", (3, 8), "the same, earlier", Some("cat")),
    named("cat", heads::PREVIOUS_TOKEN, ONE_BACK, Some("because")),
    named("cat", heads::PREVIOUS_TOKEN_EARLIER, "one back, too", Some("because")),
    named("cat", heads::SINK, "all on the first", Some("The")),
    named("cat", (9, 1), "spread out", None),
    named("trophy-big", (16, 3), "“it” finds the trophy", Some("trophy")),
    named("trophy-big", heads::PREVIOUS_TOKEN, ONE_BACK, Some("because")),
    named("trophy-big", heads::SINK, "all on the first", Some("The")),
    named("trophy-small", (16, 3), "“it” finds the trophy", Some("trophy")),
    named("trophy-small", heads::PREVIOUS_TOKEN, ONE_BACK, Some("because")),
    named("trophy-small", heads::SINK, "all on the first", Some("The")),
    named("repeat", heads::PREVIOUS_TOKEN, ONE_BACK, Some("seven")),
    named("repeat", heads::INDUCTION, "what came next last time", Some("paper")),
    named("repeat", heads::INDUCTION_BELOW[1], "the same, earlier", Some("paper")),
    named("repeat", (9, 2), "the same word, earlier", Some("cloud")),
    named("capital", heads::NOUN, "the verb finds its subject", Some("capital")),
    named("capital", (13, 6), "the same, beside it", Some("capital")),
    named("capital", heads::PREVIOUS_TOKEN, ONE_BACK, Some("France")),
    named("keys", heads::SUBJECT, "the verb finds its subject", Some("keys")),
    named("keys", heads::NOUN, "the same, later", Some("keys")),
    named("keys", heads::PREVIOUS_TOKEN, ONE_BACK, Some("cabinet")),
    named("names", (24, 4), "the name that is missing", Some("Mary")),
    named("names", (20, 0), "the name that is not", Some("John")),
    named("names", heads::PREVIOUS_TOKEN, ONE_BACK, Some("drink")),
    named("code", heads::INDUCTION_BELOW[1], "what came next last time", Some("=")),
    named("code", (17, 5), "the same, beside it", Some("=")),
    named("code", (8, 1), "the same word, earlier", Some("total")),
    named("code", heads::PREVIOUS_TOKEN, ONE_BACK, Some("(")),
];

const ONE_BACK: &str = "one token back";

/// The made-up weights that textbooks show for "it" in the first sentence.
pub(crate) const ILLUSTRATION: [f32; 10] =
    [0.04, 0.42, 0.08, 0.02, 0.03, 0.05, 0.12, 0.10, 0.08, 0.06];

/// The words of the first sentence, for a book without the model.
pub(crate) fn illustrated_words() -> Vec<String> {
    GALLERY[0].text.split(' ').map(str::to_owned).collect()
}

/// A sentence of the gallery, and what the model made of it.
pub(crate) struct ReadSentence {
    /// The sentence.
    pub(crate) chosen: &'static GallerySentence,
    /// What the model returned.
    pub(crate) forward: Rc<Forward>,
    /// All scores, packed for the page.
    pub(crate) packed: Sentence,
    /// The token that the spotlight opens on.
    pub(crate) query: usize,
}

/// Every sentence, as the model reads it.
///
/// # Errors
/// When the model cannot run, or a sentence has no such word to open on.
pub(crate) fn read_all(model: &MemoisedModel) -> Result<Vec<ReadSentence>> {
    GALLERY.iter().map(|chosen| read_one(model, chosen)).collect()
}

/// The sentence called `name`, as the model reads it.
///
/// # Errors
/// When there is none, and those of [`read_all`].
pub(crate) fn read(model: &MemoisedModel, name: &str) -> Result<ReadSentence> {
    let chosen = GALLERY.iter().find(|chosen| chosen.name == name);
    read_one(model, chosen.with_context(|| format!("the gallery has no sentence `{name}`"))?)
}

fn read_one(model: &MemoisedModel, chosen: &'static GallerySentence) -> Result<ReadSentence> {
    let forward = model.forward(chosen.text)?;
    let tokens: Vec<String> = forward.tokens.iter().map(|token| token.text.clone()).collect();
    let query = tokens
        .iter()
        .rposition(|token| word(token) == chosen.query)
        .with_context(|| format!("no token `{}` in “{}”", chosen.query, chosen.text))?;
    let heads = forward.scores.first().map_or(0, |layer| layer.dims()[0]);
    let mut scores = Vec::new();
    for layer in &forward.scores {
        let values: Vec<f32> = layer.clone().into_data().try_to_vec().expect("scores are f32");
        for (row, keys) in values.chunks(tokens.len()).enumerate() {
            scores.extend_from_slice(&keys[..=row % tokens.len()]);
        }
    }
    let packed = Sentence {
        name: chosen.name.to_owned(),
        text: chosen.text.to_owned(),
        tokens,
        layers: forward.scores.len(),
        heads,
        scores,
    };
    Ok(ReadSentence { chosen, forward, packed, query })
}

/// What the widgets are told about the gallery.
pub(crate) fn gallery(sentences: &[ReadSentence]) -> Gallery {
    let shape = sentences.first().map_or((0, 0), |first| (first.packed.layers, first.packed.heads));
    let entry = |read: &ReadSentence| Entry {
        name: read.chosen.name.to_owned(),
        text: read.chosen.text.to_owned(),
        query: read.query,
        tokens: read.packed.tokens.len(),
    };
    Gallery { sentences: sentences.iter().map(entry).collect(), layers: shape.0, heads: shape.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_head_does_on_its_sentence_what_its_name_says() {
        let path = smollm2::locate().unwrap_or_else(|error| panic!("{error}"));
        let model = MemoisedModel::open(&path).unwrap();
        for NamedHead { head: (layer, head), label, sentence, most } in NAMED_HEADS {
            let read = read(&model, sentence).unwrap();
            let row = &read.packed.weights(*layer, *head)[read.query];
            let first = (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
            let what = format!("layer {layer}, head {head} on {sentence}, “{label}”: {row:?}");
            match most {
                Some(most) => assert_eq!(word(&read.packed.tokens[first]), *most, "{what}"),
                None => assert!(row[first] < 0.2, "{what}"),
            }
            assert!(most.is_none() || row[first] > 0.4, "{what}");
            // Where it looks is where its name says.
            let back = (read.query - 1, "one ");
            assert_eq!(first == back.0, label.starts_with(back.1), "{what}");
            assert_eq!(first == 0, label.ends_with("the first"), "{what}");
        }
    }
}
