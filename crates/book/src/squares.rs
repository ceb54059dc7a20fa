//! Squares of scores for chapters 3 and 6: every token against every token, the future included.

use anyhow::{Context, Result, ensure};
use attention::{AttentionOptions, attention_steps};
use burn::tensor::{Device, Tensor};
use smollm2::{Forward, Model};
use widgets::show::word;
use widgets::square::Square;

/// Made-up vectors: the numbers of a listing, which prints them.
pub struct Toy<const SEQ: usize> {
    /// The words.
    words: [&'static str; SEQ],
    /// The word that a widget opens on.
    opening: &'static str,
    /// `[seq, head_dim]`
    query: [[f32; 2]; SEQ],
    /// `[seq, head_dim]`
    key: [[f32; 2]; SEQ],
}

/// The words of chapter 3, as in `ch03-score-matrix`.
pub const CAT: Toy<4> = Toy {
    words: ["The", "cat", "sat", "down"],
    opening: "sat",
    query: [[1.7, 0.45], [-0.2, -0.8], [0.5, -0.25], [0.6, -0.1]],
    key: [[2.0, 2.3], [1.8, 1.0], [0.9, 2.3], [1.6, 1.0]],
};

/// The words of chapter 6, as in `ch06-mask`.
pub const MYSTERY: Toy<5> = Toy {
    words: ["I", "love", "mystery", "novels", "!"],
    opening: "I",
    query: [[0.2, 0.9], [0.5, 1.0], [0.3, 1.2], [0.8, 0.6], [0.7, 0.4]],
    key: [[1.0, 0.1], [0.4, 0.9], [0.2, 1.1], [0.3, 1.4], [0.1, 0.2]],
};

impl<const SEQ: usize> Toy<SEQ> {
    /// The scores of the toy, at once and one by one.
    ///
    /// # Errors
    /// None with the toys above: the library refuses shapes that do not fit.
    pub fn square(&self) -> Result<Square> {
        let mut one_by_one = Vec::new();
        for last in 0..SEQ {
            one_by_one.extend(self.raw(last, last)?);
        }
        Ok(Square {
            name: "toy".to_owned(),
            label: format!("Made-up vectors: {}", self.words.join(" ")),
            whose: "made-up vectors".to_owned(),
            tokens: self.words.map(str::to_owned).to_vec(),
            masked: false,
            query: self.words.iter().position(|word| *word == self.opening).unwrap_or(0),
            head_dim: 2,
            raw: self.raw(0, SEQ - 1)?,
            one_by_one,
        })
    }

    /// The raw scores of the queries from `first` on, in a text that ends with token `last`.
    fn raw(&self, first: usize, last: usize) -> Result<Vec<f32>> {
        let rows = |numbers: [[f32; 2]; SEQ], from: usize| {
            Tensor::<2>::from_data(numbers, &Device::flex())
                .narrow(0, from, last + 1 - from)
                .unsqueeze::<4>()
        };
        let (query, key) = (rows(self.query, first), rows(self.key, 0));
        let steps = attention_steps(query, key.clone(), key, AttentionOptions::default())?;
        Ok(steps.raw_scores.into_data().iter().collect())
    }
}

/// A head of the model whose square a widget shows.
pub struct Head {
    /// Its layer, from 0.
    pub layer: usize,
    /// Its place in the layer, from 0.
    pub head: usize,
    /// What it does on this text.
    pub label: &'static str,
    /// The word that a widget opens on: its first occurrence.
    pub opening: &'static str,
}

/// The heads of chapter 3, on [`SHORT`].
pub const MATRIX_HEADS: &[Head] = &[
    Head { layer: 13, head: 8, label: "looks for the subject", opening: "sat" },
    Head { layer: 3, head: 8, label: "spreads out", opening: "sat" },
    Head { layer: 16, head: 0, label: "looks one token back", opening: "sat" },
    Head { layer: 18, head: 8, label: "parks on the first token", opening: "sat" },
];

/// The heads of chapter 6, on [`LONG`].
pub const MASK_HEADS: &[Head] = &[
    Head { layer: 13, head: 8, label: "looks for the subject", opening: "The" },
    Head { layer: 22, head: 8, label: "moves most, all rows together", opening: "The" },
    Head { layer: 0, head: 6, label: "early rows most, step by step", opening: "The" },
    Head { layer: 16, head: 0, label: "looks one token back", opening: "The" },
];

/// What the heads of chapter 3 read.
pub const SHORT: &str = "The cat sat on the mat";

/// What the heads of chapter 6 read.
pub const LONG: &str = "The cat sat on the mat because it was tired";

/// A text, with the scores of all heads.
pub struct Text {
    /// The tokens, as words.
    pub words: Vec<String>,
    /// For each layer the scaled scores with nothing hidden, `[heads, seq, seq]`.
    pub open: Vec<Tensor<3>>,
    /// The pass over the tokens up to each one, where they were asked for.
    pub starts: Vec<Forward>,
    tokens: Vec<String>,
    head_dim: usize,
}

impl Text {
    /// Lets the model read a text, and, for `one_by_one`, each of its beginnings.
    ///
    /// # Errors
    /// When the model cannot run.
    pub fn read(model: &Model, text: &str, one_by_one: bool) -> Result<Self> {
        let ids = model.tokenizer().encode(text)?;
        let tokens: Vec<String> =
            ids.iter().map(|&id| Ok(model.tokenizer().token(id)?.text)).collect::<Result<_>>()?;
        let beginnings = if one_by_one { ids.len() } else { 0 };
        Ok(Self {
            words: tokens.iter().map(|token| word(token)).collect(),
            open: model.unmasked_scores(&ids)?,
            starts: (1..=beginnings)
                .map(|end| model.run_tokens(&ids[..end]))
                .collect::<Result<_, _>>()?,
            tokens,
            head_dim: model.config().head_dim,
        })
    }

    /// The square of one head.
    ///
    /// # Errors
    /// When there is no such word to open on.
    pub fn square(&self, head: &Head) -> Result<Square> {
        let &Head { layer, head: place, label, opening } = head;
        ensure!(layer < self.open.len(), "there is no layer {layer}");
        let scale = (self.head_dim as f32).sqrt();
        let numbers = |scores: &Tensor<3>, rows: std::ops::Range<usize>| -> Vec<f32> {
            let one = scores.clone().narrow(0, place, 1).narrow(1, rows.start, rows.len());
            (one * scale).into_data().iter().collect()
        };
        let last_rows = self.starts.iter().enumerate();
        Ok(Square {
            name: format!("{layer}-{place}"),
            label: format!("SmolLM2, layer {layer}, head {place}: {label}"),
            whose: format!("layer {layer}, head {place} of SmolLM2"),
            tokens: self.tokens.clone(),
            masked: true,
            query: self
                .words
                .iter()
                .position(|word| word == opening)
                .with_context(|| format!("no token `{opening}`"))?,
            head_dim: self.head_dim,
            raw: numbers(&self.open[layer], 0..self.tokens.len()),
            one_by_one: last_rows
                .flat_map(|(row, start)| numbers(&start.scores[layer], row..row + 1))
                .collect(),
        })
    }
}
