//! Online softmax: the softmax of a row that is never seen whole.
//!
//! A softmax needs two numbers of its row: the largest logit `m` and the sum `l` of
//! `exp(logit - m)`. Both can be kept up to date while the row comes by in blocks, and two
//! blocks can be joined without looking at either again (Milakov and Gimelshein, *Online
//! normalizer calculation for softmax*, 2018, section 3).
//!
//! ```
//! use attention::online_softmax::OnlineSoftmax;
//! use burn::tensor::{Device, Tensor};
//!
//! let device = Device::flex();
//! let row = Tensor::<1>::from_data([1.0_f32, 4.0, 2.0, 3.0], &device);
//!
//! let (left, _) = OnlineSoftmax::block(row.clone().narrow(0, 0, 2), 0);
//! let (right, _) = OnlineSoftmax::block(row.clone().narrow(0, 2, 2), 0);
//! let whole = left.merge(&right);
//!
//! let shares = whole.shares(row.clone());
//! let expected = attention::softmax(row, 0);
//! let error = (shares - expected).abs().max().into_scalar::<f32>();
//! assert!(error < 1e-6);
//! ```

use burn::tensor::Tensor;

/// What a softmax must remember of the logits that have come by: two numbers a row.
///
/// Both tensors have the shape of the logits, with 1 in the dimension that the softmax runs
/// along: `[batch, heads, seq_q, 1]` for the rows of a score matrix. They have its type of numbers,
/// too, and 16 bits are too few to add up many blocks in: cast such logits to `f32` first, as
/// [`flash_attention`](crate::flash_attention) does.
#[derive(Debug, Clone)]
pub struct OnlineSoftmax<const D: usize> {
    /// `m`, the largest logit so far: `-inf` while every logit was hidden.
    pub largest: Tensor<D>,
    /// `l`, the sum of `exp(logit - m)` so far: `0` while every logit was hidden.
    pub total: Tensor<D>,
}

impl<const D: usize> OnlineSoftmax<D> {
    /// Starts with one block of `logits`, taken along `dim`. Also returns the block's powers,
    /// `exp(logit - m)`, which are at most 1 and have the shape of `logits`.
    ///
    /// A logit of `-inf` is hidden: its power is `0`. A block may be hidden whole. A `NaN` or
    /// `+inf` makes the row's total `NaN`, and it stays so through every merge.
    ///
    /// # Panics
    /// If `dim` is not a dimension of `logits`.
    pub fn block(logits: Tensor<D>, dim: usize) -> (Self, Tensor<D>) {
        let largest = logits.clone().max_dim(dim);
        let powers = powers(logits, &largest);
        let total = powers.clone().sum_dim(dim);
        (OnlineSoftmax { largest, total }, powers)
    }

    // ANCHOR: merge
    /// The state of two blocks together: the larger maximum, and both sums brought to it.
    ///
    /// The order of the blocks does not matter, and a block that is hidden whole changes nothing.
    pub fn merge(&self, other: &Self) -> Self {
        let largest = self.largest.clone().max_pair(other.largest.clone());
        let total = self.total.clone() * powers(self.largest.clone(), &largest)
            + other.total.clone() * powers(other.largest.clone(), &largest);
        OnlineSoftmax { largest, total }
    }
    // ANCHOR_END: merge

    /// What to multiply sums by that were taken with this state's maximum, once it has been
    /// merged into `merged`: `exp(m - m of merged)`. It is `0` for a row hidden so far.
    pub fn correction(&self, merged: &Self) -> Tensor<D> {
        powers(self.largest.clone(), &merged.largest)
    }

    /// The softmax of some of the row's `logits`, once the whole row has been merged. A row
    /// hidden whole gets zeros, as in [`softmax`](crate::softmax()).
    pub fn shares(&self, logits: Tensor<D>) -> Tensor<D> {
        self.normalise(powers(logits, &self.largest))
    }

    /// Divides sums that were taken with this state's maximum by `l`. A row hidden whole has
    /// sums of zero, and they stay zero.
    pub fn normalise(&self, sums: Tensor<D>) -> Tensor<D> {
        let hidden = self.total.clone().equal_elem(0.0);
        sums / self.total.clone().mask_fill(hidden, 1.0)
    }

    /// `m + ln(l)`, the logarithm of the sum of `exp(logit)`: `-inf` for a row hidden whole.
    /// It is all that a backward pass needs of the row, for a share is `exp(logit - lse)`.
    pub fn log_sum_exp(&self) -> Tensor<D> {
        self.largest.clone() + self.total.clone().log()
    }
}

/// `exp(logits - largest)`. Where `largest` is `-inf` every logit is hidden, and each power is 0:
/// the difference would be `-inf - -inf`, which is not a number.
pub(crate) fn powers<const D: usize>(logits: Tensor<D>, largest: &Tensor<D>) -> Tensor<D> {
    let hidden = largest.clone().equal_elem(f32::NEG_INFINITY);
    (logits - largest.clone().mask_fill(hidden, 0.0)).exp()
}
