//! Exercise of chapter 10: the bytes of a cache.

#[allow(dead_code, reason = "the function does not use them all")]
// ANCHOR: exercise
/// The sizes of a model.
pub struct Sizes {
    pub layers: u64,
    pub heads: u64,
    pub kv_heads: u64,
    pub head_dim: u64,
    /// How many of the layers see a window only; the others see all.
    pub windowed: u64,
    /// How many tokens such a layer sees, its own included.
    pub window: u64,
}

/// The bytes of the cache of one text. This knows nothing of groups, values and windows yet.
pub fn cache_bytes(sizes: &Sizes, tokens: u64, bytes_of_a_number: u64) -> u64 {
    sizes.layers * sizes.heads * sizes.head_dim * tokens * bytes_of_a_number
}
// ANCHOR_END: exercise
