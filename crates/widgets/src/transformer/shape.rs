//! What the picture is drawn from: the model's sizes, and what the model made of one text.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Layers, one after the other.
    pub layers: usize,
    /// Query heads in a layer.
    pub heads: usize,
    /// Key and value heads in a layer.
    pub kv_heads: usize,
    /// Numbers in a query, a key or a value.
    pub head_dim: usize,
    /// Numbers that describe a token.
    pub d_model: usize,
    /// Numbers inside the feed-forward part.
    pub d_ff: usize,
    /// Tokens that the model knows.
    pub vocabulary: usize,
}

impl Shape {
    /// All heads of the model.
    pub fn all_heads(&self) -> usize {
        self.layers * self.heads
    }

    /// How many query heads share one key and value head.
    pub fn sharing(&self) -> usize {
        self.heads / self.kv_heads.max(1)
    }
}

/// The attention of one head on the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// Its layer, from 0.
    pub layer: usize,
    /// Its place in the layer, from 0.
    pub head: usize,
    /// For each token a weight for each token up to itself.
    pub weights: Vec<Vec<f32>>,
}

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The model's name.
    pub model: String,
    /// Its sizes.
    pub shape: Shape,
    /// The tokens that it reads, each as its text and its number in the vocabulary.
    pub tokens: Vec<(String, u32)>,
    /// What one of its heads made of them.
    pub map: Map,
    /// The likeliest next tokens with their shares, the likeliest first.
    pub next: Vec<(String, f32)>,
}

/// The picture has room for so many tokens.
const MOST_TOKENS: usize = 5;

/// And for so many next ones.
const MOST_NEXT: usize = 5;

impl Setup {
    /// Whether all of it fits together, and into the picture.
    ///
    /// # Errors
    /// [`Error::Setup`] with what does not.
    pub fn check(&self) -> Result<(), Error> {
        let Shape { layers, heads, kv_heads, head_dim, d_model, d_ff, vocabulary } = self.shape;
        let tokens = self.tokens.len();
        let rows = self.map.weights.iter().enumerate();
        let is_share = |share: &f32| (0.0..=1.0).contains(share);
        let wrong = match () {
            () if [layers, heads, kv_heads, head_dim, d_model, d_ff, vocabulary].contains(&0) => {
                "a size of the model is zero"
            }
            () if layers < 2 => "a model of one layer has no others to draw",
            () if !heads.is_multiple_of(kv_heads) => "the heads cannot share keys evenly",
            () if !(2..=MOST_TOKENS).contains(&tokens) => "the text has too many tokens, or one",
            () if self.map.layer >= layers || self.map.head >= heads => "there is no such head",
            () if self.map.weights.len() != tokens => "the map is not one of this text",
            () if !rows.clone().all(|(row, keys)| keys.len() == row + 1) => "the map has a gap",
            () if !self.map.weights.iter().flatten().all(is_share) => "a weight is no share",
            () if !(1..=MOST_NEXT).contains(&self.next.len()) => "too many next tokens, or none",
            () if !self.next.iter().all(|(_, share)| is_share(share)) => "a chance is no share",
            () => return Ok(()),
        };
        Err(Error::setup(wrong.to_owned()))
    }
}

/// What the small picture at the top of a chapter is drawn from. Without the model's weights the
/// sizes are known, and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Layers of the model.
    pub layers: usize,
    /// Query heads in a layer.
    pub heads: usize,
    /// The last word of the text.
    pub word: String,
    /// What the token before it looks at: a row of the map.
    pub row: Vec<f32>,
    /// The likeliest next tokens with their shares.
    pub next: Vec<(String, f32)>,
}

impl From<&Setup> for Outline {
    fn from(setup: &Setup) -> Self {
        Self {
            layers: setup.shape.layers,
            heads: setup.shape.heads,
            word: setup.tokens.last().map_or(String::new(), |(text, _)| crate::show::word(text)),
            row: setup.map.weights.iter().rev().nth(1).cloned().unwrap_or_default(),
            next: setup.next.clone(),
        }
    }
}
