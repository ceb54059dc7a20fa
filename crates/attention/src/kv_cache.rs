//! The KV cache: what a decoder keeps of the tokens it has read.

use std::ops::Range;

use burn::tensor::Tensor;

use crate::float_type::same_type;
use crate::scaled_dot_product::agree;
use crate::scaled_dot_product::not_empty;
use crate::units::Bytes;
use crate::{Attention, Error, Mask, grouped_query_attention};

/// The keys and values of earlier tokens, kept so that a new token costs one query and not the
/// whole text again (Shazeer, *Fast Transformer Decoding: One Write-Head is All You Need*, 2019,
/// section 2.4).
///
/// A causal mask lets no token see a later one, so a token's key and value never change once
/// they are known. Feeding a text token by token, in chunks, or at once gives the same output.
///
/// A cache of a sliding window forgets tokens that no later query may see (Jiang et al.,
/// *Mistral 7B*, 2023, section 2): its size stops growing at the window.
///
/// Positions go into the keys before they are kept: rotate a key ([`Rope`](crate::Rope)) by its
/// place in the text, [`next_position`](Self::next_position), then append it.
///
/// Appending copies what is held into a larger tensor. That keeps this code short; a program that
/// serves a model sets room aside first, and writes into it (Kwon et al., *Efficient Memory
/// Management for Large Language Model Serving with PagedAttention*, 2023).
///
/// ```
/// use attention::KvCache;
/// use burn::tensor::{Device, Tensor};
///
/// let mut cache = KvCache::growing();
/// let token = || Tensor::<4>::ones([1, 3, 1, 64], &Device::flex());
/// for _ in 0..5 {
///     cache.attend(Tensor::ones([1, 9, 1, 64], &Device::flex()), token(), token())?;
/// }
/// assert_eq!(cache.positions(), 0..5);
/// // Two tensors of 3 heads, 5 tokens, 64 numbers of 4 bytes.
/// assert_eq!(cache.bytes().0, 2 * 3 * 5 * 64 * 4);
/// # Ok::<(), attention::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KvCache {
    /// Keys `[batch, kv_heads, held, head_dim]` and values `[batch, kv_heads, held, value_dim]`.
    held: Option<(Tensor<4>, Tensor<4>)>,
    /// How many tokens there have been, forgotten ones too.
    seen: usize,
    /// How many of the newest tokens a query may see, its own among them.
    window: Option<usize>,
}

impl KvCache {
    /// An empty cache that keeps every token.
    pub fn growing() -> Self {
        KvCache { held: None, seen: 0, window: None }
    }

    /// An empty cache for queries that see `window` tokens each, their own and those before it.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when the window is zero.
    pub fn sliding(window: usize) -> Result<Self, Error> {
        if window == 0 {
            let must_be = "at least 1, for a query sees its own token";
            return Err(Error::OutOfRange {
                name: "the window of the cache",
                value: window.to_string(),
                must_be,
            });
        }
        Ok(KvCache { held: None, seen: 0, window: Some(window) })
    }

    /// Appends the keys and values of new tokens, and lets their queries look at all that they
    /// may see: earlier tokens in the cache, and no later token. Query head `h` asks key and
    /// value head `h / group`, as in [`grouped_query_attention`].
    ///
    /// - `query`: `[batch, heads, new, head_dim]`
    /// - `key`: `[batch, kv_heads, new, head_dim]`
    /// - `value`: `[batch, kv_heads, new, value_dim]`
    ///
    /// The scores and weights of the result are `[batch, heads, new, seq_k]`, where the last of
    /// the `seq_k` keys belongs to the last new token.
    ///
    /// # Errors
    /// Those of [`append`](Self::append) and of [`grouped_query_attention`], and
    /// [`Error::Mismatch`] when there is not one query for each new token. The cache then stays
    /// as it was.
    pub fn attend(
        &mut self,
        query: Tensor<4>,
        key: Tensor<4>,
        value: Tensor<4>,
    ) -> Result<Attention, Error> {
        agree("seq", 2, ("query", query.dims()), ("key", key.dims()))?;
        let new = key.dims()[2];
        let (keys, values) = self.visible(key, value)?;
        let mask = match self.window {
            None => Mask::Causal,
            Some(window) => Mask::SlidingWindow { before: window - 1, after: 0 },
        };
        let attention = grouped_query_attention(query, keys.clone(), values.clone(), mask)?;
        self.keep(keys, values, new);
        Ok(attention)
    }

    /// Appends the keys and values of new tokens. Returns those that the new tokens' queries may
    /// see, old ones first. In a sliding window each query sees fewer still: mask by the window.
    ///
    /// - `key`: `[batch, kv_heads, new, head_dim]`
    /// - `value`: `[batch, kv_heads, new, value_dim]`
    ///
    /// # Errors
    /// [`Error::Empty`] when a dimension is zero, [`Error::Mismatch`] when the key, the value and
    /// the tokens held do not fit together, [`Error::FloatTypes`] when their numbers are of
    /// different types. The cache then stays as it was.
    pub fn append(
        &mut self,
        key: Tensor<4>,
        value: Tensor<4>,
    ) -> Result<(Tensor<4>, Tensor<4>), Error> {
        let new = key.dims()[2];
        let (keys, values) = self.visible(key, value)?;
        self.keep(keys.clone(), values.clone(), new);
        Ok((keys, values))
    }

    /// The keys held, `[batch, kv_heads, len, head_dim]`, or none yet.
    pub fn keys(&self) -> Option<Tensor<4>> {
        self.held.as_ref().map(|(keys, _)| keys.clone())
    }

    /// The values held, `[batch, kv_heads, len, value_dim]`, or none yet.
    pub fn values(&self) -> Option<Tensor<4>> {
        self.held.as_ref().map(|(_, values)| values.clone())
    }

    /// How many tokens are held.
    pub fn len(&self) -> usize {
        self.held.as_ref().map_or(0, |(keys, _)| keys.dims()[2])
    }

    /// Whether no token is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The places in the text of the tokens held, counted from 0.
    pub fn positions(&self) -> Range<usize> {
        self.seen - self.len()..self.seen
    }

    /// The place in the text of the next token: how many there have been.
    pub fn next_position(&self) -> usize {
        self.seen
    }

    /// The size of the keys and values held:
    /// `batch · kv_heads · len · (head_dim + value_dim)` numbers of so many bytes each.
    pub fn bytes(&self) -> Bytes {
        self.held.as_ref().map_or(Bytes(0), |(keys, values)| bytes(keys) + bytes(values))
    }

    /// The keys and values that the queries of the new tokens may see.
    fn visible(&self, key: Tensor<4>, value: Tensor<4>) -> Result<(Tensor<4>, Tensor<4>), Error> {
        not_empty("key", key.dims())?;
        not_empty("value", value.dims())?;
        agree("batch", 0, ("key", key.dims()), ("value", value.dims()))?;
        agree("heads", 1, ("key", key.dims()), ("value", value.dims()))?;
        agree("seq", 2, ("key", key.dims()), ("value", value.dims()))?;
        same_type(&[("key", key.dtype()), ("value", value.dtype())])?;
        let Some((keys, values)) = self.held.clone() else {
            return Ok((key, value));
        };
        fits("key", key.dims(), "the cached key", keys.dims())?;
        fits("value", value.dims(), "the cached value", values.dims())?;
        same_type(&[("key", key.dtype()), ("the cached key", keys.dtype())])?;
        // The first new query sees itself and `window - 1` tokens before it.
        let before = self.window.map_or(self.len(), |window| self.len().min(window - 1));
        Ok((
            Tensor::cat(vec![newest(keys, before), key], 2),
            Tensor::cat(vec![newest(values, before), value], 2),
        ))
    }

    /// Holds on to what a later query may see, after `new` tokens more.
    fn keep(&mut self, keys: Tensor<4>, values: Tensor<4>, new: usize) {
        let len = keys.dims()[2];
        let kept = self.window.map_or(len, |window| len.min(window));
        self.held = Some((newest(keys, kept), newest(values, kept)));
        self.seen += new;
    }
}

/// The last `count` tokens of `x`, `[batch, kv_heads, seq, head_dim]`.
fn newest(x: Tensor<4>, count: usize) -> Tensor<4> {
    let seq = x.dims()[2];
    x.slice_dim(2, seq - count..seq)
}

/// The size of the numbers in `x`.
pub(crate) fn bytes(x: &Tensor<4>) -> Bytes {
    Bytes((x.shape().num_elements() * x.dtype().size()) as u64)
}

/// Checks that new tokens can follow those in the cache.
fn fits(
    new: &'static str,
    shape: [usize; 4],
    held: &'static str,
    held_shape: [usize; 4],
) -> Result<(), Error> {
    for (dimension, axis) in [("batch", 0), ("heads", 1), ("head_dim", 3)] {
        agree(dimension, axis, (new, shape), (held, held_shape))?;
    }
    Ok(())
}
