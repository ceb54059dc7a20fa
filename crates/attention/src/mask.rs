//! Masks: which keys a query may look at.
//!
//! A [`Mask`] is a rule for texts of any length. [`Mask::grid`] applies it to one length and
//! gives a [`MaskGrid`], which prints, counts what is visible and combines with others.
//!
//! ```
//! use attention::Mask;
//!
//! let window = Mask::SlidingWindow { before: 1, after: 0 }.grid(4, 4);
//! assert_eq!(window.to_string(), "#...\n##..\n.##.\n..##");
//! assert_eq!(window.count(), 7);
//! ```

use burn::tensor::{Bool, Device, Tensor};

use crate::MaskGrid;

/// Which keys a query may look at.
///
/// With more keys than queries the last query stands beside the last key: the queries are the
/// newest tokens of a longer text. The place of query `i` is therefore
/// `i + seq_k - seq_q`, counted in keys, and the distance from it to key `j` is `place - j`.
///
/// A mask may hide every key from a query. The weights and the output of that query are then
/// zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Every query sees every key, as in an encoder (BERT) or in cross-attention.
    Full,
    /// A query sees the keys up to its own place and none after it, as in a decoder (GPT).
    Causal,
    /// A query sees itself, the `before` keys before it and the `after` keys after it.
    ///
    /// From Beltagy, Peters and Cohan, *Longformer*, 2020, section 3.1, with as many keys on
    /// each side. A causal window of `W` keys, as in Mistral 7B (Jiang et al., 2023, section 2),
    /// is `before: W - 1, after: 0`.
    SlidingWindow {
        /// How many keys before its own a query sees.
        before: usize,
        /// How many keys after its own a query sees.
        after: usize,
    },
    /// A sliding window with holes: between two keys that a query sees lie `gap` that it does
    /// not (*Longformer*, section 3.1). It reaches `gap + 1` times as far for the same work.
    Dilated {
        /// How many keys before its own a query sees.
        before: usize,
        /// How many keys after its own a query sees.
        after: usize,
        /// How many keys are skipped each time. With `0` this is the sliding window.
        gap: usize,
    },
    /// A query sees itself, the `stride` keys before it, and of the earlier keys those whose
    /// distance is a multiple of `stride`.
    ///
    /// From Child et al., *Generating Long Sequences with Sparse Transformers*, 2019, section
    /// 4.3: both halves of the strided pattern in one head. With a stride of `0` a query sees
    /// itself alone.
    Strided {
        /// The length of the local part, and the step of the far part.
        stride: usize,
    },
    /// The first `tokens` of the text see every key, and every query sees them
    /// (*Longformer*, section 3.1). Other queries see nothing else.
    Global {
        /// How many tokens are global, from the start of the text.
        tokens: usize,
    },
    /// Each query sees `keys` keys drawn by lot, or all if there are no more (Zaheer et al.,
    /// *Big Bird*, 2020, section 2). The same seed draws the same keys on every machine.
    Random {
        /// How many keys each query sees.
        keys: usize,
        /// Which draw to take.
        seed: u64,
    },
    /// Sliding window or global, as in *Longformer*.
    Longformer {
        /// As in [`Mask::SlidingWindow`].
        before: usize,
        /// As in [`Mask::SlidingWindow`].
        after: usize,
        /// As in [`Mask::Global`].
        global: usize,
    },
    /// Sliding window, global or random, as in *Big Bird*.
    BigBird {
        /// As in [`Mask::SlidingWindow`].
        before: usize,
        /// As in [`Mask::SlidingWindow`].
        after: usize,
        /// As in [`Mask::Global`].
        global: usize,
        /// As `keys` in [`Mask::Random`]. A key drawn by lot may be visible already.
        random: usize,
        /// As in [`Mask::Random`].
        seed: u64,
    },
    /// The first `length` keys are text and visible; the others are padding and hidden. For
    /// texts of different lengths in one batch see [`MaskGrid::padding`].
    Padding {
        /// How many keys are text.
        length: usize,
    },
}

impl Mask {
    // ANCHOR: hidden
    /// The entries to hide, `[seq_q, seq_k]`: `true` where the query may *not* look.
    /// `None` when nothing is hidden.
    pub fn hidden(self, seq_q: usize, seq_k: usize, device: &Device) -> Option<Tensor<2, Bool>> {
        match self {
            Mask::Full => None,
            Mask::Causal => {
                let offset = seq_k as i64 - seq_q as i64;
                Some(Tensor::<2, Bool>::tril_mask([seq_q, seq_k], offset, device))
            }
            _ => Some(self.grid(seq_q, seq_k).hidden(device)),
        }
    }
    // ANCHOR_END: hidden

    /// The mask for `seq_q` queries and `seq_k` keys, entry by entry.
    pub fn grid(self, seq_q: usize, seq_k: usize) -> MaskGrid {
        let first_place = seq_k as i64 - seq_q as i64;
        MaskGrid::from_rows(seq_k, (0..seq_q as i64).map(|i| self.row(first_place + i, seq_k)))
    }

    /// What the query at `place` sees: `true` where it may look.
    fn row(self, place: i64, seq_k: usize) -> Vec<bool> {
        let distances = (0..seq_k as i64).map(|key| place - key);
        match self {
            Mask::Full => vec![true; seq_k],
            Mask::Causal => distances.map(|distance| distance >= 0).collect(),
            Mask::SlidingWindow { before, after } => {
                distances.map(|distance| in_window(distance, 1, before, after)).collect()
            }
            Mask::Dilated { before, after, gap } => {
                let step = (gap as u64).saturating_add(1);
                distances.map(|distance| in_window(distance, step, before, after)).collect()
            }
            Mask::Strided { stride } => {
                distances.map(|distance| in_strides(distance, stride as u64)).collect()
            }
            Mask::Global { tokens } => {
                let sees_all = is_below(place, tokens);
                (0..seq_k).map(|key| sees_all || key < tokens).collect()
            }
            Mask::Random { keys, seed } => draw(place, seq_k, keys, seed),
            Mask::Longformer { before, after, global } => either(
                Mask::SlidingWindow { before, after }.row(place, seq_k),
                Mask::Global { tokens: global }.row(place, seq_k),
            ),
            Mask::BigBird { before, after, global, random, seed } => either(
                Mask::Longformer { before, after, global }.row(place, seq_k),
                Mask::Random { keys: random, seed }.row(place, seq_k),
            ),
            Mask::Padding { length } => (0..seq_k).map(|key| key < length).collect(),
        }
    }
}

/// Whether a key lies at most `before` steps before the query, or `after` steps after it.
fn in_window(distance: i64, step: u64, before: usize, after: usize) -> bool {
    let reach = if distance >= 0 { before } else { after };
    let distance = distance.unsigned_abs();
    distance.is_multiple_of(step) && distance / step <= reach as u64
}

/// Whether a key is one of the last `stride` or a whole number of strides back.
fn in_strides(distance: i64, stride: u64) -> bool {
    u64::try_from(distance).is_ok_and(|back| back <= stride || back.is_multiple_of(stride))
}

fn is_below(place: i64, count: usize) -> bool {
    u64::try_from(place).is_ok_and(|place| place < count as u64)
}

fn either(left: Vec<bool>, right: Vec<bool>) -> Vec<bool> {
    left.into_iter().zip(right).map(|(left, right)| left || right).collect()
}

/// Every key gets a lottery ticket; the `count` smallest tickets win.
fn draw(place: i64, seq_k: usize, count: usize, seed: u64) -> Vec<bool> {
    let row_seed = scramble(scramble(seed).wrapping_add(place as u64));
    let mut keys: Vec<usize> = (0..seq_k).collect();
    keys.sort_by_cached_key(|&key| scramble(row_seed.wrapping_add(key as u64)));

    let mut row = vec![false; seq_k];
    for &winner in keys.iter().take(count) {
        row[winner] = true;
    }
    row
}

/// One step of SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
/// Generators*, 2014): different numbers give different, unrelated-looking numbers.
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
