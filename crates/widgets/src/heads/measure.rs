//! What the widget asks of each head, and the answers of all heads on one sentence.

use attention::detectors::Pattern;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files::PageFile;
use crate::gallery::Sentence;
use crate::grid::Cell;
use crate::show::share;

/// What the cells of the overview show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Show {
    /// The previous-token score.
    Previous,
    /// The sink score: the weight on the first token.
    First,
    /// The prefix-matching score, by which induction heads are found.
    Prefix,
    /// The weight of one token on another: those of the chosen cell.
    Pair,
    /// The entropy of a row.
    Entropy,
    /// No number: the head's map, small.
    Maps,
}

impl Show {
    /// All, in the order of the menu. The first five are numbers.
    pub const ALL: [Self; 6] =
        [Self::Previous, Self::First, Self::Prefix, Self::Pair, Self::Entropy, Self::Maps];

    /// Its name in events and addresses.
    pub fn key(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::First => "first",
            Self::Prefix => "prefix",
            Self::Pair => "pair",
            Self::Entropy => "entropy",
            Self::Maps => "maps",
        }
    }

    /// The one with this name.
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.key() == key)
    }

    /// A number as it is printed.
    pub fn printed(self, score: f64) -> String {
        match self {
            Self::Entropy => format!("{score:.2}"),
            _ => share(score as f32),
        }
    }

    /// The number by the library's detector, or why there is none.
    fn ask(self, head: &Pattern, tokens: &[u32], (query, key): Cell) -> Result<f64, String> {
        let score = match self {
            Self::Previous => head.previous_token(),
            Self::First => head.sink(),
            Self::Prefix => head.prefix_matching(tokens),
            Self::Pair | Self::Maps => head.coreference(query, key..key + 1),
            Self::Entropy => head.row_entropy().map(|rows| mean(rows.into_iter().map(f64::from))),
        };
        score.map_err(|error| match error {
            attention::Error::NotMeasurable { problem, .. } => problem,
            other => other.to_string(),
        })
    }
}

/// A number of each head, layer by layer, or why there is none.
pub type Scores = Result<Vec<f64>, String>;

/// All heads on one sentence.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The sentence, by name.
    pub name: String,
    /// Its tokens.
    pub tokens: Vec<String>,
    /// `[layers · heads]`, each with a row for each query: the weights of the keys up to its own.
    weights: Vec<Vec<Vec<f32>>>,
    patterns: Vec<Pattern>,
    /// A number for each token: the same for the same text.
    ids: Vec<u32>,
    heads: usize,
    /// What does not depend on the chosen pair.
    fixed: Vec<(Show, Scores)>,
}

impl Overview {
    /// Runs the softmax and the detectors over every head of `sentence`.
    ///
    /// # Errors
    /// [`Error::File`] when the weights of a head cannot be those of attention.
    pub fn new(sentence: &Sentence) -> Result<Self, Error> {
        let places = (0..sentence.layers).flat_map(|l| (0..sentence.heads).map(move |h| (l, h)));
        let weights: Vec<_> = places.map(|(layer, head)| sentence.weights(layer, head)).collect();
        let patterns = weights.iter().map(|rows| pattern(rows)).collect::<Result<_, _>>();
        let mut overview = Self {
            name: sentence.name.clone(),
            tokens: sentence.tokens.clone(),
            patterns: patterns.map_err(|error: attention::Error| Error::file(error.to_string()))?,
            weights,
            ids: ids(&sentence.tokens),
            heads: sentence.heads,
            fixed: Vec::new(),
        };
        overview.fixed = [Show::Previous, Show::First, Show::Prefix, Show::Entropy]
            .map(|show| (show, overview.ask_all(show, (0, 0))))
            .to_vec();
        Ok(overview)
    }

    fn ask_all(&self, show: Show, pair: Cell) -> Scores {
        self.patterns.iter().map(|head| show.ask(head, &self.ids, pair)).collect()
    }

    /// The number of each head, layer by layer. For [`Show::Maps`] it is that of the pair.
    ///
    /// # Errors
    /// Why it cannot be measured on this sentence.
    pub fn scores(&self, show: Show, pair: Cell) -> Scores {
        let known = self.fixed.iter().find(|(fixed, _)| *fixed == show);
        known.map_or_else(|| self.ask_all(show, pair), |(_, scores)| scores.clone())
    }

    /// The weights of one head: row `i` holds those of query `i` over the keys up to itself.
    pub fn weights(&self, layer: usize, head: usize) -> &[Vec<f32>] {
        &self.weights[layer * self.heads + head]
    }

    /// How many layers the model has, and how many heads a layer.
    pub(super) fn model(&self) -> (usize, usize) {
        (self.weights.len() / self.heads, self.heads)
    }

    /// The largest entropy, in nats, that a head can have: each query looks at all that it may see
    /// alike.
    pub fn most_entropy(&self) -> f64 {
        mean((0..self.tokens.len()).map(|place| (place as f64 + 1.0).ln()))
    }
}

impl PageFile for Overview {
    fn name(&self) -> &str {
        &self.name
    }

    fn path(name: &str) -> String {
        Sentence::path(name)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::new(&Sentence::from_bytes(bytes)?)
    }
}

/// The weights as the detectors take them, `[seq, seq]`.
fn pattern(rows: &[Vec<f32>]) -> Result<Pattern, attention::Error> {
    let seq = rows.len();
    let mut square = vec![0.0_f32; seq * seq];
    for (row, weights) in rows.iter().enumerate() {
        square[row * seq..][..weights.len()].copy_from_slice(weights);
    }
    Pattern::new(Tensor::from_data(TensorData::new(square, [seq, seq]), &Device::flex()))
}

/// The place of each token's first occurrence.
fn ids(tokens: &[String]) -> Vec<u32> {
    let first = |token| tokens.iter().position(|other| other == token).expect("it is there");
    tokens.iter().map(|token| first(token) as u32).collect()
}

fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len() as f64;
    numbers.sum::<f64>() / count
}
