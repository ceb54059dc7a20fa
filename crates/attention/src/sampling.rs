//! Sampling: which tokens may come next at all, and which of them does.
//!
//! The two filters work on the logits `[batch, vocab]` of the next token, keep some and set the rest to
//! `-inf`, so that a [`softmax`](crate::softmax()) afterwards gives the rest a share of `0`.
//! Usual order: temperature, then top-k, then top-p, and then [`draw`].
//!
//! Which tokens stay is decided on the host in `f64`. What stays keeps its exact value.
//! Among equal logits the one with the lower index goes first. A row with a `NaN` or
//! a `+inf` comes back as it is: it has no probabilities, and its softmax is `NaN`.

use burn::tensor::{Bool, Tensor, TensorData};

use crate::Error;

/// Keeps the `k` largest logits of each row and sets the others to `-inf`
/// (Fan, Lewis and Dauphin, *Hierarchical Neural Story Generation*, 2018; Holtzman et al., *The
/// Curious Case of Neural Text Degeneration*, 2020, section 3.2).
///
/// Exactly `k` stay, also when there are ties; all stay when the row has no more than `k`.
///
/// # Errors
/// [`Error::OutOfRange`] if `k` is zero: a row of nothing has no next token.
///
/// ```
/// use attention::sampling::top_k;
/// use burn::tensor::{Device, Tensor};
///
/// let logits = Tensor::<2>::from_data([[1.0_f32, 3.0, 2.0]], &Device::flex());
/// let kept = top_k(logits, 2)?.into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(kept, [f32::NEG_INFINITY, 3.0, 2.0]);
/// # Ok::<(), attention::Error>(())
/// ```
pub fn top_k(logits: Tensor<2>, k: usize) -> Result<Tensor<2>, Error> {
    if k == 0 {
        return Err(out_of_range("k", "0".into(), "at least 1"));
    }
    Ok(keep_first(logits, &|_| k))
}

/// Keeps the nucleus of each row and sets the other logits to `-inf` (Holtzman et al., *The
/// Curious Case of Neural Text Degeneration*, 2020, section 3.1).
///
/// The nucleus is the smallest set of tokens, the likeliest first, whose probabilities add up
/// to at least `p`. The token that reaches `p` is in it, so at least one token stays. With
/// `p = 1` every token stays. A row of nothing but `-inf` stays as it is.
///
/// # Errors
/// [`Error::OutOfRange`] unless `0 < p <= 1`.
///
/// ```
/// use attention::sampling::top_p;
/// use burn::tensor::{Device, Tensor};
///
/// // Probabilities of a half, a quarter and a quarter.
/// let logits = Tensor::<2>::from_data([[2.0_f32.ln(), 0.0, 0.0]], &Device::flex());
/// let kept = top_p(logits, 0.7)?.into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(kept, [2.0_f32.ln(), 0.0, f32::NEG_INFINITY]);
/// # Ok::<(), attention::Error>(())
/// ```
pub fn top_p(logits: Tensor<2>, p: f64) -> Result<Tensor<2>, Error> {
    if !(p > 0.0 && p <= 1.0) {
        return Err(out_of_range("p", p.to_string(), "above 0 and at most 1"));
    }
    if p == 1.0 {
        return Ok(logits);
    }
    Ok(keep_first(logits, &|sorted| nucleus_size(sorted, p)))
}

/// How many of the logits, largest first, it takes to reach the probability `p`.
fn nucleus_size(sorted: &[f64], p: f64) -> usize {
    let powers: Vec<f64> = sorted.iter().map(|logit| (logit - sorted[0]).exp()).collect();
    let wanted = p * powers.iter().sum::<f64>();
    let mut reached = 0.0;
    let short = powers.iter().take_while(|power| {
        reached += **power;
        reached < wanted
    });
    short.count() + 1
}

/// Sorts each row, largest first, asks `how_many` to keep, and hides the others.
fn keep_first(logits: Tensor<2>, how_many: &dyn Fn(&[f64]) -> usize) -> Tensor<2> {
    let [batch, vocab] = logits.dims();
    let values: Vec<f64> = logits.to_data().iter::<f64>().collect();
    let mut dropped = vec![false; batch * vocab];

    for (row, dropped) in values.chunks(vocab.max(1)).zip(dropped.chunks_mut(vocab.max(1))) {
        if row.iter().any(|logit| logit.is_nan() || *logit == f64::INFINITY) {
            continue;
        }
        // The sort is stable: equal logits stay in the order of their index.
        let mut order: Vec<usize> = (0..vocab).collect();
        order.sort_by(|&a, &b| row[b].partial_cmp(&row[a]).expect("no NaN in this row"));
        let sorted: Vec<f64> = order.iter().map(|&token| row[token]).collect();
        for &token in order.iter().skip(how_many(&sorted)) {
            dropped[token] = true;
        }
    }
    let dropped = TensorData::new(dropped, [batch, vocab]);
    let dropped = Tensor::<2, Bool>::from_data(dropped, &logits.device());
    logits.mask_fill(dropped, f32::NEG_INFINITY)
}

/// The token that is drawn from these shares by a random number `r` from 0 up to, but not
/// including, 1. A token with a share of a half is drawn by half of all `r`.
///
/// `r` walks down the list: the token is drawn that takes the sum of the shares above `r`. Rounding
/// may leave the whole sum a little short of 1. The rest then belongs to the last token whose share
/// is above zero: some token is always drawn, and none that a filter has left out.
///
/// # Errors
/// [`Error::OutOfRange`] unless `0 <= r < 1`; [`Error::NotShares`] when a share is negative or not
/// finite, or when the shares do not sum to 1 within 0.001, such as those of a hidden row.
///
/// ```
/// use attention::sampling::draw;
///
/// let shares = [0.5, 0.0, 0.4999, 0.0];
/// assert_eq!(draw(&shares, 0.49)?, 0);
/// assert_eq!(draw(&shares, 0.5)?, 2);
/// // The rest: the shares sum to 0.9999.
/// assert_eq!(draw(&shares, 0.99995)?, 2);
/// # Ok::<(), attention::Error>(())
/// ```
// ANCHOR: draw
pub fn draw(shares: &[f64], r: f64) -> Result<usize, Error> {
    if !(0.0..1.0).contains(&r) {
        return Err(out_of_range("r", r.to_string(), "at least 0 and below 1"));
    }
    check_shares(shares)?;
    let (mut sum, mut last) = (0.0, 0);
    for (token, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        (sum, last) = (sum + share, token);
        if r < sum {
            break;
        }
    }
    Ok(last)
}
// ANCHOR_END: draw

fn check_shares(shares: &[f64]) -> Result<(), Error> {
    if let Some(token) = shares.iter().position(|share| !(share.is_finite() && *share >= 0.0)) {
        let problem = format!("have {} at place {token}", shares[token]);
        return Err(Error::NotShares { problem });
    }
    // From 0, for the empty sum of `f64` is -0.
    let sum = shares.iter().fold(0.0, |sum, share| sum + share);
    if (sum - 1.0).abs() > 1e-3 {
        return Err(Error::NotShares { problem: format!("sum to {sum:.4}, not to 1") });
    }
    Ok(())
}

fn out_of_range(name: &'static str, value: String, must_be: &'static str) -> Error {
    Error::OutOfRange { name, value, must_be }
}
