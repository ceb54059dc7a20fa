//! Chapter 10: the sizes of a model, and of the caches that are compared.

/// Layers of the example, which has the sizes of Llama 3 8B.
pub const LAYERS: u64 = 32;

/// Query heads in a layer.
pub const HEADS: u64 = 32;

/// Key and value heads in a layer, where query heads share them.
pub const KV_HEADS: u64 = 8;

/// Numbers in a key or a value.
pub const HEAD_DIM: u64 = 128;

/// A long text, in tokens: two to the power of [`TOKENS_POWER`].
pub const TOKENS: u64 = 1 << TOKENS_POWER;

/// The power of two that [`TOKENS`] is.
pub const TOKENS_POWER: u32 = 17;

/// How many tokens a small cache keeps.
pub const KEPT: u16 = 32;

/// How many of them are the first of the text.
pub const SINKS: u16 = 4;
