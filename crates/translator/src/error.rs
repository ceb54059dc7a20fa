//! What can be wrong with a sentence or with the weights.

use crate::{LONGEST, Vocabulary, text};

/// Why a sentence cannot be translated, or the weights cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A word that is unknown, out of place, or missing.
    #[error("{problem} Here the grammar knows: {}.", .expected.join(", "))]
    Words {
        /// What is wrong, as a sentence.
        problem: String,
        /// The place in the sentence, from 0.
        place: usize,
        /// The words that could stand there.
        expected: Vec<&'static str>,
    },
    /// The sentence ought to be over.
    #[error("{problem} The sentence is complete before it: leave it out.")]
    Extra {
        /// What is wrong, as a sentence.
        problem: String,
        /// The place in the sentence, from 0.
        place: usize,
    },
    /// The sentence has more words than the model has places.
    #[error("the sentence has {words} words, and the model knows {LONGEST} places: shorten it")]
    Long {
        /// How many words it has.
        words: usize,
    },
    /// The weights are not those of this model.
    #[error("the translator's weights cannot be used: {reason}")]
    Weights {
        /// What is wrong with them.
        reason: String,
    },
    /// Attention refused its tensors.
    #[error(transparent)]
    Attention(#[from] attention::Error),
}

impl Error {
    /// The error for the word at `place` of `given`, where one of `expected` could stand.
    pub(crate) fn words(given: &[String], place: usize, mut expected: Vec<&'static str>) -> Self {
        let problem = match given.get(place) {
            None if place == 0 => "There is no sentence yet.".to_owned(),
            None => "The sentence breaks off.".to_owned(),
            Some(word) => {
                let vocabulary = Vocabulary::french();
                let known = vocabulary.words().iter().any(|other| text::plain(other) == *word);
                match known {
                    true => format!("Word {}, “{word}”, cannot stand here.", place + 1),
                    false => format!("Word {}, “{word}”, is not known.", place + 1),
                }
            }
        };
        if expected.is_empty() {
            return Error::Extra { problem, place };
        }
        expected.sort_unstable();
        expected.dedup();
        Error::Words { problem, place, expected }
    }
}
