//! A head of the real model that looks from English to French: SmolLM2 has no cross-attention, and
//! translates in self-attention.

use smollm2::{Model, locate};

/// A text that ends where an English noun must come, and the tokens of the French noun.
const TEXTS: [(&str, std::ops::Range<usize>, &str); 5] = [
    ("French: le chat noir dort. English: the black", 3..4, " chat"),
    ("French: la maison blanche est grande. English: the white", 3..5, " maison"),
    ("French: le livre rouge est petit. English: the red", 3..5, " livre"),
    ("French: une femme jeune chante. English: a young", 3..5, " femme"),
    ("French: la table verte est grande. English: the green", 3..4, " table"),
];

// claim: smollm2-looks-at-the-noun
#[test]
fn one_head_looks_at_the_noun_to_translate_next() {
    let path = locate().unwrap_or_else(|error| panic!("{error}"));
    let model = Model::open(&path).unwrap_or_else(|error| panic!("{error}"));
    let mut weights = Vec::new();
    for (text, noun, word) in TEXTS {
        let forward = model.run(text).unwrap();
        let found: String =
            forward.tokens[noun.clone()].iter().map(|token| token.text.as_str()).collect();
        assert_eq!(found, word);
        let last = forward.tokens.len() - 1;
        let weight: f32 = noun.map(|token| forward.weight(21, 7, last, token).unwrap()).sum();
        println!("{text}: {weight:.2} on the noun");
        weights.push(weight);
    }
    // More than all other tokens together in three of the five; the first and the last are less.
    let most: Vec<bool> = weights.iter().map(|weight| *weight > 0.5).collect();
    assert_eq!(most, [false, true, true, true, false], "{weights:?}");
    assert!(weights[0] > 0.3 && weights[4] < 0.3, "{weights:?}");
}
