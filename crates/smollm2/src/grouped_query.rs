//! Grouped-query attention: many query heads, few key and value heads.

pub use attention::grouped_query::repeat_kv;
use attention::{
    Attention, AttentionOptions, AttentionSteps, KvCache, Mask, attention_steps,
    grouped_query_attention,
};
use burn::tensor::{Device, Tensor};

use crate::gguf::Gguf;
use crate::linear::Linear;
use crate::rope::Rope;
use crate::{Config, Error, Flow};

/// A way to attend: from queries `[1, heads, seq, head_dim]`, keys and values `[1, kv_heads, seq,
/// head_dim]` to outputs of the shape of the queries.
pub type Attend<'a> =
    dyn Fn(Tensor<4>, Tensor<4>, Tensor<4>) -> Result<Tensor<4>, attention::Error> + 'a;

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

    /// The first result of [`forward`](Self::forward), when `attend` takes the place of attention:
    /// see [`Model::logits_by`](crate::Model::logits_by).
    ///
    /// # Errors
    /// Those of `attend`, and [`Error::Attention`] when its output has another shape than the
    /// query.
    pub fn forward_by(&self, x: Tensor<2>, attend: &Attend<'_>) -> Result<Tensor<2>, Error> {
        let [query, key, value] = self.project(x, 0)?;
        let shape = query.dims();
        let output = attend(query, key, value)?;
        if output.dims() != shape {
            return Err(Error::Attention(attention::Error::Shape {
                tensor: "the output",
                shape: output.dims().to_vec(),
                must_be: format!("{shape:?}, that of the query"),
            }));
        }
        Ok(self.output.forward(merge_heads(output)))
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

    /// Every step of one query head over the whole of `x`, `[seq, d_model]`: each tensor is
    /// `[1, 1, seq, ..]`. Key and value are those of the key and value head that `head` asks.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when there is no such head, [`Error::Attention`] when `x` has no
    /// rows.
    pub fn steps(&self, x: Tensor<2>, head: usize) -> Result<AttentionSteps, Error> {
        let count = self.heads;
        if head >= count {
            return Err(Error::OutOfRange { what: "head", index: head, count });
        }
        let [seq, _] = x.dims();
        let [query, key, value] = self.project(x, 0)?;
        let kv_head = self.kv_head(head);
        let masks = vec![Mask::Causal.grid(seq, seq)];
        Ok(attention_steps(
            query.narrow(1, head, 1),
            key.narrow(1, kv_head, 1),
            value.narrow(1, kv_head, 1),
            AttentionOptions { masks, ..Default::default() },
        )?)
    }

    /// What each head does for the token at `place`. `x` is the layer's input, and `normed` what
    /// attention reads of it, both `[seq, d_model]`.
    ///
    /// # Errors
    /// [`Error::Attention`] when there are no rows.
    pub(crate) fn flow(
        &self,
        x: &Tensor<2>,
        normed: Tensor<2>,
        place: usize,
    ) -> Result<Flow, Error> {
        let [seq, _] = x.dims();
        let [query, key, value] = self.project(normed, 0)?;
        let attention = grouped_query_attention(query.clone(), key, value, Mask::Causal)?;
        let merged = merge_heads(attention.output.clone());
        let row = |tensor: Tensor<2>| numbers(tensor.narrow(0, place, 1));
        let of_head = |tensor: &Tensor<4>, head: usize| {
            row(tensor.clone().narrow(1, head, 1).reshape([seq, self.head_dim]))
        };
        let heads = 0..self.heads;
        let added = |head: usize| {
            let own = head * self.head_dim..(head + 1) * self.head_dim;
            let part = merged.clone().slice([0..seq, own.clone()]);
            let alone = Tensor::zeros(merged.dims(), &merged.device());
            row(self.output.forward(alone.slice_assign([0..seq, own], part)))
        };
        let map = |head: usize| -> Vec<Vec<f32>> {
            let weights = numbers(attention.weights.clone().narrow(1, head, 1).reshape([seq, seq]));
            weights.chunks(seq).enumerate().map(|(row, keys)| keys[..=row].to_vec()).collect()
        };
        Ok(Flow {
            x: row(x.clone()),
            query: heads.clone().map(|head| of_head(&query, head)).collect(),
            weights: heads.clone().map(map).collect(),
            output: heads.clone().map(|head| of_head(&attention.output, head)).collect(),
            added: heads.map(added).collect(),
            after: row(x.clone() + self.output.forward(merged.clone())),
        })
    }

    /// The key and value head that a query head asks.
    pub fn kv_head(&self, head: usize) -> usize {
        head / (self.heads / self.kv_heads)
    }
}

/// All numbers of a matrix, row by row.
fn numbers(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter().collect()
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

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    /// Four query heads that share two key and value heads, with numbers from -1 to 1.
    fn small() -> GroupedQueryAttention {
        let linear = |seed: f32, shape: [usize; 2]| Linear::new(made_up(seed, shape));
        GroupedQueryAttention {
            query: linear(1.0, [16, 8]),
            key: linear(2.0, [8, 8]),
            value: linear(3.0, [8, 8]),
            output: linear(4.0, [8, 16]),
            rope: Rope::new(4, 10_000.0).unwrap(),
            heads: 4,
            kv_heads: 2,
            head_dim: 4,
        }
    }

    fn made_up(seed: f32, [rows, columns]: [usize; 2]) -> Tensor<2> {
        let numbers = (0..rows * columns).map(|place| (place as f32 * 1.7 + seed).sin()).collect();
        Tensor::from_data(TensorData::new::<f32, _>(numbers, [rows, columns]), &Device::flex())
    }

    fn apart(left: Tensor<4>, right: Tensor<4>) -> f32 {
        assert_eq!(left.dims(), right.dims());
        let (left, right) = (left.into_data(), right.into_data());
        let pairs = left.iter::<f32>().zip(right.iter::<f32>());
        // Two hidden scores are equal, and their difference is not a number.
        pairs.filter(|(a, b)| a != b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn what_the_heads_add_is_what_the_layer_adds() {
        let (layer, x) = (small(), made_up(5.0, [6, 8]));
        let (whole, _) = layer.forward(x.clone()).unwrap();
        let after: Vec<f32> = (x.clone() + whole).into_data().iter().collect();
        for place in 0..6 {
            let flow = layer.flow(&x, x.clone(), place).unwrap();
            for at in 0..8 {
                let sum: f32 = flow.added.iter().map(|added| added[at]).sum();
                assert!((flow.x[at] + sum - after[place * 8 + at]).abs() < 1e-5, "{place} {at}");
                assert!((flow.after[at] - after[place * 8 + at]).abs() < 1e-5, "{place} {at}");
            }
            for head in 0..4 {
                let steps = layer.steps(x.clone(), head).unwrap();
                let own = |tensor: Tensor<4>| -> Vec<f32> {
                    tensor.narrow(2, place, 1).into_data().iter().collect()
                };
                let near =
                    |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
                assert!(near(&flow.query[head], &own(steps.query)), "{place} {head}");
                assert!(near(&flow.output[head], &own(steps.output)), "{place} {head}");
                let weights = &flow.weights[head][place];
                assert!(near(weights, &own(steps.weights)) && weights.len() == place + 1);
            }
        }
    }

    #[test]
    fn one_head_alone_does_what_it_does_among_the_others() {
        let (layer, x) = (small(), made_up(5.0, [6, 8]));
        let (_, all) = layer.forward(x.clone()).unwrap();
        for head in 0..4 {
            let alone = layer.steps(x.clone(), head).unwrap();
            assert_eq!(layer.kv_head(head), head / 2);
            let among = |tensor: &Tensor<4>| tensor.clone().narrow(1, head, 1);
            let largest = apart(alone.masked, among(&all.scores))
                .max(apart(alone.weights, among(&all.weights)))
                .max(apart(alone.output, among(&all.output)));
            println!("head {head}: {largest:.1e}");
            assert!(largest <= 1e-6, "head {head}: {largest:.1e}");
        }
        let message = layer.steps(x, 4).unwrap_err().to_string();
        assert_eq!(message, "there is no head 4: they count from 0 and there are 4");
    }
}
