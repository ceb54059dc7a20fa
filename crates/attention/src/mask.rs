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
use crate::mask_band::{Band, FAR};
use crate::mask_parts::Parts;
use crate::random_keys::RandomKeys;

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
    /// Each query sees `keys` keys drawn at random, or all if there are no more (Zaheer et al.,
    /// *Big Bird*, 2020, section 2). For texts of the same length, the same seed draws the same
    /// keys on every machine.
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
        /// As `keys` in [`Mask::Random`]. A key drawn at random may be visible already.
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
            _ => Some(self.grid(seq_q, seq_k).hidden(device)),
        }
    }
    // ANCHOR_END: hidden

    /// The mask for `seq_q` queries and `seq_k` keys, entry by entry.
    pub fn grid(self, seq_q: usize, seq_k: usize) -> MaskGrid {
        MaskGrid::from_rows(seq_k, self.parts(seq_q, seq_k).rows())
    }

    /// How many entries are visible, as [`MaskGrid::count`], for texts whose grid would fit in no
    /// memory. Keys drawn at random are counted one by one; else the length costs no time.
    ///
    /// ```
    /// use attention::Mask;
    ///
    /// let n = 1 << 20;
    /// assert_eq!(Mask::Full.count(n, n), 1_099_511_627_776);
    /// assert_eq!(Mask::SlidingWindow { before: 1, after: 0 }.count(n, n), 2_097_151);
    /// ```
    pub fn count(self, seq_q: usize, seq_k: usize) -> u64 {
        let [count, ..] = self.counts(Mask::Full, seq_q, seq_k);
        count
    }

    /// How many entries are visible in both masks, as the count of [`MaskGrid::and`].
    pub fn count_both(self, other: Mask, seq_q: usize, seq_k: usize) -> u64 {
        let [.., both] = self.counts(other, seq_q, seq_k);
        both
    }

    /// How many entries are visible in at least one mask, as the count of [`MaskGrid::or`].
    pub fn count_either(self, other: Mask, seq_q: usize, seq_k: usize) -> u64 {
        let [left, right, both] = self.counts(other, seq_q, seq_k);
        left + right - both
    }

    fn counts(self, other: Mask, seq_q: usize, seq_k: usize) -> [u64; 3] {
        self.parts(seq_q, seq_k).counts(&other.parts(seq_q, seq_k))
    }

    /// What the mask consists of, for a text of this length.
    fn parts(self, seq_q: usize, seq_k: usize) -> Parts {
        let all = Band::all(seq_q, seq_k);
        let (keys, seed) = match self {
            Mask::Random { keys, seed } | Mask::BigBird { random: keys, seed, .. } => (keys, seed),
            _ => (0, 0),
        };
        if keys >= seq_k {
            let random = RandomKeys { keys: 0, seq_k, seed };
            return Parts { bands: vec![all.clone()], all, random };
        }
        Parts { bands: self.bands(&all), all, random: RandomKeys { keys, seq_k, seed } }
    }

    /// The definitions, but for the keys drawn at random. No pair is in two bands.
    fn bands(self, all: &Band) -> Vec<Band> {
        match self {
            Mask::Full => vec![all.clone()],
            Mask::Causal => vec![all.within(0..FAR, 1)],
            Mask::SlidingWindow { before, after } => vec![window(all, before, after, 0)],
            Mask::Dilated { before, after, gap } => vec![window(all, before, after, gap)],
            Mask::Strided { stride: 0 } => vec![all.within(0..1, 1)],
            Mask::Strided { stride } => {
                let far = length(stride) + 1;
                vec![all.within(0..far, 1), all.within(far..FAR, length(stride))]
            }
            Mask::Global { tokens } => {
                let tokens = length(tokens);
                vec![all.of(0..tokens), all.of(tokens..FAR).at(0..tokens)]
            }
            Mask::Random { .. } => Vec::new(),
            Mask::Longformer { before, after, global }
            | Mask::BigBird { before, after, global, .. } => {
                let mut bands = Mask::Global { tokens: global }.bands(all);
                let others = all.of(length(global)..FAR);
                for places in [-FAR..0, length(global)..FAR] {
                    bands.push(window(&others.at(places), before, after, 0));
                }
                bands
            }
            Mask::Padding { length: text } => vec![all.of(0..length(text))],
        }
    }
}

/// The part of a band that lies at most `before` steps before the query, or `after` steps after.
fn window(band: &Band, before: usize, after: usize, gap: usize) -> Band {
    let step = length(gap) + 1;
    let reach = |steps: usize| length(steps).saturating_mul(step).min(FAR);
    band.within(-reach(after)..reach(before) + 1, step)
}

/// A number of tokens, or further than any text goes.
fn length(tokens: usize) -> i64 {
    i64::try_from(tokens).unwrap_or(FAR).min(FAR)
}
