//! The sentences that the model learns from, and those that are kept from it.

use std::collections::BTreeSet;

use crate::{LONGEST, Pair};
use attention::random::Random;

/// Sentence pairs, no two alike, in two parts.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// What the model learns from.
    pub training: Vec<Pair>,
    /// What it never sees while it learns.
    pub held_out: Vec<Pair>,
}

/// How many different pairs the corpus of the book has, both parts together.
pub const PAIRS: usize = 12_000;

/// The seed of the book's corpus.
const SEED: u64 = 7;

impl Corpus {
    /// The corpus of the book: the same on every machine.
    pub fn of_the_book() -> Self {
        let mut random = Random::new(SEED);
        let (mut seen, mut corpus) =
            (BTreeSet::new(), Corpus { training: Vec::new(), held_out: Vec::new() });
        while seen.len() < PAIRS {
            let pair = Pair::random(&mut random);
            if pair.french.len() > LONGEST || !seen.insert(pair.clone()) {
                continue;
            }
            let part = if held_out(&pair) { &mut corpus.held_out } else { &mut corpus.training };
            part.push(pair);
        }
        corpus
    }
}

/// Whether a sentence is kept from training: one in ten is, by a number made from its letters.
pub fn held_out(pair: &Pair) -> bool {
    let letters = pair.french.iter().flat_map(|word| word.bytes().chain([b' ']));
    // Each byte stirs the number: FNV-1a (Fowler, Noll and Vo), then SplitMix64.
    let number = letters.fold(0xcbf2_9ce4_8422_2325_u64, |number, byte| {
        (number ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Random::new(number ^ SEED).below(10) == 0
}
