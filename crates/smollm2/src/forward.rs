//! What the model saw in a text.

use std::sync::Arc;

use burn::tensor::Tensor;

use crate::{Error, Token, Tokenizer};

/// One pass of a text through the model.
pub struct Forward {
    /// The text.
    pub text: String,
    /// Its tokens. `seq_q` and `seq_k` below are their number.
    pub tokens: Vec<Token>,
    /// For each layer the scores before the softmax, `[heads, seq_q, seq_k]`: scaled by
    /// `1 / sqrt(head_dim)`, and `-inf` where the key comes after the query.
    pub scores: Vec<Tensor<3>>,
    /// For each layer the weights, `[heads, seq_q, seq_k]`: each row sums to one.
    pub weights: Vec<Tensor<3>>,
    /// How strongly each token of the vocabulary is expected after the last one, `[vocabulary]`.
    pub logits: Vec<f32>,
    pub(crate) tokenizer: Arc<Tokenizer>,
}

/// A token that may come next.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The token.
    pub token: Token,
    /// How likely it is, from 0 to 1: its share in the softmax of the logits.
    pub probability: f32,
}

impl Forward {
    /// How much of its attention token `query` gives to token `key`, from 0 to 1. All four count
    /// from 0.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when there is no such layer, head or token.
    pub fn weight(
        &self,
        layer: usize,
        head: usize,
        query: usize,
        key: usize,
    ) -> Result<f32, Error> {
        check("layer", layer, self.weights.len())?;
        let weights = &self.weights[layer];
        let [heads, seq_q, seq_k] = weights.dims();
        check("head", head, heads)?;
        check("query", query, seq_q)?;
        check("key", key, seq_k)?;
        let one = weights.clone().slice([head..head + 1, query..query + 1, key..key + 1]);
        Ok(one.into_scalar())
    }

    /// All weights as plain numbers: `attention()[layer][head][query][key]`.
    pub fn attention(&self) -> Vec<Vec<Vec<Vec<f32>>>> {
        self.weights.iter().map(|weights| nested(weights.clone())).collect()
    }

    /// The `count` likeliest next tokens, the likeliest first; all when there are fewer.
    ///
    /// # Errors
    /// None with the logits that the model gave; [`Error::OutOfRange`] when `logits` was made
    /// longer than the vocabulary.
    pub fn top(&self, count: usize) -> Result<Vec<Candidate>, Error> {
        let mut ranked: Vec<(u32, f32)> = (0..).zip(self.probabilities()).collect();
        ranked.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        let candidate = |(id, probability)| {
            self.tokenizer.token(id).map(|token| Candidate { token, probability })
        };
        ranked.into_iter().take(count).map(candidate).collect()
    }

    /// The softmax of the logits: how likely each token of the vocabulary is to come next.
    ///
    /// Summed in f64: 49,152 shares, most of them tiny, added up one by one in f32 lose the
    /// fourth digit.
    pub fn probabilities(&self) -> Vec<f32> {
        let largest = self.logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let power = |&logit: &f32| (f64::from(logit) - f64::from(largest)).exp();
        let total: f64 = self.logits.iter().map(power).sum();
        self.logits.iter().map(|logit| (power(logit) / total) as f32).collect()
    }
}

/// That there is an `index` among `count` of `what`.
pub(crate) fn check(what: &'static str, index: usize, count: usize) -> Result<(), Error> {
    if index < count { Ok(()) } else { Err(Error::OutOfRange { what, index, count }) }
}

fn nested(tensor: Tensor<3>) -> Vec<Vec<Vec<f32>>> {
    let [_, rows, columns] = tensor.dims();
    let numbers: Vec<f32> = tensor.into_data().iter().collect();
    let rows_of = |head: &[f32]| head.chunks(columns).map(<[f32]>::to_vec).collect();
    numbers.chunks(rows * columns).map(rows_of).collect()
}
