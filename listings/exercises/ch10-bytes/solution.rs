//! Solution of an exercise of chapter 10.

#[allow(dead_code, reason = "the function does not use them all")]
// ANCHOR: solution
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

/// The bytes of the cache of one text. The query heads do not come into it.
pub fn cache_bytes(sizes: &Sizes, tokens: u64, bytes_of_a_number: u64) -> u64 {
    let full = sizes.layers - sizes.windowed;
    // Tokens kept, of all layers together.
    let kept = full * tokens + sizes.windowed * tokens.min(sizes.window);
    // Two: a key and a value.
    2 * kept * sizes.kv_heads * sizes.head_dim * bytes_of_a_number
}
// ANCHOR_END: solution
