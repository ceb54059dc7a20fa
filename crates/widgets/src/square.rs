//! Every token against every token: the scores of one head as a square, the future included.

use attention::{Mask, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::user_text;

/// Numbers row by row: a row a query, a column a key.
pub type Rows = Vec<Vec<f32>>;

/// The scores of one head on one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Square {
    /// A short name for addresses, with no dot and no underscore in it: `toy`.
    pub name: String,
    /// What the menu calls it.
    pub label: String,
    /// Whose scores they are, for captions: `made-up vectors`, `layer 13, head 8 of SmolLM2`.
    pub whose: String,
    /// The tokens: `seq` of them.
    pub tokens: Vec<String>,
    /// Whether the model has a causal mask here, so that scores of later keys are of no use to it.
    pub masked: bool,
    /// The query that a widget opens on, from 0.
    pub query: usize,
    /// How many numbers a query and a key have.
    pub head_dim: usize,
    /// `[seq, seq]`, row by row: query · key, before the scale.
    pub raw: Vec<f32>,
    /// The same for a text that is read one token after the other, `[seq * (seq + 1) / 2]`: row
    /// `i` ends at key `i`, for there was no later one. Empty where nobody asks for it.
    pub one_by_one: Vec<f32>,
}

/// What becomes of the scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// query · key.
    pub raw: Rows,
    /// Divided by the square root of `head_dim`, and `-inf` where the mask hides a key.
    pub scaled: Rows,
    /// The softmax of each row.
    pub weights: Rows,
}

impl Square {
    /// How many tokens there are.
    pub fn seq(&self) -> usize {
        self.tokens.len()
    }

    /// The scores scaled, masked and softmaxed, by the library.
    pub fn steps(&self, mask: Mask) -> Steps {
        let seq = self.seq();
        let (scaled, weights) = self.shares(self.raw.clone(), [seq, seq], mask);
        Steps { raw: rows(&self.raw, seq), scaled, weights }
    }

    /// The weights of a text that is read one token after the other. Row `i` is one query over
    /// the `i + 1` keys that there are; the causal mask hides none of them.
    pub fn weights_one_by_one(&self) -> Rows {
        let mut rest = self.one_by_one.as_slice();
        let mut weights = Vec::new();
        while rest.len() > weights.len() {
            let (row, later) = rest.split_at(weights.len() + 1);
            weights.extend(self.shares(row.to_vec(), [1, row.len()], Mask::Causal).1);
            rest = later;
        }
        weights
    }

    /// The same scores, with `by` added to one of them, or to each of its row, after the scale.
    pub fn raised(&self, query: usize, key: Option<usize>, by: f32) -> Self {
        let mut raised = self.clone();
        let by = by * (self.head_dim as f32).sqrt();
        for (column, score) in
            raised.raw[query * self.seq()..].iter_mut().take(self.seq()).enumerate()
        {
            if key.is_none_or(|key| key == column) {
                *score += by;
            }
        }
        raised
    }

    /// What becomes of the scores when the tokens stand in another order: `order` says which one
    /// stands at each place. The rows and columns that come back are those of the tokens as they
    /// are called, wherever they stand; only the mask goes by the places.
    pub fn steps_in(&self, order: &[usize], mask: Mask) -> Steps {
        let seq = self.seq();
        let at = |row: usize, column: usize| self.raw[order[row] * seq + order[column]];
        let moved = (0..seq).flat_map(|row| (0..seq).map(move |column| at(row, column)));
        let (scaled, weights) = self.shares(moved.collect(), [seq, seq], mask);
        let back = |moved: Rows| {
            let mut rows = moved.clone();
            for (row, numbers) in moved.iter().enumerate() {
                for (column, number) in numbers.iter().enumerate() {
                    rows[order[row]][order[column]] = *number;
                }
            }
            rows
        };
        Steps { raw: rows(&self.raw, seq), scaled: back(scaled), weights: back(weights) }
    }

    fn shares(&self, raw: Vec<f32>, [seq_q, seq_k]: [usize; 2], mask: Mask) -> (Rows, Rows) {
        let device = Device::flex();
        let raw = Tensor::<2>::from_data(TensorData::new(raw, [seq_q, seq_k]), &device);
        let mut scaled = raw / (self.head_dim as f32).sqrt();
        if let Some(hidden) = mask.hidden(seq_q, seq_k, &device) {
            scaled = scaled.mask_fill(hidden, f32::NEG_INFINITY);
        }
        let weights = softmax(scaled.clone(), 1);
        let numbers =
            |tensor: Tensor<2>| rows(&tensor.into_data().iter().collect::<Vec<_>>(), seq_k);
        (numbers(scaled), numbers(weights))
    }

    /// The scores of one head on a text of the reader's own, later keys included, and those of the
    /// text read one by one, if it was.
    ///
    /// # Errors
    /// [`Error::File`] when the model has no such head or a score is beyond measure.
    fn of_text(reading: &Reading, layer: usize, head: usize) -> Result<Self, Error> {
        user_text::check_head(reading, layer, head)?;
        let scale = (reading.head_dim as f32).sqrt();
        let raw = |scores: &[f32]| scores.iter().map(|score| score * scale).collect();
        let square = Self {
            name: user_text::name(layer, head),
            label: user_text::label(reading, layer, head),
            whose: format!("layer {layer}, head {head} of SmolLM2"),
            tokens: reading.tokens.clone(),
            masked: true,
            query: reading.tokens.len() - 1,
            head_dim: reading.head_dim,
            raw: raw(reading.head_scores(layer, head)),
            one_by_one: reading.head_one_by_one(layer, head).map(raw).unwrap_or_default(),
        };
        if square.is_sound() {
            return Ok(square);
        }
        Err(Error::file(format!("layer {layer}, head {head} has a score beyond measure")))
    }

    /// Whether there are as many scores as the tokens ask for, all of them finite.
    fn is_sound(&self) -> bool {
        let seq = self.seq();
        self.query < seq
            && self.head_dim > 0
            && !self.name.contains(['.', '_'])
            && self.raw.len() == seq * seq
            && (self.one_by_one.is_empty() || self.one_by_one.len() == seq * (seq + 1) / 2)
            && self.raw.iter().chain(&self.one_by_one).all(|score| score.is_finite())
    }
}

fn rows(numbers: &[f32], columns: usize) -> Rows {
    numbers.chunks(columns).map(<[f32]>::to_vec).collect()
}

/// The squares that a widget can show: at least one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Squares(pub Vec<Square>);

impl Squares {
    /// The square called `name`.
    pub fn get(&self, name: &str) -> Option<&Square> {
        self.0.iter().find(|square| square.name == name)
    }

    /// A text of the reader's own, as each head of the real model that has a square reads it:
    /// those called `13-8`. One at least.
    ///
    /// # Errors
    /// [`Error::File`] when there is none, or the model has not all of them.
    pub(crate) fn of_text(&self, reading: &Reading) -> Result<Vec<Square>, Error> {
        let head = |square: &Square| {
            let (layer, place) = square.name.split_once('-')?;
            Some((layer.parse().ok()?, place.parse().ok()?))
        };
        let heads = self.0.iter().filter_map(head);
        let squares: Vec<Square> = heads
            .map(|(layer, head)| Square::of_text(reading, layer, head))
            .collect::<Result<_, _>>()?;
        if squares.is_empty() { Err(Error::no_text()) } else { Ok(squares) }
    }

    /// Puts a square at the end of the menu, in the place of one of its name.
    pub(crate) fn put(&mut self, square: Square) {
        self.0.retain(|other| other.name != square.name);
        self.0.push(square);
    }

    /// The menu: names with labels.
    pub fn menu(&self) -> Vec<(String, String)> {
        self.0.iter().map(|square| (square.name.clone(), square.label.clone())).collect()
    }

    /// Checks each square.
    ///
    /// # Errors
    /// [`Error::Setup`] with what is wrong.
    pub fn check(&self) -> Result<(), Error> {
        match self.0.iter().find(|square| !square.is_sound()) {
            Some(square) => {
                Err(Error::setup(format!("the scores `{}` are not sound", square.name)))
            }
            None => Ok(()),
        }
    }
}
