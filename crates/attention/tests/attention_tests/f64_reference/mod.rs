//! Attention in f64 on plain vectors. It shares no code with the library.

#![allow(dead_code, reason = "each test uses a part of this")]

pub(crate) mod gradients;
pub(crate) mod masks;

use std::cell::Cell;

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Numbers from -2 to 2, each exact in f32, the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    /// Neighbouring seeds give unrelated numbers (SplitMix64).
    pub(crate) fn new(seed: u64) -> Self {
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Random(z ^ (z >> 31))
    }

    fn bits(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 40
    }

    pub(crate) fn number(&mut self) -> f64 {
        self.bits() as f64 / f64::from(1 << 24) * 4.0 - 2.0
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit as u64) as usize
    }

    pub(crate) fn array(&mut self, shape: [usize; 4]) -> Array {
        // f64 from f32: the library gets the very same numbers.
        let numbers = (0..shape.iter().product()).map(|_| f64::from(self.number() as f32));
        Array { shape, numbers: numbers.collect() }
    }
}

/// `[batch, heads, seq, dim]`, in f64.
#[derive(Clone)]
pub(crate) struct Array {
    pub shape: [usize; 4],
    pub numbers: Vec<f64>,
}

impl Array {
    pub(crate) fn row(&self, batch: usize, head: usize, token: usize) -> &[f64] {
        let [_, heads, seq, dim] = self.shape;
        let start = ((batch * heads + head) * seq + token) * dim;
        &self.numbers[start..start + dim]
    }

    pub(crate) fn tensor(&self) -> Tensor<4> {
        let numbers: Vec<f32> = self.numbers.iter().map(|&x| x as f32).collect();
        Tensor::from_data(TensorData::new(numbers, self.shape), &Device::flex())
    }

    /// The nearest numbers that this type holds.
    pub(crate) fn rounded(&self, dtype: FloatDType) -> Array {
        let numbers = self.tensor().cast(dtype).into_data().iter::<f64>().collect();
        Array { numbers, ..*self }
    }

    /// The largest size of a number.
    pub(crate) fn largest(&self) -> f64 {
        self.numbers.iter().filter(|x| x.is_finite()).fold(0.0, |size, x| size.max(x.abs()))
    }

    /// `self · matrix`, where the matrix has the shape `[1, 1, rows, columns]`.
    pub(crate) fn times(&self, matrix: &Array) -> Array {
        let [_, _, rows, columns] = matrix.shape;
        let [batch, heads, seq, width] = self.shape;
        assert_eq!(width, rows);
        let column = |c: usize| matrix.numbers[c..].iter().step_by(columns);
        let product = |row: &[f64], c| row.iter().zip(column(c)).map(|(x, w)| x * w).sum::<f64>();
        let rows = self.numbers.chunks(width);
        let numbers = rows.flat_map(|row| (0..columns).map(move |c| product(row, c))).collect();
        Array { shape: [batch, heads, seq, columns], numbers }
    }

    /// Swaps heads and tokens: `[a, b, c, d]` becomes `[a, c, b, d]`.
    fn turned(&self) -> Array {
        let [batch, heads, seq, dim] = self.shape;
        let mut numbers = Vec::with_capacity(self.numbers.len());
        for b in 0..batch {
            for token in 0..seq {
                (0..heads).for_each(|head| numbers.extend(self.row(b, head, token)));
            }
        }
        Array { shape: [batch, seq, heads, dim], numbers }
    }

    /// `[batch, 1, seq, heads * dim]` to `[batch, heads, seq, dim]`.
    pub(crate) fn split(&self, heads: usize) -> Array {
        let [batch, _, seq, width] = self.shape;
        let shape = [batch, seq, heads, width / heads];
        Array { shape, numbers: self.numbers.clone() }.turned()
    }

    /// `[batch, heads, seq, dim]` to `[batch, 1, seq, heads * dim]`.
    pub(crate) fn merged(&self) -> Array {
        let [batch, heads, seq, dim] = self.shape;
        Array { shape: [batch, 1, seq, heads * dim], numbers: self.turned().numbers }
    }
}

pub(crate) struct Expected {
    /// `[batch, heads, seq_q, seq_k]`, with `-inf` where a key is hidden.
    pub scores: Array,
    pub weights: Array,
    /// `[batch, heads, seq_q, value_dim]`.
    pub output: Array,
}

/// Grouped-query attention, entry by entry. `sees(text, query, key)` says whether that query of
/// that text of the batch may look at that key. A query that sees nothing gets zeros.
pub(crate) fn attention(
    query: &Array,
    key: &Array,
    value: &Array,
    sees: impl Fn(usize, usize, usize) -> bool,
) -> Expected {
    scaled_attention(query, key, value, 1.0 / (query.shape[3] as f64).sqrt(), sees)
}

/// As [`attention`], with a scale of one's own.
pub(crate) fn scaled_attention(
    query: &Array,
    key: &Array,
    value: &Array,
    scale: f64,
    sees: impl Fn(usize, usize, usize) -> bool,
) -> Expected {
    let [batch, heads, seq_q, _] = query.shape;
    let [_, kv_heads, seq_k, value_dim] = value.shape;
    let (mut scores, mut weights, mut output) = (vec![], vec![], vec![]);
    for b in 0..batch {
        for h in 0..heads {
            let kv = h / (heads / kv_heads);
            for i in 0..seq_q {
                let row: Vec<f64> = (0..seq_k)
                    .map(|j| {
                        if sees(b, i, j) {
                            dot(query.row(b, h, i), key.row(b, kv, j)) * scale
                        } else {
                            f64::NEG_INFINITY
                        }
                    })
                    .collect();
                let shares = softmax(&row);
                let mut mixed = vec![0.0; value_dim];
                for (j, share) in shares.iter().enumerate() {
                    mixed
                        .iter_mut()
                        .zip(value.row(b, kv, j))
                        .for_each(|(sum, v)| *sum += share * v);
                }
                output.extend(mixed);
                scores.extend(row);
                weights.extend(shares);
            }
        }
    }
    Expected {
        scores: Array { shape: [batch, heads, seq_q, seq_k], numbers: scores },
        weights: Array { shape: [batch, heads, seq_q, seq_k], numbers: weights },
        output: Array { shape: [batch, heads, seq_q, value_dim], numbers: output },
    }
}

pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}

pub(crate) fn softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return vec![0.0; row.len()];
    }
    let powers: Vec<f64> = row.iter().map(|x| (x - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// Turns the pairs of one head, at `position`. Pairs are complex numbers, and turning is
/// multiplying.
pub(crate) fn rotate(x: &[f64], pairs: &[(usize, usize)], base: f64, position: usize) -> Vec<f64> {
    let mut turned = x.to_vec();
    for (i, &(re, im)) in pairs.iter().enumerate() {
        let angle = position as f64 / base.powf(i as f64 / pairs.len() as f64);
        turned[re] = x[re] * angle.cos() - x[im] * angle.sin();
        turned[im] = x[re] * angle.sin() + x[im] * angle.cos();
    }
    turned
}

pub(crate) fn neighbours(head_dim: usize) -> Vec<(usize, usize)> {
    (0..head_dim / 2).map(|i| (2 * i, 2 * i + 1)).collect()
}

pub(crate) fn tensor<const D: usize>(data: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(data.to_vec(), shape), &Device::flex())
}

pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32 tensor")
}

/// The largest difference. Where one is infinite the other must be too. `NaN` is as wrong as can be.
pub(crate) fn largest_error<T: Copy + Into<f64>>(got: &[T], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let pairs = got.iter().map(|&got| got.into()).zip(expected);
    pairs.fold(0.0, |worst: f64, (got, &expected): (f64, _)| {
        let error = if got == expected { 0.0 } else { (got - expected).abs() };
        if error.is_nan() { f64::INFINITY } else { worst.max(error) }
    })
}

pub(crate) fn largest_difference(left: &[f32], right: &[f32]) -> f64 {
    let right: Vec<f64> = right.iter().map(|&x| f64::from(x)).collect();
    largest_error(left, &right)
}

/// The largest error seen so far, and the largest that may be.
pub(crate) struct Bound {
    what: &'static str,
    allowed: f64,
    seen: Cell<f64>,
}

impl Bound {
    pub(crate) fn new(what: &'static str, allowed: f64) -> Self {
        Bound { what, allowed, seen: Cell::new(0.0) }
    }

    pub(crate) fn check(&self, error: f64) -> Result<(), TestCaseError> {
        self.seen.set(self.seen.get().max(error));
        prop_assert!(error <= self.allowed, "{} is off by {error:.1e}", self.what);
        Ok(())
    }

    pub(crate) fn print(&self) {
        let Bound { what, allowed, seen } = self;
        println!("{what}: largest error {:.1e}, allowed {allowed:.0e}", seen.get());
    }
}

/// That many cases, and no file of failures.
pub(crate) fn config(count: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count) }
}

/// Runs `test` on that many cases. The message of a failure names the smallest case that fails.
pub(crate) fn cases<S: Strategy>(
    count: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    TestRunner::new(config(count)).run(strategy, test).unwrap_or_else(|error| panic!("{error}"));
}

/// Runs `error` on that many cases, none of which may exceed the bound. The largest error.
pub(crate) fn over<S: Strategy>(
    count: u32,
    strategy: &S,
    error: impl Fn(S::Value) -> f64,
    bound: f64,
) -> f64 {
    let bound = Bound::new("this", bound);
    cases(count, strategy, |case| bound.check(error(case)));
    bound.seen.get()
}

/// The most memory that this process has had, in KiB.
#[cfg(target_os = "linux")]
pub(crate) fn vm_high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
