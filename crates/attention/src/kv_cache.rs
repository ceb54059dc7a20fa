//! The KV cache: what a decoder keeps of the tokens it has read.

use std::ops::Range;

use burn::tensor::{Bool, DType, Device, Tensor};

use crate::float_type::same_type;
use crate::grouped_query::{self, check};
use crate::scaled_dot_product::{agree, check_types, not_empty};
use crate::units::Bytes;
use crate::{Attention, Error, Mask, MaskGrid, cpu_flash_attention};

/// For fewer new tokens than these plain attention is as fast as [`cpu_flash_attention`].
const FAST_FROM: usize = 64;

/// The keys and values of earlier tokens, kept so that a new token costs one query and not the
/// whole text again (Shazeer, *Fast Transformer Decoding: One Write-Head is All You Need*, 2019,
/// section 2.4).
///
/// A causal mask lets no token see a later one, so a token's key and value never change once
/// they are known. Feeding a text token by token, in chunks, or at once gives the same output.
///
/// A cache of a sliding window forgets tokens that no later query may see (Jiang et al.,
/// *Mistral 7B*, 2023, section 2): its size stops growing at the window, and its room at about two.
///
/// Positions go into the keys before they are kept: rotate a key ([`Rope`](crate::Rope)) by its
/// place in the text, [`next_position`](Self::next_position), then append it.
///
/// The texts of a batch are all read to the same place. If some are shorter, put padding *in front*
/// of them, so that all end together, and say how much: [`with_padding`](Self::with_padding).
///
/// Room is set aside for as many tokens again as there are, so that a new token is written beside
/// the others and they stay where they are. When the room is full, all move to one twice as
/// large. A program that serves many texts at once deals out its room in pages instead (Kwon et
/// al., *Efficient Memory Management for Large Language Model Serving with PagedAttention*, 2023).
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
    /// Keys `[batch, kv_heads, room, head_dim]` and values `[batch, kv_heads, room, value_dim]`.
    room: Option<(Tensor<4>, Tensor<4>)>,
    /// Where in the room the tokens are. What stands elsewhere is not looked at.
    held: Range<usize>,
    /// How many tokens there have been, forgotten ones too.
    seen: usize,
    /// How many of the newest tokens a query may see, its own among them.
    window: Option<usize>,
    /// How many tokens in front of each text are padding. Empty if there is none.
    padding: Vec<usize>,
}

impl KvCache {
    /// An empty cache that keeps every token.
    pub fn growing() -> Self {
        KvCache { room: None, held: 0..0, seen: 0, window: None, padding: Vec::new() }
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
        Ok(KvCache { window: Some(window), ..KvCache::growing() })
    }

    /// The same cache for texts of different lengths: the first `padding[b]` tokens of text `b` are
    /// padding. No query sees them, and their own queries get zeros, as weights and as output. The
    /// rest of a text gets what it would get alone.
    ///
    /// Rotary positions may be counted from the start of the padding, for only distances matter.
    /// Learned places must be counted from the start of the text: token `i` of the row stands at
    /// `i - padding[b]`. Padding must be finite numbers: its weight is `0`, and `0` times `inf` is
    /// `NaN`.
    ///
    /// ```
    /// use attention::KvCache;
    /// use burn::tensor::{Device, Tensor};
    ///
    /// // Two texts, of three tokens and of one.
    /// let mut cache = KvCache::growing().with_padding(vec![0, 2]);
    /// let x = || Tensor::<4>::ones([2, 1, 3, 4], &Device::flex());
    /// let attention = cache.attend(x(), x(), x())?;
    /// let last = attention.weights.slice([1..2, 0..1, 2..3, 0..3]).into_data();
    /// assert_eq!(last.try_to_vec::<f32>().unwrap(), [0.0, 0.0, 1.0]);
    /// # Ok::<(), attention::Error>(())
    /// ```
    #[must_use]
    pub fn with_padding(self, padding: Vec<usize>) -> Self {
        KvCache { padding, ..self }
    }

    /// Appends the keys and values of new tokens, and lets their queries look at all that they
    /// may see: earlier tokens in the cache, and no later token. Query head `h` asks key and
    /// value head `h / group`, as in [`grouped_query_attention`](crate::grouped_query_attention).
    ///
    /// - `query`: `[batch, heads, new, head_dim]`
    /// - `key`: `[batch, kv_heads, new, head_dim]`
    /// - `value`: `[batch, kv_heads, new, value_dim]`
    ///
    /// The scores and weights of the result are `[batch, heads, new, seq_k]`, where the last of
    /// the `seq_k` keys belongs to the last new token.
    ///
    /// # Errors
    /// Those of [`append`](Self::append) and of [`grouped_query_attention`](crate::grouped_query_attention);
    /// [`Error::Mismatch`] when there is not one query for each new token, and
    /// [`Error::LengthCount`] when there is padding, but not one number for each text. The cache
    /// then stays as it was.
    pub fn attend(
        &mut self,
        query: Tensor<4>,
        key: Tensor<4>,
        value: Tensor<4>,
    ) -> Result<Attention, Error> {
        self.check_queries(&query, &key, &value)?;
        let new = key.dims()[2];
        let (keys, values) = self.write(key, value)?;
        let hidden = self.hidden(new, keys.dims()[2], &keys.device());
        self.keep(new);
        Ok(grouped_query::attend(query, keys, values, hidden))
    }

    /// The output of [`attend`](Self::attend), without scores and weights, for a model that reads:
    /// `[batch, heads, new, value_dim]`. Many new tokens at once go through
    /// [`cpu_flash_attention`]; the output is the same but for rounding.
    ///
    /// # Errors
    /// As [`attend`](Self::attend).
    pub fn attend_output(
        &mut self,
        query: Tensor<4>,
        key: Tensor<4>,
        value: Tensor<4>,
    ) -> Result<Tensor<4>, Error> {
        // The fast way computes in f32, knows no padding and gives no gradients.
        let plain = query.dtype() == DType::F64 || !self.padding.is_empty() || query.is_autodiff();
        if plain || key.dims()[2] < FAST_FROM {
            return Ok(self.attend(query, key, value)?.output);
        }
        self.check_queries(&query, &key, &value)?;
        let new = key.dims()[2];
        let (keys, values) = self.write(key, value)?;
        let output = cpu_flash_attention(query, keys, values, self.mask())?;
        self.keep(new);
        Ok(output)
    }

    /// Appends the keys and values of new tokens. Returns those that the new tokens' queries may
    /// see, old ones first. In a sliding window each query sees fewer still, and no query sees padding:
    /// mask both.
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
        let visible = self.write(key, value)?;
        self.keep(new);
        Ok(visible)
    }

    /// Forgets the newest tokens, all from `position` on: the next token to come has that place.
    /// It undoes reading, such as that of a guess that was wrong.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a position after the next one, or so early that a sliding window
    /// has forgotten tokens which the next query may see.
    pub fn truncate(&mut self, position: usize) -> Result<(), Error> {
        let forgotten = self.positions().start;
        let first_seen =
            self.window.map_or(0, |window| position.saturating_add(1).saturating_sub(window));
        if position > self.seen || first_seen < forgotten {
            return Err(Error::OutOfRange {
                name: "the position to truncate at",
                value: position.to_string(),
                must_be: "at most the next position, and within what the window still holds",
            });
        }
        self.held.end -= self.seen - position;
        self.seen = position;
        Ok(())
    }

    /// The keys held, `[batch, kv_heads, len, head_dim]`, or none yet.
    pub fn keys(&self) -> Option<Tensor<4>> {
        let (keys, _) = self.room.as_ref().filter(|_| !self.is_empty())?;
        Some(part(keys, &self.held))
    }

    /// The values held, `[batch, kv_heads, len, value_dim]`, or none yet.
    pub fn values(&self) -> Option<Tensor<4>> {
        let (_, values) = self.room.as_ref().filter(|_| !self.is_empty())?;
        Some(part(values, &self.held))
    }

    /// How many tokens are held.
    pub fn len(&self) -> usize {
        self.held.len()
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
        let both = self.keys().zip(self.values());
        both.map_or(Bytes(0), |(keys, values)| bytes(&keys) + bytes(&values))
    }

    /// The size of the room set aside, held tokens included: [`bytes`](Self::bytes) at least.
    pub fn reserved_bytes(&self) -> Bytes {
        self.room.as_ref().map_or(Bytes(0), |(keys, values)| bytes(keys) + bytes(values))
    }

    /// Whether there is a query for each new token, and padding for each text.
    fn check_queries(
        &self,
        query: &Tensor<4>,
        key: &Tensor<4>,
        value: &Tensor<4>,
    ) -> Result<(), Error> {
        agree("seq", 2, ("query", query.dims()), ("key", key.dims()))?;
        check_types(query, key, value)?;
        check(query.dims(), key.dims(), value.dims(), self.mask())?;
        let (lengths, batch) = (self.padding.len(), query.dims()[0]);
        if lengths != 0 && lengths != batch {
            return Err(Error::LengthCount { lengths, batch });
        }
        Ok(())
    }

    /// What is hidden from the queries of `new` tokens among `seq_k` keys, of which the last belongs
    /// to the last of them: `[batch, 1, new, seq_k]`, with 1 for the batch if there is no padding.
    fn hidden(&self, new: usize, seq_k: usize, device: &Device) -> Option<Tensor<4, Bool>> {
        if self.padding.is_empty() {
            return self.mask().hidden(new, seq_k, device).map(Tensor::unsqueeze);
        }
        let visible = self.mask().grid(new, seq_k);
        let first = self.seen + new - seq_k;
        let of_text = |&padding: &usize| {
            let sees = |query, key| visible.sees(query, key) && first + key >= padding;
            MaskGrid::from_fn(new, seq_k, sees).hidden(device)
        };
        let texts = self.padding.iter().map(of_text).collect();
        Some(Tensor::stack::<3>(texts, 0).unsqueeze_dim(1))
    }

    /// What the queries of new tokens may see, but for padding.
    fn mask(&self) -> Mask {
        match self.window {
            None => Mask::Causal,
            Some(window) => Mask::SlidingWindow { before: window - 1, after: 0 },
        }
    }

    /// Writes new tokens after those held. Returns what their queries may see. The tokens count
    /// as held once [`keep`](Self::keep) has been called.
    fn write(&mut self, key: Tensor<4>, value: Tensor<4>) -> Result<(Tensor<4>, Tensor<4>), Error> {
        not_empty("key", key.dims())?;
        not_empty("value", value.dims())?;
        agree("batch", 0, ("key", key.dims()), ("value", value.dims()))?;
        agree("heads", 1, ("key", key.dims()), ("value", value.dims()))?;
        agree("seq", 2, ("key", key.dims()), ("value", value.dims()))?;
        same_type(&[("key", key.dtype()), ("value", value.dtype())])?;
        if let Some((keys, values)) = self.keys().zip(self.values()) {
            fits("key", key.dims(), "the cached key", keys.dims())?;
            fits("value", value.dims(), "the cached value", values.dims())?;
            same_type(&[("key", key.dtype()), ("the cached key", keys.dtype())])?;
        }
        let new = key.dims()[2];
        // Taken out, so that there is no second handle and the writing needs no copy.
        let (keys, values) = match self.room.take().filter(|_| !self.is_empty()) {
            None => {
                self.held = 0..0;
                (key, value)
            }
            Some((mut keys, mut values)) => {
                if self.held.end + new > keys.dims()[2] {
                    let room = 2 * (self.len() + new);
                    keys = moved(&keys, &self.held, room);
                    values = moved(&values, &self.held, room);
                    self.held = 0..self.len();
                }
                (written(keys, self.held.end, key), written(values, self.held.end, value))
            }
        };
        // The first new query sees itself and `window - 1` tokens before it.
        let before = self.window.map_or(self.len(), |window| self.len().min(window - 1));
        let visible = self.held.end - before..self.held.end + new;
        let views = (part(&keys, &visible), part(&values, &visible));
        self.room = Some((keys, values));
        Ok(views)
    }

    /// Holds on to what a later query may see, after `new` tokens more.
    fn keep(&mut self, new: usize) {
        self.held.end += new;
        let kept = self.window.map_or(self.len(), |window| self.len().min(window));
        self.held.start = self.held.end - kept;
        self.seen += new;
    }
}

/// Some tokens of `x`, `[batch, kv_heads, room, head_dim]`. Nothing is copied.
pub(crate) fn part(x: &Tensor<4>, tokens: &Range<usize>) -> Tensor<4> {
    x.clone().narrow(2, tokens.start, tokens.len())
}

/// Some tokens of `x`, at the start of a room for `room` tokens.
pub(crate) fn moved(x: &Tensor<4>, tokens: &Range<usize>, room: usize) -> Tensor<4> {
    let [batch, kv_heads, _, head_dim] = x.dims();
    let larger = Tensor::zeros([batch, kv_heads, room, head_dim], (&x.device(), x.dtype()));
    written(larger, 0, part(x, tokens))
}

/// Writes new tokens into the room `x`, from place `first` on.
pub(crate) fn written(x: Tensor<4>, first: usize, new: Tensor<4>) -> Tensor<4> {
    let [batch, kv_heads, tokens, head_dim] = new.dims();
    x.slice_assign([0..batch, 0..kv_heads, first..first + tokens, 0..head_dim], new)
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
