//! Grouped-query attention: many query heads, few key and value heads.

pub use attention::grouped_query::repeat_kv;
use attention::{Attention, KvCache, Mask, grouped_query_attention};
use burn::tensor::{Device, Tensor};

use crate::gguf::Gguf;
use crate::linear::Linear;
use crate::rope::Rope;
use crate::{Config, Error};

/// The attention of one layer (Ainslie et al., *GQA: Training Generalized Multi-Query Transformer
/// Models from Multi-Head Checkpoints*, 2023, section 2.2).
///
/// Nine query heads ask, and three key and value heads answer: each answers three. Query head `h`
/// asks key and value head `h / group`, with `group = heads / kv_heads`: see
/// [`attention::grouped_query_attention`].
#[derive(Debug, Clone)]
pub struct GroupedQueryAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    rope: Rope,
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
}

impl GroupedQueryAttention {
    pub(crate) fn read(
        file: &Gguf<'_>,
        layer: usize,
        config: &Config,
        device: &Device,
    ) -> Result<Self, Error> {
        let &Config { heads, kv_heads, head_dim, d_model, .. } = config;
        let linear = |part: &str, shape: [usize; 2]| {
            Linear::read(file, &format!("blk.{layer}.attn_{part}.weight"), shape, device)
        };
        Ok(GroupedQueryAttention {
            query: linear("q", [heads * head_dim, d_model])?,
            key: linear("k", [kv_heads * head_dim, d_model])?,
            value: linear("v", [kv_heads * head_dim, d_model])?,
            output: linear("output", [d_model, heads * head_dim])?,
            rope: Rope::new(head_dim, config.rope_base)?,
            heads,
            kv_heads,
            head_dim,
        })
    }

    /// `x` is `[seq, d_model]`, and so is the first result. The second is what attention computed
    /// on the way, `[1, heads, seq, ..]`.
    ///
    /// # Errors
    /// [`Error::Attention`] when `x` has no rows.
    pub fn forward(&self, x: Tensor<2>) -> Result<(Tensor<2>, Attention), Error> {
        let [query, key, value] = self.project(x, 0)?;
        let attention = grouped_query_attention(query, key, value, Mask::Causal)?;
        Ok((self.output.forward(merge_heads(attention.output.clone())), attention))
    }

    /// The first result of [`forward`](Self::forward), for tokens that follow those in `cache`,
    /// which then holds these too.
    ///
    /// # Errors
    /// [`Error::Attention`] when `x` has no rows, or the cache is not that of this layer.
    pub fn continued(&self, x: Tensor<2>, cache: &mut KvCache) -> Result<Tensor<2>, Error> {
        let [query, key, value] = self.project(x, cache.next_position())?;
        let output = cache.attend_output(query, key, value)?;
        Ok(self.output.forward(merge_heads(output)))
    }

    /// The scaled scores with nothing hidden, `[heads, seq, seq]`: see
    /// [`Model::unmasked_scores`](crate::Model::unmasked_scores).
    ///
    /// # Errors
    /// [`Error::Attention`] when `x` has no rows.
    pub fn unmasked_scores(&self, x: Tensor<2>) -> Result<Tensor<3>, Error> {
        let [query, key, value] = self.project(x, 0)?;
        let attention = grouped_query_attention(query, key, value, Mask::Full)?;
        Ok(attention.scores.squeeze_dim(0))
    }

    /// Queries, keys and values of tokens that stand at `first` and after it:
    /// `[1, heads or kv_heads, seq, head_dim]`.
    fn project(&self, x: Tensor<2>, first: usize) -> Result<[Tensor<4>; 3], Error> {
        let query = split_heads(self.query.forward(x.clone()), self.heads);
        let key = split_heads(self.key.forward(x.clone()), self.kv_heads);
        let value = split_heads(self.value.forward(x), self.kv_heads);
        Ok([self.rope.rotate(query, first)?, self.rope.rotate(key, first)?, value])
    }

    // ANCHOR: without
    /// The same layer with head `head` silenced: it looks as before, but its part of the output
    /// matrix is zero, so nothing that it finds is passed on.
    pub(crate) fn without(&self, head: usize) -> Self {
        let own = head * self.head_dim..(head + 1) * self.head_dim;
        GroupedQueryAttention { output: self.output.without(own), ..self.clone() }
    }
    // ANCHOR_END: without
}

/// `[seq, heads · head_dim]` to `[1, heads, seq, head_dim]`.
fn split_heads(x: Tensor<2>, heads: usize) -> Tensor<4> {
    let [seq, width] = x.dims();
    x.reshape([1, seq, heads, width / heads]).swap_dims(1, 2)
}

/// `[1, heads, seq, head_dim]` to `[seq, heads · head_dim]`.
fn merge_heads(x: Tensor<4>) -> Tensor<2> {
    let [_, heads, seq, head_dim] = x.dims();
    x.swap_dims(1, 2).reshape([seq, heads * head_dim])
}
