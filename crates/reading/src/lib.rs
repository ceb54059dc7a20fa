//! What the real model makes of a typed text, as bytes between the worker and the page.
//!
//! The worker's module has the model and no widgets; the page's module has the widgets and no
//! model. This crate is what both know.

use serde::{Deserialize, Serialize};

/// The first byte: which layout follows.
const VERSION: u8 = 2;

/// How many of the likeliest next tokens have names.
pub const NAMED: usize = 50;

/// What the model makes of a text of `seq` tokens. Layers and heads count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The text.
    pub text: String,
    /// Its tokens: `seq` of them.
    pub tokens: Vec<String>,
    /// How many layers the model has.
    pub layers: usize,
    /// How many query heads a layer has.
    pub heads: usize,
    /// How many key and value heads a layer has.
    pub kv_heads: usize,
    /// How many numbers a query, a key or a value has.
    pub head_dim: usize,
    /// How many numbers a token has before a head.
    pub d_model: usize,
    /// `[layers, heads, seq_q, seq_k]`: the scaled scores before the mask, later keys included.
    pub scores: Vec<f32>,
    /// The scores of the text read one token after the other, where somebody asked for it:
    /// `[layers, heads, seq_q, seq_k]`, where row `i` ends at key `i`.
    pub one_by_one: Option<Vec<f32>>,
    /// `[layers, heads, seq, head_dim]`, turned to the tokens' places.
    pub query: Vec<f32>,
    /// `[layers, kv_heads, seq, head_dim]`, turned to the tokens' places.
    pub key: Vec<f32>,
    /// `[layers, kv_heads, seq, head_dim]`
    pub value: Vec<f32>,
    /// The texts of the likeliest next tokens, the likeliest first.
    pub named: Vec<String>,
    /// How strongly each token of the vocabulary is expected, the largest first.
    pub logits: Vec<f32>,
}

/// Why some bytes are not a reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the model's answer cannot be read: {0}; reload the page")]
pub struct Error(String);

impl Reading {
    /// Reads the bytes that [`to_bytes`](Self::to_bytes) made.
    ///
    /// # Errors
    /// [`Error`] when they are damaged or of another version, or when there are more or fewer
    /// numbers than the sizes ask for, or one that is not finite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let Some((&VERSION, body)) = bytes.split_first() else {
            return Err(Error(format!("it is not of version {VERSION}")));
        };
        let reading: Self =
            postcard::from_bytes(body).map_err(|problem| Error(problem.to_string()))?;
        reading.check()?;
        Ok(reading)
    }

    fn check(&self) -> Result<(), Error> {
        let &Reading { layers, heads, kv_heads, head_dim, .. } = self;
        let seq = self.tokens.len();
        let some = [layers, heads, kv_heads, head_dim, seq, self.named.len()];
        if some.contains(&0) || !heads.is_multiple_of(kv_heads) {
            return Err(Error("it has no tokens or no heads, or their numbers do not fit".into()));
        }
        for (what, numbers, shape) in [
            ("scores", &self.scores, [layers, heads, seq, seq]),
            ("queries", &self.query, [layers, heads, seq, head_dim]),
            ("keys", &self.key, [layers, kv_heads, seq, head_dim]),
            ("values", &self.value, [layers, kv_heads, seq, head_dim]),
        ] {
            let count = shape.iter().try_fold(1, |all: usize, &size| all.checked_mul(size));
            if count != Some(numbers.len()) {
                let found = numbers.len();
                return Err(Error(format!("its {what} are {found} numbers, not {shape:?}")));
            }
            finite(what, numbers)?;
        }
        if let Some(rows) = &self.one_by_one {
            let (found, count) = (rows.len(), layers * heads * triangle(seq));
            if found != count {
                let what = "scores one by one";
                return Err(Error(format!("its {what} are {found} numbers, not {count}")));
            }
            finite("scores one by one", rows)?;
        }
        if self.named.len() > self.logits.len() || !self.logits.is_sorted_by(|a, b| a >= b) {
            return Err(Error("its next tokens are not in order".into()));
        }
        finite("logits", &self.logits)
    }

    /// The bytes that [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("a reading is plain data")
    }

    /// The scores of one head, `[seq_q, seq_k]`.
    ///
    /// # Panics
    /// If there is no such layer or head.
    pub fn head_scores(&self, layer: usize, head: usize) -> &[f32] {
        let size = self.tokens.len() * self.tokens.len();
        &self.scores[(layer * self.heads + head) * size..][..size]
    }

    /// The scores of one head as the text was read one token after the other, `[seq_q, seq_k]`
    /// where row `i` ends at key `i`, if it was.
    ///
    /// # Panics
    /// If there is no such layer or head.
    pub fn head_one_by_one(&self, layer: usize, head: usize) -> Option<&[f32]> {
        let size = triangle(self.tokens.len());
        let rows = self.one_by_one.as_ref()?;
        Some(&rows[(layer * self.heads + head) * size..][..size])
    }
}

/// How many numbers `seq` rows have, the first with one and each with one more than the last.
fn triangle(seq: usize) -> usize {
    seq * (seq + 1) / 2
}

fn finite(what: &str, numbers: &[f32]) -> Result<(), Error> {
    match numbers.iter().position(|number| !number.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error(format!("number {at} of its {what} is {}", numbers[at]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tokens, two layers of two query heads that share one key and value head.
    fn small() -> Reading {
        let numbers = |count: usize| (0..count).map(|place| place as f32 / 8.0).collect();
        Reading {
            text: "a b".into(),
            tokens: vec!["a".into(), " b".into()],
            layers: 2,
            heads: 2,
            kv_heads: 1,
            head_dim: 2,
            d_model: 4,
            scores: numbers(16),
            one_by_one: Some(numbers(12)),
            query: numbers(16),
            key: numbers(8),
            value: numbers(8),
            named: vec!["x".into()],
            logits: vec![2.0, 1.0, 1.0],
        }
    }

    fn refused(change: impl Fn(&mut Reading)) -> String {
        let mut reading = small();
        change(&mut reading);
        Reading::from_bytes(&reading.to_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let reading = Reading::from_bytes(&small().to_bytes()).unwrap();
        assert_eq!(reading, small());
        assert_eq!(reading.head_scores(1, 0), [1.0, 1.125, 1.25, 1.375]);
        assert_eq!(reading.head_one_by_one(1, 0).unwrap(), [0.75, 0.875, 1.0]);
        let at_once = Reading { one_by_one: None, ..small() };
        let read = Reading::from_bytes(&at_once.to_bytes()).unwrap();
        assert_eq!(read, at_once);
        assert_eq!(read.head_one_by_one(1, 0), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (problem, message) in [
            (refused(|it| it.tokens.clear()), "no tokens"),
            (refused(|it| it.kv_heads = 0), "no heads"),
            (refused(|it| it.layers = usize::MAX), "scores are 16 numbers"),
            (refused(|it| it.one_by_one = Some(Vec::new())), "one by one are 0 numbers, not 12"),
            (refused(|it| it.one_by_one = Some(vec![0.0; 16])), "one by one are 16 numbers"),
            (
                refused(|it| it.one_by_one = Some(vec![f32::INFINITY; 12])),
                "number 0 of its scores one by one is inf",
            ),
            (refused(|it| it.key.truncate(7)), "keys are 7 numbers, not [2, 1, 2, 2]"),
            (refused(|it| it.value[3] = f32::NAN), "number 3 of its values is NaN"),
            (refused(|it| it.logits[0] = 0.5), "not in order"),
            (refused(|it| it.logits.clear()), "not in order"),
        ] {
            assert!(problem.contains(message), "{problem}");
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let bytes = small().to_bytes();
        assert!(Reading::from_bytes(&[]).is_err());
        assert!(Reading::from_bytes(&[9]).unwrap_err().to_string().contains("version 2"));
        for end in 1..bytes.len() {
            assert!(Reading::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
        }
    }
}
