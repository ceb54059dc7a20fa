//! Random queries and keys, and what the softmax makes of their scores: the same numbers as the
//! listing `ch04-scale` prints for the same draw.

use attention::random::Random;
use attention::{AttentionOptions, attention_steps, entropy, softmax, softmax_jacobian};
use burn::tensor::Tensor;
pub use inputs::scale::{HEADS, KEYS, QUERIES, STUCK};

use super::LARGEST_POWER;

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
                spread: steps.raw_scores.clone().var(3).mean().sqrt().into_scalar(),
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
        let largest: Vec<f32> = softmax(scores, 3).max_dim(3).into_data().iter().collect();
        let rows = largest.len();
        let stuck = largest.iter().filter(|weight| **weight > STUCK).count();
        let mut slopes: Vec<f32> = largest.iter().map(|weight| weight * (1.0 - weight)).collect();
        slopes.sort_by(f32::total_cmp);
        Self {
            largest: largest.iter().sum::<f32>() / rows as f32,
            slope: slopes[rows / 2],
            stuck: stuck as f32 / rows as f32,
        }
    }
}

impl Side {
    /// The first row of `scores`, `[batch, heads, seq_q, seq_k]`.
    fn new(scores: Tensor<4>) -> Self {
        let scores: Tensor<1> = scores.slice([0..1, 0..1, 0..1, 0..KEYS]).flatten(0, 3);
        let weights = softmax(scores.clone(), 0);
        let entropy: f32 = entropy(weights.clone(), 0).expect("there are keys").into_scalar();
        let jacobian = softmax_jacobian(weights.clone());
        Self {
            spread: scores.clone().var(0).sqrt().into_scalar(),
            scores: scores.into_data().iter().collect(),
            weights: weights.into_data().iter().collect(),
            bits: entropy / std::f32::consts::LN_2,
            slopes: (jacobian.clone() * jacobian).sum().sqrt().into_scalar(),
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
