//! Detectors: what a head does, told from its attention weights.
//!
//! Each takes the pattern of one head on one text and returns a number. A high score says what
//! the head does on that text; it is an observation, not a law.
//!
//! Queries and keys count from 0. With more keys than queries the last query stands beside the
//! last key, as for [`Mask::Causal`](crate::Mask::Causal): the *place* of query `i` is
//! `i + seq_k - seq_q`.
//!
//! ```
//! use attention::detectors::Pattern;
//! use burn::tensor::{Device, Tensor};
//!
//! // The second token looks back at the first, the third mostly at the second.
//! let weights = [[1.0_f32, 0.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.8, 0.0]];
//! let pattern = Pattern::new(Tensor::from_data(weights, &Device::flex()))?;
//! assert!((pattern.previous_token()? - 0.9).abs() < 1e-6);
//! assert!((pattern.sink()? - 0.6).abs() < 1e-6);
//! # Ok::<(), attention::Error>(())
//! ```

use std::ops::Range;

use burn::tensor::Tensor;

use crate::{Error, entropy};

/// How far the sum of a row of weights may be from one; more where the type of the weights is
/// coarser than that.
const TOLERANCE: f64 = 1e-3;

/// The attention weights of one head on one text.
#[derive(Debug, Clone)]
pub struct Pattern {
    weights: Tensor<2>,
    /// The weights, row by row.
    rows: Vec<Vec<f64>>,
    seq_k: usize,
}

impl Pattern {
    /// Takes the weights of one head after the softmax, `[seq_q, seq_k]`.
    ///
    /// # Errors
    /// [`Error::NotMeasurable`] without a query or a key; [`Error::NotWeights`] when a weight is
    /// negative or not finite, or when a row does not sum to one within 0.001 (0.002 for `f16`,
    /// 0.016 for `bf16`). A row of nothing but zeros, which sees nothing, is taken as it is.
    pub fn new(weights: Tensor<2>) -> Result<Self, Error> {
        let rows = rows(&weights, "attention pattern")?;
        // Each weight has been rounded by up to half an epsilon, a few times over.
        let epsilon = weights.dtype().finfo().map_or(0.0, |info| info.epsilon);
        let tolerance = TOLERANCE.max(2.0 * epsilon);
        for (row, numbers) in rows.iter().enumerate() {
            check_row(numbers, tolerance).map_err(|problem| Error::NotWeights { row, problem })?;
        }
        let [_, seq_k] = weights.dims();
        Ok(Pattern { weights, rows, seq_k })
    }

    /// Previous-token score: the mean weight on the token right before the query, over all
    /// queries that have one. From 0 to 1 (Olsson et al., *In-context Learning and Induction
    /// Heads*, 2022, on previous-token heads).
    ///
    /// # Errors
    /// [`Error::NotMeasurable`] when no query has a token before it, or when there are more
    /// queries than keys.
    pub fn previous_token(&self) -> Result<f64, Error> {
        let score = "previous-token score";
        let weights = self.places(score)?.filter(|(place, _)| *place > 0);
        let need = "no query has a token before it: give two tokens or more";
        mean(weights.map(|(place, row)| row[place - 1]), score, need)
    }

    /// Prefix-matching score: the mean weight on the token that came after the previous
    /// occurrence of the query's own token, over all queries whose token occurred before. From 0
    /// to 1.
    ///
    /// After Olsson et al., *In-context Learning and Induction Heads*, 2022, which measures it on
    /// random tokens that are repeated. For `n` different tokens repeated once it is
    ///
    /// ```text
    /// 1/n * sum over i from n to 2n - 1 of weight[i][i - n + 1]
    /// ```
    ///
    /// `tokens` are the ids of the keys' tokens, `seq_k` of them.
    ///
    /// # Errors
    /// [`Error::NotMeasurable`] when `tokens` has another length, when no query's token occurred
    /// before, or when there are more queries than keys.
    pub fn prefix_matching(&self, tokens: &[u32]) -> Result<f64, Error> {
        let score = "prefix-matching score";
        if tokens.len() != self.seq_k {
            let (given, seq_k) = (tokens.len(), self.seq_k);
            let problem = format!("there are {given} tokens and {seq_k} keys: give one for each");
            return Err(Error::NotMeasurable { score, problem });
        }
        let weights = self.places(score)?.filter_map(|(place, row)| {
            let (before, token) = (&tokens[..place], tokens[place]);
            before.iter().rposition(|earlier| *earlier == token).map(|previous| row[previous + 1])
        });
        mean(weights, score, "no query's token occurred before: repeat the tokens")
    }

    /// Sink score: the mean weight on token 0, over all queries but token 0 itself, which under
    /// a causal mask sees nothing else. From 0 to 1 (Xiao et al., *Efficient Streaming Language
    /// Models with Attention Sinks*, 2023).
    ///
    /// # Errors
    /// As for [`previous_token`](Self::previous_token).
    pub fn sink(&self) -> Result<f64, Error> {
        let score = "sink score";
        let weights = self.places(score)?.filter(|(place, _)| *place > 0).map(|(_, row)| row[0]);
        mean(weights, score, "no query has a token before it: give two tokens or more")
    }

    /// Coreference probe: the weight that the query `pronoun` gives to the keys of `noun`, all
    /// together. A noun may be several tokens long (after Clark et al., *What Does BERT Look At?*,
    /// 2019, who ask whether a head looks at the noun most).
    ///
    /// # Errors
    /// [`Error::NotMeasurable`] when there is no such query, or when the range of keys is empty
    /// or does not lie in the text.
    pub fn coreference(&self, pronoun: usize, noun: Range<usize>) -> Result<f64, Error> {
        let score = "coreference probe";
        let fail = |problem| Err(Error::NotMeasurable { score, problem });
        let Some(row) = self.rows.get(pronoun) else {
            let count = self.rows.len();
            return fail(format!("there is no query {pronoun}: they count from 0 and are {count}"));
        };
        match row.get(noun.clone()) {
            Some(weights) if !weights.is_empty() => Ok(weights.iter().sum()),
            _ => fail(format!(
                "the keys {} to {} (not included) are none of the {}: give a range of keys",
                noun.start, noun.end, self.seq_k
            )),
        }
    }

    /// The [`entropy`] of each row, in nats: 0 for a query that looks at one token, and
    /// `ln(seq_k)` for one that looks at all alike.
    ///
    /// # Errors
    /// None with the weights that [`new`](Self::new) has taken.
    pub fn row_entropy(&self) -> Result<Vec<f32>, Error> {
        Ok(entropy(self.weights.clone(), 1)?.into_data().iter::<f32>().collect())
    }

    /// Mean attention distance, in tokens: how far a query looks, each distance counted by its
    /// weight, and the mean of that over all queries (Vig and Belinkov, *Analyzing the Structure
    /// of Attention in a Transformer Language Model*, 2019, who take it over many texts).
    ///
    /// # Errors
    /// [`Error::NotMeasurable`] when there are more queries than keys.
    pub fn mean_distance(&self) -> Result<f64, Error> {
        let score = "mean attention distance";
        let distances = self.places(score)?.map(|(place, row)| {
            row.iter().enumerate().map(|(key, weight)| weight * place.abs_diff(key) as f64).sum()
        });
        mean(distances, score, "there is no query")
    }

    /// Each row with the place of its query among the keys.
    fn places(&self, score: &'static str) -> Result<impl Iterator<Item = (usize, &[f64])>, Error> {
        let (seq_q, seq_k) = (self.rows.len(), self.seq_k);
        let Some(offset) = seq_k.checked_sub(seq_q) else {
            let problem = format!(
                "{seq_q} queries and {seq_k} keys are not of one text: give at least as many keys \
                 as queries"
            );
            return Err(Error::NotMeasurable { score, problem });
        };
        Ok(self.rows.iter().enumerate().map(move |(i, row)| (i + offset, row.as_slice())))
    }
}

/// Copying score: when the head reads a token, is it that token which it makes likelier? From 0,
/// never, to 1, that token alone.
///
/// `effect` is `[tokens, tokens]`, for different tokens: row `i` holds what the head adds to the
/// logit of each of these tokens when it gives all its attention to token `i`, which is the value
/// of token `i` through the head's part of the output projection and the unembedding. The mean is
/// taken off each row, what is then negative counts as zero, and the score is the mean share that
/// the diagonal has in its row:
///
/// ```text
/// r[i][j] = max(0, effect[i][j] - mean of effect[i])
/// score   = mean over i of r[i][i] / sum over j of r[i][j]
/// ```
///
/// After the copying score of Olsson et al., *In-context Learning and Induction Heads*, 2022: an
/// induction head is one with a high prefix-matching score that copies as well. A row in which no
/// token is made likelier than another counts as zero.
///
/// # Errors
/// [`Error::NotMeasurable`] with fewer than two tokens, when rows and columns are not as many,
/// or when a number is not finite.
///
/// ```
/// use attention::detectors::copying;
/// use burn::tensor::{Device, Tensor};
///
/// // Reading the first token raises it alone; reading the second raises the other one.
/// let effect = Tensor::from_data([[2.0_f32, 0.0], [1.0, -1.0]], &Device::flex());
/// assert_eq!(copying(effect)?, 0.5);
/// # Ok::<(), attention::Error>(())
/// ```
pub fn copying(effect: Tensor<2>) -> Result<f64, Error> {
    let score = "copying score";
    let rows = rows(&effect, score)?;
    let [count, columns] = effect.dims();
    let fail = |problem| Err(Error::NotMeasurable { score, problem });
    if count != columns || count < 2 {
        return fail(format!(
            "the effect is {count} x {columns}: give two tokens or more, squared"
        ));
    }
    if let Some(row) = rows.iter().position(|row| row.iter().any(|number| !number.is_finite())) {
        return fail(format!("row {row} of the effect has a number that is not finite"));
    }
    let shares = rows.iter().enumerate().map(|(token, row)| share_raised(row, token));
    mean(shares, score, "there is no token")
}

/// Which part of all that `row` raises above its mean is raised at `token`.
fn share_raised(row: &[f64], token: usize) -> f64 {
    let level = row.iter().sum::<f64>() / row.len() as f64;
    let raised = |number: f64| (number - level).max(0.0);
    let total: f64 = row.iter().map(|number| raised(*number)).sum();
    if total > 0.0 { raised(row[token]) / total } else { 0.0 }
}

/// The rows of a matrix that has some.
fn rows(matrix: &Tensor<2>, score: &'static str) -> Result<Vec<Vec<f64>>, Error> {
    let [rows, columns] = matrix.dims();
    if rows == 0 || columns == 0 {
        let problem = format!("its shape is [{rows}, {columns}]: give one row and column or more");
        return Err(Error::NotMeasurable { score, problem });
    }
    let numbers: Vec<f64> = matrix.to_data().iter::<f64>().collect();
    Ok(numbers.chunks(columns).map(<[f64]>::to_vec).collect())
}

/// What is wrong with a row of weights, as the end of a sentence.
fn check_row(row: &[f64], tolerance: f64) -> Result<(), String> {
    if let Some(key) = row.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        return Err(format!("has the weight {} at key {key}", row[key]));
    }
    let total: f64 = row.iter().sum();
    if total != 0.0 && (total - 1.0).abs() > tolerance {
        return Err(format!("sums to {total:.4}, not to 1"));
    }
    Ok(())
}

/// The mean of the numbers, or what is needed for there to be one.
fn mean(
    numbers: impl Iterator<Item = f64>,
    score: &'static str,
    need: &'static str,
) -> Result<f64, Error> {
    let (count, total) = numbers.fold((0, 0.0), |(n, total), number| (n + 1, total + number));
    match count {
        0 => Err(Error::NotMeasurable { score, problem: need.to_owned() }),
        _ => Ok(total / f64::from(count)),
    }
}
