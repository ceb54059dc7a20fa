//! The kernels as the page gets them: WGSL, and how each is launched.
//!
//! The WGSL is emitted by the crate `kernels`. A kernel takes its buffers in the order of its
//! arguments, and after them one more with everything else: the scalars, and each tensor's shape
//! and strides.

use serde::{Deserialize, Serialize};

use super::results::Way;

/// The numbers in a head of the widget's tensors: for this the kernels were emitted.
pub const HEAD_DIM: usize = 64;

/// The kernels of both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernels {
    /// Flash attention, all at once.
    pub flash: Kernel,
    /// Standard attention: the scores.
    pub scores: Kernel,
    /// Standard attention: the scores of each row become weights.
    pub weights: Kernel,
    /// Standard attention: the values, mixed by the weights.
    pub mix: Kernel,
}

/// One kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// Where its WGSL lies: a path from the site's root.
    pub file: String,
    /// The function to call.
    pub entry: String,
    /// How many threads a workgroup has, along three axes.
    pub cube: [u32; 3],
    /// The words for whole numbers in its last buffer.
    pub whole_words: usize,
    /// Which of them is the first scalar: those before belong to the tensors.
    pub first_whole: usize,
    /// The words for broken numbers.
    pub float_words: usize,
    /// The words that say where each shape and its strides begin.
    pub fixed_words: usize,
}

impl Kernel {
    /// The words of the last buffer, for these scalars and the shapes of the tensors, which are
    /// all contiguous.
    pub fn info(&self, whole: &[u32], floats: &[f32], shapes: &[Vec<u32>]) -> Vec<u32> {
        let mut words = vec![0; self.whole_words + self.float_words + self.fixed_words];
        words[self.first_whole..][..whole.len()].copy_from_slice(whole);
        for (word, float) in words[self.whole_words..].iter_mut().zip(floats) {
            *word = float.to_bits();
        }
        // First the lengths of all buffers, then where each shape begins, then its strides.
        let fixed = &mut words[self.whole_words + self.float_words..];
        let dimensions: usize = shapes.iter().map(Vec::len).sum();
        let mut start = 0;
        for (at, shape) in shapes.iter().enumerate() {
            fixed[at] = shape.iter().product();
            fixed[shapes.len() + at] = start as u32;
            fixed[2 * shapes.len() + at] = (dimensions + start) as u32;
            start += shape.len();
        }
        words.extend(shapes.iter().flatten());
        words.extend(shapes.iter().flat_map(|shape| strides(shape)));
        words
    }
}

/// The strides of a contiguous tensor.
fn strides(shape: &[u32]) -> Vec<u32> {
    (0..shape.len()).map(|at| shape[at + 1..].iter().product()).collect()
}

/// The sizes of one attention: one text, and as many keys as queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Tokens.
    pub tokens: usize,
}

impl Size {
    /// How many bytes the matrix of scores has, for all heads.
    pub fn score_bytes(self) -> u64 {
        4 * (self.heads * self.tokens * self.tokens) as u64
    }
}

/// A buffer on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Buffer {
    /// What the passes call it.
    pub name: &'static str,
    /// Its size, in words of four bytes.
    pub words: usize,
    /// Whether it is filled with the numbers of this name: see [`crate::Widget::numbers`].
    pub filled: bool,
    /// What its first words are, if it is not filled.
    pub start: Vec<u32>,
}

/// One launch of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pass {
    /// Where the kernel's WGSL lies.
    pub file: String,
    /// The function to call.
    pub entry: String,
    /// The buffers that it takes, in order.
    pub buffers: Vec<&'static str>,
    /// The words of its last buffer.
    pub info: Vec<u32>,
    /// How many workgroups, along three axes.
    pub groups: [u32; 3],
}

/// The buffers and launches of one attention.
pub fn launches(kernels: &Kernels, way: Way, causal: bool, size: Size) -> (Vec<Buffer>, Vec<Pass>) {
    let Size { heads, kv_heads, tokens } = size;
    let shape = |heads: usize, width: usize| [1, heads, tokens, width].map(|it| it as u32).to_vec();
    let (queries, keys) = (shape(heads, HEAD_DIM), shape(kv_heads, HEAD_DIM));
    let buffer = |name, shape: &[u32], filled| {
        let words = shape.iter().product::<u32>() as usize;
        Buffer { name, words, filled, start: Vec::new() }
    };
    let mut buffers = vec![
        buffer("query", &queries, true),
        buffer("key", &keys, true),
        buffer("value", &keys, true),
        buffer("output", &queries, false),
    ];
    let scale = 1.0 / (HEAD_DIM as f32).sqrt();
    // How many keys before and after its own place a query sees.
    let everything = 2 * tokens as u32;
    let after = if causal { 0 } else { everything };
    let tokens_by = |edge: u32| (tokens as u32).div_ceil(edge);
    let pass = |kernel: &Kernel, buffers: &[&'static str], info, groups| Pass {
        file: kernel.file.clone(),
        entry: kernel.entry.clone(),
        buffers: buffers.to_vec(),
        info,
        groups,
    };
    match way {
        Way::Flash => {
            let lengths = Buffer { start: vec![tokens as u32], ..buffer("lengths", &[1], false) };
            let sums = vec![1, heads as u32, tokens as u32];
            buffers.extend([lengths, buffer("sums", &sums, false)]);
            let kernel = &kernels.flash;
            let shapes = [queries.clone(), keys.clone(), keys, vec![1], queries, sums];
            // Without a soft cap; a query that sees no key has the log-sum-exp -inf.
            let floats = [scale, 0.0, f32::NEG_INFINITY];
            let info = kernel.info(&[everything, after], &floats, &shapes);
            let names = ["query", "key", "value", "lengths", "output", "sums"];
            let groups = [tokens_by(kernel.cube[0]), heads as u32, 1];
            (buffers, vec![pass(kernel, &names, info, groups)])
        }
        Way::Standard => {
            let square = shape(heads, tokens);
            buffers.push(buffer("scores", &square, false));
            let Kernels { scores, weights, mix, .. } = kernels;
            let tile = |kernel: &Kernel, columns: usize| {
                let columns = (columns as u32).div_ceil(kernel.cube[0]);
                [columns, tokens_by(kernel.cube[1]), heads as u32]
            };
            let shapes = [queries.clone(), keys.clone(), square.clone()];
            let info = scores.info(&[after], &[scale], &shapes);
            let names = ["query", "key", "scores"];
            let first = pass(scores, &names, info, tile(scores, tokens));
            let info = weights.info(&[], &[], std::slice::from_ref(&square));
            let rows = [tokens as u32, heads as u32, 1];
            let second = pass(weights, &["scores"], info, rows);
            let info = mix.info(&[], &[], &[square, keys, queries]);
            let names = ["scores", "value", "output"];
            let third = pass(mix, &names, info, tile(mix, HEAD_DIM));
            (buffers, vec![first, second, third])
        }
    }
}
