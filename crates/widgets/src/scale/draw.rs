//! Random queries and keys, and what the softmax makes of their scores: the same numbers as the
//! listing `ch04-scale` prints for the same draw.

use attention::random::Random;
use attention::{AttentionOptions, attention_steps, entropy, softmax, softmax_jacobian};
use burn::tensor::{Device, Tensor};
pub use inputs::scale::{HEADS, KEYS, QUERIES, STUCK};

use super::LARGEST_POWER;
use crate::show::largest_first;

/// What one draw gives at each dimension, smallest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// All rows at each dimension, in short.
    pub lines: Vec<Line>,
    /// The first row at each dimension, in full.
    pub rows: Vec<Row>,
}

/// All rows at one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// How many numbers a query and a key have.
    pub head_dim: usize,
    /// The standard deviation of the raw scores of a row: the root of its square's mean.
    pub spread: f32,
    /// Without the scale.
    pub raw: Saturation,
    /// With it.
    pub scaled: Saturation,
}

/// How far a softmax has gone towards giving all to one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saturation {
    /// The largest weight of a row, on average.
    pub largest: f32,
    /// The slope of that weight, `a (1 - a)`, in the middle one of all rows.
    pub slope: f32,
    /// Which part of the rows has a weight above [`STUCK`].
    pub stuck: f32,
}

/// One query's row at one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Without the scale.
    pub raw: Side,
    /// With it.
    pub scaled: Side,
}

/// A row of scores, and what the softmax makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The scores, one a key.
    pub scores: Vec<f32>,
    /// Their standard deviation.
    pub spread: f32,
    /// The weights.
    pub weights: Vec<f32>,
    /// How spread out the weights are, in bits.
    pub bits: f32,
    /// The norm of the Jacobian: how strongly the weights answer to the scores.
    pub slopes: f32,
}

impl Draw {
    /// Draws at every dimension with the same seed.
    pub fn new(seed: u64) -> Self {
        let (mut lines, mut rows) = (Vec::new(), Vec::new());
        for head_dim in (0..=LARGEST_POWER).map(|power| 1 << power) {
            let mut random = Random::new(seed);
            let query = random.unit_tensor([1, HEADS, QUERIES, head_dim]);
            let key = random.unit_tensor([1, HEADS, KEYS, head_dim]);
            // Nobody looks at the values here, so one number each is enough.
            let value = key.clone().narrow(3, 0, 1);
            let steps = attention_steps(query, key, value, AttentionOptions::default())
                .expect("the shapes fit");
            lines.push(Line {
                head_dim,
                spread: spread(&list(steps.raw_scores.clone())),
                raw: Saturation::new(steps.raw_scores.clone()),
                scaled: Saturation::new(steps.scaled.clone()),
            });
            rows.push(Row { raw: Side::new(steps.raw_scores), scaled: Side::new(steps.scaled) });
        }
        Self { lines, rows }
    }
}

impl Saturation {
    /// Over all rows of `scores`, `[batch, heads, seq_q, seq_k]`.
    fn new(scores: Tensor<4>) -> Self {
        let weights = list(softmax(scores, 3));
        let largest: Vec<f32> =
            weights.chunks(KEYS).map(|row| row.iter().copied().fold(0.0, f32::max)).collect();
        let rows = largest.len();
        let stuck = largest.iter().filter(|weight| **weight > STUCK).count();
        let slopes: Vec<f32> = largest.iter().map(|weight| weight * (1.0 - weight)).collect();
        Self {
            largest: largest.iter().sum::<f32>() / rows as f32,
            slope: slopes[largest_first(&slopes)[rows - 1 - rows / 2]],
            stuck: stuck as f32 / rows as f32,
        }
    }
}

impl Side {
    /// The first row of `scores`, `[batch, heads, seq_q, seq_k]`.
    fn new(scores: Tensor<4>) -> Self {
        let scores = list(scores)[..KEYS].to_vec();
        let weights = softmax(Tensor::<1>::from_data(&scores[..], &Device::flex()), 0);
        let entropy: f32 = entropy(weights.clone(), 0).expect("there are keys").into_scalar();
        let slopes = list(softmax_jacobian(weights.clone()));
        Self {
            spread: spread(&scores),
            scores,
            weights: list(weights),
            bits: entropy / std::f32::consts::LN_2,
            slopes: slopes.iter().map(|slope| slope * slope).sum::<f32>().sqrt(),
        }
    }

    /// The largest weight, and its key, from 0.
    ///
    /// # Panics
    /// If there are no keys.
    pub fn largest(&self) -> (usize, f32) {
        let weights = self.weights.iter().copied().enumerate();
        weights.max_by(|(_, a), (_, b)| a.total_cmp(b)).expect("there are keys")
    }

    /// To how many keys with equal weights the weights amount.
    pub fn effective(&self) -> f32 {
        self.bits.exp2()
    }
}

/// The standard deviation of the scores of a row, as one that is drawn: over several rows the root
/// of its square's mean.
fn spread(scores: &[f32]) -> f32 {
    let variance = |row: &[f32]| {
        let mean = row.iter().sum::<f32>() / row.len() as f32;
        let squares = row.iter().map(|score| (score - mean) * (score - mean));
        squares.sum::<f32>() / (row.len() - 1) as f32
    };
    let rows = scores.chunks(KEYS);
    let count = rows.len() as f32;
    (rows.map(variance).sum::<f32>() / count).sqrt()
}

/// All numbers in order.
fn list<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}
