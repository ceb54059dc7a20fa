//! Scaled dot-product attention: the formula of the book's first chapter.

use burn::tensor::{Bool, DType, Device, Tensor};

use crate::float_type::{same_type, widened};
use crate::{Error, Mask, MaskGrid, softmax};

/// What attention computes, step by step.
#[derive(Debug, Clone)]
pub struct Attention {
    /// `query · key / sqrt(head_dim)`, with `-inf` where the mask hides a key:
    /// `[batch, heads, seq_q, seq_k]`.
    pub scores: Tensor<4>,
    /// The softmax of each row of scores, `[batch, heads, seq_q, seq_k]`: row `i` says how
    /// query `i` shares its attention among the keys.
    pub weights: Tensor<4>,
    /// The values, mixed by the weights: `[batch, heads, seq_q, head_dim of the values]`.
    pub output: Tensor<4>,
}

impl Attention {
    /// Each tensor rounded to this type of numbers.
    pub(crate) fn cast(self, dtype: DType) -> Self {
        let Attention { scores, weights, output } = self;
        let [scores, weights, output] = [scores, weights, output].map(|x| x.cast(dtype));
        Attention { scores, weights, output }
    }
}

/// `softmax(mask(query · keyᵀ / sqrt(head_dim))) · value`
///
/// From Vaswani et al., *Attention Is All You Need*, 2017, section 3.2.1.
///
/// - `query`: `[batch, heads, seq_q, head_dim]`
/// - `key`: `[batch, heads, seq_k, head_dim]`
/// - `value`: `[batch, heads, seq_k, value_dim]`
///
/// Numbers of 16 bits are computed with in `f32`, and the results are rounded to their type. A
/// score that no `f16` holds is given as `inf`; its row of weights is right all the same.
///
/// Numbers that are not finite pass through as [`softmax`] says: a `NaN` in one query spoils
/// that query's row alone. A query from which the mask hides every key gets zeros, as weights and
/// as output. A hidden value must still be finite: `0` times `inf` is `NaN`.
///
/// # Errors
/// [`Error::Mismatch`] when shapes do not fit together, [`Error::Empty`] when a dimension is
/// zero, [`Error::FloatTypes`] when their numbers are of different types, and
/// [`Error::MoreQueriesThanKeys`] when a causal mask would leave a query nothing.
// ANCHOR: attention
pub fn scaled_dot_product_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    mask: Mask,
) -> Result<Attention, Error> {
    check(&query, &key, &value, mask)?;
    let [_, _, seq_q, head_dim] = query.dims();
    let (seq_k, dtype) = (key.dims()[2], query.dtype());
    // 16 bits become f32.
    let [query, key, value] = [query, key, value].map(widened);

    let mut scores = query.matmul(key.transpose()) / (head_dim as f32).sqrt();
    if let Some(hidden) = mask.hidden(seq_q, seq_k, &scores.device()) {
        scores = scores.mask_fill(hidden.unsqueeze::<4>(), f32::NEG_INFINITY);
    }
    let weights = softmax(scores.clone(), 3);
    let output = weights.clone().matmul(value);
    Ok(Attention { scores, weights, output }.cast(dtype))
}
// ANCHOR_END: attention

/// What [`attention_steps`] does besides the plain formula. The default is the plain formula.
#[derive(Debug, Clone, Default)]
pub struct AttentionOptions {
    /// What to multiply the raw scores with; `1 / sqrt(head_dim)` if `None`.
    pub scale: Option<f32>,
    /// Keeps the scaled scores within `-cap..cap`: `cap * tanh(score / cap)` (Gemma Team,
    /// *Gemma 2*, 2024, section 2).
    pub soft_cap: Option<f32>,
    /// What to add to the scores: `[batch, heads, seq_q, seq_k]`, where any dimension may be `1`
    /// and then serves for all. [`alibi_bias`](crate::alibi_bias) makes one.
    pub bias: Option<Tensor<4>>,
    /// Who may look where: no mask, one for the whole batch, or one for each text in it.
    pub masks: Vec<MaskGrid>,
    /// One learned logit a head, `[heads]`, that takes a share of the softmax and has no value:
    /// a head that finds nothing to look at can put its attention there (OpenAI, *gpt-oss*
    /// model card, 2025; Xiao et al., *Efficient Streaming Language Models with Attention
    /// Sinks*, 2023, section 3). A logit of `0` adds one to the sum below the fraction.
    pub sink: Option<Tensor<1>>,
}

/// Every tensor on the way from query, key and value to the output, in the order in which
/// [`attention_steps`] makes them. A step that the options leave out repeats the one before.
#[derive(Debug, Clone)]
pub struct AttentionSteps {
    /// The queries as given, `[batch, heads, seq_q, head_dim]`.
    pub query: Tensor<4>,
    /// The keys as given, `[batch, heads, seq_k, head_dim]`.
    pub key: Tensor<4>,
    /// The values as given, `[batch, heads, seq_k, value_dim]`.
    pub value: Tensor<4>,
    /// `query · keyᵀ`, `[batch, heads, seq_q, seq_k]`, as the following ones up to the weights.
    pub raw_scores: Tensor<4>,
    /// The raw scores times the scale.
    pub scaled: Tensor<4>,
    /// The scaled scores under the soft cap.
    pub capped: Tensor<4>,
    /// The capped scores with the bias added.
    pub biased: Tensor<4>,
    /// The biased scores, with `-inf` where a mask hides a key.
    pub masked: Tensor<4>,
    /// The softmax of each row: how a query shares its attention among the keys. With a sink a
    /// row adds up to less than one.
    pub weights: Tensor<4>,
    /// The share that the sink takes, `[batch, heads, seq_q, 1]`; `None` without a sink.
    pub sink_weights: Option<Tensor<4>>,
    /// The values, mixed by the weights: `[batch, heads, seq_q, value_dim]`.
    pub output: Tensor<4>,
}

/// Scaled dot-product attention that keeps every step, with the options of today's models.
///
/// ```text
/// softmax(mask(cap(query · keyᵀ * scale) + bias), sink) · value
/// ```
///
/// - `query`: `[batch, heads, seq_q, head_dim]`
/// - `key`: `[batch, heads, seq_k, head_dim]`
/// - `value`: `[batch, heads, seq_k, value_dim]`
///
/// With default options the output is that of [`scaled_dot_product_attention`] with
/// [`Mask::Full`]. Numbers of 16 bits are computed with in `f32` from the first step to the last,
/// and each step is then rounded to their type. So a raw score that no `f16` holds is shown as
/// `inf`, and does not spoil the steps after it. The bias and the sink may hold another type of
/// numbers. A query that sees no key gets zeros, as weights and as output; a sink then
/// takes the whole share. A hidden value must still be finite: `0` times `inf` is `NaN`.
///
/// # Errors
/// [`Error::Mismatch`], [`Error::Empty`] and [`Error::FloatTypes`] as
/// [`scaled_dot_product_attention`];
/// [`Error::OutOfRange`] for a scale that is not finite, or a soft cap that is not finite and
/// above zero; [`Error::Shape`] for a bias, mask or sink that does not fit; and
/// [`Error::MaskCount`] for several masks that are not one a text.
///
/// ```
/// use attention::{AttentionOptions, Mask, attention_steps};
/// use burn::tensor::{Device, Tensor};
///
/// let x = Tensor::<4>::from_data([[[[2.0_f32], [1.0]]]], &Device::flex());
/// let options = AttentionOptions { masks: vec![Mask::Causal.grid(2, 2)], ..Default::default() };
/// let steps = attention_steps(x.clone(), x.clone(), x, options)?;
/// let numbers = |tensor: Tensor<4>| tensor.into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(numbers(steps.raw_scores), [4.0, 2.0, 2.0, 1.0]);
/// assert_eq!(numbers(steps.masked), [4.0, f32::NEG_INFINITY, 2.0, 1.0]);
/// # Ok::<(), attention::Error>(())
/// ```
pub fn attention_steps(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    options: AttentionOptions,
) -> Result<AttentionSteps, Error> {
    check(&query, &key, &value, Mask::Full)?;
    let [batch, heads, seq_q, head_dim] = query.dims();
    options.check([batch, heads, seq_q, key.dims()[2]])?;
    let dtype = query.dtype();
    let [query, key, value] = [query, key, value].map(widened);

    let raw_scores = query.clone().matmul(key.clone().transpose());
    let scaled = match options.scale {
        Some(scale) => raw_scores.clone() * scale,
        None => raw_scores.clone() / (head_dim as f32).sqrt(),
    };
    let capped = match options.soft_cap {
        Some(cap) => (scaled.clone() / cap).tanh() * cap,
        None => scaled.clone(),
    };
    let biased = match options.bias {
        Some(bias) => capped.clone() + bias.cast(capped.dtype()),
        None => capped.clone(),
    };
    let masked = match hidden(&options.masks, biased.dims(), &biased.device()) {
        Some(hidden) => biased.clone().mask_fill(hidden, f32::NEG_INFINITY),
        None => biased.clone(),
    };
    let (weights, sink_weights) = match options.sink {
        Some(sink) => softmax_with_sink(masked.clone(), sink),
        None => (softmax(masked.clone(), 3), None),
    };
    let output = weights.clone().matmul(value.clone());
    let rounded = |x: Tensor<4>| x.cast(dtype);
    Ok(AttentionSteps {
        query: rounded(query),
        key: rounded(key),
        value: rounded(value),
        raw_scores: rounded(raw_scores),
        scaled: rounded(scaled),
        capped: rounded(capped),
        biased: rounded(biased),
        masked: rounded(masked),
        weights: rounded(weights),
        sink_weights: sink_weights.map(rounded),
        output: rounded(output),
    })
}

/// The entries to hide in scores of shape `scores`. `None` when nothing is hidden.
fn hidden(masks: &[MaskGrid], scores: [usize; 4], device: &Device) -> Option<Tensor<4, Bool>> {
    if masks.is_empty() {
        return None;
    }
    let texts = masks.iter().map(|mask| mask.hidden(device)).collect();
    let texts: Tensor<4, Bool> = Tensor::stack::<3>(texts, 0).unsqueeze_dim(1);
    Some(texts.expand(scores))
}

/// The sink is one more logit at the end of each row. Its share is cut off again.
fn softmax_with_sink(scores: Tensor<4>, sink: Tensor<1>) -> (Tensor<4>, Option<Tensor<4>>) {
    let [batch, heads, seq_q, seq_k] = scores.dims();
    let sink = sink.cast(scores.dtype()).reshape([1, heads, 1, 1]);
    let sink = sink.expand([batch, heads, seq_q, 1]);
    let shares = softmax(Tensor::cat(vec![scores, sink], 3), 3);
    (shares.clone().narrow(3, 0, seq_k), Some(shares.narrow(3, seq_k, 1)))
}

impl AttentionOptions {
    /// Whether the options fit scores of shape `[batch, heads, seq_q, seq_k]`.
    fn check(&self, scores: [usize; 4]) -> Result<(), Error> {
        let [batch, heads, seq_q, seq_k] = scores;
        let not_in_range = |name, value: f32, must_be| {
            Err(Error::OutOfRange { name, value: value.to_string(), must_be })
        };
        match (self.scale, self.soft_cap) {
            (Some(scale), _) if !scale.is_finite() => {
                return not_in_range("scale", scale, "finite");
            }
            (_, Some(cap)) if !(cap.is_finite() && cap > 0.0) => {
                return not_in_range("soft_cap", cap, "finite and above zero");
            }
            _ => {}
        }
        if let Some(bias) = self.bias.as_ref().map(Tensor::dims)
            && bias.iter().zip(scores).any(|(&bias, scores)| bias != 1 && bias != scores)
        {
            let must_be = format!("{scores:?}, with 1 in place of any of them");
            return Err(Error::Shape { tensor: "bias", shape: bias.to_vec(), must_be });
        }
        if !self.masks.is_empty() && self.masks.len() != 1 && self.masks.len() != batch {
            return Err(Error::MaskCount { masks: self.masks.len(), batch });
        }
        if let Some(mask) = self.masks.iter().find(|mask| mask.dims() != [seq_q, seq_k]) {
            let must_be = format!("{:?}, queries by keys", [seq_q, seq_k]);
            return Err(Error::Shape { tensor: "mask", shape: mask.dims().to_vec(), must_be });
        }
        if let Some(sink) = self.sink.as_ref().map(Tensor::dims)
            && sink != [heads]
        {
            let must_be = format!("{:?}, a logit a head", [heads]);
            return Err(Error::Shape { tensor: "sink", shape: sink.to_vec(), must_be });
        }
        Ok(())
    }
}

/// Checks that query, key and value fit together, and that a causal mask leaves no query blind.
pub(crate) fn check(
    query: &Tensor<4>,
    key: &Tensor<4>,
    value: &Tensor<4>,
    mask: Mask,
) -> Result<(), Error> {
    check_types(query, key, value)?;
    check_shapes(query.dims(), key.dims(), value.dims(), mask)
}

/// Checks that query, key and value hold one type of numbers.
pub(crate) fn check_types(
    query: &Tensor<4>,
    key: &Tensor<4>,
    value: &Tensor<4>,
) -> Result<(), Error> {
    same_type(&[("query", query.dtype()), ("key", key.dtype()), ("value", value.dtype())])
}

/// As [`check`], for shapes alone.
pub(crate) fn check_shapes(
    query: [usize; 4],
    key: [usize; 4],
    value: [usize; 4],
    mask: Mask,
) -> Result<(), Error> {
    check_but_heads(query, key, value, mask)?;
    agree("heads", 1, ("query", query), ("key", key))
}

/// As [`check_shapes`], but the query may have more heads than key and value.
pub(crate) fn check_but_heads(
    query: [usize; 4],
    key: [usize; 4],
    value: [usize; 4],
    mask: Mask,
) -> Result<(), Error> {
    for (tensor, shape) in [("query", query), ("key", key), ("value", value)] {
        not_empty(tensor, shape)?;
    }
    agree("batch", 0, ("query", query), ("key", key))?;
    agree("batch", 0, ("key", key), ("value", value))?;
    agree("heads", 1, ("key", key), ("value", value))?;
    agree("seq_k", 2, ("key", key), ("value", value))?;
    agree("head_dim", 3, ("query", query), ("key", key))?;
    if mask == Mask::Causal && query[2] > key[2] {
        return Err(Error::MoreQueriesThanKeys { seq_q: query[2], seq_k: key[2] });
    }
    Ok(())
}

/// Checks that `tensor`, `[batch, heads, seq, head_dim]`, has something in each dimension.
pub(crate) fn not_empty(tensor: &'static str, shape: [usize; 4]) -> Result<(), Error> {
    for (dimension, size) in ["batch", "heads", "seq", "head_dim"].into_iter().zip(shape) {
        if size == 0 {
            return Err(Error::Empty { tensor, dimension, shape });
        }
    }
    Ok(())
}

/// Checks that two tensors have the same size along `axis`.
pub(crate) fn agree(
    dimension: &'static str,
    axis: usize,
    (left, left_shape): (&'static str, [usize; 4]),
    (right, right_shape): (&'static str, [usize; 4]),
) -> Result<(), Error> {
    if left_shape[axis] == right_shape[axis] {
        return Ok(());
    }
    Err(Error::Mismatch { dimension, left, left_shape, right, right_shape })
}
