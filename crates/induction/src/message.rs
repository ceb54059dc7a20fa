//! What a page and the trainer in its worker say to each other, as JSON.

use serde::{Deserialize, Serialize};

use crate::{HEADS, LAYERS};

/// A number for each head of each layer.
pub type EachHead<T> = [[T; HEADS]; LAYERS];

/// Which heads are cut out: what they would add is left away.
pub type Cut = EachHead<bool>;

/// No head is cut out.
pub const WHOLE: Cut = [[false; HEADS]; LAYERS];

/// What a page asks of the trainer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Begin anew. Answers to earlier questions are then of no use: they carry another `run`.
    Start {
        /// Which training this is, for the page to tell answers apart.
        run: u32,
        /// What the first weights and the words follow from.
        seed: u32,
        /// How large the steps are.
        learning_rate: f64,
    },
    /// Train on.
    Train,
    /// Stop training.
    Pause,
    /// Try the model without some heads: go on writing a text.
    Continue {
        /// The text so far, letters from `a` to `z`.
        text: String,
        /// The heads to leave out.
        cut: Cut,
    },
}

/// What the trainer answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The training that this is about.
    pub run: u32,
    /// What is known now.
    pub news: News,
}

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// Training went on.
    Progress(Progress),
    /// Training is over, or rests.
    Rest(Rest),
    /// A text went on.
    Continued(Continued),
}

/// How training went on since the last answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// How the model did, at each point.
    pub points: Vec<Point>,
    /// A word, said twice.
    pub word: String,
    /// Where each head looks on it now: the weights that the mask leaves, row by row.
    pub maps: EachHead<Vec<f32>>,
}

/// What the model would do without each head.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rest {
    /// The loss without that head.
    pub loss: EachHead<f32>,
    /// The part of the letters that it then gets right.
    pub accuracy: EachHead<f32>,
}

/// How a text goes on, and how the model does on its held-out words meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Continued {
    /// The text that was to be continued.
    pub text: String,
    /// The heads that were left out.
    pub cut: Cut,
    /// The loss without them.
    pub loss: f32,
    /// The part of the letters that it then gets right.
    pub accuracy: f32,
    /// The letters that the model added, each the likeliest.
    pub added: String,
    /// How likely each was.
    pub shares: Vec<f32>,
}

/// Where two heads looked at each point of a training: one of layer 0 that looks one back, and one
/// of layer 1 that copies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The head of each layer.
    pub heads: [usize; LAYERS],
    /// For each point the weights that the mask leaves, row by row, in hundredths.
    pub maps: Vec<[Vec<u8>; LAYERS]>,
}

impl Pair {
    /// The heads of highest score at the last point, and their maps at each of them.
    pub fn new(points: &[Point], maps: &[EachHead<Vec<f32>>]) -> Self {
        let heads = points.last().map_or([0; LAYERS], Point::pair);
        let map = |maps: &EachHead<Vec<f32>>| {
            std::array::from_fn(|layer| hundredths(&maps[layer][heads[layer]]))
        };
        Self { heads, maps: maps.iter().map(map).collect() }
    }
}

/// Weights in whole hundredths.
pub fn hundredths(weights: &[f32]) -> Vec<u8> {
    weights.iter().map(|weight| (weight.clamp(0.0, 1.0) * 100.0).round() as u8).collect()
}

/// A whole training, kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What the first weights and the words followed from.
    pub seed: u32,
    /// How large the steps were.
    pub learning_rate: f64,
    /// How it went.
    pub progress: Progress,
    /// Where two heads looked meanwhile.
    pub pair: Pair,
    /// What each head is worth at the end.
    pub rest: Rest,
    /// A text that the model goes on with at the end.
    pub continued: Continued,
    /// The same without every head that works as an induction head.
    pub silenced: Continued,
}

/// How the model does at one point of its training, on words that it is not trained on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// How many steps it has made.
    pub step: u32,
    /// The mean of `-ln p(next letter)`, in nats, where the next letter can be known.
    pub loss: f32,
    /// How many of those letters it gets right, from 0 to 1.
    pub accuracy: f32,
    /// The previous-token score of each head.
    pub previous: EachHead<f32>,
    /// The prefix-matching score of each head.
    pub induction: EachHead<f32>,
}

impl Point {
    /// The head of layer 0 that looks back most, and the one of layer 1 that is the best
    /// induction head.
    pub fn pair(&self) -> [usize; LAYERS] {
        let best = |scores: &[f32; HEADS]| {
            (0..HEADS).max_by(|one, other| scores[*one].total_cmp(&scores[*other])).unwrap_or(0)
        };
        [best(&self.previous[0]), best(&self.induction[1])]
    }
}
