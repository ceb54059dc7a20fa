//! Multi-head latent attention: one small vector a token in place of many keys and values.

use burn::tensor::Tensor;

use crate::float_type::{same_type, widened};
use crate::kv_cache::{bytes, moved, part, written};
use crate::scaled_dot_product::agree;
use crate::units::Bytes;
use crate::{
    Attention, Error, Mask, Rope, grouped_query_attention, merge_heads,
    scaled_dot_product_attention,
};

/// The matrices of one layer of multi-head latent attention. Vectors are rows: `x · W`.
///
/// The comments name each as the paper does, which has vectors as columns: its matrices are
/// these, transposed.
#[derive(Debug, Clone)]
pub struct LatentWeights {
    /// `W^DQ`, `[d_model, query_latent]`: a token to its compressed query.
    pub query_down: Tensor<2>,
    /// `W^UQ`, `[query_latent, heads · head_dim]`: the part of the queries without position.
    pub query_up: Tensor<2>,
    /// `W^QR`, `[query_latent, heads · rope_dim]`: the part of the queries that is rotated.
    pub query_rope: Tensor<2>,
    /// `W^DKV`, `[d_model, kv_latent]`: a token to the latent of its keys and values.
    pub kv_down: Tensor<2>,
    /// `W^UK`, `[kv_latent, heads · head_dim]`: the latent to the keys without position.
    pub key_up: Tensor<2>,
    /// `W^KR`, `[d_model, rope_dim]`: a token to the rotated key, one for all heads.
    pub key_rope: Tensor<2>,
    /// `W^UV`, `[kv_latent, heads · head_dim]`: the latent to the values.
    pub value_up: Tensor<2>,
    /// `W^O`, `[heads · head_dim, d_model]`: the heads' outputs, side by side, to the token.
    pub output: Tensor<2>,
}

/// Multi-head latent attention (DeepSeek-AI, *DeepSeek-V2: A Strong, Economical, and Efficient
/// Mixture-of-Experts Language Model*, 2024, section 2.1 and appendix C).
///
/// The keys and values of all heads are made from one latent `c` of `kv_latent` numbers a token,
/// and only `c` is kept. Rotary positions would stand between the latent and the keys, so they
/// get a key of their own, `r`, `rope_dim` numbers that all heads share: it is *decoupled*.
///
/// ```text
/// score = (content query · content key + rotated query · r) / sqrt(head_dim + rope_dim)
/// ```
///
/// The layer runs in two forms, equal up to rounding, on the same cache:
/// - [`forward`](Self::forward) makes each head's keys and values from the latents of the whole
///   text: best for many queries at once;
/// - [`forward_absorbed`](Self::forward_absorbed) never makes them: best for one query, as in
///   decoding.
///
/// DeepSeek-V2 has 128 heads, `head_dim` 128, `rope_dim` 64 and `kv_latent` 512: it keeps 576
/// numbers a token and layer, where multi-head attention would keep 32,768. Its models also
/// norm both latents (section 3.1.2), which this layer leaves out.
#[derive(Debug, Clone)]
pub struct LatentAttention {
    weights: LatentWeights,
    /// `key_up` head by head, `[1, heads, kv_latent, head_dim]`.
    key_up: Tensor<4>,
    /// `value_up` head by head, `[1, heads, kv_latent, head_dim]`.
    value_up: Tensor<4>,
    rope: Rope,
    heads: usize,
}

/// What multi-head latent attention keeps of the tokens it has read: the latent and the rotated
/// key, side by side, `[batch, 1, seq, kv_latent + rope_dim]`.
///
/// Like [`KvCache`](crate::KvCache) it sets room aside for as many tokens again as it holds. It
/// knows no padding: the texts of a batch are equally long, and others get a cache each.
#[derive(Debug, Clone, Default)]
pub struct LatentCache {
    /// `[batch, 1, room, kv_latent + rope_dim]`. What stands after the tokens held is not looked
    /// at.
    room: Option<Tensor<4>>,
    len: usize,
}

impl LatentCache {
    /// An empty cache.
    pub fn new() -> Self {
        LatentCache::default()
    }

    /// How many tokens are held. The next token stands at this position.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no token is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The size of what is held: `batch · len · (kv_latent + rope_dim)` numbers of so many bytes
    /// each. The number of heads does not matter.
    pub fn bytes(&self) -> Bytes {
        let held = self.room.as_ref().map(|room| part(room, &(0..self.len)));
        held.as_ref().map_or(Bytes(0), bytes)
    }

    /// The size of the room set aside, held tokens included.
    pub fn reserved_bytes(&self) -> Bytes {
        self.room.as_ref().map_or(Bytes(0), bytes)
    }

    /// Writes what is new after what is held, and returns both,
    /// `[batch, 1, len + new, kv_latent + rope_dim]`. The new tokens count as held once
    /// [`keep`](Self::keep) has been called.
    fn write(&mut self, new: Tensor<4>) -> Result<Tensor<4>, Error> {
        if let Some(room) = self.room.as_ref().filter(|_| !self.is_empty()) {
            for (dimension, axis) in [("batch", 0), ("kv_latent + rope_dim", 3)] {
                let held = part(room, &(0..self.len)).dims();
                agree(dimension, axis, ("the new latent", new.dims()), ("the cache", held))?;
            }
            same_type(&[("the new latent", new.dtype()), ("the cache", room.dtype())])?;
        }
        let tokens = self.len + new.dims()[2];
        // Taken out, so that there is no second handle and the writing needs no copy.
        let room = match self.room.take().filter(|_| !self.is_empty()) {
            None => new,
            Some(room) if tokens <= room.dims()[2] => written(room, self.len, new),
            Some(room) => written(moved(&room, &(0..self.len), 2 * tokens), self.len, new),
        };
        let both = part(&room, &(0..tokens));
        self.room = Some(room);
        Ok(both)
    }

    /// Holds on to `new` tokens that were written.
    fn keep(&mut self, new: usize) {
        self.len += new;
    }
}

impl LatentAttention {
    /// A layer of `heads` heads with these matrices, whose rotary positions have this base (see
    /// [`Rope`]).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for no heads, or as [`Rope::new`]; [`Error::NotDivisible`] when the
    /// heads cannot share `W^UK` evenly; [`Error::Shape`] when a matrix is empty or does not fit
    /// the others; [`Error::FloatTypes`] when they hold different types of numbers.
    pub fn new(weights: LatentWeights, heads: usize, rope_base: f32) -> Result<Self, Error> {
        weights.check(heads)?;
        let rope = Rope::new(weights.key_rope.dims()[1], rope_base)?;
        let key_up = by_head(&weights.key_up, heads);
        let value_up = by_head(&weights.value_up, heads);
        Ok(LatentAttention { weights, key_up, value_up, rope, heads })
    }

    /// Reads the tokens `x`, `[batch, seq, d_model]`, which follow those in the cache. Each sees
    /// itself and all before it. The first result is `[batch, seq, d_model]`, the second is what
    /// the heads computed on the way, `[batch, heads, seq, ..]`.
    ///
    /// This is the plain form: multi-head attention over keys and values made from the latents.
    ///
    /// # Errors
    /// [`Error::Shape`] when `x` is empty or not `d_model` wide, [`Error::FloatTypes`] when its
    /// numbers are not of the type of the matrices or the cache, [`Error::Mismatch`] when the
    /// cache is that of another batch or layer. The cache then stays as it was.
    pub fn forward(
        &self,
        x: Tensor<3>,
        cache: &mut LatentCache,
    ) -> Result<(Tensor<3>, Attention), Error> {
        let new = x.dims()[1];
        let (content_query, rotated_query, kept) = self.project(x, cache)?;
        let (latent, rotated_key) = self.split(kept);

        let content_key = latent.clone().matmul(self.key_up.clone());
        let value = latent.matmul(self.value_up.clone());
        // All heads look at the same rotated key.
        let [batch, _, seq_k, rope_dim] = rotated_key.dims();
        let rotated_key = rotated_key.expand([batch, self.heads, seq_k, rope_dim]);

        let query = Tensor::cat(vec![content_query, rotated_query], 3);
        let key = Tensor::cat(vec![content_key, rotated_key], 3);
        let attention = scaled_dot_product_attention(query, key, value, Mask::Causal)?;
        cache.keep(new);
        Ok((self.mix(&attention), attention))
    }

    /// The same as [`forward`](Self::forward), without ever making a key or a value.
    ///
    /// A head's score is `query · (latent · W^UK)`, which is `(query · W^UKᵀ) · latent`: the matrix
    /// is absorbed into the query, once, and not applied to every key. In the same way the
    /// weights mix the latents first, and `W^UV` is applied once, to the result.
    ///
    /// What is left is multi-query attention: all heads look at one key, the latent beside the
    /// rotated key, and at one value, the latent. From the absorbed query on, numbers of 16 bits
    /// are computed with in `f32`, for an `f16` may be too small for an absorbed query.
    ///
    /// # Errors
    /// Those of [`forward`](Self::forward).
    pub fn forward_absorbed(
        &self,
        x: Tensor<3>,
        cache: &mut LatentCache,
    ) -> Result<(Tensor<3>, Attention), Error> {
        let (new, dtype) = (x.dims()[1], x.dtype());
        let (content_query, rotated_query, kept) = self.project(x, cache)?;
        let [content_query, rotated_query, kept] =
            [content_query, rotated_query, kept].map(widened);
        let [key_up, value_up] = [&self.key_up, &self.value_up].map(|up| widened(up.clone()));
        let (latent, _) = self.split(kept.clone());

        let [_, _, kv_latent, head_dim] = key_up.dims();
        let rope_dim = kept.dims()[3] - kv_latent;
        let absorbed = content_query.matmul(key_up.transpose());
        let query = Tensor::cat(vec![absorbed, rotated_query], 3);
        // Attention divides by the root of this wider query's length: undo that, and divide by
        // the root of the plain query's.
        let (wide, plain) = ((kv_latent + rope_dim) as f32, (head_dim + rope_dim) as f32);
        let query = query * (wide / plain).sqrt();

        let mut attention = grouped_query_attention(query, kept.clone(), latent, Mask::Causal)?;
        attention.output = attention.output.matmul(value_up);
        let attention = attention.cast(dtype);
        cache.keep(new);
        Ok((self.mix(&attention), attention))
    }

    /// The queries of the tokens `x`, without position `[batch, heads, seq, head_dim]` and rotated
    /// `[batch, heads, seq, rope_dim]`, and what the cache holds with these tokens.
    fn project(
        &self,
        x: Tensor<3>,
        cache: &mut LatentCache,
    ) -> Result<(Tensor<4>, Tensor<4>, Tensor<4>), Error> {
        self.check_input(x.dims())?;
        same_type(&[("the input", x.dtype()), ("W^DQ", self.weights.query_down.dtype())])?;
        let first = cache.len();
        // With a dimension for the heads: [batch, 1, seq, d_model].
        let x: Tensor<4> = x.unsqueeze_dim(1);
        let weights = &self.weights;

        let query_latent = x.clone().matmul(by_head(&weights.query_down, 1));
        let content_query = query_latent.clone().matmul(by_head(&weights.query_up, self.heads));
        let rotated_query = query_latent.matmul(by_head(&weights.query_rope, self.heads));
        let rotated_query = self.rope.rotate(rotated_query, first)?;

        let latent = x.clone().matmul(by_head(&weights.kv_down, 1));
        let rotated_key = x.matmul(by_head(&weights.key_rope, 1));
        let rotated_key = self.rope.rotate(rotated_key, first)?;
        let kept = cache.write(Tensor::cat(vec![latent, rotated_key], 3))?;
        Ok((content_query, rotated_query, kept))
    }

    /// The latents and the rotated keys in what a cache holds.
    fn split(&self, kept: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let kv_latent = self.weights.kv_down.dims()[1];
        let rope_dim = self.weights.key_rope.dims()[1];
        (kept.clone().narrow(3, 0, kv_latent), kept.narrow(3, kv_latent, rope_dim))
    }

    /// The heads' outputs side by side, times `W^O`: `[batch, seq, d_model]`.
    fn mix(&self, attention: &Attention) -> Tensor<3> {
        merge_heads(attention.output.clone()).matmul(self.weights.output.clone().unsqueeze())
    }

    fn check_input(&self, shape: [usize; 3]) -> Result<(), Error> {
        let d_model = self.weights.kv_down.dims()[0];
        if shape[2] == d_model && shape[0] > 0 && shape[1] > 0 {
            return Ok(());
        }
        let must_be = format!("[batch, seq, {d_model}], with at least one text and one token");
        Err(Error::Shape { tensor: "the input", shape: shape.to_vec(), must_be })
    }
}

/// A matrix `[inputs, heads · width]` head by head: `[1, heads, inputs, width]`.
fn by_head(weight: &Tensor<2>, heads: usize) -> Tensor<4> {
    let [inputs, outputs] = weight.dims();
    weight.clone().reshape([1, inputs, heads, outputs / heads]).swap_dims(1, 2)
}

impl LatentWeights {
    /// Checks that the matrices fit each other and `heads` heads.
    fn check(&self, heads: usize) -> Result<(), Error> {
        if heads == 0 {
            let (name, value) = ("the number of heads", heads.to_string());
            return Err(Error::OutOfRange { name, value, must_be: "at least 1" });
        }
        let of = |name, matrix: &Tensor<2>| (name, matrix.dtype());
        same_type(&[
            of("W^DQ", &self.query_down),
            of("W^UQ", &self.query_up),
            of("W^QR", &self.query_rope),
            of("W^DKV", &self.kv_down),
            of("W^UK", &self.key_up),
            of("W^KR", &self.key_rope),
            of("W^UV", &self.value_up),
            of("W^O", &self.output),
        ])?;
        let [kv_latent, width] = self.key_up.dims();
        if !width.is_multiple_of(heads) {
            return Err(Error::NotDivisible { tensor: "W^UK", width, heads });
        }
        let [d_model, query_latent] = self.query_down.dims();
        let rope_dim = self.key_rope.dims()[1];
        for (tensor, weight, expected) in [
            ("W^DQ", &self.query_down, [d_model, query_latent]),
            ("W^UQ", &self.query_up, [query_latent, width]),
            ("W^QR", &self.query_rope, [query_latent, heads.saturating_mul(rope_dim)]),
            ("W^DKV", &self.kv_down, [d_model, kv_latent]),
            ("W^UK", &self.key_up, [kv_latent, width]),
            ("W^KR", &self.key_rope, [d_model, rope_dim]),
            ("W^UV", &self.value_up, [kv_latent, width]),
            ("W^O", &self.output, [width, d_model]),
        ] {
            if weight.dims() != expected || expected.contains(&0) {
                let must_be =
                    format!("{expected:?}, as the other matrices ask, and no side may be 0");
                return Err(Error::Shape { tensor, shape: weight.dims().to_vec(), must_be });
            }
        }
        Ok(())
    }
}
