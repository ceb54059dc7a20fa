//! Score matrices for chapters 3 and 6: every token against every token, the future included.

use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use attention::{AttentionOptions, attention_steps};
use burn::tensor::{Device, Tensor};
use inputs::{causal_mask, heads, score_matrix, texts};
use smollm2::Forward;
use widgets::show::word;
use widgets::square::Square;

use crate::memoised_model::MemoisedModel;

/// Made-up vectors: those of a listing, which prints the same matrix.
pub(crate) struct Toy<const SEQ: usize> {
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
pub(crate) const CAT: Toy<4> = Toy {
    words: score_matrix::WORDS,
    opening: "sat",
    query: score_matrix::QUERY,
    key: score_matrix::KEY,
};

/// The words of chapter 6, as in `ch06-mask`.
pub(crate) const MYSTERY: Toy<5> = Toy {
    words: causal_mask::TOKENS,
    opening: "I",
    query: causal_mask::QUERY,
    key: causal_mask::KEY,
};

impl<const SEQ: usize> Toy<SEQ> {
    /// The scores of the toy, at once and one by one.
    ///
    /// # Errors
    /// None with the toys above: the library refuses shapes that do not fit.
    pub(crate) fn matrix(&self) -> Result<Square> {
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

/// A head of the model whose scores a widget shows.
pub(crate) struct MatrixHead {
    /// Its layer and its place in the layer, from 0.
    pub(crate) head: (usize, usize),
    /// What it does on this text.
    pub(crate) label: &'static str,
    /// The word that a widget opens on: its first occurrence.
    pub(crate) opening: &'static str,
}

/// The heads of chapter 3, on [`SHORT`].
pub(crate) const MATRIX_HEADS: &[MatrixHead] = &[
    MatrixHead { head: heads::NOUN, label: "looks for the subject", opening: "sat" },
    MatrixHead { head: (3, 8), label: "spreads out", opening: "sat" },
    MatrixHead { head: heads::PREVIOUS_TOKEN, label: "looks one token back", opening: "sat" },
    MatrixHead { head: heads::SINK, label: "parks on the first token", opening: "sat" },
];

/// The heads of chapter 6, on [`LONG`].
pub(crate) const MASK_HEADS: &[MatrixHead] = &[
    MatrixHead { head: heads::NOUN, label: "looks for the subject", opening: "The" },
    MatrixHead { head: (22, 8), label: "moves most, all rows together", opening: "The" },
    MatrixHead { head: (0, 6), label: "early rows most, step by step", opening: "The" },
    MatrixHead { head: heads::PREVIOUS_TOKEN, label: "looks one token back", opening: "The" },
];

/// What the heads of chapter 3 read.
pub(crate) const SHORT: &str = texts::CAT_SAT;

/// What the heads of chapter 6 read.
pub(crate) const LONG: &str = texts::CAT;

/// A text, with the scores of all heads before the mask.
pub(crate) struct UnmaskedText {
    /// The tokens, as words.
    pub(crate) words: Vec<String>,
    /// For each layer the scaled scores with nothing hidden, `[heads, seq, seq]`.
    pub(crate) unmasked: Rc<Vec<Tensor<3>>>,
    /// The ids of the tokens.
    pub(crate) ids: Vec<u32>,
    /// The pass over the tokens up to each one, where they were asked for.
    pub(crate) beginnings: Vec<Rc<Forward>>,
    tokens: Vec<String>,
    head_dim: usize,
}

impl UnmaskedText {
    /// Lets the model read a text, and, for `one_by_one`, each of its beginnings.
    ///
    /// # Errors
    /// When the model cannot run.
    pub(crate) fn read(model: &MemoisedModel, text: &str, one_by_one: bool) -> Result<Self> {
        let ids = model.encode(text)?;
        let tokens: Vec<String> =
            ids.iter().map(|&id| Ok(model.tokenizer().token(id)?.text)).collect::<Result<_>>()?;
        let beginnings = if one_by_one { ids.len() } else { 0 };
        Ok(Self {
            words: tokens.iter().map(|token| word(token)).collect(),
            unmasked: model.unmasked(&ids)?,
            beginnings: (1..=beginnings)
                .map(|end| model.forward_tokens(&ids[..end]))
                .collect::<Result<_>>()?,
            ids,
            tokens,
            head_dim: model.config().head_dim,
        })
    }

    /// The scores of one head.
    ///
    /// # Errors
    /// When there is no such word to open on.
    pub(crate) fn matrix(&self, shown: &MatrixHead) -> Result<Square> {
        let &MatrixHead { head: (layer, head), label, opening } = shown;
        ensure!(layer < self.unmasked.len(), "there is no layer {layer}");
        let scale = (self.head_dim as f32).sqrt();
        let numbers = |scores: &Tensor<3>, rows: std::ops::Range<usize>| -> Vec<f32> {
            let one = scores.clone().narrow(0, head, 1).narrow(1, rows.start, rows.len());
            (one * scale).into_data().iter().collect()
        };
        let last_rows = self.beginnings.iter().enumerate();
        Ok(Square {
            name: format!("{layer}-{head}"),
            label: format!("SmolLM2, layer {layer}, head {head}: {label}"),
            whose: format!("layer {layer}, head {head} of SmolLM2"),
            tokens: self.tokens.clone(),
            masked: true,
            query: self
                .words
                .iter()
                .position(|word| word == opening)
                .with_context(|| format!("no token `{opening}`"))?,
            head_dim: self.head_dim,
            raw: numbers(&self.unmasked[layer], 0..self.tokens.len()),
            one_by_one: last_rows
                .flat_map(|(row, beginning)| numbers(&beginning.scores[layer], row..row + 1))
                .collect(),
        })
    }
}
