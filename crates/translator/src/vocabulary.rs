//! Words as numbers.

use crate::words::{ADJECTIVES, BE, NAMES, NOUNS, PLACES, VERBS};

/// The words of one language, in the order of their numbers.
#[derive(Debug, Clone)]
pub struct Vocabulary(Vec<&'static str>);

/// Fills up the shorter sentences of a batch. Its number is 0 in both languages.
pub const PAD: usize = 0;
/// What the decoder is given first. Its number is 1.
pub const START: usize = 1;
/// What the decoder writes last. Its number is 2.
pub const END: usize = 2;

impl Vocabulary {
    /// All French words of the grammar.
    pub fn french() -> Self {
        let small = "je j' il elle nous ils elles le la l' les un une ne n' pas jamais \
                     souvent toujours de d'";
        let nouns = NOUNS.iter().flat_map(|noun| noun.french);
        let adjectives = ADJECTIVES.iter().flat_map(|adjective| adjective.french);
        let verbs = VERBS.iter().flat_map(|verb| verb.french).chain(BE.map(|be| be.0));
        let others = NAMES.into_iter().chain(PLACES.map(|place| place.0));
        Self::of(small, nouns.chain(adjectives).chain(verbs).chain(others))
    }

    /// All English words of the grammar.
    pub fn english() -> Self {
        let small = "I he she we they the a an 's not never often always do does";
        let nouns = NOUNS.iter().flat_map(|noun| noun.english);
        let adjectives = ADJECTIVES.iter().map(|adjective| adjective.english);
        let verbs = VERBS.iter().flat_map(|verb| verb.english.into_iter().chain(verb.particle));
        let verbs = verbs.chain(BE.map(|be| be.1));
        let others = NAMES.into_iter().chain(PLACES.map(|place| place.1));
        Self::of(small, nouns.chain(adjectives).chain(verbs).chain(others))
    }

    fn of(small: &'static str, words: impl Iterator<Item = &'static str>) -> Self {
        let mut words: Vec<&str> = small.split_whitespace().chain(words).collect();
        words.sort_unstable();
        words.dedup();
        Vocabulary(["<pad>", "<start>", "<end>"].into_iter().chain(words).collect())
    }

    /// How many words there are, with the three signs `<pad>`, `<start>` and `<end>`.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// The word of this number. `None` if there are not so many.
    pub fn word(&self, number: usize) -> Option<&'static str> {
        self.0.get(number).copied()
    }

    /// The number of this word, written as the grammar writes it.
    pub fn number(&self, word: &str) -> Option<usize> {
        self.0.iter().position(|other| *other == word)
    }

    /// The words themselves, without the signs.
    pub fn words(&self) -> &[&'static str] {
        &self.0[END + 1..]
    }
}
