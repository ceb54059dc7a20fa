//! A head of the real model that looks from English to French: SmolLM2 has no cross-attention, and
//! translates in self-attention.

use inputs::{heads, texts};
use smollm2::{Model, locate};

/// The tokens of the French noun in each of the texts, and what they spell.
const NOUNS: [(std::ops::Range<usize>, &str); 5] =
    [(3..4, " chat"), (3..5, " maison"), (3..5, " livre"), (3..5, " femme"), (3..4, " table")];

// claim: smollm2-looks-at-the-noun
#[test]
fn one_head_looks_at_the_noun_to_translate_next() {
    let path = locate().unwrap_or_else(|error| panic!("{error}"));
    let model = Model::open(&path).unwrap_or_else(|error| panic!("{error}"));
    let mut weights = Vec::new();
    let (layer, head) = heads::FRENCH_NOUN;
    for (text, (noun, word)) in texts::FRENCH.into_iter().zip(NOUNS) {
        let forward = model.run(text).unwrap();
        let found: String =
            forward.tokens[noun.clone()].iter().map(|token| token.text.as_str()).collect();
        assert_eq!(found, word);
        let last = forward.tokens.len() - 1;
        let weight: f32 = noun.map(|token| forward.weight(layer, head, last, token).unwrap()).sum();
        println!("{text}: {weight:.2} on the noun");
        weights.push(weight);
    }
    // More than all other tokens together in three of the five; the first and the last are less.
    let most: Vec<bool> = weights.iter().map(|weight| *weight > 0.5).collect();
    assert_eq!(most, [false, true, true, true, false], "{weights:?}");
    assert!(weights[0] > 0.3 && weights[4] < 0.3, "{weights:?}");
}
