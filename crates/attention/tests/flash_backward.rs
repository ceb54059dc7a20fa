//! The gradients of flash attention against two references in f64 that share no code with it:
//! the chain rule written out, and central differences of the forward formula.

use std::cell::Cell;

use attention::{Error, Flash, FlashGradients, FlashOptions, flash_attention, flash_backward};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[derive(Debug, Clone, Copy)]
struct Case {
    heads: usize,
    seq_q: usize,
    seq_k: usize,
    head_dim: usize,
    value_dim: usize,
    block_q: usize,
    block_k: usize,
    causal: bool,
    scale: Option<f32>,
    seed: u64,
}

/// Query, key, value and the gradient of the output: `[heads, seq, width]` each.
type Data = [Vec<f64>; 4];
/// The gradients of query, key and value.
type Gradients = [Vec<f64>; 3];

/// Numbers from -2 to 2 that an f32 holds exactly, the same for the same seed (SplitMix64).
fn noise(seed: u64, count: usize) -> Vec<f64> {
    (1..=count as u64)
        .map(|i| {
            let mut z = seed.wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            f64::from((z >> 44) as u32) / f64::from(1 << 18) - 2.0
        })
        .collect()
}

impl Case {
    fn options(&self) -> FlashOptions {
        FlashOptions {
            block_q: self.block_q,
            block_k: self.block_k,
            causal: self.causal,
            scale: self.scale,
            keep_steps: false,
        }
    }

    fn data(&self) -> Data {
        [
            noise(self.seed, self.heads * self.seq_q * self.head_dim),
            noise(self.seed ^ 1 << 60, self.heads * self.seq_k * self.head_dim),
            noise(self.seed ^ 2 << 60, self.heads * self.seq_k * self.value_dim),
            noise(self.seed ^ 3 << 60, self.heads * self.seq_q * self.value_dim),
        ]
    }

    fn scale_f64(&self) -> f64 {
        self.scale.map_or(1.0 / (self.head_dim as f64).sqrt(), f64::from)
    }

    /// The weights of one query: zero where it may not look.
    fn weights(&self, query: &[f64], key: &[f64], head: usize, i: usize) -> Vec<f64> {
        let seen = if self.causal { i + self.seq_k - self.seq_q + 1 } else { self.seq_k };
        let d = self.head_dim;
        let query = &query[(head * self.seq_q + i) * d..][..d];
        let scores: Vec<f64> = (0..seen)
            .map(|j| {
                let key = &key[(head * self.seq_k + j) * d..][..d];
                query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>() * self.scale_f64()
            })
            .collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
        let mut weights: Vec<f64> =
            scores.iter().map(|score| (score - largest).exp() / total).collect();
        weights.resize(self.seq_k, 0.0);
        weights
    }

    /// The loss: the output, weighed by the output's gradient, summed.
    fn loss(&self, [query, key, value, gradient]: &Data) -> f64 {
        let v = self.value_dim;
        let mut loss = 0.0;
        for head in 0..self.heads {
            for i in 0..self.seq_q {
                let weights = self.weights(query, key, head, i);
                for (j, weight) in weights.iter().enumerate() {
                    for c in 0..v {
                        loss += weight
                            * value[(head * self.seq_k + j) * v + c]
                            * gradient[(head * self.seq_q + i) * v + c];
                    }
                }
            }
        }
        loss
    }

    /// The chain rule, written out over every entry of the weights.
    fn chain_rule(&self, data: &Data) -> Gradients {
        self.gradients_and_sizes(data).0
    }

    /// The chain rule, and beside each number the sum of the sizes of all that was added up and
    /// taken off to make it.
    fn gradients_and_sizes(&self, [query, key, value, gradient]: &Data) -> (Gradients, Gradients) {
        let (d, v) = (self.head_dim, self.value_dim);
        let mut of = [query, key, value].map(|data| vec![0.0; data.len()]);
        let mut sizes = of.clone();
        for head in 0..self.heads {
            for i in 0..self.seq_q {
                let weights = self.weights(query, key, head, i);
                let row = head * self.seq_q + i;
                let of_weights: Vec<f64> = (0..self.seq_k)
                    .map(|j| {
                        let column = head * self.seq_k + j;
                        (0..v).map(|c| gradient[row * v + c] * value[column * v + c]).sum()
                    })
                    .collect();
                let mean: f64 = weights.iter().zip(&of_weights).map(|(w, g)| w * g).sum();
                for j in 0..self.seq_k {
                    let column = head * self.seq_k + j;
                    let of_score = weights[j] * (of_weights[j] - mean) * self.scale_f64();
                    let size = weights[j] * (of_weights[j].abs() + mean.abs()) * self.scale_f64();
                    for c in 0..v {
                        let term = weights[j] * gradient[row * v + c];
                        of[2][column * v + c] += term;
                        sizes[2][column * v + c] += term.abs();
                    }
                    for c in 0..d {
                        of[0][row * d + c] += of_score * key[column * d + c];
                        of[1][column * d + c] += of_score * query[row * d + c];
                        sizes[0][row * d + c] += size * key[column * d + c].abs();
                        sizes[1][column * d + c] += size * query[row * d + c].abs();
                    }
                }
            }
        }
        (of, sizes)
    }

    /// How much the loss changes when one number changes, measured.
    fn differences(&self, data: &Data) -> Gradients {
        let step = 1e-5;
        [0, 1, 2].map(|which| {
            (0..data[which].len())
                .map(|place| {
                    let moved = |by: f64| {
                        let mut data = data.clone();
                        data[which][place] += by;
                        self.loss(&data)
                    };
                    (moved(step) - moved(-step)) / (2.0 * step)
                })
                .collect()
        })
    }

    fn tensors(&self, data: &Data) -> [Tensor<4>; 4] {
        let shapes = [
            [1, self.heads, self.seq_q, self.head_dim],
            [1, self.heads, self.seq_k, self.head_dim],
            [1, self.heads, self.seq_k, self.value_dim],
            [1, self.heads, self.seq_q, self.value_dim],
        ];
        [0, 1, 2, 3].map(|which| {
            let floats: Vec<f32> = data[which].iter().map(|x| *x as f32).collect();
            Tensor::from_data(TensorData::new(floats, shapes[which]), &Device::flex())
        })
    }

    fn run(&self, data: &Data) -> (Flash, FlashGradients) {
        let [query, key, value, gradient] = self.tensors(data);
        let options = self.options();
        let flash = flash_attention(query.clone(), key.clone(), value.clone(), &options).unwrap();
        let gradients = flash_backward(query, key, value, &flash, gradient, &options).unwrap();
        (flash, gradients)
    }
}

fn any_case(longest: usize) -> impl Strategy<Value = Case> {
    let shape =
        (1_usize..3, 1..=longest, 0..=longest, 1_usize..10, 1_usize..10, 1_usize..40, 1_usize..40);
    (shape, 0_u8..3, prop::option::of(0.05_f32..0.5), any::<u64>()).prop_map(
        |((heads, short, more, head_dim, value_dim, block_q, block_k), order, scale, seed)| {
            let causal = order < 2;
            let (seq_q, seq_k) = if causal { (short, short + more) } else { (short + more, short) };
            Case { heads, seq_q, seq_k, head_dim, value_dim, block_q, block_k, causal, scale, seed }
        },
    )
}

fn floats(tensor: &Tensor<4>) -> Vec<f64> {
    tensor.to_data().try_to_vec::<f32>().unwrap().into_iter().map(f64::from).collect()
}

fn numbers(gradients: &FlashGradients) -> Gradients {
    [floats(&gradients.query), floats(&gradients.key), floats(&gradients.value)]
}

/// The largest error over all three gradients, as a part of the largest gradient or of one.
fn largest_error(got: &Gradients, expected: &Gradients) -> f64 {
    let size = expected.iter().flatten().fold(1.0_f64, |size, x| size.max(x.abs()));
    let mut worst = 0.0_f64;
    for (got, expected) in got.iter().zip(expected) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            let error = (got - expected).abs() / size;
            worst = if error.is_nan() { f64::INFINITY } else { worst.max(error) };
        }
    }
    worst
}

fn over_cases(cases: u32, longest: usize, error: impl Fn(Case) -> f64, bound: f64) -> f64 {
    let worst = Cell::new(0.0_f64);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    TestRunner::new(config)
        .run(&any_case(longest), |case| {
            let error = error(case);
            worst.set(worst.get().max(error));
            prop_assert!(error <= bound, "off by {error:.1e}, more than {bound:.0e}");
            Ok(())
        })
        .unwrap();
    worst.get()
}

#[test]
fn the_two_references_agree() {
    let error = over_cases(
        200,
        6,
        |case| {
            let data = case.data();
            largest_error(&case.differences(&data), &case.chain_rule(&data))
        },
        1e-8,
    );
    println!("200 shapes: the chain rule and central differences within {error:.1e}");
}

#[test]
fn gradients_equal_central_differences() {
    let error = over_cases(
        200,
        6,
        |case| {
            let data = case.data();
            largest_error(&numbers(&case.run(&data).1), &case.differences(&data))
        },
        4e-6,
    );
    println!("200 shapes: flash backward and central differences within {error:.1e}");
}

#[test]
fn gradients_equal_the_chain_rule_in_f64() {
    let error = over_cases(
        1500,
        20,
        |case| {
            let data = case.data();
            largest_error(&numbers(&case.run(&data).1), &case.chain_rule(&data))
        },
        4e-6,
    );
    println!("1500 shapes: flash backward and the chain rule within {error:.1e}");
}

#[test]
fn blocks_do_not_change_the_gradients() {
    let error = over_cases(
        500,
        20,
        |case| {
            let data = case.data();
            let one_tile = Case { block_q: usize::MAX, block_k: usize::MAX, ..case };
            let (tiled, whole) = (case.run(&data).1, one_tile.run(&data).1);
            largest_error(&numbers(&tiled), &numbers(&whole))
        },
        4e-6,
    );
    println!("500 shapes: other blocks move the gradients by {error:.1e} at most");
}

/// At scores of 1e4 the log-sum-exp has no more digits than 5e-4 in f32, and a weight made again
/// from it is off by as much. The gradients stay finite and right to that.
#[test]
fn extreme_scores_cost_digits_and_nothing_else() {
    let error = over_cases(
        500,
        12,
        |case| {
            let case = Case { scale: Some(1.0), ..case };
            let mut data = case.data();
            for row in data[0].chunks_mut(case.head_dim) {
                row.iter_mut().for_each(|x| *x = x.round());
                row[0] = 100.0;
            }
            for (i, row) in data[1].chunks_mut(case.head_dim).enumerate() {
                row.iter_mut().for_each(|x| *x = x.round());
                row[0] = [100.0, -100.0, 99.0][i % 3];
            }
            let (expected, sizes) = case.gradients_and_sizes(&data);
            let got = numbers(&case.run(&data).1).concat();
            let pairs = got.iter().zip(expected.concat());
            let errors = pairs.zip(sizes.concat()).map(|((got, expected), size)| {
                let error = (got - expected).abs();
                if error.is_nan() { f64::INFINITY } else { error / (size + 1e-3) }
            });
            errors.fold(0.0, f64::max)
        },
        6e-4,
    );
    println!(
        "500 shapes with scores of ±1e4: gradients within {error:.1e} of what they are summed from"
    );
}

/// 8192 x 8192 weights of 4 bytes would be 256 MiB.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_the_process_stays_small() {
    let case = Case {
        heads: 1,
        seq_q: 8192,
        seq_k: 8192,
        head_dim: 4,
        value_dim: 4,
        block_q: 256,
        block_k: 256,
        causal: true,
        scale: None,
        seed: 5,
    };
    case.run(&case.data());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("8192 x 8192, forwards and backwards: this process has used {kib} KiB at most");
    assert!(kib < 128 << 10);
}

#[test]
fn backward_counts_what_the_formulas_say() {
    over_cases(
        300,
        20,
        |case| {
            let case = Case { causal: false, ..case };
            let (_, gradients) = case.run(&case.data());
            let [h, q, k, d, v] =
                [case.heads, case.seq_q, case.seq_k, case.head_dim, case.value_dim]
                    .map(|size| size as u64);
            let passes = k.div_ceil(case.block_k as u64);
            // Output and its gradient for D; keys and values once; a pass over the queries with
            // their gradient so far, the output's gradient, D and L for each block of keys.
            let read = 2 * q * v + k * (d + v) + passes * q * (2 * d + v + 2);
            let written = q + k * (d + v) + passes * q * d;
            assert_eq!(gradients.traffic.read.0, 4 * h * read);
            assert_eq!(gradients.traffic.written.0, 4 * h * written);
            // Five products where forwards has two.
            assert_eq!(gradients.traffic.flops.0, h * 2 * q * k * (3 * d + 2 * v));
            let (rows, columns) = (q.min(case.block_q as u64), k.min(case.block_k as u64));
            // Besides tiles, only the output and its gradient are read, row by row in one piece.
            let tiles = (rows * columns).max(rows.max(columns) * d.max(v));
            assert_eq!(gradients.traffic.largest_tile, tiles.max(q * v));
            0.0
        },
        0.0,
    );
}

#[test]
fn one_key_takes_all_and_learns_nothing_from_the_scores() {
    let case = Case {
        heads: 1,
        seq_q: 3,
        seq_k: 1,
        head_dim: 2,
        value_dim: 2,
        block_q: 2,
        block_k: 1,
        causal: false,
        scale: None,
        seed: 4,
    };
    let data = case.data();
    let [query, key, value] = numbers(&case.run(&data).1);
    assert!(query.iter().chain(&key).all(|x| x.abs() < 1e-6), "{query:?} {key:?}");
    let sums = [0, 1].map(|c| (0..3).map(|i| data[3][i * 2 + c]).sum::<f64>());
    assert!(value.iter().zip(sums).all(|(got, sum)| (got - sum).abs() < 1e-5));
}

#[test]
fn an_output_of_another_shape_is_named() {
    let tensor = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &Device::flex());
    let options = FlashOptions::default();
    let [query, key, value] = [[1, 1, 2, 3], [1, 1, 4, 3], [1, 1, 4, 5]].map(tensor);
    let flash = flash_attention(query.clone(), key.clone(), value.clone(), &options).unwrap();
    let backward = |flash: &Flash, gradient| {
        let (query, key, value) = (query.clone(), key.clone(), value.clone());
        flash_backward(query, key, value, flash, tensor(gradient), &options)
    };
    let error = backward(&flash, [1, 1, 2, 4]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "output_gradient has shape [1, 1, 2, 4] and value has shape [1, 1, 4, 5]: \
         they must have the same value_dim"
    );
    let other = Flash { output: tensor([1, 1, 1, 5]), ..flash.clone() };
    match backward(&other, [1, 1, 2, 5]).unwrap_err() {
        Error::Mismatch { left: "output", dimension: "seq_q", .. } => {}
        error => panic!("expected a mismatch of the output, got {error}"),
    }
    let short = Flash { log_sum_exp: Tensor::zeros([1, 1, 1], &Device::flex()), ..flash.clone() };
    match backward(&short, [1, 1, 2, 5]).unwrap_err() {
        Error::Shape { tensor: "log_sum_exp", .. } => {}
        error => panic!("expected a wrong log-sum-exp, got {error}"),
    }
    assert!(backward(&flash, [1, 1, 2, 5]).is_ok());
}
