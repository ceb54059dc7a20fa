//! The gallery: sentences that SmolLM2 reads when the book is built.

use anyhow::{Context, Result};
use smollm2::{Forward, Model};
use widgets::gallery::{Entry, Gallery, Sentence};

use widgets::show::word;

/// A sentence of the gallery.
pub struct Picture {
    /// A short name for files, addresses and facts.
    pub name: &'static str,
    /// What the model reads.
    pub text: &'static str,
    /// The word that the spotlight opens on: its last occurrence.
    pub query: &'static str,
}

/// The sentences, in the order of the menu.
pub const PICTURES: &[Picture] = &[
    Picture { name: "cat", text: "The cat sat on the mat because it was tired", query: "it" },
    Picture {
        name: "trophy-big",
        text: "The trophy did not fit in the suitcase because it was too big",
        query: "it",
    },
    Picture {
        name: "trophy-small",
        text: "The trophy did not fit in the suitcase because it was too small",
        query: "it",
    },
    Picture {
        name: "repeat",
        text: "river lamp seven cloud paper river lamp seven cloud",
        query: "cloud",
    },
    Picture { name: "capital", text: "The capital of France is", query: "is" },
    Picture {
        name: "keys",
        text: "The keys to the old wooden cabinet are on the table",
        query: "are",
    },
    Picture {
        name: "names",
        text: "When Mary and John went to the shop, John gave a drink to",
        query: "to",
    },
    Picture { name: "code", text: "let total = price * count; print(total)", query: "total" },
];

/// A head that does one thing that can be named, and where to see it.
pub struct NamedHead {
    /// Its layer, from 0.
    pub layer: usize,
    /// Its place in the layer, from 0.
    pub head: usize,
    /// What it does on this sentence.
    pub label: &'static str,
    /// The sentence, by name.
    pub sentence: &'static str,
}

/// The named heads, in the order of the menu. Layers and heads count from 0.
pub const NAMED_HEADS: &[NamedHead] = &[
    NamedHead { layer: 13, head: 8, label: "“it” finds its noun", sentence: "cat" },
    NamedHead { layer: 3, head: 8, label: "“it” finds its noun, earlier", sentence: "cat" },
    NamedHead { layer: 16, head: 3, label: "“it” finds the trophy", sentence: "trophy-big" },
    NamedHead { layer: 9, head: 7, label: "the verb finds its subject", sentence: "keys" },
    NamedHead { layer: 24, head: 4, label: "the name that is missing", sentence: "names" },
    NamedHead { layer: 16, head: 0, label: "one token back", sentence: "repeat" },
    NamedHead { layer: 18, head: 6, label: "what came next last time", sentence: "repeat" },
    NamedHead { layer: 18, head: 8, label: "nearly all on the first token", sentence: "cat" },
];

/// The made-up weights that textbooks show for "it" in the first sentence.
pub const ILLUSTRATION: [f32; 10] = [0.04, 0.42, 0.08, 0.02, 0.03, 0.05, 0.12, 0.10, 0.08, 0.06];

/// The words of the first sentence, for a book without the model.
pub fn illustrated_words() -> Vec<String> {
    PICTURES[0].text.split(' ').map(str::to_owned).collect()
}

/// A sentence of the gallery and what the model made of it.
pub struct Reading {
    /// The sentence.
    pub picture: &'static Picture,
    /// What the model returned.
    pub forward: Forward,
    /// All scores, packed for the page.
    pub sentence: Sentence,
    /// The token that the spotlight opens on.
    pub query: usize,
}

/// Lets the model read every sentence.
///
/// # Errors
/// When the model cannot run, or a sentence has no such word to open on.
pub fn read(model: &Model) -> Result<Vec<Reading>> {
    PICTURES.iter().map(|picture| read_one(model, picture)).collect()
}

fn read_one(model: &Model, picture: &'static Picture) -> Result<Reading> {
    let forward = model.run(picture.text)?;
    let tokens: Vec<String> = forward.tokens.iter().map(|token| token.text.clone()).collect();
    let query = tokens
        .iter()
        .rposition(|token| word(token) == picture.query)
        .with_context(|| format!("no token `{}` in “{}”", picture.query, picture.text))?;
    let heads = forward.scores.first().map_or(0, |layer| layer.dims()[0]);
    let mut scores = Vec::new();
    for layer in &forward.scores {
        let values: Vec<f32> = layer.clone().into_data().try_to_vec().expect("scores are f32");
        for (row, keys) in values.chunks(tokens.len()).enumerate() {
            scores.extend_from_slice(&keys[..=row % tokens.len()]);
        }
    }
    let sentence = Sentence {
        name: picture.name.to_owned(),
        text: picture.text.to_owned(),
        tokens,
        layers: forward.scores.len(),
        heads,
        scores,
    };
    Ok(Reading { picture, forward, sentence, query })
}

/// What the widgets are told about the gallery.
pub fn entries(readings: &[Reading]) -> Gallery {
    let shape =
        readings.first().map_or((0, 0), |first| (first.sentence.layers, first.sentence.heads));
    let entry = |reading: &Reading| Entry {
        name: reading.picture.name.to_owned(),
        text: reading.picture.text.to_owned(),
        query: reading.query,
        tokens: reading.sentence.tokens.len(),
    };
    Gallery { sentences: readings.iter().map(entry).collect(), layers: shape.0, heads: shape.1 }
}
