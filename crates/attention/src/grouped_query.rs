//! Grouped-query attention: many query heads, few key and value heads.

use burn::tensor::{Bool, Tensor};

use crate::float_type::widened;
use crate::scaled_dot_product::{check_but_heads, check_types};
use crate::{Attention, Error, Mask, softmax};

/// Attention in which each key and value head answers a group of query heads (Ainslie et al.,
/// *GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints*, 2023,
/// section 2.2).
///
/// - `query`: `[batch, heads, seq_q, head_dim]`
/// - `key`: `[batch, kv_heads, seq_k, head_dim]`
/// - `value`: `[batch, kv_heads, seq_k, value_dim]`
///
/// With `group = heads / kv_heads`, query head `h` asks key and value head `h / group`. The
/// scores, weights and output come in the order of the query heads. At the two ends:
/// - `kv_heads = heads`: each query head has its own, which is multi-head attention;
/// - `kv_heads = 1`: all share one, which is multi-query attention (Shazeer, *Fast Transformer
///   Decoding: One Write-Head is All You Need*, 2019, section 3).
///
/// Numbers of 16 bits, those that are not finite, and queries that may see no key give what they
/// give in
/// [`scaled_dot_product_attention`](crate::scaled_dot_product_attention).
///
/// No key or value is copied. The query heads of a group lie one after the other, so their rows
/// can be read as one longer list of queries to the same keys.
///
/// ```
/// use attention::{Mask, grouped_query_attention};
/// use burn::tensor::{Device, Tensor};
///
/// // SmolLM2's layers: nine query heads, three key and value heads.
/// let device = Device::flex();
/// let query = Tensor::<4>::ones([1, 9, 5, 64], &device);
/// let key = Tensor::<4>::ones([1, 3, 5, 64], &device);
/// let attention = grouped_query_attention(query, key.clone(), key, Mask::Causal)?;
/// assert_eq!(attention.weights.dims(), [1, 9, 5, 5]);
/// # Ok::<(), attention::Error>(())
/// ```
///
/// # Errors
/// [`Error::HeadsNotShared`] when `heads` is not a multiple of `kv_heads`; else those of
/// [`scaled_dot_product_attention`](crate::scaled_dot_product_attention).
pub fn grouped_query_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    mask: Mask,
) -> Result<Attention, Error> {
    check_types(&query, &key, &value)?;
    check(query.dims(), key.dims(), value.dims(), mask)?;
    let hidden = mask.hidden(query.dims()[2], key.dims()[2], &query.device());
    Ok(attend(query, key, value, hidden.map(Tensor::unsqueeze)))
}

/// The attention of tensors that fit together. `hidden` is `true` where a query may *not* look:
/// `[batch, heads, seq_q, seq_k]`, where 1 in place of the first two serves for all.
pub(crate) fn attend(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    hidden: Option<Tensor<4, Bool>>,
) -> Attention {
    let [batch, heads, seq_q, head_dim] = query.dims();
    let [_, kv_heads, seq_k, value_dim] = value.dims();
    let (group, dtype) = (heads / kv_heads, query.dtype());
    let [query, key, value] = [query, key, value].map(widened);

    let grouped = query.reshape([batch, kv_heads, group * seq_q, head_dim]);
    let scores = grouped.matmul(key.transpose()) / (head_dim as f32).sqrt();
    let mut scores = scores.reshape([batch, heads, seq_q, seq_k]);
    if let Some(hidden) = hidden {
        scores = scores.mask_fill(hidden, f32::NEG_INFINITY);
    }
    let weights = softmax(scores.clone(), 3);

    let grouped = weights.clone().reshape([batch, kv_heads, group * seq_q, seq_k]);
    let output = grouped.matmul(value).reshape([batch, heads, seq_q, value_dim]);
    Attention { scores, weights, output }.cast(dtype)
}

// ANCHOR: kv_head
/// The key and value head that query head `head` of `heads` reads, when there are `kv_heads`:
/// neighbours share.
///
/// # Errors
/// [`Error::HeadsNotShared`] when `heads` is not a multiple of `kv_heads`, and
/// [`Error::OutOfRange`] when there is no such query head.
pub fn kv_head(head: usize, heads: usize, kv_heads: usize) -> Result<usize, Error> {
    if kv_heads == 0 || !heads.is_multiple_of(kv_heads) {
        return Err(Error::HeadsNotShared { heads, kv_heads });
    }
    if head >= heads {
        let (name, must_be) = ("the query head", "below the number of query heads");
        return Err(Error::OutOfRange { name, value: head.to_string(), must_be });
    }
    Ok(head / (heads / kv_heads))
}
// ANCHOR_END: kv_head

/// Gives each of `group` query heads in a row the same key or value head:
/// `[batch, kv_heads, seq, head_dim]` to `[batch, kv_heads · group, seq, head_dim]`.
///
/// Head `h` of the result is head `h / group` of `x`. After this, grouped-query attention is
/// multi-head attention. It costs `group` times the memory and the traffic, which is what
/// [`grouped_query_attention`] saves; this function is here to compare with.
pub fn repeat_kv(x: Tensor<4>, group: usize) -> Tensor<4> {
    let [batch, kv_heads, seq, head_dim] = x.dims();
    let copies: Tensor<5> = x.unsqueeze_dim(2);
    copies.expand([batch, kv_heads, group, seq, head_dim]).reshape([
        batch,
        kv_heads * group,
        seq,
        head_dim,
    ])
}

/// Checks that query, key and value fit together.
pub(crate) fn check(
    query: [usize; 4],
    key: [usize; 4],
    value: [usize; 4],
    mask: Mask,
) -> Result<(), Error> {
    check_but_heads(query, key, value, mask)?;
    let (heads, kv_heads) = (query[1], key[1]);
    if !heads.is_multiple_of(kv_heads) {
        return Err(Error::HeadsNotShared { heads, kv_heads });
    }
    Ok(())
}
