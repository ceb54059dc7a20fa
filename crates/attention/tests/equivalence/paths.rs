//! The ways to attention. Each computes a case and returns its error, as the table defines it.

use std::ops::Range;

use attention::{
    Attention, AttentionOptions, KvCache, Mask, MaskGrid, MultiHeadAttention, TileOptions,
    attention_steps, cpu_flash_attention, cross_attention, flash_attention,
    grouped_query_attention, scaled_dot_product_attention,
};
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Bool, Device, Tensor};

use crate::case::{Case, KINDS};
use crate::f64_reference::masks::predicate;
use crate::f64_reference::{Array, Expected, Random, attention, gradients, largest_error};

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The largest difference, as a part of the largest size that a number could have.
fn part(found: Tensor<4>, expected: &Array, size: f64) -> f64 {
    assert_eq!(found.dims(), expected.shape);
    largest_error(&numbers(found), &expected.numbers) / size
}

/// Outputs are means of values.
fn output_error(found: Tensor<4>, expected: &Expected, value: &Array) -> f64 {
    part(found, &expected.output, value.largest())
}

/// Scores, weights and output.
fn error(found: Attention, expected: &Expected, value: &Array) -> f64 {
    part(found.scores, &expected.scores, expected.scores.largest().max(1.0))
        .max(part(found.weights, &expected.weights, 1.0))
        .max(output_error(found.output, expected, value))
}

/// Whether a query of the case sees a key. Which keys are drawn at random is read off the mask.
fn sees(mask: Mask, case: &Case) -> impl Fn(usize, usize, usize) -> bool {
    let (seq_q, seq_k) = (case.seq_q, case.seq_k);
    let drawn = mask.grid(seq_q, seq_k);
    move |_, i, j| predicate(mask, i, j, seq_q, seq_k).unwrap_or_else(|| drawn.sees(i, j))
}

fn plain_with(case: Case, mask: Mask) -> f64 {
    let [query, key, value] = case.tensors();
    let found = scaled_dot_product_attention(query, key, value, mask).unwrap();
    let [query, key, value] = case.arrays();
    error(found, &attention(&query, &key, &value, sees(mask, &case)), &value)
}

pub(crate) fn plain(case: Case) -> f64 {
    plain_with(case.ungrouped(), Mask::Full)
}

pub(crate) fn causal(case: Case) -> f64 {
    plain_with(case.ungrouped().causal(), Mask::Causal)
}

/// One kind of mask.
pub(crate) fn masked<const KIND: usize>(case: Case) -> f64 {
    let mask = case.mask(KIND);
    plain_with(case.ungrouped(), mask)
}

pub(crate) fn any_mask(case: Case) -> f64 {
    let mask = case.mask(case.seed as usize % KINDS);
    plain_with(case.ungrouped(), mask)
}

/// For each text of the batch, one in three entries visible, and some queries see nothing.
fn own_grids(case: &Case) -> Vec<MaskGrid> {
    let mut random = case.random(3);
    let mut grid = |_| {
        let [rows, entries] = [case.seq_q, case.seq_q * case.seq_k]
            .map(|n| (0..n).map(|_| random.below(3)).collect());
        let (rows, entries): (Vec<usize>, Vec<usize>) = (rows, entries);
        let visible = |i: usize, j: usize| rows[i] > 0 && entries[i * case.seq_k + j] == 0;
        MaskGrid::from_fn(case.seq_q, case.seq_k, visible)
    };
    (0..case.batch).map(&mut grid).collect()
}

pub(crate) fn own_mask(case: Case) -> f64 {
    let case = case.ungrouped();
    let masks = own_grids(&case);
    let [query, key, value] = case.tensors();
    let options = AttentionOptions { masks: masks.clone(), ..Default::default() };
    let steps = attention_steps(query, key, value, options).unwrap();
    let found = Attention { scores: steps.masked, weights: steps.weights, output: steps.output };
    let [query, key, value] = case.arrays();
    let expected = attention(&query, &key, &value, |text, i, j| masks[text].sees(i, j));
    error(found, &expected, &value)
}

/// A layer whose queries, keys and values come out of matrices. In an extreme case the input is
/// query, key and value side by side, and the matrices pick their parts: the scores stay exact.
struct Layer {
    target: Array,
    source: Array,
    /// W_Q, W_K, W_V and W_O, `[1, 1, rows, columns]`.
    matrices: [Array; 4],
}

impl Layer {
    fn new(case: &Case) -> Layer {
        let Case { batch, head_dim, value_dim, seq_q, seq_k, .. } = *case;
        let (width, value_width) = (case.heads() * head_dim, case.heads() * value_dim);
        let mut random = case.random(4);
        let [d_model, d_out] = [(); 2].map(|()| 1 + random.below(32));
        let mut matrix = |rows: usize, columns| {
            let mut matrix = random.array([1, 1, rows, columns]);
            matrix.numbers.iter_mut().for_each(|x| *x /= (rows as f64).sqrt());
            matrix
        };
        let w_output = matrix(value_width, d_out);
        let [target, source, w_query, w_key, w_value] = if case.extreme {
            let [query, key, value] = case.arrays().map(|heads| heads.merged());
            let rows = width + value_width;
            [
                query,
                side_by_side(&key, &value),
                identity(width, width, 0),
                identity(rows, width, 0),
                identity(rows, value_width, width),
            ]
        } else {
            let [w_query, w_key, w_value] =
                [width, width, value_width].map(|columns| matrix(d_model, columns));
            let target = random.array([batch, 1, seq_q, d_model]);
            let source = random.array([batch, 1, seq_k, d_model]);
            [target, source, w_query, w_key, w_value]
        };
        let round = |array: Array| array.rounded(case.dtype);
        Layer {
            target: round(target),
            source: round(source),
            matrices: [w_query, w_key, w_value, w_output].map(round),
        }
    }

    fn of_the_crate(&self, case: &Case) -> (MultiHeadAttention, Tensor<3>, Tensor<3>) {
        let [w_query, w_key, w_value, w_output] = [0, 1, 2, 3].map(|which| {
            let matrix: &Array = &self.matrices[which];
            matrix.tensor().cast(case.dtype).reshape([matrix.shape[2], matrix.shape[3]])
        });
        let layer =
            MultiHeadAttention::new(w_query, w_key, w_value, w_output, case.heads()).unwrap();
        let input = |x: &Array| x.tensor().cast(case.dtype).squeeze_dim(1);
        (layer, input(&self.target), input(&self.source))
    }

    /// The error of the heads' weights and of the layer's output, whose numbers are at most the
    /// largest value times the largest column of W_O.
    fn error(
        &self,
        case: &Case,
        sees: impl Fn(usize, usize, usize) -> bool,
        weights: Tensor<4>,
        output: Tensor<3>,
    ) -> f64 {
        let [w_query, w_key, w_value, w_output] = &self.matrices;
        let query = self.target.times(w_query).split(case.heads());
        let key = self.source.times(w_key).split(case.heads());
        let value = self.source.times(w_value).split(case.heads());
        let expected = attention(&query, &key, &value, sees);
        let merged = expected.output.merged().times(w_output);
        let columns = w_output.shape[3];
        let column =
            |c| w_output.numbers[c..].iter().step_by(columns).map(|w| w.abs()).sum::<f64>();
        let size = value.largest() * (0..columns).map(column).fold(0.0, f64::max);
        part(weights, &expected.weights, 1.0).max(part(output.unsqueeze_dim(1), &merged, size))
    }
}

/// `[rows, columns]`: column `c` picks number `c + first`.
fn identity(rows: usize, columns: usize, first: usize) -> Array {
    let mut numbers = vec![0.0; rows * columns];
    (0..columns).for_each(|c| numbers[(c + first) * columns + c] = 1.0);
    Array { shape: [1, 1, rows, columns], numbers }
}

fn side_by_side(left: &Array, right: &Array) -> Array {
    let ([batch, heads, seq, width], right_width) = (left.shape, right.shape[3]);
    let pairs = left.numbers.chunks(width).zip(right.numbers.chunks(right_width));
    let numbers = pairs.flat_map(|(left, right)| left.iter().chain(right).copied()).collect();
    Array { shape: [batch, heads, seq, width + right_width], numbers }
}

pub(crate) fn multi_head(case: Case) -> f64 {
    let case = case.ungrouped();
    let mask = case.mask(case.seed as usize % KINDS);
    let layer = Layer::new(&case);
    let (heads, target, source) = layer.of_the_crate(&case);
    let masks = vec![mask.grid(case.seq_q, case.seq_k)];
    let options = AttentionOptions { masks, ..Default::default() };
    let found = heads.attend(target, source, options).unwrap();
    layer.error(&case, sees(mask, &case), found.heads.weights, found.output)
}

/// Sources of different lengths, some of them empty.
pub(crate) fn cross(case: Case) -> f64 {
    let case = case.ungrouped();
    let layer = Layer::new(&case);
    let (heads, target, source) = layer.of_the_crate(&case);
    let mut random = case.random(5);
    let lengths: Vec<usize> = (0..case.batch).map(|_| random.below(case.seq_k + 1)).collect();
    let found = cross_attention(&heads, target, source, &lengths).unwrap();
    layer.error(&case, |text, _, j| j < lengths[text], found.heads.weights, found.output)
}

fn flash_with(case: Case, causal: bool) -> f64 {
    let mut random = case.random(6);
    let mut block = || match random.below(6) {
        0 => 1,
        1 => usize::MAX,
        _ => 1 + random.below(40),
    };
    let options = TileOptions { block_q: block(), block_k: block(), causal, ..Default::default() };
    let [query, key, value] = case.tensors();
    let found = flash_attention(query, key, value, &options).unwrap();
    let mask = if causal { Mask::Causal } else { Mask::Full };
    let [query, key, value] = case.arrays();
    output_error(found.output, &attention(&query, &key, &value, sees(mask, &case)), &value)
}

pub(crate) fn flash(case: Case) -> f64 {
    flash_with(case.ungrouped(), false)
}

pub(crate) fn flash_causal(case: Case) -> f64 {
    flash_with(case.ungrouped().causal(), true)
}

fn cpu_flash_with(case: Case, mask: Mask) -> f64 {
    let [query, key, value] = case.tensors();
    let found = cpu_flash_attention(query, key, value, mask).unwrap();
    let [query, key, value] = case.arrays();
    output_error(found, &attention(&query, &key, &value, sees(mask, &case)), &value)
}

pub(crate) fn cpu_flash(case: Case) -> f64 {
    cpu_flash_with(case, Mask::Full)
}

pub(crate) fn cpu_flash_causal(case: Case) -> f64 {
    cpu_flash_with(case.causal(), Mask::Causal)
}

pub(crate) fn grouped(case: Case) -> f64 {
    let mask = case.mask(case.seed as usize % KINDS);
    let [query, key, value] = case.tensors();
    let found = grouped_query_attention(query, key, value, mask).unwrap();
    let [query, key, value] = case.arrays();
    error(found, &attention(&query, &key, &value, sees(mask, &case)), &value)
}

pub(crate) fn multi_query(case: Case) -> f64 {
    grouped(Case { kv_heads: 1, ..case })
}

/// A text of `length` in pieces of at most `longest` tokens.
fn pieces(mut random: Random, length: usize, longest: usize) -> Vec<Range<usize>> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    while start < length {
        let end = length.min(start + 1 + random.below(longest));
        pieces.push(start..end);
        start = end;
    }
    pieces
}

/// The text through a cache, and the outputs put together again.
fn cached(case: Case, longest: usize, window: Option<usize>) -> f64 {
    let case = case.text();
    let mut cache = match window {
        None => KvCache::growing(),
        Some(window) => KvCache::sliding(window).unwrap(),
    };
    let tensors = case.tensors();
    let mut outputs = Vec::new();
    for piece in pieces(case.random(7), case.seq_k, longest) {
        let [query, key, value] =
            tensors.each_ref().map(|x| x.clone().narrow(2, piece.start, piece.len()));
        outputs.push(cache.attend(query, key, value).unwrap().output);
    }
    let [query, key, value] = case.arrays();
    let sees = |_, i, j| j <= i && window.is_none_or(|window| i - j < window);
    output_error(Tensor::cat(outputs, 2), &attention(&query, &key, &value, sees), &value)
}

pub(crate) fn decode(case: Case) -> f64 {
    cached(case, 1, None)
}

pub(crate) fn prefill(case: Case) -> f64 {
    cached(case, 9, None)
}

pub(crate) fn window_decode(case: Case) -> f64 {
    let window = 1 + case.random(8).below(12);
    cached(case, 1, Some(window))
}

pub(crate) fn window_prefill(case: Case) -> f64 {
    let window = 1 + case.random(8).below(12);
    cached(case, 9, Some(window))
}

fn burn_with(
    case: &Case,
    mask: Option<Tensor<4, Bool>>,
    is_causal: bool,
    sees: impl Fn(usize, usize, usize) -> bool,
) -> f64 {
    let [query, key, value] = case.tensors();
    let options = AttentionModuleOptions { scale: None, softcap: None, is_causal };
    let found = burn::tensor::module::attention(query, key, value, mask, None, options);
    let [query, key, value] = case.arrays();
    output_error(found, &attention(&query, &key, &value, sees), &value)
}

pub(crate) fn burns(case: Case) -> f64 {
    burn_with(&case, None, false, |_, _, _| true)
}

pub(crate) fn burns_causal(case: Case) -> f64 {
    let case = case.causal();
    burn_with(&case, None, true, sees(Mask::Causal, &case))
}

pub(crate) fn burns_masked(case: Case) -> f64 {
    let grids = own_grids(&case);
    let texts = grids.iter().map(|grid| grid.hidden(&Device::flex())).collect();
    let hidden: Tensor<4, Bool> = Tensor::stack::<3>(texts, 0).unsqueeze_dim(1);
    burn_with(&case, Some(hidden), false, |text, i, j| grids[text].sees(i, j))
}

/// The gradients of a case: small, for each number is moved by itself.
fn gradient_case(case: &Case, longest: usize) -> gradients::Case {
    let mut random = case.random(9);
    let mut size = |limit| 1 + random.below(limit);
    let [short, more, block_q, block_k] = [size(longest), size(longest) - 1, size(9), size(9)];
    let causal = !case.seed.is_multiple_of(3);
    let (seq_q, seq_k) = if causal { (short, short + more) } else { (short + more, short) };
    let [heads, head_dim, value_dim] = [size(2), size(8), size(8)];
    let seed = case.seed;
    gradients::Case {
        heads,
        seq_q,
        seq_k,
        head_dim,
        value_dim,
        block_q,
        block_k,
        causal,
        scale: None,
        seed,
    }
}

/// Gradients as a part of the largest, among the one that comes in and those that go out.
fn gradient_error(case: &gradients::Case, expected: &gradients::Gradients) -> f64 {
    let data = case.data();
    let found = gradients::numbers(&case.run(&data).1);
    let sizes = expected.iter().chain([&data[3]]).flatten();
    let size = sizes.fold(0.0_f64, |size, x| size.max(x.abs()));
    gradients::largest_difference(&found, expected) / size
}

pub(crate) fn backward_against_differences(case: Case) -> f64 {
    let case = gradient_case(&case, 4);
    gradient_error(&case, &case.differences(&case.data()))
}

/// burn's autodiff goes back through plain attention, which keeps the whole matrix of weights.
pub(crate) fn backward_against_autodiff(case: Case) -> f64 {
    let case = gradient_case(&case, 24);
    let [query, key, value, gradient] = case.tensors(&case.data());
    let tracked = [query, key, value].map(|tensor| tensor.autodiff().require_grad());
    let [query, key, value] = tracked.clone();
    let mask = if case.causal { Mask::Causal } else { Mask::Full };
    let output = scaled_dot_product_attention(query, key, value, mask).unwrap().output;
    // The loss whose gradient in the output is `gradient`.
    let gradients = (output * gradient.autodiff()).sum().backward();
    let expected = tracked.map(|tensor| numbers(tensor.grad(&gradients).unwrap()));
    gradient_error(&case, &expected)
}
