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
}

/// The named heads, in the order of the menu. Layers and heads count from 0.
pub(crate) const NAMED_HEADS: &[NamedHead] = &[
    NamedHead { head: heads::NOUN, label: "“it” finds its noun", sentence: "cat" },
    NamedHead { head: (3, 8), label: "“it” finds its noun, earlier", sentence: "cat" },
    NamedHead { head: (16, 3), label: "“it” finds the trophy", sentence: "trophy-big" },
    NamedHead { head: heads::SUBJECT, label: "the verb finds its subject", sentence: "keys" },
    NamedHead { head: (24, 4), label: "the name that is missing", sentence: "names" },
    NamedHead { head: heads::PREVIOUS_TOKEN, label: "one token back", sentence: "repeat" },
    NamedHead { head: heads::INDUCTION, label: "what came next last time", sentence: "repeat" },
    NamedHead { head: heads::SINK, label: "nearly all on the first token", sentence: "cat" },
];

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
