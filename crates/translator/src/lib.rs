//! A small model that translates French into English, for the chapter on cross-attention.
//!
//! - [`Pair`] and [`Corpus`]: sentences made by a grammar, with their translations.
//! - [`Vocabulary`]: words as numbers.
//! - [`Translator`]: an encoder and a decoder, made of the attention of the crate `attention`.
//!
//! The model reads words, not pieces of words. The listing `ch07-train` trains it.

mod corpus;
mod error;
mod grammar;
mod model;
mod text;
mod translate;
mod vocabulary;
mod weights;
mod words;

pub use attention::random::Random;
pub use corpus::{Corpus, PAIRS, held_out};
pub use error::Error;
pub use grammar::Pair;
pub use model::{
    AttentionMatrices, D_MODEL, Decoded, DecoderLayer, EncoderLayer, FeedForward, HEADS, LAYERS,
    Translator,
};
pub use text::{join, plain};
pub use translate::{Batch, Translation};
pub use vocabulary::{END, PAD, START, Vocabulary};
pub use weights::{TRAINING_LOG, WEIGHTS, WEIGHTS_CHECKSUM, checksum};

/// How many French words the longest sentence has.
pub const LONGEST: usize = 12;
