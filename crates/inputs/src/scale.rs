//! Chapter 4: how many random queries and keys are drawn for each dimension.

/// How many sets of queries and keys.
pub const HEADS: usize = 16;

/// How many queries a set has. All sets together give `HEADS * QUERIES` rows of scores.
pub const QUERIES: usize = 16;

/// How many keys each query can look at.
pub const KEYS: usize = 16;

/// The seed of the draw that is shown first.
pub const SEED: u64 = 1;

/// A row in which one key has more than this is called stuck.
pub const STUCK: f32 = 0.99;
