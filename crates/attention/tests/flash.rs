//! Flash attention against a reference in f64 that shares no code with it, against plain
//! attention and against burn's own; and what it counts against closed formulas.

use std::cell::Cell;

use attention::flash::flash_traffic;
use attention::traffic::{
    Sizes, Traffic, causal_flash_formula, flash_formula, standard_attention, standard_formula,
};
use attention::units::{Bytes, Flops};
use attention::{Error, Flash, FlashOptions, Mask, flash_attention, scaled_dot_product_attention};
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[derive(Debug, Clone)]
struct Case {
    batch: usize,
    heads: usize,
    seq_q: usize,
    seq_k: usize,
    head_dim: usize,
    value_dim: usize,
    block_q: usize,
    block_k: usize,
    causal: bool,
    scale: Option<f32>,
    extreme: bool,
    seed: u64,
}

/// Numbers from -1 to 1, the same for the same seed (SplitMix64).
fn noise(seed: u64, count: usize) -> Vec<f64> {
    (1..=count as u64)
        .map(|i| {
            let mut z = seed.wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) as f64 / u64::MAX as f64 * 2.0 - 1.0
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

    /// Query, key and value. The extreme ones are whole numbers and the scale is 1, so that every
    /// score is exact in f32, and some are 1e4 and -1e4: what is measured is the softmax.
    fn data(&self) -> [Vec<f32>; 3] {
        let rows = self.batch * self.heads;
        let counts = [
            rows * self.seq_q * self.head_dim,
            rows * self.seq_k * self.head_dim,
            rows * self.seq_k * self.value_dim,
        ];
        let mut data = [0, 1, 2].map(|part| {
            noise(self.seed ^ (part as u64) << 60, counts[part])
                .into_iter()
                .map(|x| (4.0 * x) as f32)
                .collect::<Vec<f32>>()
        });
        if self.extreme {
            for (values, limit) in [(0, 3.0), (1, 3.0)] {
                for value in &mut data[values] {
                    *value = (*value / 4.0 * limit).round();
                }
            }
            // Beside small scores, some of ±1e4.
            for row in data[0].chunks_mut(self.head_dim).step_by(2) {
                row.fill(0.0);
                row[0] = 100.0;
            }
            for (i, row) in data[1].chunks_mut(self.head_dim).enumerate() {
                row[0] = [100.0, -100.0, 0.0, 99.0][i % 4];
            }
        }
        data
    }

    fn tensors(&self) -> [Tensor<4>; 3] {
        let [query, key, value] = self.data();
        let tensor = |data, seq, width| {
            let shape = [self.batch, self.heads, seq, width];
            Tensor::from_data(TensorData::new(data, shape), &Device::flex())
        };
        [
            tensor(query, self.seq_q, self.head_dim),
            tensor(key, self.seq_k, self.head_dim),
            tensor(value, self.seq_k, self.value_dim),
        ]
    }

    fn flash(&self) -> Flash {
        let [query, key, value] = self.tensors();
        flash_attention(query, key, value, &self.options()).unwrap()
    }

    /// Output, log-sum-exp, and the size of the scores that went into it, by loops over every
    /// entry, in f64. The size is the largest `sum of |query * key|`, scaled, that a query meets:
    /// what a score in f32 is rounded to a part of.
    fn reference(&self) -> [Vec<f64>; 3] {
        let [query, key, value] = self.data();
        let scale = self.scale.map_or(1.0 / (self.head_dim as f64).sqrt(), f64::from);
        let [mut output, mut sums, mut sizes] = [Vec::new(), Vec::new(), Vec::new()];
        let d = self.head_dim;
        for head in 0..self.batch * self.heads {
            for i in 0..self.seq_q {
                let seen = if self.causal { i + self.seq_k - self.seq_q + 1 } else { self.seq_k };
                let (mut scores, mut size) = (Vec::new(), 1.0_f64);
                for j in 0..seen {
                    let query = &query[(head * self.seq_q + i) * d..][..d];
                    let key = &key[(head * self.seq_k + j) * d..][..d];
                    let products: Vec<f64> =
                        query.iter().zip(key).map(|(q, k)| f64::from(*q) * f64::from(*k)).collect();
                    scores.push(products.iter().sum::<f64>() * scale);
                    size = size.max(products.iter().map(|x| x.abs()).sum::<f64>() * scale);
                }
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
                sums.push(largest + total.ln());
                sizes.push(size);
                for c in 0..self.value_dim {
                    let value = |j| f64::from(value[(head * self.seq_k + j) * self.value_dim + c]);
                    let terms = scores.iter().enumerate();
                    output.push(
                        terms.map(|(j, score)| (score - largest).exp() / total * value(j)).sum(),
                    );
                }
            }
        }
        [output, sums, sizes]
    }
}

/// Lengths from 1, blocks from 1 to more than the length.
fn any_case() -> impl Strategy<Value = Case> {
    let shape = (1_usize..3, 1_usize..4, 1_usize..24, 0_usize..24, 1_usize..20, 1_usize..20);
    let blocks = (1_usize..50, 1_usize..50);
    let kind = (0_u8..3, prop::option::of(0.05_f32..0.5), 0_u8..4);
    (shape, blocks, kind, any::<u64>()).prop_map(|(shape, blocks, kind, seed)| {
        let (batch, heads, short, more, head_dim, value_dim) = shape;
        let (order, scale, extreme) = kind;
        let (extreme, causal) = (extreme == 0, order < 2);
        // Only without a causal mask may there be more queries than keys.
        let (seq_q, seq_k) = if causal { (short, short + more) } else { (short + more, short) };
        Case {
            batch,
            heads,
            seq_q,
            seq_k,
            head_dim,
            value_dim,
            block_q: blocks.0,
            block_k: blocks.1,
            causal,
            scale: if extreme { Some(1.0) } else { scale },
            extreme,
            seed,
        }
    })
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn largest_error(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    got.iter().zip(expected).fold(0.0, |worst: f64, (got, expected)| {
        let error = (f64::from(*got) - expected).abs();
        if error.is_nan() { f64::NAN } else { worst.max(error) }
    })
}

/// The largest difference between two runs of the same case.
fn difference(left: Tensor<4>, right: Tensor<4>) -> f64 {
    let right: Vec<f64> = floats(right).into_iter().map(f64::from).collect();
    largest_error(&floats(left), &right)
}

/// Runs the property on this many cases and gives the largest error that it returned.
fn over_cases(cases: u32, error: impl Fn(Case) -> f64, bound: f64) -> f64 {
    let worst = Cell::new(0.0_f64);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    TestRunner::new(config)
        .run(&any_case(), |case| {
            let error = error(case);
            worst.set(worst.get().max(error));
            prop_assert!(error <= bound, "off by {error:.1e}, more than {bound:.0e}");
            Ok(())
        })
        .unwrap();
    worst.get()
}

#[test]
fn flash_equals_the_f64_reference() {
    let (extreme_cases, sum_error) = (Cell::new(0), Cell::new(0.0_f64));
    let error = over_cases(
        1500,
        |case| {
            extreme_cases.set(extreme_cases.get() + u32::from(case.extreme));
            let flash = case.flash();
            let [output, sums, sizes] = case.reference();
            let got = floats(flash.log_sum_exp);
            let errors = got.iter().zip(&sums).map(|(got, sum)| (f64::from(*got) - sum).abs());
            let error = errors.zip(&sizes).map(|(error, size)| error / size).fold(0.0, f64::max);
            sum_error.set(sum_error.get().max(error));
            // A sum of 19 products is within 19 roundings of 6e-8 at worst.
            assert!(error <= 1e-6, "log-sum-exp is off by {error:.1e} of the scores");
            largest_error(&floats(flash.output), &output)
        },
        4e-5,
    );
    println!(
        "1500 shapes, {} with scores of ±1e4: output within {error:.1e}, log-sum-exp within \
         {:.1e} of the scores",
        extreme_cases.get(),
        sum_error.get()
    );
    assert!(extreme_cases.get() > 100);
}

#[test]
fn flash_equals_plain_attention() {
    let error = over_cases(
        1000,
        |case| {
            // Scores of ±1e4 must be exact: 1 / sqrt(head_dim) is a power of two.
            let head_dim = if case.extreme { [1, 4, 16][case.head_dim % 3] } else { case.head_dim };
            let case = Case { scale: None, head_dim, ..case };
            let mask = if case.causal { Mask::Causal } else { Mask::Full };
            let [query, key, value] = case.tensors();
            let plain = scaled_dot_product_attention(query, key, value, mask).unwrap();
            difference(case.flash().output, plain.output)
        },
        4e-5,
    );
    println!("1000 shapes: flash and plain attention within {error:.1e}");
}

#[test]
fn flash_equals_standard_attention_in_three_kernels() {
    let error = over_cases(
        1000,
        |case| {
            let [query, key, value] = case.tensors();
            let (output, _) = standard_attention(query, key, value, &case.options()).unwrap();
            difference(case.flash().output, output)
        },
        4e-5,
    );
    println!("1000 shapes: flash and standard attention within {error:.1e}");
}

#[test]
fn flash_equals_the_attention_of_burn() {
    let error = over_cases(
        1000,
        |case| {
            let [query, key, value] = case.tensors();
            let options = AttentionModuleOptions {
                scale: case.scale.map(f64::from),
                softcap: None,
                is_causal: case.causal,
            };
            let burns = burn::tensor::module::attention(query, key, value, None, None, options);
            difference(case.flash().output, burns)
        },
        4e-5,
    );
    println!("1000 shapes: flash and burn's own attention within {error:.1e}");
}

#[test]
fn blocks_do_not_change_the_result() {
    let error = over_cases(
        1000,
        |case| {
            let one_tile = Case { block_q: usize::MAX, block_k: usize::MAX, ..case.clone() };
            let smallest = Case { block_q: 1, block_k: 1, ..case.clone() };
            let output = case.flash().output;
            difference(output.clone(), one_tile.flash().output)
                .max(difference(output, smallest.flash().output))
        },
        4e-5,
    );
    println!("1000 shapes: other blocks move the output by {error:.1e} at most");
}

/// In f64 what is left of the error is far smaller: it was rounding and nothing else.
#[test]
fn double_precision_is_double() {
    let error = over_cases(
        300,
        |case| {
            let case = Case { scale: case.scale.map(|_| 0.25), ..case };
            let double = |tensor: Tensor<4>| tensor.cast(FloatDType::F64);
            let [query, key, value] = case.tensors().map(double);
            let flash = flash_attention(query, key, value, &case.options()).unwrap();
            let output = flash.output.into_data().try_to_vec::<f64>().unwrap();
            let [expected, _, _] = case.reference();
            output.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        },
        1e-13,
    );
    println!("300 shapes in f64: output within {error:.1e}");
}

/// 8192 x 8192 scores of 4 bytes would be 256 MiB.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_the_process_stays_small() {
    let case = Case {
        batch: 1,
        heads: 1,
        seq_q: 8192,
        seq_k: 8192,
        head_dim: 4,
        value_dim: 4,
        block_q: 256,
        block_k: 256,
        causal: true,
        scale: None,
        extreme: false,
        seed: 5,
    };
    case.flash();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("8192 x 8192: this process has used {} at most", Bytes::from_kib(kib));
    assert!(Bytes::from_kib(kib) < Bytes::from_kib(128 << 10));
}

#[test]
fn a_long_causal_text_equals_burns_own() {
    let case = Case {
        batch: 1,
        heads: 2,
        seq_q: 1000,
        seq_k: 1100,
        head_dim: 32,
        value_dim: 32,
        block_q: 96,
        block_k: 128,
        causal: true,
        scale: None,
        extreme: false,
        seed: 1,
    };
    let [query, key, value] = case.tensors();
    let options = AttentionModuleOptions { scale: None, softcap: None, is_causal: true };
    let burns = burn::tensor::module::attention(query, key, value, None, None, options);
    let error = difference(case.flash().output, burns);
    println!("1000 x 1100, causal: within {error:.1e} of burn's own");
    assert!(error <= 2e-5);
}

#[test]
fn the_counts_of_a_run_are_those_of_a_dry_run_and_of_the_formulas() {
    over_cases(
        1000,
        |case| {
            let options = case.options();
            let [query, key, value] = case.tensors();
            let sizes = Sizes::of(&query, &key, &value);
            let flash = case.flash();
            assert_eq!(flash.traffic, flash_traffic(&sizes, &options).unwrap());
            assert_eq!(flash.traffic.largest_tile, flash.largest_tensor as u64);
            if !case.causal {
                assert_eq!(flash.traffic, flash_formula(&sizes, case.block_q, case.block_k));
            }
            let (_, standard) = standard_attention(query, key, value, &options).unwrap();
            assert_eq!(standard, standard_formula(&sizes));
            0.0
        },
        0.0,
    );
}

#[test]
fn the_causal_formula_counts_the_triangle() {
    for (n, block) in [(1, 1), (12, 1), (12, 3), (12, 12), (256, 32)] {
        let sizes = Sizes {
            heads: 3,
            seq_q: n,
            seq_k: n,
            head_dim: 8,
            value_dim: 5,
            bytes_per_number: 2,
            ..Sizes::one()
        };
        let options =
            FlashOptions { block_q: block, block_k: block, causal: true, ..Default::default() };
        assert_eq!(flash_traffic(&sizes, &options).unwrap(), causal_flash_formula(&sizes, block));
    }
}

#[test]
fn a_count_by_hand() {
    // Two blocks of queries, two of keys, d = 1, f32. Queries 2 x 2 numbers, keys and values
    // 2 x 2 x 2 x 2, output 4, log-sum-exps 4; 4 tiles of 2 x 2, two products each.
    let sizes = Sizes { seq_q: 4, seq_k: 4, ..Sizes::one() };
    let options = FlashOptions { block_q: 2, block_k: 2, ..Default::default() };
    let expected = Traffic {
        read: Bytes(4 * (4 + 16)),
        written: Bytes(4 * (4 + 4)),
        flops: Flops(4 * 4 * 2 * 2),
        largest_tile: 4,
    };
    assert_eq!(flash_traffic(&sizes, &options).unwrap(), expected);
    // Behind a causal mask the tile at the top right is skipped: 4 numbers and 16 flops less.
    let causal = FlashOptions { causal: true, ..options };
    let expected = Traffic { read: Bytes(4 * (4 + 12)), flops: Flops(3 * 4 * 2 * 2), ..expected };
    assert_eq!(flash_traffic(&sizes, &causal).unwrap(), expected);
}

#[test]
fn a_long_text_makes_no_square_matrix() {
    let case = Case {
        batch: 1,
        heads: 1,
        seq_q: 4096,
        seq_k: 4096,
        head_dim: 8,
        value_dim: 8,
        block_q: 64,
        block_k: 128,
        causal: false,
        scale: None,
        extreme: false,
        seed: 2,
    };
    let flash = case.flash();
    println!("4096 x 4096: the largest matrix made holds {} numbers", flash.largest_tensor);
    assert_eq!(flash.largest_tensor, 64 * 128);
    assert!(flash.steps.is_empty());
}

#[test]
fn the_bytes_of_4096_tokens() {
    let sizes = Sizes { seq_q: 4096, seq_k: 4096, head_dim: 64, value_dim: 64, ..Sizes::one() };
    let standard = standard_formula(&sizes);
    println!("4096 x 4096, head_dim 64, f32, one head");
    println!("standard:             {} moved, {}", standard.moved(), standard.flops);
    // 16,777,216 scores of 4 bytes, twice written and twice read, and query, key, value, output.
    assert_eq!(standard.moved(), Bytes(4 * (4 * 4096 * 4096 + 4 * 4096 * 64)));
    for block in [32, 64, 128, 256] {
        let options = FlashOptions { block_q: block, block_k: block, ..Default::default() };
        let flash = flash_traffic(&sizes, &options).unwrap();
        let causal = flash_traffic(&sizes, &FlashOptions { causal: true, ..options }).unwrap();
        let times = standard.moved().0 as f64 / flash.moved().0 as f64;
        println!(
            "flash, tiles of {block:3}:  {} moved, {}: {times:.1} times less; causal {}",
            flash.moved(),
            flash.flops,
            causal.moved()
        );
        assert_eq!(flash, flash_formula(&sizes, block, block));
        assert_eq!(causal, causal_flash_formula(&sizes, block));
        assert_eq!(flash.flops, standard.flops);
        assert_eq!(flash.largest_tile, (block * block.max(64)) as u64);
        // Each block of queries reads all keys and values: twice the block, half the bytes.
        assert!(times > block as f64 / 34.0 && times < block as f64 / 30.0, "{times}");
    }
}

#[test]
fn steps_tell_the_story() {
    let case = Case {
        batch: 1,
        heads: 2,
        seq_q: 5,
        seq_k: 7,
        head_dim: 3,
        value_dim: 4,
        block_q: 2,
        block_k: 3,
        causal: true,
        scale: None,
        extreme: false,
        seed: 3,
    };
    let [query, key, value] = case.tensors();
    let options = FlashOptions { keep_steps: true, ..case.options() };
    let flash = flash_attention(query, key, value, &options).unwrap();

    let map: Vec<_> =
        flash.steps.iter().map(|s| (s.tile.row, s.tile.column, s.tile.skipped)).collect();
    // Query 0 stands beside key 2. Queries 0 and 1 see up to key 3, which is in block 1; queries
    // 2 and 3 up to key 5; query 4 sees all.
    let expected = [
        [(0, 0, false), (0, 1, false), (0, 2, true)],
        [(1, 0, false), (1, 1, false), (1, 2, true)],
        [(2, 0, false), (2, 1, false), (2, 2, false)],
    ];
    assert_eq!(map, expected.concat());
    assert_eq!(flash.steps[8].tile.queries, 4..5);
    assert_eq!(flash.steps[8].tile.keys, 6..7);

    // Each row of tiles ends with its part of the output.
    let mut parts = Vec::new();
    for step in flash.steps.iter().filter(|step| step.tile.column == 2) {
        assert_eq!(step.softmax.largest.dims(), [1, 2, step.tile.queries.len(), 1]);
        parts.push(step.softmax.normalise(step.output.clone()));
    }
    assert_eq!(floats(Tensor::cat(parts, 2)), floats(flash.output.clone()));

    // Counts only grow; a skipped tile moves nothing.
    for pair in flash.steps.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        assert_eq!(before.traffic == after.traffic, after.tile.skipped);
        assert!(before.traffic.read <= after.traffic.read);
        if after.tile.skipped {
            assert_eq!(floats(before.output.clone()), floats(after.output.clone()));
        }
    }
    // What is left is the last output and log-sum-exp to write.
    let last = flash.steps[8].traffic;
    assert_eq!(flash.traffic.read, last.read);
    assert_eq!(flash.traffic.written.0 - last.written.0, 4 * 2 * (4 + 1));
}

#[test]
fn the_future_is_not_even_read() {
    let ones = |shape| Tensor::<4>::ones(shape, &Device::flex());
    // The last two values are not finite; the first two queries share no tile with them.
    let value = Tensor::cat(vec![ones([1, 1, 2, 1]), ones([1, 1, 2, 1]) * f32::INFINITY], 2);
    let options = FlashOptions { block_q: 2, block_k: 2, causal: true, ..Default::default() };
    let flash = flash_attention(ones([1, 1, 4, 1]), ones([1, 1, 4, 1]), value, &options).unwrap();
    assert_eq!(floats(flash.output)[..2], [1.0, 1.0]);
}

#[test]
fn a_spoiled_query_spoils_its_row_alone() {
    for spoiled in [f32::NAN, f32::INFINITY] {
        let query = Tensor::<4>::from_data([[[[1.0], [spoiled], [1.0]]]], &Device::flex());
        let key = Tensor::<4>::ones([1, 1, 5, 1], &Device::flex());
        let options = FlashOptions { block_q: 2, block_k: 2, ..Default::default() };
        let flash = flash_attention(query, key.clone(), key, &options).unwrap();
        let output = floats(flash.output);
        assert_eq!([output[0], output[2]], [1.0, 1.0]);
        assert!(output[1].is_nan());
    }
}

#[test]
fn bad_input_is_named() {
    let zeros = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &Device::flex());
    let run = |query, key, value, options: FlashOptions| {
        let flash = flash_attention(zeros(query), zeros(key), zeros(value), &options);
        let standard = standard_attention(zeros(query), zeros(key), zeros(value), &options);
        let error = flash.unwrap_err();
        assert_eq!(error, standard.unwrap_err());
        error
    };
    let options = FlashOptions::default();
    let one = [1, 1, 1, 1];
    let error = run(one, one, one, FlashOptions { block_q: 0, ..options });
    assert_eq!(error.to_string(), "block_q is 0: it must be at least 1");
    let error = run(one, one, one, FlashOptions { block_k: 0, ..options });
    assert_eq!(error.to_string(), "block_k is 0: it must be at least 1");
    let error = run(one, one, one, FlashOptions { scale: Some(f32::NAN), ..options });
    assert_eq!(error.to_string(), "scale is NaN: it must be finite");
    let error = run([1, 1, 0, 1], one, one, options);
    assert!(matches!(error, Error::Empty { tensor: "query", dimension: "seq", .. }), "{error}");
    let error = run([1, 1, 1, 2], one, one, options);
    assert!(matches!(error, Error::Mismatch { dimension: "head_dim", .. }), "{error}");
    let error = run([1, 1, 2, 1], one, one, FlashOptions { causal: true, ..options });
    assert_eq!(error, Error::MoreQueriesThanKeys { seq_q: 2, seq_k: 1 });
    let sizes = Sizes { seq_k: 0, ..Sizes::one() };
    assert!(flash_traffic(&sizes, &options).is_err());
}
