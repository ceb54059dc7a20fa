//! What attention costs: the bytes of a KV cache, the operations of a pass, and the least time
//! that both can take on a device.
//!
//! Only attention itself is counted: the scores and the mix of the values. The projections around
//! it are left out, and so is the softmax, which is little work beside the two products. This is
//! the count of Dao, *FlashAttention-2*, 2023, section 4.1, save that a causal mask is counted
//! pair by pair and not as one half.
//!
//! ```
//! use attention::cost::{Kind, Precision, Shape, Window};
//!
//! let with = |kv_heads| Shape {
//!     layers: 32,
//!     d_model: 4096,
//!     heads: 32,
//!     kind: Kind::Grouped { kv_heads, head_dim: 128 },
//!     window: Window::Full,
//! };
//! // 131,072 tokens at 16 bits a number.
//! let cache = |kv_heads| with(kv_heads).cache(131_072, 1, Precision::Fp16);
//! assert_eq!(cache(32)?.in_gib(), "64.0 GiB"); // multi-head
//! assert_eq!(cache(8)?.in_gib(), "16.0 GiB"); // grouped-query
//! assert_eq!(cache(1)?.in_gib(), "2.0 GiB"); // multi-query
//! # Ok::<(), attention::Error>(())
//! ```

use crate::Error;
use crate::devices::{Arithmetic, DeviceSpec};
use crate::units::{Bytes, BytesPerSecond, Flops, FlopsPerByte, Seconds};

/// How a number of the cache is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    Fp32,
    /// 16 bits, five of them for the exponent.
    Fp16,
    /// 16 bits, eight of them for the exponent.
    Bf16,
    /// 8 bits, with no scale, save in a latent: there as FlashMLA keeps it, with a scale of 32 bits
    /// for every 128 numbers.
    Fp8,
    /// 4 bits, with scales beside the numbers, or without. Without scales 4-bit numbers are of
    /// little use: `None` shows what the scales add.
    Int4(Option<Scales>),
}

/// Numbers that turn small whole numbers back into their size: one entry for each group of
/// neighbours in a key or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scales {
    /// Numbers that share an entry. The last group of a vector may be smaller.
    pub group: u64,
    /// Bits of an entry: 16 for a scale in fp16, 32 for a scale and a zero point.
    pub bits: u64,
}

impl Precision {
    /// 4 bits, with a scale and a smallest number of 16 bits each for every 32 neighbours: 5 bits a
    /// number in all. The format Q4_1 of ggml stores weights so, among them those of this book's
    /// model, and KIVI stores caches so (Liu et al., 2024).
    pub const Q4_1: Precision = Precision::Int4(Some(Scales { group: 32, bits: 32 }));

    /// Bits that a vector of `dim` numbers takes.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a group of scales holds no number, and [`Error::TooMany`].
    pub fn vector_bits(self, dim: u64) -> Result<u64, Error> {
        let (bits, scales) = match self {
            Precision::Fp32 => (32, None),
            Precision::Fp16 | Precision::Bf16 => (16, None),
            Precision::Fp8 => (8, None),
            Precision::Int4(scales) => (4, scales),
        };
        let numbers = product("bytes", &[dim, bits])?;
        let Some(scales) = scales else { return Ok(numbers) };
        at_least_one("the group of a scale", scales.group)?;
        sum("bytes", numbers, product("bytes", &[dim.div_ceil(scales.group), scales.bits])?)
    }

    /// Bits that a latent of `rank` numbers and its rotary key of `rope_dim` take. The rotary key
    /// keeps 16 bits a number at least. In fp8 that makes 656 bytes with DeepSeek's sizes, as in
    /// FlashMLA (DeepSeek-AI, 2025, *FP8 with scale*).
    fn latent_bits(self, rank: u64, rope_dim: u64) -> Result<u64, Error> {
        let (scales, rotary) = match self {
            Precision::Fp32 => (0, 32),
            Precision::Fp8 => (32 * rank.div_ceil(128), 16),
            _ => (0, 16),
        };
        let latent = sum("bytes", self.vector_bits(rank)?, scales)?;
        sum("bytes", latent, product("bytes", &[rope_dim, rotary])?)
    }

    /// Bytes of a number on its way through attention: queries and outputs are not quantised, so
    /// they have two beside any cache of 16 bits or fewer.
    fn activation_bytes(self) -> u64 {
        if self == Precision::Fp32 { 4 } else { 2 }
    }
}

/// How heads share keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Each of `kv_heads` heads keeps a key and a value of `head_dim` numbers. With as many as
    /// query heads this is multi-head attention (Vaswani et al., 2017), with one it is
    /// multi-query (Shazeer, 2019), and between them grouped-query (Ainslie et al., 2023).
    Grouped {
        /// Key and value heads: they divide the query heads.
        kv_heads: u64,
        /// Numbers in a query, a key and a value.
        head_dim: u64,
    },
    /// All heads share one short vector, from which keys and values are made, and one key with
    /// rotary positions: multi-head latent attention (*DeepSeek-V2*, 2024, section 2.1).
    Latent {
        /// Numbers in the shared vector, `d_c` in the paper.
        kv_lora_rank: u64,
        /// Numbers in the shared rotary key, and as many more in each query, `d_h^R`.
        rope_dim: u64,
        /// Numbers in each query and key without positions, `d_h`.
        nope_dim: u64,
        /// Numbers in each value.
        value_dim: u64,
    },
}

/// Which layers see a part of the text only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Each layer sees all tokens before.
    Full,
    /// Each layer sees so many tokens, the newest included.
    Every(u64),
    /// The first layer sees so many tokens, the second all, and so on in turn.
    Alternate(u64),
}

/// What decides how much memory and work attention takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Layers, one after the other.
    pub layers: u64,
    /// Numbers that describe a token between layers. It changes no cost here: the cache depends
    /// on heads and their sizes alone.
    pub d_model: u64,
    /// Query heads in a layer.
    pub heads: u64,
    /// How the heads share keys and values.
    pub kind: Kind,
    /// Which layers see a part of the text only.
    pub window: Window,
}

/// Sizes of the vectors that meet in attention.
struct Vectors {
    /// Heads that have a key and a value.
    kv_heads: u64,
    /// Numbers in a query and in a key.
    key_dim: u64,
    /// Numbers in a value.
    value_dim: u64,
}

impl Shape {
    /// The KV cache of `batch` texts of `tokens` each, over all layers. A layer with a window
    /// keeps no token that has left it.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a size is zero or `kv_heads` does not divide `heads`, and
    /// [`Error::TooMany`] beyond 16 EiB.
    pub fn cache(&self, tokens: u64, batch: u64, precision: Precision) -> Result<Bytes, Error> {
        self.check()?;
        at_least_one("the batch", batch)?;
        let kept = self.per_layer(|window| u128::from(tokens.min(window)))?;
        let bits = self.token_bits(precision)?;
        let bits = kept.checked_mul(u128::from(bits)).and_then(|b| b.checked_mul(batch.into()));
        let bytes = bits.ok_or(Error::TooMany { what: "bytes" })?.div_ceil(8);
        u64::try_from(bytes).map(Bytes).map_err(|_| Error::TooMany { what: "bytes" })
    }

    /// The whole text at once, each token looking at those before it and at itself: `batch`
    /// texts of `tokens` each, over all layers.
    ///
    /// Traffic is the least there can be: queries, keys and values are read once, and outputs
    /// written once, as with an on-chip memory that holds all the rest. Latent attention runs
    /// with its keys and values made for each head.
    ///
    /// # Errors
    /// As for [`cache`](Self::cache), and [`Error::OutOfRange`] without a token.
    pub fn prefill(&self, tokens: u64, batch: u64, precision: Precision) -> Result<Work, Error> {
        // One product with the keys: scores. One with the values: their mix.
        self.pass(tokens, batch, precision, [1, 1])
    }

    /// The gradients of [`prefill`](Self::prefill), with the scores computed a second time
    /// rather than kept: five products where the forward pass has two (Dao, *FlashAttention-2*,
    /// 2023, section 4.1). With keys and values of one size this is 2.5 times its work.
    ///
    /// Traffic is the least there can be: queries, keys, values, outputs and the outputs'
    /// gradients are read once, and the gradients of the first three written once.
    ///
    /// # Errors
    /// As for [`prefill`](Self::prefill).
    pub fn backward(&self, tokens: u64, batch: u64, precision: Precision) -> Result<Work, Error> {
        // Three as long as a key: the scores again, the gradients of queries and of keys. Two as
        // long as a value: the gradients of values and of weights.
        let Work { flops, bytes } = self.pass(tokens, batch, precision, [3, 2])?;
        let bytes = product("bytes", &[bytes.0, 2])?;
        Ok(Work { flops, bytes: Bytes(bytes) })
    }

    /// One token more in each of `batch` texts, which then have `tokens` each: the new token
    /// looks at them all, over all layers.
    ///
    /// Traffic is the cache, which crosses once, and the queries and outputs. Latent attention
    /// runs absorbed: queries meet the shared vector itself, and the values are made after the
    /// mix (*DeepSeek-V2*, 2024, section 2.1.2).
    ///
    /// # Errors
    /// As for [`prefill`](Self::prefill).
    pub fn decode(&self, tokens: u64, batch: u64, precision: Precision) -> Result<Work, Error> {
        at_least_one("the number of tokens", tokens)?;
        let cache = self.cache(tokens, batch, precision)?;
        let (key_dim, value_dim) = match self.kind {
            Kind::Grouped { head_dim, .. } => (head_dim, head_dim),
            Kind::Latent { kv_lora_rank, rope_dim, .. } => {
                (sum("operations", kv_lora_rank, rope_dim)?, kv_lora_rank)
            }
        };
        let dims = sum("operations", key_dim, value_dim)?;
        let pairs = self.per_layer(|window| u128::from(tokens.min(window)))?;
        let pairs = u64::try_from(pairs).map_err(|_| Error::TooMany { what: "operations" })?;
        let flops = product("operations", &[batch, self.heads, pairs, 2, dims])?;

        let size = precision.activation_bytes();
        let passing = product("bytes", &[batch, self.layers, self.heads, dims, size])?;
        let bytes = sum("bytes", cache.0, passing)?;
        Ok(Work { flops: Flops(flops), bytes: Bytes(bytes) })
    }

    /// How many tokens a second `batch` texts of `tokens` each can gain together, at most: each
    /// step reads all `weights` once, and the work of [`decode`](Self::decode), at the full
    /// `bandwidth`. Arithmetic, and all that a real program loses on the way, come on top.
    ///
    /// # Errors
    /// As for [`prefill`](Self::prefill).
    pub fn decode_rate(
        &self,
        tokens: u64,
        batch: u64,
        precision: Precision,
        weights: Bytes,
        bandwidth: BytesPerSecond,
    ) -> Result<f64, Error> {
        let step = weights + self.decode(tokens, batch, precision)?.bytes;
        Ok(batch as f64 / (step / bandwidth).0)
    }

    /// A pass over the whole text, with so many products over the numbers of a key and of a value.
    fn pass(
        &self,
        tokens: u64,
        batch: u64,
        precision: Precision,
        [with_keys, with_values]: [u64; 2],
    ) -> Result<Work, Error> {
        self.check()?;
        at_least_one("the number of tokens", tokens)?;
        at_least_one("the batch", batch)?;
        let Vectors { kv_heads, key_dim, value_dim } = self.vectors()?;
        let pairs = self.per_layer(|window| causal_pairs(tokens, window))?;
        let pairs = u64::try_from(pairs).map_err(|_| Error::TooMany { what: "operations" })?;
        let keys = product("operations", &[with_keys, key_dim])?;
        let values = product("operations", &[with_values, value_dim])?;
        let dims = sum("operations", keys, values)?;
        let flops = product("operations", &[batch, self.heads, pairs, 2, dims])?;

        // Queries and outputs have the query heads, keys and values the others.
        let heads = sum("bytes", self.heads, kv_heads)?;
        let dims = sum("bytes", key_dim, value_dim)?;
        let size = precision.activation_bytes();
        let bytes = product("bytes", &[batch, self.layers, tokens, heads, dims, size])?;
        Ok(Work { flops: Flops(flops), bytes: Bytes(bytes) })
    }

    fn vectors(&self) -> Result<Vectors, Error> {
        match self.kind {
            Kind::Grouped { kv_heads, head_dim } => {
                Ok(Vectors { kv_heads, key_dim: head_dim, value_dim: head_dim })
            }
            Kind::Latent { rope_dim, nope_dim, value_dim, .. } => {
                let key_dim = sum("operations", nope_dim, rope_dim)?;
                Ok(Vectors { kv_heads: self.heads, key_dim, value_dim })
            }
        }
    }

    /// Bits that one token takes in one layer's cache.
    fn token_bits(&self, precision: Precision) -> Result<u64, Error> {
        match self.kind {
            Kind::Grouped { kv_heads, head_dim } => {
                product("bytes", &[2, kv_heads, precision.vector_bits(head_dim)?])
            }
            Kind::Latent { kv_lora_rank, rope_dim, .. } => {
                precision.latent_bits(kv_lora_rank, rope_dim)
            }
        }
    }

    /// The sum of `count` over the layers. It is given the layer's window.
    fn per_layer(&self, count: impl Fn(u64) -> u128) -> Result<u128, Error> {
        let (narrow, window) = match self.window {
            Window::Full => (0, u64::MAX),
            Window::Every(window) => (self.layers, window),
            Window::Alternate(window) => (self.layers.div_ceil(2), window),
        };
        let times = |layers: u64, each: u128| each.checked_mul(layers.into());
        times(narrow, count(window))
            .zip(times(self.layers - narrow, count(u64::MAX)))
            .and_then(|(narrow, wide)| narrow.checked_add(wide))
            .ok_or(Error::TooMany { what: "operations" })
    }

    fn check(&self) -> Result<(), Error> {
        at_least_one("the number of layers", self.layers)?;
        at_least_one("the number of heads", self.heads)?;
        if let Window::Every(window) | Window::Alternate(window) = self.window {
            at_least_one("the window", window)?;
        }
        match self.kind {
            Kind::Grouped { kv_heads, head_dim } => {
                at_least_one("head_dim", head_dim)?;
                at_least_one("kv_heads", kv_heads)?;
                if !self.heads.is_multiple_of(kv_heads) {
                    let (name, value) = ("kv_heads", kv_heads.to_string());
                    let must_be = "a divisor of the number of query heads";
                    return Err(Error::OutOfRange { name, value, must_be });
                }
                Ok(())
            }
            Kind::Latent { kv_lora_rank, nope_dim, value_dim, .. } => {
                at_least_one("kv_lora_rank", kv_lora_rank)?;
                at_least_one("nope_dim", nope_dim)?;
                at_least_one("value_dim", value_dim)
            }
        }
    }
}

/// Pairs of a query and a key that it may see, when each token sees itself and the tokens before
/// it, `window` tokens at most.
fn causal_pairs(tokens: u64, window: u64) -> u128 {
    let (tokens, window) = (u128::from(tokens), u128::from(window.min(tokens)));
    // The first `window` tokens see 1, 2, 3 and so on; each later one sees `window`.
    window * (window + 1) / 2 + (tokens - window) * window
}

/// The bytes of a model's weights, all stored alike. In real files a few are not: norms, and often
/// the embedding, keep more bits.
///
/// ```
/// use attention::cost::{Precision, weights};
///
/// let parameters = 70_000_000_000;
/// assert_eq!(weights(parameters, Precision::Fp16)?.in_gb(), "140.0 GB");
/// // Four bits would be 35 GB. The scales make it more.
/// assert_eq!(weights(parameters, Precision::Q4_1)?.in_gb(), "43.8 GB");
/// # Ok::<(), attention::Error>(())
/// ```
///
/// # Errors
/// As [`Precision::vector_bits`].
pub fn weights(parameters: u64, precision: Precision) -> Result<Bytes, Error> {
    Ok(Bytes(precision.vector_bits(parameters)?.div_ceil(8)))
}

/// How many texts fit into `memory` beside the `weights`, when the cache of one takes `cache`
/// bytes. What a program needs besides is left out.
pub fn texts_beside(memory: Bytes, weights: Bytes, cache: Bytes) -> u64 {
    memory.0.saturating_sub(weights.0).checked_div(cache.0).unwrap_or(0)
}

/// Work, and the bytes that must move for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Floating-point operations.
    pub flops: Flops,
    /// Bytes between the device's memory and its chip, at least.
    pub bytes: Bytes,
}

/// What a device spends its time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// On arithmetic: the work is dense enough to keep it busy.
    Compute,
    /// On waiting for memory.
    Memory,
}

/// The least time that some work can take on a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roofline {
    /// The operations at the peak rate.
    pub compute: Seconds,
    /// The bytes at the full bandwidth.
    pub memory: Seconds,
}

impl Work {
    /// Operations for each byte.
    pub fn intensity(&self) -> FlopsPerByte {
        self.flops / self.bytes
    }

    /// The least time on `device`: its dense peak and its bandwidth, both reached in full and at
    /// the same time. Real programs take longer (Williams, Waterman and Patterson, *Roofline*,
    /// 2009).
    ///
    /// # Errors
    /// [`Error::NoPeak`] when no peak is published for `arithmetic`.
    pub fn on(&self, device: &DeviceSpec, arithmetic: Arithmetic) -> Result<Roofline, Error> {
        let peak = device.peak(arithmetic)?;
        Ok(Roofline { compute: self.flops / peak, memory: self.bytes / device.bandwidth })
    }
}

impl Roofline {
    /// The longer of the two times.
    pub fn time(&self) -> Seconds {
        Seconds(self.compute.0.max(self.memory.0))
    }

    /// Which of the two times is the longer; with equal ones, arithmetic.
    pub fn bound(&self) -> Bound {
        if self.compute >= self.memory { Bound::Compute } else { Bound::Memory }
    }
}

fn at_least_one(name: &'static str, size: u64) -> Result<(), Error> {
    match size {
        0 => Err(Error::OutOfRange { name, value: "0".to_owned(), must_be: "at least one" }),
        _ => Ok(()),
    }
}

fn product(what: &'static str, factors: &[u64]) -> Result<u64, Error> {
    let multiply = |product: u64, factor: &u64| product.checked_mul(*factor);
    factors.iter().try_fold(1, multiply).ok_or(Error::TooMany { what })
}

fn sum(what: &'static str, left: u64, right: u64) -> Result<u64, Error> {
    left.checked_add(right).ok_or(Error::TooMany { what })
}
