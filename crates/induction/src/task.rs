//! The task: words of random letters, said again and again.

use std::ops::RangeInclusive;

use attention::random::Random;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::{CONTEXT, LETTERS};

/// How long the words of training may be: short enough to come back within the context.
pub const LENGTHS: RangeInclusive<usize> = 8..=16;
/// The length of a word that fills the context when it is said twice.
pub const TWICE: RangeInclusive<usize> = 16..=16;

/// One text of the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word, repeated up to [`CONTEXT`] letters and one more, as numbers.
    pub letters: Vec<usize>,
    /// How many letters pass before the word begins again.
    pub length: usize,
}

impl Word {
    /// Whether the letter after each place can be known: [`CONTEXT`] answers.
    pub fn known(&self) -> impl Iterator<Item = bool> + use<> {
        let length = self.length;
        (0..CONTEXT).map(move |place| place >= length)
    }
}

// ANCHOR: words
/// `count` texts, each of a new word of different letters that is said again and again.
pub fn words(count: usize, lengths: RangeInclusive<usize>, random: &mut Random) -> Vec<Word> {
    let (shortest, longest) = lengths.into_inner();
    let word = |_| {
        let length = shortest + random.below(longest - shortest + 1);
        let mut deck: Vec<usize> = (0..LETTERS).collect();
        for place in 0..length {
            deck.swap(place, place + random.below(LETTERS - place));
        }
        // One letter more than the model reads: the last one is what follows.
        Word { letters: (0..=CONTEXT).map(|place| deck[place % length]).collect(), length }
    };
    (0..count).map(word).collect()
}
// ANCHOR_END: words

/// Texts as tensors.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What the model reads, `[batch, CONTEXT]`.
    pub read: Tensor<2, Int>,
    /// The letter after each, `[batch, CONTEXT]`.
    pub next: Tensor<2, Int>,
    /// 1 where the next letter can be known, since the word has begun again, and 0 elsewhere:
    /// `[batch, CONTEXT]`.
    pub known: Tensor<2>,
}

impl Batch {
    /// The texts on `device`.
    pub fn new(words: &[Word], device: &Device) -> Self {
        let shape = [words.len(), CONTEXT];
        let letters = |first: usize| {
            let numbers = words.iter().flat_map(|word| &word.letters[first..first + CONTEXT]);
            let numbers = numbers.map(|letter| *letter as i32).collect();
            Tensor::from_data(TensorData::new::<i32, _>(numbers, shape), device)
        };
        let known = words.iter().flat_map(Word::known).map(|known| f32::from(u8::from(known)));
        let known = TensorData::new::<f32, _>(known.collect(), shape);
        Batch { read: letters(0), next: letters(1), known: Tensor::from_data(known, device) }
    }
}
