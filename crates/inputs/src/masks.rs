//! Chapters 3 and 9: the masks that are drawn and counted.

use attention::{Error, Mask, MaskGrid};

/// Tokens of the rows in chapter 3.
pub const PACKED_TOKENS: usize = 6;

/// How many of them are text, or the first of two packed texts.
pub const PACKED_LENGTH: usize = 4;

/// Tokens of a text in chapter 9 that is short enough to draw.
pub const SHORT: u16 = 12;

/// Tokens of a text in chapter 9 that a model reads.
pub const LONG: u16 = 1024;

// ANCHOR: masks
/// What the random keys follow from.
pub const SEED: u64 = 7;

/// Every pattern, for a text of `n` tokens.
///
/// # Errors
/// None: both masks that are joined have the same size.
pub fn masks(n: usize) -> Result<Vec<(&'static str, MaskGrid)>, Error> {
    let (before, after, seed) = (2, 2, SEED);
    // The root of the length, as its authors advise: then the count grows as `n` times its root.
    let stride = n.isqrt();
    let grid = |mask: Mask| mask.grid(n, n);
    let causal = grid(Mask::Causal);
    let longformer = grid(Mask::Longformer { before, after, global: 1 });
    Ok(vec![
        ("full", grid(Mask::Full)),
        ("causal", causal.clone()),
        ("window", grid(Mask::SlidingWindow { before, after })),
        ("causal window", grid(Mask::SlidingWindow { before, after: 0 })),
        ("dilated", grid(Mask::Dilated { before, after, gap: 1 })),
        ("strided", grid(Mask::Strided { stride })),
        ("global", grid(Mask::Global { tokens: 1 })),
        ("random", grid(Mask::Random { keys: 2, seed })),
        ("longformer", longformer.clone()),
        ("big bird", grid(Mask::BigBird { before: 1, after: 1, global: 1, random: 2, seed })),
        ("padding", grid(Mask::Padding { length: n - n / 4 })),
        ("causal longformer", longformer.and(&causal)?),
    ])
}
// ANCHOR_END: masks
