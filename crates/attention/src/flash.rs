//! Flash attention: the same result, a tile of the score matrix at a time.
//!
//! The queries are cut into blocks of rows, the keys and values into blocks of columns. A block
//! of queries stays while the keys and values come by, and carries three things along: the
//! running maximum `m`, the running sum `l` ([`OnlineSoftmax`]) and the output so far, `O`. The
//! `seq_q x seq_k` matrix of scores never exists: only one tile of it does, and is forgotten.
//!
//! From Dao et al., *FlashAttention: Fast and Memory-Efficient Exact Attention with
//! IO-Awareness*, 2022, Algorithm 1; with the loop order and the late division of Dao,
//! *FlashAttention-2*, 2023, Algorithm 1. It is exact in real numbers and rounds differently in
//! floating point.
//!
//! ```
//! use attention::{Mask, scaled_dot_product_attention};
//! use attention::flash::{TileOptions, flash_attention};
//! use burn::tensor::{Device, Distribution, Tensor};
//!
//! let random = || Tensor::<4>::random([1, 2, 100, 8], Distribution::Default, &Device::flex());
//! let (query, key, value) = (random(), random(), random());
//!
//! let options = TileOptions { block_q: 16, block_k: 24, causal: true, ..Default::default() };
//! let flash = flash_attention(query.clone(), key.clone(), value.clone(), &options)?;
//! let plain = scaled_dot_product_attention(query, key, value, Mask::Causal)?;
//!
//! let error = (flash.output - plain.output).abs().max().into_scalar::<f32>();
//! assert!(error < 1e-5);
//! // 16 * 24 numbers, where plain attention makes 100 * 100.
//! assert_eq!(flash.largest_tensor, 384);
//! # Ok::<(), attention::Error>(())
//! ```

use std::ops::Range;

use burn::tensor::Tensor;

use crate::float_type::widened;
use crate::online_softmax::OnlineSoftmax;
use crate::traffic::{Sizes, Traffic};
use crate::{Error, Mask, MaskGrid, scaled_dot_product};

/// How to cut the work, and what to compute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TileOptions {
    /// Queries in a tile, at least 1. A block larger than the sequence is the sequence.
    pub block_q: usize,
    /// Keys in a tile, at least 1.
    pub block_k: usize,
    /// Whether a query sees only the keys up to its own place, as with [`Mask::Causal`]: with
    /// more keys than queries the last query stands beside the last key.
    pub causal: bool,
    /// What to multiply the scores by: `None` for `1 / sqrt(head_dim)`.
    pub scale: Option<f32>,
    /// Whether to keep a [`Step`] for each tile. Together they are larger than the inputs.
    pub keep_steps: bool,
}

impl Default for TileOptions {
    /// Tiles of 128 by 128, every key in sight, the usual scale, no steps.
    fn default() -> Self {
        TileOptions { block_q: 128, block_k: 128, causal: false, scale: None, keep_steps: false }
    }
}

impl TileOptions {
    /// What the scores are multiplied by.
    pub fn scale_for(&self, head_dim: usize) -> f64 {
        self.scale.map_or(1.0 / (head_dim as f64).sqrt(), f64::from)
    }
}

/// What flash attention computes, and what it took.
#[derive(Debug, Clone)]
pub struct Flash {
    /// The values, mixed by the weights: `[batch, heads, seq_q, value_dim]`.
    pub output: Tensor<4>,
    /// `ln(sum of exp(score))` of each query's row, `[batch, heads, seq_q]`: what a backward pass
    /// needs to make any tile of the weights again. It is `f32` where the inputs have 16 bits.
    pub log_sum_exp: Tensor<3>,
    /// Bytes and operations, counted on the way.
    pub traffic: Traffic,
    /// The size of the largest matrix that was really made for a head, in numbers.
    pub largest_tensor: usize,
    /// A step for each tile in the order of the work, if [`TileOptions::keep_steps`].
    pub steps: Vec<Step>,
}

/// One tile, and where the work stands after it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which tile it is.
    pub tile: TilePlace,
    /// `m` and `l` of the tile's queries, each `[batch, heads, rows, 1]`.
    pub softmax: OnlineSoftmax<4>,
    /// `O` of the tile's queries, `[batch, heads, rows, value_dim]`. It is not yet divided by
    /// `l`: `softmax.normalise(output)` is the attention over the keys so far.
    pub output: Tensor<4>,
    /// Bytes and operations from the start of the work up to here.
    pub traffic: Traffic,
}

/// A tile of the score matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TilePlace {
    /// Which block of queries, from 0.
    pub row: usize,
    /// Which block of keys, from 0.
    pub column: usize,
    /// The queries in it.
    pub queries: Range<usize>,
    /// The keys in it.
    pub keys: Range<usize>,
    /// Whether it was skipped: each of its keys lies in the future of each of its queries.
    pub skipped: bool,
}

/// `softmax(mask(query · keyᵀ * scale)) · value`, a tile at a time.
///
/// - `query`: `[batch, heads, seq_q, head_dim]`
/// - `key`: `[batch, heads, seq_k, head_dim]`
/// - `value`: `[batch, heads, seq_k, value_dim]`
///
/// The memory used besides inputs and output is one tile, and one number a query. Inputs of 16 bits
/// are computed with in `f32`, a tile at a time, and the output is rounded to their type; the
/// counted bytes are those of the inputs' type.
///
/// A `NaN` or `+inf` in a query's scores makes that query's row `NaN`. With a causal mask, values
/// that are not finite are harmless in a tile that is skipped, and spoil rows that share a tile
/// with them: `0 * inf` is not a number.
///
/// # Errors
/// [`Error::Mismatch`] when shapes do not fit together, [`Error::Empty`] when a dimension is
/// zero, [`Error::FloatTypes`] when their numbers are of different types,
/// [`Error::MoreQueriesThanKeys`] when a causal mask would leave a query nothing, and
/// [`Error::OutOfRange`] when a block is zero or the scale is not finite.
pub fn flash_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    options: &TileOptions,
) -> Result<Flash, Error> {
    scaled_dot_product::check_types(&query, &key, &value)?;
    check_sizes(query.dims(), key.dims(), value.dims(), options)?;
    let sizes = Sizes::of(&query, &key, &value);
    let mut work = TileWork::new(query, key, value, options);
    let traffic = walk(&sizes, options, &mut work);
    Ok(Flash {
        output: Tensor::cat(work.outputs, 2),
        log_sum_exp: Tensor::cat(work.log_sum_exps, 2).squeeze_dim(3),
        traffic,
        largest_tensor: work.largest_tensor,
        steps: work.steps,
    })
}

/// A dry run: what [`flash_attention`] would move and compute, counted by its own loops, without
/// any numbers.
///
/// # Errors
/// As [`flash_attention`].
pub fn flash_traffic(sizes: &Sizes, options: &TileOptions) -> Result<Traffic, Error> {
    check_sizes(sizes.query(), sizes.key(), sizes.value(), options)?;
    Ok(walk(sizes, options, &mut DryRun))
}

// ANCHOR: loops
/// The loops. Each thing that `work` is told to do is counted where it happens.
fn walk(sizes: &Sizes, options: &TileOptions, work: &mut impl Work) -> Traffic {
    let mut traffic = Traffic::default();
    let size = sizes.bytes_per_number;
    // A tile of this many rows of the query, the key or the value, in every head.
    let tile = |rows: &Range<usize>, columns| [sizes.batch, sizes.heads, rows.len(), columns];

    for (row, queries) in blocks(sizes.seq_q, options.block_q).enumerate() {
        let query_tile = tile(&queries, sizes.head_dim);
        traffic.reads(query_tile, size);
        work.load_query(&queries);

        for (column, keys) in blocks(sizes.seq_k, options.block_k).enumerate() {
            let skipped =
                options.causal && last_visible(sizes, queries.end - 1) < keys.start as i64;
            if !skipped {
                traffic.reads(tile(&keys, sizes.head_dim), size);
                traffic.reads(tile(&keys, sizes.value_dim), size);
                let scores = tile(&queries, keys.len());
                traffic
                    .multiplies(query_tile, [sizes.batch, sizes.heads, sizes.head_dim, keys.len()]);
                traffic.multiplies(scores, tile(&keys, sizes.value_dim));
                work.absorb(&queries, &keys);
            }
            let queries = queries.clone();
            work.record(TilePlace { row, column, queries, keys, skipped }, &traffic);
        }

        traffic.writes(tile(&queries, sizes.value_dim), size);
        traffic.writes(tile(&queries, 1), size);
        work.store();
    }
    traffic
}
// ANCHOR_END: loops

/// `0..length`, cut into blocks; the last may be shorter.
pub(crate) fn blocks(length: usize, block: usize) -> impl Iterator<Item = Range<usize>> {
    (0..length).step_by(block).map(move |start| start..start.saturating_add(block).min(length))
}

/// The last key that a query may see behind a causal mask.
fn last_visible(sizes: &Sizes, query: usize) -> i64 {
    query as i64 + sizes.seq_k as i64 - sizes.seq_q as i64
}

/// What is done at each stop of the loops.
trait Work {
    /// A block of queries comes into SRAM, with `m`, `l` and `O` as if all keys were hidden.
    fn load_query(&mut self, queries: &Range<usize>);
    /// A block of keys and values comes in and is worked into `m`, `l` and `O`.
    fn absorb(&mut self, queries: &Range<usize>, keys: &Range<usize>);
    /// A tile is done with, or skipped.
    fn record(&mut self, tile: TilePlace, traffic: &Traffic);
    /// `O`, divided by `l`, and the log-sum-exp go to HBM.
    fn store(&mut self);
}

struct DryRun;

impl Work for DryRun {
    fn load_query(&mut self, _: &Range<usize>) {}
    fn absorb(&mut self, _: &Range<usize>, _: &Range<usize>) {}
    fn record(&mut self, _: TilePlace, _: &Traffic) {}
    fn store(&mut self) {}
}

/// The work on the numbers.
struct TileWork {
    // In HBM.
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    outputs: Vec<Tensor<4>>,
    log_sum_exps: Vec<Tensor<4>>,
    // In SRAM, for the block of queries at hand.
    query_tile: Tensor<4>,
    softmax: OnlineSoftmax<4>,
    output: Tensor<4>,
    // The same all along.
    scale: f64,
    causal: bool,
    keep_steps: bool,
    // For the reader of the work.
    largest_tensor: usize,
    steps: Vec<Step>,
}

impl TileWork {
    fn new(query: Tensor<4>, key: Tensor<4>, value: Tensor<4>, options: &TileOptions) -> Self {
        // These stand in until the first block of queries is loaded.
        let query_tile = query.clone().narrow(2, 0, 1);
        let (softmax, output) = (hidden_rows(&query_tile), value.clone().narrow(2, 0, 1));
        TileWork {
            scale: options.scale_for(query.dims()[3]),
            query_tile,
            softmax,
            output,
            query,
            key,
            value,
            outputs: Vec::new(),
            log_sum_exps: Vec::new(),
            causal: options.causal,
            keep_steps: options.keep_steps,
            largest_tensor: 0,
            steps: Vec::new(),
        }
    }

    fn note(&mut self, [_, _, rows, columns]: [usize; 4]) {
        self.largest_tensor = self.largest_tensor.max(rows * columns);
    }
}

impl Work for TileWork {
    fn load_query(&mut self, queries: &Range<usize>) {
        self.query_tile = widened(self.query.clone().narrow(2, queries.start, queries.len()));
        self.softmax = hidden_rows(&self.query_tile);
        let value_row = widened(self.value.clone().narrow(2, 0, 1)).zeros_like();
        self.output = value_row.repeat_dim(2, queries.len());
        self.note(self.query_tile.dims());
        self.note(self.output.dims());
    }

    // ANCHOR: absorb
    fn absorb(&mut self, queries: &Range<usize>, keys: &Range<usize>) {
        let key_tile = widened(self.key.clone().narrow(2, keys.start, keys.len()));
        let value_tile = widened(self.value.clone().narrow(2, keys.start, keys.len()));
        let offset = self.key.dims()[2] as i64 - self.query.dims()[2] as i64;
        let diagonal = self.causal.then(|| offset + queries.start as i64 - keys.start as i64);
        let scores = score_tile(&self.query_tile, &key_tile, self.scale, diagonal);
        for made in [&key_tile, &value_tile, &scores] {
            self.note(made.dims());
        }

        let (block, powers) = OnlineSoftmax::block(scores, 3);
        let merged = self.softmax.merge(&block);
        // Both outputs were made with a maximum of their own: bring them to the common one.
        self.output = self.output.clone() * self.softmax.correction(&merged)
            + powers.matmul(value_tile) * block.correction(&merged);
        self.softmax = merged;
    }
    // ANCHOR_END: absorb

    fn record(&mut self, tile: TilePlace, traffic: &Traffic) {
        if self.keep_steps {
            let (softmax, output) = (self.softmax.clone(), self.output.clone());
            self.steps.push(Step { tile, softmax, output, traffic: *traffic });
        }
    }

    fn store(&mut self) {
        let output = self.softmax.normalise(self.output.clone());
        self.outputs.push(output.cast(self.value.dtype()));
        self.log_sum_exps.push(self.softmax.log_sum_exp());
    }
}

/// `m = -inf` and `l = 0` for each row of a tile: no key has been seen.
fn hidden_rows(tile: &Tensor<4>) -> OnlineSoftmax<4> {
    let total = tile.clone().narrow(3, 0, 1).zeros_like();
    OnlineSoftmax { largest: total.clone().full_like(f32::NEG_INFINITY), total }
}

/// A tile of scores, `[batch, heads, rows, columns]`: `query · keyᵀ * scale`, with `-inf` where
/// row `r` may not see column `c`: where `c > r + diagonal`.
pub(crate) fn score_tile(
    query_tile: &Tensor<4>,
    key_tile: &Tensor<4>,
    scale: f64,
    diagonal: Option<i64>,
) -> Tensor<4> {
    let scores = query_tile.clone().matmul(key_tile.clone().transpose()) * scale;
    match diagonal {
        // The last column is within sight of the first row: nothing to hide.
        Some(diagonal) if (key_tile.dims()[2] as i64 - 1) > diagonal => {
            hide_future(scores, diagonal)
        }
        _ => scores,
    }
}

/// Puts `-inf` where the column is larger than the row plus `diagonal`.
pub(crate) fn hide_future(scores: Tensor<4>, diagonal: i64) -> Tensor<4> {
    let [_, _, rows, columns] = scores.dims();
    let seen = |row: usize, column: usize| column as i64 <= row as i64 + diagonal;
    let hidden = MaskGrid::from_fn(rows, columns, seen).hidden(&scores.device());
    scores.mask_fill(hidden.unsqueeze::<4>(), f32::NEG_INFINITY)
}

/// Whether shapes and options fit together.
pub(crate) fn check_sizes(
    query: [usize; 4],
    key: [usize; 4],
    value: [usize; 4],
    options: &TileOptions,
) -> Result<(), Error> {
    let mask = if options.causal { Mask::Causal } else { Mask::Full };
    scaled_dot_product::check_shapes(query, key, value, mask)?;
    let not_in_range = |name, value, must_be| Err(Error::OutOfRange { name, value, must_be });
    for (name, block) in [("block_q", options.block_q), ("block_k", options.block_k)] {
        if block == 0 {
            return not_in_range(name, "0".to_owned(), "at least 1");
        }
    }
    match options.scale {
        Some(scale) if !scale.is_finite() => not_in_range("scale", scale.to_string(), "finite"),
        _ => Ok(()),
    }
}
