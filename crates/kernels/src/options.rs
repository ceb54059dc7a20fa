//! What flash attention is to compute.

use crate::Error;

/// How far a query sees on each side of its own place, in keys.
///
/// From Beltagy, Peters and Cohan, *Longformer*, 2020, section 3.1. A causal window of `W` keys,
/// as in Mistral 7B (Jiang et al., 2023, section 2), is `before: W - 1, after: 0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many keys before its own a query sees.
    pub before: usize,
    /// How many keys after its own a query sees. A causal mask makes it 0.
    pub after: usize,
}

/// Which of the forward kernels computes. Their results differ by rounding only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kernel {
    /// The tensor-core kernel where it can be used, else the plain one: `flash_attention` says when.
    #[default]
    Automatic,
    /// The plain kernel, which takes everything: to compare with.
    Plain,
}

/// Which keys a query sees, and how scores are made.
///
/// A query sees a key if causal mask, window and length all allow it.
///
/// ```
/// use kernels::{FlashOptions, Window};
///
/// let window = Some(Window { before: 127, after: 0 });
/// let options = FlashOptions { window, soft_cap: Some(50.0), ..Default::default() };
/// assert!(!options.causal);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FlashOptions {
    /// Whether a query sees only the keys up to its own place. With another number of keys than
    /// of queries the last query stands beside the last key. With more queries than keys the
    /// first queries then see none.
    pub causal: bool,
    /// How far a query sees: `None` for as far as there are keys.
    pub window: Option<Window>,
    /// How many of the keys are text, for each text of the batch, from 0 to `seq_k`: the others
    /// are padding and hidden. They do not move a query's place, which is counted from `seq_k`.
    /// `None` if there is no padding.
    pub lengths: Option<Vec<usize>>,
    /// What to multiply the scores by: `None` for `1 / sqrt(head_dim)`.
    pub scale: Option<f32>,
    /// Where scores bend to: `soft_cap · tanh(score / soft_cap)`, as in Gemma 2 (Gemma Team,
    /// 2024, section 2). `None` for straight scores.
    pub soft_cap: Option<f32>,
    /// Which kernel computes the output. The processor has one way only, and so has the backward
    /// pass.
    pub kernel: Kernel,
}

impl FlashOptions {
    /// What the scores are multiplied by.
    pub fn scale_for(&self, head_dim: usize) -> f32 {
        self.scale.unwrap_or(1.0 / (head_dim as f32).sqrt())
    }

    /// How many keys a query sees before and after its own place, both at most
    /// `seq_q + seq_k`, which is as far as there is anything.
    pub fn reach(&self, seq_q: usize, seq_k: usize) -> (usize, usize) {
        let everything = seq_q + seq_k;
        let window = self.window.unwrap_or(Window { before: everything, after: everything });
        let after = if self.causal { 0 } else { window.after };
        (window.before.min(everything), after.min(everything))
    }

    /// Checks the numbers, for a batch of texts with room for `seq_k` keys.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for scale and soft cap, [`Error::Count`] when there is not one length
    /// for each text, and [`Error::LengthTooLong`].
    pub fn check(&self, batch: usize, seq_k: usize) -> Result<(), Error> {
        check_scores(self.scale, self.soft_cap)?;
        self.lengths.as_ref().map_or(Ok(()), |lengths| check_lengths(lengths, batch, seq_k))
    }
}

/// How a decoding step makes scores. The query stands at the last key of its text, so a causal
/// mask would hide nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DecodeOptions {
    /// How many keys before its own the query sees: `None` for all.
    pub before: Option<usize>,
    /// As in [`FlashOptions`].
    pub scale: Option<f32>,
    /// As in [`FlashOptions`].
    pub soft_cap: Option<f32>,
}

impl DecodeOptions {
    /// What the scores are multiplied by.
    pub fn scale_for(&self, head_dim: usize) -> f32 {
        self.scale.unwrap_or(1.0 / (head_dim as f32).sqrt())
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for scale and soft cap.
    pub fn check(&self) -> Result<(), Error> {
        check_scores(self.scale, self.soft_cap)
    }
}

fn check_scores(scale: Option<f32>, soft_cap: Option<f32>) -> Result<(), Error> {
    let not_in_range = |name, value: f32, must_be| {
        Err(Error::OutOfRange { name, value: value.to_string(), must_be })
    };
    match (scale, soft_cap) {
        (Some(scale), _) if !scale.is_finite() => not_in_range("scale", scale, "finite"),
        (_, Some(cap)) if !(cap.is_finite() && cap > 0.0) => {
            not_in_range("soft_cap", cap, "finite and above zero")
        }
        _ => Ok(()),
    }
}

/// One length for each text, none longer than the room for it.
pub(crate) fn check_lengths(lengths: &[usize], batch: usize, room: usize) -> Result<(), Error> {
    if lengths.len() != batch {
        return Err(Error::Count { what: "lengths", count: lengths.len(), batch });
    }
    match lengths.iter().enumerate().find(|&(_, &length)| length > room) {
        Some((text, &length)) => Err(Error::LengthTooLong { text, length, room }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_causal_mask_hides_the_keys_after() {
        let window = Some(Window { before: 3, after: 2 });
        assert_eq!(FlashOptions { window, ..Default::default() }.reach(5, 7), (3, 2));
        let causal = FlashOptions { window, causal: true, ..Default::default() };
        assert_eq!(causal.reach(5, 7), (3, 0));
        assert_eq!(FlashOptions::default().reach(5, 7), (12, 12));
        let far = Some(Window { before: usize::MAX, after: usize::MAX });
        assert_eq!(FlashOptions { window: far, ..Default::default() }.reach(5, 7), (12, 12));
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let with = |scale, soft_cap| FlashOptions { scale, soft_cap, ..Default::default() };
        assert_eq!(with(Some(0.5), Some(30.0)).check(1, 1), Ok(()));
        let error = with(Some(f32::NAN), None).check(1, 1).unwrap_err().to_string();
        assert_eq!(error, "scale is NaN: it must be finite");
        for cap in [0.0, -1.0, f32::INFINITY, f32::NAN] {
            let error = with(None, Some(cap)).check(1, 1).unwrap_err().to_string();
            assert!(error.contains("soft_cap") && error.contains("above zero"), "{error}");
        }
    }

    #[test]
    fn lengths_are_checked() {
        let with = |lengths: &[usize]| {
            let lengths = Some(lengths.to_vec());
            FlashOptions { lengths, ..Default::default() }.check(2, 9)
        };
        assert_eq!(with(&[0, 9]), Ok(()));
        assert_eq!(with(&[9]), Err(Error::Count { what: "lengths", count: 1, batch: 2 }));
        let error = with(&[3, 10]).unwrap_err();
        assert_eq!(error, Error::LengthTooLong { text: 1, length: 10, room: 9 });
    }
}
