//! The model of chapter 9: two layers of attention and nothing else, which learn to copy.
//!
//! Its texts are words of random letters, each word said again and again. No word comes twice in
//! training, so nothing can be learned by heart: the second time a letter comes, what followed it
//! the first time must be looked up. Two heads in a row can do that, and training finds them:
//! one that looks at the letter before (layer 1), and one that looks at what came after the same
//! letter earlier, an *induction head* (layer 2).
//!
//! | module | what |
//! |---|---|
//! | [`message`] | what a page and the trainer in its worker say to each other |
//! | `task` | the words |
//! | `model` | the transformer |
//! | `training` | a step of training, and what the heads do after it |
//!
//! All but the first are there with the feature `train`, which the trainer and the listings have
//! and a page's own module has not.

pub mod message;
#[cfg(feature = "train")]
pub mod model;
#[cfg(feature = "train")]
pub mod task;
#[cfg(feature = "train")]
pub mod training;

#[cfg(feature = "train")]
pub use model::{Cut, Forward, Transformer};
#[cfg(feature = "train")]
pub use task::{Batch, Word, words};
#[cfg(feature = "train")]
pub use training::Trainer;

/// How many letters there are: `a` to `z`.
pub const LETTERS: usize = 26;
/// How many letters of a text the model reads.
pub const CONTEXT: usize = 32;
/// How many layers it has.
pub const LAYERS: usize = 2;
/// How many heads each layer has.
pub const HEADS: usize = 4;

/// The letters of a text as numbers, `a` as 0.
///
/// # Errors
/// The first character that is not a letter from `a` to `z`.
///
/// ```
/// assert_eq!(induction::numbers("cab"), Ok(vec![2, 0, 1]));
/// assert_eq!(induction::numbers("Cab"), Err('C'));
/// ```
pub fn numbers(text: &str) -> Result<Vec<usize>, char> {
    let number = |letter: char| match letter {
        'a'..='z' => Ok(letter as usize - 'a' as usize),
        _ => Err(letter),
    };
    text.chars().map(number).collect()
}

/// The text of some numbers: the reverse of [`numbers`].
///
/// # Panics
/// When a number is not below [`LETTERS`].
pub fn text(numbers: &[usize]) -> String {
    let letter = |&number: &usize| {
        assert!(number < LETTERS, "there is no letter {number}");
        char::from(b'a' + number as u8)
    };
    numbers.iter().map(letter).collect()
}
