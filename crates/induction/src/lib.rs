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
mod record;
#[cfg(feature = "train")]
pub mod task;
#[cfg(feature = "train")]
pub mod training;

pub use record::record;

#[cfg(feature = "train")]
pub use model::{Forward, Transformer};
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

/// How many letters the word has whose map is drawn. It is said twice.
pub const DRAWN: usize = 10;
/// How many steps a training has.
pub const STEPS: u32 = 300;
/// How many steps lie between two [points](message::Point).
pub const EVERY: u32 = 5;
/// How large the steps are, unless the reader wants others.
pub const LEARNING_RATE: f64 = 0.006;

/// A letter from `a` to `z` as a number, `a` as 0.
///
/// ```
/// assert_eq!(['a', 'c', 'C', '-'].map(induction::number), [Some(0), Some(2), None, None]);
/// ```
pub fn number(letter: char) -> Option<usize> {
    letter.is_ascii_lowercase().then(|| letter as usize - 'a' as usize)
}

/// Why the model cannot go on with a text, in words, or nothing if it can.
///
/// ```
/// assert_eq!(induction::problem("rust"), None);
/// assert_eq!(induction::problem("Rust").unwrap(), "“R” is not a letter from a to z");
/// ```
pub fn problem(text: &str) -> Option<String> {
    if let Some(other) = text.chars().find(|letter| number(*letter).is_none()) {
        return Some(format!("“{other}” is not a letter from a to z"));
    }
    let most = CONTEXT - 1;
    (!(1..=most).contains(&text.len())).then(|| format!("it must have 1 to {most} letters"))
}

/// The text of some numbers: the reverse of [`number`].
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
