//! The cases: sizes, options and numbers.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use kernels::{FlashOptions, Window, flash_attention};

use crate::reference::{Random, Results, Shape, largest_difference, largest_size, reference};

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub name: &'static str,
    pub shape: Shape,
    pub options: FlashOptions,
    /// Whether scores go to 1e4 and -1e4. They are whole numbers, so that they are exact.
    pub extreme: bool,
    pub seed: u64,
}

const fn shape(
    [batch, heads, kv_heads]: [usize; 3],
    [seq_q, seq_k]: [usize; 2],
    head_dim: usize,
) -> Shape {
    Shape { batch, heads, kv_heads, seq_q, seq_k, head_dim }
}

/// Those that have a reason to go wrong.
pub(crate) fn listed() -> Vec<Case> {
    let plain = FlashOptions::default;
    let causal = || FlashOptions { causal: true, ..plain() };
    let window = |before, after| Some(Window { before, after });
    let lengths = |lengths: &[usize]| Some(lengths.to_vec());
    let cases = [
        ("all in sight", shape([1, 2, 2], [128, 128], 64), plain()),
        ("causal, GQA 9:3", shape([1, 9, 3], [130, 130], 64), causal()),
        ("multi-query", shape([2, 4, 1], [65, 65], 32), causal()),
        ("tails", shape([1, 3, 1], [63, 33], 80), plain()),
        ("one query", shape([2, 4, 2], [1, 97], 64), causal()),
        ("one key", shape([1, 2, 1], [70, 1], 64), plain()),
        ("more keys than queries", shape([1, 4, 2], [50, 141], 64), causal()),
        ("more queries than keys", shape([1, 4, 2], [141, 50], 64), causal()),
        (
            "window",
            shape([1, 4, 2], [150, 150], 64),
            FlashOptions { window: window(20, 0), causal: true, ..plain() },
        ),
        (
            "window on both sides",
            shape([1, 2, 2], [100, 120], 64),
            FlashOptions { window: window(7, 30), ..plain() },
        ),
        (
            "lengths",
            shape([4, 3, 1], [70, 70], 64),
            FlashOptions { lengths: lengths(&[70, 0, 1, 33]), ..plain() },
        ),
        (
            "lengths, causal, window",
            shape([3, 3, 3], [90, 90], 32),
            FlashOptions { lengths: lengths(&[90, 64, 5]), window: window(16, 9), ..causal() },
        ),
        (
            "soft cap",
            shape([1, 4, 2], [80, 80], 64),
            FlashOptions { soft_cap: Some(2.0), scale: Some(0.4), ..causal() },
        ),
        ("head_dim 8", shape([1, 2, 1], [70, 70], 8), causal()),
        ("head_dim 128", shape([1, 4, 2], [96, 100], 128), causal()),
        ("head_dim 256", shape([1, 2, 1], [70, 75], 256), causal()),
        (
            "scores of 1e4",
            shape([1, 4, 2], [100, 100], 64),
            FlashOptions { scale: Some(1.0), ..causal() },
        ),
        (
            "scores of 1e4, soft cap",
            shape([1, 2, 1], [70, 70], 64),
            FlashOptions { scale: Some(1.0), soft_cap: Some(30.0), ..plain() },
        ),
    ];
    let cases = cases.into_iter().enumerate();
    let case = |(seed, (name, shape, options)): (usize, (&'static str, _, _))| {
        let extreme = name.starts_with("scores of 1e4");
        Case { name, shape, options, extreme, seed: seed as u64 }
    };
    cases.map(case).collect()
}

/// Random sizes and options.
pub(crate) fn random(seed: u64) -> Case {
    let mut random = Random(1000 + seed);
    let group = random.pick(&[1, 2, 3, 5]);
    let (kv_heads, batch) = (1 + random.below(2), 1 + random.below(2));
    let (seq_q, seq_k) = (1 + random.below(100), 1 + random.below(100));
    let head_dim = random.pick(&[8, 24, 32, 40, 64, 80, 96, 128]);
    let soft_cap = random.pick(&[None, None, Some(5.0)]);
    let window = random.pick(&[None, None, Some(())]);
    let window = window.map(|()| Window { before: random.below(60), after: random.below(60) });
    let lengths = random.pick(&[None, None, Some(())]);
    let lengths = lengths.map(|()| (0..batch).map(|_| random.below(seq_k + 1)).collect());
    let causal = random.pick(&[false, true]);
    let shape = Shape { batch, heads: group * kv_heads, kv_heads, seq_q, seq_k, head_dim };
    let options = FlashOptions { causal, window, lengths, soft_cap, ..Default::default() };
    Case { name: "random", shape, options, extreme: false, seed: 1000 + seed }
}

impl Case {
    /// Query, key, value and the gradient that comes back.
    fn numbers(&self) -> [Vec<f64>; 4] {
        let Shape { batch, heads, kv_heads, seq_q, seq_k, head_dim } = self.shape;
        let mut random = Random(self.seed);
        let (queries, keys) = (batch * heads * seq_q, batch * kv_heads * seq_k);
        let mut numbers =
            [queries, keys, keys, queries].map(|rows| random.normals(rows * head_dim));
        if self.extreme {
            // A query picks one number of each key: a score is 100 times a whole number, exactly.
            let [query, key, ..] = &mut numbers;
            for (i, query) in query.iter_mut().enumerate() {
                let chosen = i % head_dim == (i / head_dim) % head_dim;
                *query = if chosen { 100.0 } else { 0.0 };
            }
            for key in key {
                *key = random.below(201) as f64 - 100.0;
            }
        }
        numbers
    }

    fn shapes(&self) -> [[usize; 4]; 4] {
        let Shape { batch, heads, kv_heads, seq_q, seq_k, head_dim } = self.shape;
        let (query, key) = ([batch, heads, seq_q, head_dim], [batch, kv_heads, seq_k, head_dim]);
        [query, key, key, query]
    }

    /// The tensors, rounded to their type.
    pub(crate) fn tensors(&self, device: &Device, dtype: FloatDType) -> [Tensor<4>; 4] {
        let (numbers, shapes) = (self.numbers(), self.shapes());
        [0, 1, 2, 3].map(|which| tensor(&numbers[which], shapes[which], device, dtype))
    }

    /// What the library computes.
    pub(crate) fn run(&self, device: &Device, dtype: FloatDType) -> Results {
        let [query, key, value, gradient] = self.tensors(&device.clone().autodiff(), dtype);
        let [query, key, value] = [query, key, value].map(Tensor::require_grad);
        let (output, log_sum_exp) =
            flash_attention(query.clone(), key.clone(), value.clone(), &self.options)
                .unwrap_or_else(|error| panic!("{self:?}: {error}"));
        let gradients = (output.clone() * gradient).sum().backward();
        let of = |input: &Tensor<4>| doubles(&input.grad(&gradients).expect("a gradient"));
        [doubles(&output), doubles(&log_sum_exp), of(&query), of(&key), of(&value)]
    }

    /// The errors of output, log-sum-exp and gradients: the largest difference, divided by the
    /// largest value, the largest log-sum-exp or 1, and the largest gradient, coming in or going
    /// out.
    pub(crate) fn errors(&self, device: &Device, dtype: FloatDType) -> [f64; 5] {
        let got = self.run(device, dtype);
        // What both are given: the numbers as the type holds them.
        let given = self.tensors(&Device::flex(), dtype).map(|tensor| doubles(&tensor));
        let [query, key, value, gradient] = &given;
        let expected = reference(self.shape, &self.options, [query, key, value, gradient]);
        let back = largest_size(gradient);
        let sizes = [largest_size(value), largest_size(&expected[1]).max(1.0), back, back, back];
        std::array::from_fn(|which| {
            let size = match which {
                0 | 1 => sizes[which],
                _ => largest_size(&expected[which]).max(sizes[which]),
            };
            largest_difference(&got[which], &expected[which], size)
        })
    }
}

pub(crate) fn tensor(
    numbers: &[f64],
    shape: [usize; 4],
    device: &Device,
    dtype: FloatDType,
) -> Tensor<4> {
    let numbers: Vec<f32> = numbers.iter().map(|&number| number as f32).collect();
    Tensor::<4>::from_data(TensorData::new(numbers, shape), device).cast(dtype)
}

pub(crate) fn doubles<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// What cases are drawn with.
impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.word() % end as u64) as usize
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}
