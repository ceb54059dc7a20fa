//! Flash attention that makes full use of a CPU.
//!
//! [`flash_attention`](crate::flash::flash_attention) shows the idea tile by tile and counts what
//! it moves. This is the same idea made fast, for a model that needs the output alone:
//!
//! - Blocks of queries go to the CPU's cores, whichever is free. No block waits for another.
//! - Sixteen queries work side by side, one in each lane of a vector register, as threads do on a
//!   GPU. A number of a key or a value is loaded once and meets all sixteen. The maximum, the
//!   sum and the output of a query stay in its lane, so no step ever looks across lanes.
//! - Keys that no query of a block may see are never touched: a causal mask halves the work.
//! - `exp` is a polynomial, the same few instructions for every lane.
//!
//! The memory besides inputs and output is a tile for each core and copies of the inputs, the
//! keys and values in the order in which they are read: it grows with the length of the text, and
//! not with its square.
//!
//! The steps are those of Dao, *FlashAttention-2*, 2023, Algorithm 1. The arrangement of the
//! products is that of Goto and van de Geijn, *Anatomy of High-Performance Matrix
//! Multiplication*, 2008, section 4.

#![allow(clippy::needless_range_loop, reason = "one lane of several arrays: so the formulas read")]

mod panels;
mod simd;

use std::array;
use std::num::NonZero;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use burn::tensor::{DType, Tensor, TensorData};

use crate::grouped_query::check;
use crate::scaled_dot_product::check_types;
use crate::{Error, Mask};
use panels::Panels;
use simd::{LANES, Lanes, ROWS, Vectorised, exp, multiply, vectorised};

/// Queries that go through the keys together: six registers' worth.
const BLOCK_Q: usize = 6 * LANES;
/// Keys in a tile: its scores, for the queries of one register, fit into a core's first cache.
const BLOCK_K: usize = 21 * ROWS;

/// `softmax(mask(query · keyᵀ / sqrt(head_dim))) · value`, as fast as the CPU allows.
///
/// - `query`: `[batch, heads, seq_q, head_dim]`
/// - `key`: `[batch, kv_heads, seq_k, head_dim]`
/// - `value`: `[batch, kv_heads, seq_k, value_dim]`
///
/// The output is `[batch, heads, seq_q, value_dim]`. It is that of
/// [`grouped_query_attention`](crate::grouped_query_attention), rounded in another order. The
/// computation is in `f32`, whatever the tensors hold; the output has the type of `query`.
///
/// A query that may see no key gets zeros. A `NaN` or `+inf` in a query's scores makes that
/// query's row `NaN`. Values that are not finite may spoil rows from which the mask hides them:
/// `0 * inf` is not a number.
///
/// It pays from about sixteen queries on. For one query the copy of the keys costs more than the
/// attention.
///
/// ```
/// use attention::{Mask, cpu_flash_attention, scaled_dot_product_attention};
/// use burn::tensor::{Device, Distribution, Tensor};
///
/// let random = || Tensor::<4>::random([1, 2, 300, 64], Distribution::Default, &Device::flex());
/// let (query, key, value) = (random(), random(), random());
///
/// let fast = cpu_flash_attention(query.clone(), key.clone(), value.clone(), Mask::Causal)?;
/// let plain = scaled_dot_product_attention(query, key, value, Mask::Causal)?;
/// assert!((fast - plain.output).abs().max().into_scalar::<f32>() < 1e-5);
/// # Ok::<(), attention::Error>(())
/// ```
///
/// # Errors
/// Those of [`grouped_query_attention`](crate::grouped_query_attention);
/// [`Error::MaskWithHoles`] for a mask in which a query does not see one unbroken stretch of
/// keys; and [`Error::NoGradients`] when a tensor's device has autodiff.
pub fn cpu_flash_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    mask: Mask,
) -> Result<Tensor<4>, Error> {
    check_types(&query, &key, &value)?;
    check(query.dims(), key.dims(), value.dims(), mask)?;
    check_gradients(&query, &key, &value)?;
    let [batch, heads, seq_q, head_dim] = query.dims();
    let [_, kv_heads, seq_k, value_dim] = value.dims();
    let visible = visible_keys(mask, seq_q, seq_k)?;
    let (device, dtype) = (query.device(), query.dtype());

    let heads_of_keys = arrange(numbers(key), numbers(value), [seq_k, head_dim, value_dim]);
    let query = numbers(query);
    let mut output = vec![0.0; batch * heads * seq_q * value_dim];

    let mut blocks = Vec::new();
    let queries = query.chunks(seq_q * head_dim).zip(output.chunks_mut(seq_q * value_dim));
    for (head, (query, output)) in queries.enumerate() {
        // Query head `h` asks key and value head `h / group`, also across the batch.
        let (keys, values) = &heads_of_keys[head / (heads / kv_heads)];
        let queries = query.chunks(BLOCK_Q * head_dim).zip(output.chunks_mut(BLOCK_Q * value_dim));
        for ((query, output), visible) in queries.zip(visible.chunks(BLOCK_Q)) {
            let sizes = (head_dim, value_dim);
            blocks.push(Block { query, keys, values, visible, sizes, output });
        }
    }
    // Behind a causal mask the last blocks have the most to do: start with them.
    blocks.reverse();
    on_all_cores(blocks, vectorised);

    let output = TensorData::new(output, [batch, heads, seq_q, value_dim]);
    let output: Tensor<4> = Tensor::from_data(output, (&device, DType::F32));
    Ok(output.cast(dtype))
}

/// The numbers of a tensor, row after row.
fn numbers(tensor: Tensor<4>) -> Vec<f32> {
    let data = tensor.cast(DType::F32).into_data();
    data.try_into_vec().expect("the tensor was cast to f32")
}

/// The keys and the values of each head, in the order in which [`multiply`] reads them.
fn arrange(
    key: Vec<f32>,
    value: Vec<f32>,
    [seq_k, head_dim, value_dim]: [usize; 3],
) -> Vec<(Panels, Panels)> {
    let heads = key.chunks(seq_k * head_dim).zip(value.chunks(seq_k * value_dim));
    let mut arranged = vec![None; heads.len()];
    on_all_cores(arranged.iter_mut().zip(heads).collect(), |(arranged, (key, value))| {
        *arranged = Some((Panels::of_rows(key, head_dim), Panels::of_columns(value, value_dim)));
    });
    arranged.into_iter().flatten().collect()
}

/// Does `work` on every item. The cores take items in order, each the next when it is free.
fn on_all_cores<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    // Where there are no threads, as in WebAssembly, there is one core.
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let queue = Mutex::new(items.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        while let Some(item) = next() {
            work(item);
        }
    };
    thread::scope(|scope| {
        for _ in 1..cores {
            scope.spawn(worker);
        }
        worker();
    });
}

/// The keys that each query sees. Neither end moves back from one query to the next.
fn visible_keys(mask: Mask, seq_q: usize, seq_k: usize) -> Result<Vec<Range<usize>>, Error> {
    let keys = seq_k as i64;
    let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (before, after) = match mask {
        Mask::Full => (i64::MAX, i64::MAX),
        Mask::Causal => (i64::MAX, 0),
        Mask::SlidingWindow { before, after } => (signed(before), signed(after)),
        Mask::Padding { length } => return Ok(vec![0..length.min(seq_k); seq_q]),
        _ => return Err(Error::MaskWithHoles { mask: format!("{mask:?}") }),
    };
    let place = |query: usize| query as i64 + keys - seq_q as i64;
    let clamp = |key: i64| key.clamp(0, keys) as usize;
    let stretch = |query| {
        let place = place(query);
        clamp(place.saturating_sub(before))..clamp(place.saturating_add(after).saturating_add(1))
    };
    Ok((0..seq_q).map(stretch).collect())
}

fn check_gradients(query: &Tensor<4>, key: &Tensor<4>, value: &Tensor<4>) -> Result<(), Error> {
    for (tensor, name) in [(query, "query"), (key, "key"), (value, "value")] {
        if tensor.is_autodiff() {
            return Err(Error::NoGradients { tensor: name });
        }
    }
    Ok(())
}

/// Up to [`BLOCK_Q`] queries of one head, and what they need for their output.
struct Block<'a> {
    /// `[queries, head_dim]`.
    query: &'a [f32],
    keys: &'a Panels,
    values: &'a Panels,
    /// The keys that each query sees.
    visible: &'a [Range<usize>],
    /// `head_dim` and `value_dim`.
    sizes: (usize, usize),
    /// `[queries, value_dim]`: to be written.
    output: &'a mut [f32],
}

impl Vectorised for Block<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (head_dim, value_dim) = self.sizes;
        let queries = self.query.chunks(LANES * head_dim).zip(self.visible.chunks(LANES));
        let mut groups: Vec<Group> =
            queries.map(|(query, visible)| Group::new(query, visible, self.sizes)).collect();

        let mut scores = [[0.0; LANES]; BLOCK_K];
        let (first, last) = (&self.visible[0], &self.visible[self.visible.len() - 1]);
        // Tiles start where panels do.
        let first = first.start / BLOCK_K * BLOCK_K;
        for start in (first..last.end).step_by(BLOCK_K) {
            let tile = start..start + BLOCK_K;
            for group in &mut groups {
                group.absorb::<FMA>(self.keys, self.values, tile.clone(), &mut scores);
            }
        }
        for (group, output) in groups.iter().zip(self.output.chunks_mut(LANES * value_dim)) {
            group.write(output, value_dim);
        }
    }
}

/// Sixteen queries, a lane each. Lanes without a query repeat the last one's range and are
/// never written.
struct Group {
    /// The queries, divided by `sqrt(head_dim)`: `[head_dim]` of lanes.
    query: Vec<Lanes>,
    /// The first key that each lane sees.
    start: [usize; LANES],
    /// The key after the last that each lane sees.
    end: [usize; LANES],
    /// `m` of online softmax: the largest score so far.
    largest: Lanes,
    /// `l`: the sum of `exp(score - m)` so far.
    total: Lanes,
    /// `O`: the sum of `exp(score - m) * value` so far, `[value_dim]` of lanes, filled up to a
    /// multiple of [`ROWS`].
    output: Vec<Lanes>,
}

impl Group {
    fn new(query: &[f32], visible: &[Range<usize>], (head_dim, value_dim): (usize, usize)) -> Self {
        let scale = 1.0 / (head_dim as f32).sqrt();
        let mut lanes = vec![[0.0; LANES]; head_dim];
        for (lane, query) in query.chunks(head_dim).enumerate() {
            for (lanes, number) in lanes.iter_mut().zip(query) {
                lanes[lane] = number * scale;
            }
        }
        let visible = |lane: usize| &visible[lane.min(visible.len() - 1)];
        Group {
            query: lanes,
            start: array::from_fn(|lane| visible(lane).start),
            end: array::from_fn(|lane| visible(lane).end),
            largest: [f32::NEG_INFINITY; LANES],
            total: [0.0; LANES],
            output: vec![[0.0; LANES]; value_dim.next_multiple_of(ROWS)],
        }
    }

    /// Works a tile of keys and values into `m`, `l` and `O`: those of its keys that any lane
    /// sees. The first key of the tile is the first of a panel. `scores` is room to work in.
    #[inline(always)]
    fn absorb<const FMA: bool>(
        &mut self,
        keys: &Panels,
        values: &Panels,
        tile: Range<usize>,
        scores: &mut [Lanes; BLOCK_K],
    ) {
        let tile = tile.start..tile.end.min(self.end[LANES - 1]);
        if tile.end <= tile.start.max(self.start[0]) {
            return;
        }
        let (panels, _) = scores.as_chunks_mut();
        for (panel, scores) in panels[..tile.len().div_ceil(ROWS)].iter_mut().enumerate() {
            let key = keys.panel(tile.start / ROWS + panel);
            *scores = multiply::<FMA>(key, &self.query, [[0.0; LANES]; ROWS]);
        }
        let scores = &mut scores[..tile.len()];
        if tile.start < self.start[LANES - 1] || self.end[0] < tile.end {
            self.hide(tile.start, scores);
        }

        let correction = self.softmax::<FMA>(scores);

        let (outputs, _) = self.output.as_chunks_mut();
        for (panel, output) in outputs.iter_mut().enumerate() {
            let value = &values.panel(panel)[tile.clone()];
            *output = multiply::<FMA>(value, scores, times(*output, correction));
        }
    }

    /// Puts `-inf` where a lane does not see the key. The first of `scores` is that of key `first`.
    #[inline(always)]
    fn hide(&self, first: usize, scores: &mut [Lanes]) {
        for (key, scores) in (first..).zip(scores) {
            for lane in 0..LANES {
                if key < self.start[lane] || key >= self.end[lane] {
                    scores[lane] = f32::NEG_INFINITY;
                }
            }
        }
    }

    /// Turns scores into `exp(score - m)`, with `m` and `l` brought up to date. Returns what to
    /// multiply earlier sums by: `exp(earlier m - m)`.
    #[inline(always)]
    fn softmax<const FMA: bool>(&mut self, scores: &mut [Lanes]) -> Lanes {
        let mut largest = self.largest;
        for scores in &*scores {
            for lane in 0..LANES {
                // Not `f32::max`: this is one instruction. A NaN does not become the largest.
                let larger = scores[lane] > largest[lane];
                largest[lane] = if larger { scores[lane] } else { largest[lane] };
            }
        }
        // While every key was hidden `m` is `-inf`, and `-inf - -inf` would not be a number.
        let base = largest.map(|largest| if largest == f32::NEG_INFINITY { 0.0 } else { largest });
        let correction = array::from_fn(|lane| exp::<FMA>(self.largest[lane] - base[lane]));

        let mut total = array::from_fn(|lane| self.total[lane] * correction[lane]);
        for scores in scores {
            for lane in 0..LANES {
                scores[lane] = exp::<FMA>(scores[lane] - base[lane]);
                total[lane] += scores[lane];
            }
        }
        (self.largest, self.total) = (largest, total);
        correction
    }

    /// Writes `O / l`: `[queries, value_dim]`. A query that has seen no key gets zeros.
    fn write(&self, output: &mut [f32], value_dim: usize) {
        for (lane, output) in output.chunks_mut(value_dim).enumerate() {
            let total = if self.total[lane] == 0.0 { 1.0 } else { self.total[lane] };
            for (output, sums) in output.iter_mut().zip(&self.output) {
                *output = sums[lane] / total;
            }
        }
    }
}

#[inline(always)]
fn times(rows: [Lanes; ROWS], factor: Lanes) -> [Lanes; ROWS] {
    rows.map(|row| array::from_fn(|lane| row[lane] * factor[lane]))
}
