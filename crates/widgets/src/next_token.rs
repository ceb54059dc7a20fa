//! What may come next: the real model's logits after a text, all of them.
//!
//! Whatever the page makes of them, at whatever temperature, is then right for the whole
//! vocabulary. Sorted and written as differences they take about two bytes each.

use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files::{self, PageFile};
use crate::show::largest_first;
use crate::user_text;

/// The first byte of a file: which layout follows.
const VERSION: u8 = 1;

/// The logits of the token after a text.
#[derive(Debug, Clone, PartialEq)]
pub struct NextToken {
    /// A short name for files and addresses: `capital`.
    pub name: String,
    /// The text that was read.
    pub text: String,
    /// The texts of the likeliest tokens, the likeliest first: those that can be named.
    pub named: Vec<String>,
    /// How strongly each token of the vocabulary is expected, the largest first:
    /// `[vocabulary]`, of which the first are those of `named`.
    pub logits: Vec<f32>,
}

/// A file: the logits as distances between neighbours, counted in representable numbers.
#[derive(Serialize, Deserialize)]
struct File {
    name: String,
    text: String,
    named: Vec<String>,
    steps: Vec<u32>,
}

impl NextToken {
    /// Sorts `logits`, `[vocabulary]`, and names the `count` largest by `token`, which is given
    /// the place of a logit.
    ///
    /// # Errors
    /// What `token` says.
    pub fn rank<E>(
        name: &str,
        text: &str,
        logits: &[f32],
        count: usize,
        token: impl Fn(usize) -> Result<String, E>,
    ) -> Result<Self, E> {
        let order = largest_first(logits);
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            named: order.iter().take(count).map(|&place| token(place)).collect::<Result<_, E>>()?,
            logits: order.iter().map(|&place| logits[place]).collect(),
        })
    }

    /// What comes after a text of the reader's own.
    pub(crate) fn of_text(reading: &Reading) -> Self {
        Self {
            name: user_text::NAME.to_owned(),
            text: reading.text.clone(),
            named: reading.named.clone(),
            logits: reading.logits.clone(),
        }
    }

    /// The bytes that [`PageFile::from_bytes`] reads.
    ///
    /// # Panics
    /// If the logits are not sorted, as [`NextToken::rank`] does.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut place = u32::MAX;
        let step = |logit: &f32| {
            let next = place_of(*logit);
            let step = place.checked_sub(next).expect("logits are sorted, the largest first");
            place = next;
            step
        };
        let file = File {
            name: self.name.clone(),
            text: self.text.clone(),
            named: self.named.clone(),
            steps: self.logits.iter().map(step).collect(),
        };
        files::encode(VERSION, &file)
    }
}

impl PageFile for NextToken {
    fn name(&self) -> &str {
        &self.name
    }

    fn path(name: &str) -> String {
        format!("next/{name}.bin")
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let File { name, text, named, steps } = files::decode(VERSION, bytes)?;
        let mut place = u32::MAX;
        let mut logits = Vec::with_capacity(steps.len());
        for (at, step) in steps.into_iter().enumerate() {
            let logit = place.checked_sub(step).map(|next| {
                place = next;
                at_place(next)
            });
            match logit {
                Some(logit) if logit.is_finite() => logits.push(logit),
                _ => return Err(Error::file(format!("logit {at} is not a finite number"))),
            }
        }
        if named.is_empty() || named.len() > logits.len() {
            return Err(Error::file(format!("{} logits and {} names", logits.len(), named.len())));
        }
        Ok(Self { name, text, named, logits })
    }
}

/// The place of a number among all that an `f32` can hold, smallest first.
fn place_of(number: f32) -> u32 {
    let bits = number.to_bits();
    // Negative numbers stand before the others, and the larger their size the earlier.
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The number at a place: undoes [`place_of`].
fn at_place(place: u32) -> f32 {
    f32::from_bits(if place >> 31 == 1 { place & !(1 << 31) } else { !place })
}

#[cfg(test)]
mod tests {
    use super::{at_place, place_of};

    #[test]
    fn places_are_in_the_order_of_the_numbers() {
        let numbers = [f32::MIN, -3.5, -0.5, -0.0, 0.0, f32::MIN_POSITIVE, 0.25, 7.0, f32::MAX];
        let places = numbers.map(place_of);
        assert!(places.is_sorted());
        assert_eq!(places.map(at_place).map(f32::to_bits), numbers.map(f32::to_bits));
    }
}
