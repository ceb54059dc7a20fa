//! Attention in f64 on plain vectors. It shares no code with the library.

#![allow(dead_code, reason = "each test uses a part of this")]

use std::cell::Cell;

use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Numbers from -2 to 2, each exact in f32, drawn from a seed.
pub struct Random(pub u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 40
    }

    pub fn number(&mut self) -> f64 {
        self.bits() as f64 / f64::from(1 << 24) * 4.0 - 2.0
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit as u64) as usize
    }

    pub fn array(&mut self, shape: [usize; 4]) -> Array {
        // f64 from f32: the library gets the very same numbers.
        let numbers = (0..shape.iter().product()).map(|_| f64::from(self.number() as f32));
        Array { shape, numbers: numbers.collect() }
    }
}

/// `[batch, heads, seq, dim]`, in f64.
#[derive(Clone)]
pub struct Array {
    pub shape: [usize; 4],
    pub numbers: Vec<f64>,
}

impl Array {
    pub fn row(&self, batch: usize, head: usize, token: usize) -> &[f64] {
        let [_, heads, seq, dim] = self.shape;
        let start = ((batch * heads + head) * seq + token) * dim;
        &self.numbers[start..start + dim]
    }

    pub fn tensor(&self) -> Tensor<4> {
        let numbers: Vec<f32> = self.numbers.iter().map(|&x| x as f32).collect();
        Tensor::from_data(TensorData::new(numbers, self.shape), &Device::flex())
    }
}

pub struct Expected {
    /// `[batch, heads, seq_q, seq_k]`, with `-inf` where a key is hidden.
    pub scores: Array,
    pub weights: Array,
    /// `[batch, heads, seq_q, value_dim]`.
    pub output: Array,
}

/// Grouped-query attention, entry by entry. `sees(place, key)` says whether the query at that
/// place, counted in keys, may look at that key.
pub fn attention(
    query: &Array,
    key: &Array,
    value: &Array,
    sees: impl Fn(usize, usize) -> bool,
) -> Expected {
    let [batch, heads, seq_q, head_dim] = query.shape;
    let [_, kv_heads, seq_k, value_dim] = value.shape;
    let (mut scores, mut weights, mut output) = (vec![], vec![], vec![]);
    for b in 0..batch {
        for h in 0..heads {
            let kv = h / (heads / kv_heads);
            for i in 0..seq_q {
                let row: Vec<f64> = (0..seq_k)
                    .map(|j| {
                        if sees(i + seq_k - seq_q, j) {
                            dot(query.row(b, h, i), key.row(b, kv, j)) / (head_dim as f64).sqrt()
                        } else {
                            f64::NEG_INFINITY
                        }
                    })
                    .collect();
                let shares = softmax(&row);
                output.extend((0..value_dim).map(|d| {
                    shares.iter().enumerate().map(|(j, w)| w * value.row(b, kv, j)[d]).sum::<f64>()
                }));
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

pub fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}

pub fn softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = row.iter().map(|x| (x - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// Turns the pairs of one head, at `position`. Pairs are complex numbers, and turning is
/// multiplying.
pub fn rotate(x: &[f64], pairs: &[(usize, usize)], base: f64, position: usize) -> Vec<f64> {
    let mut turned = x.to_vec();
    for (i, &(re, im)) in pairs.iter().enumerate() {
        let angle = position as f64 / base.powf(i as f64 / pairs.len() as f64);
        turned[re] = x[re] * angle.cos() - x[im] * angle.sin();
        turned[im] = x[re] * angle.sin() + x[im] * angle.cos();
    }
    turned
}

pub fn neighbours(head_dim: usize) -> Vec<(usize, usize)> {
    (0..head_dim / 2).map(|i| (2 * i, 2 * i + 1)).collect()
}

pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32 tensor")
}

/// The largest difference. Where one is infinite the other must be too.
pub fn largest_error(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let error = |(&got, &expected): (&f32, &f64)| {
        let got = f64::from(got);
        if got == expected { 0.0 } else { (got - expected).abs() }
    };
    let errors: Vec<f64> = got.iter().zip(expected).map(error).collect();
    assert!(errors.iter().all(|error| !error.is_nan()), "{got:?} against {expected:?}");
    errors.into_iter().fold(0.0, f64::max)
}

pub fn largest_difference(left: &[f32], right: &[f32]) -> f64 {
    let right: Vec<f64> = right.iter().map(|&x| f64::from(x)).collect();
    largest_error(left, &right)
}

/// The largest error seen so far, and the largest that may be.
pub struct Bound {
    what: &'static str,
    allowed: f64,
    seen: Cell<f64>,
}

impl Bound {
    pub fn new(what: &'static str, allowed: f64) -> Self {
        Bound { what, allowed, seen: Cell::new(0.0) }
    }

    pub fn check(&self, error: f64) -> Result<(), TestCaseError> {
        self.seen.set(self.seen.get().max(error));
        prop_assert!(error <= self.allowed, "{} is off by {error:.1e}", self.what);
        Ok(())
    }

    pub fn print(&self) {
        let Bound { what, allowed, seen } = self;
        println!("{what}: largest error {:.1e}, allowed {allowed:.0e}", seen.get());
    }
}

/// Runs `test` on that many cases. The message of a failure names the smallest case that fails.
pub fn cases<S: Strategy>(
    count: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count) };
    TestRunner::new(config).run(strategy, test).unwrap_or_else(|error| panic!("{error}"));
}
