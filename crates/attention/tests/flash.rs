//! What flash attention records beside its output, its numbers in f64, its memory, and what it
//! counts against closed formulas. Its output is compared in `equivalence`.

#[path = "attention_tests/f64_reference/mod.rs"]
mod f64_reference;

use std::cell::Cell;

use crate::f64_reference::{
    Array, Expected, Random, floats, largest_difference, largest_error, over, scaled_attention,
    vm_high_water,
};
use attention::flash::flash_traffic;
use attention::traffic::{
    Sizes, Traffic, causal_flash_formula, flash_formula, least_formula, standard_formula,
};
use attention::units::{Bytes, Flops};
use attention::{Error, Flash, TileOptions, flash_attention, standard_attention};
use burn::tensor::{Device, FloatDType, Tensor};
use proptest::prelude::*;

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

impl Case {
    fn options(&self) -> TileOptions {
        TileOptions {
            block_q: self.block_q,
            block_k: self.block_k,
            causal: self.causal,
            scale: self.scale,
            keep_steps: false,
        }
    }

    /// Query, key and value. The extreme ones are whole numbers and the scale is 1, so that every
    /// score is exact in f32, and some are 1e4 and -1e4: what is measured is the softmax.
    fn arrays(&self) -> [Array; 3] {
        let mut random = Random::new(self.seed);
        let mut array = |seq, width| random.array([self.batch, self.heads, seq, width]);
        let [mut query, mut key] =
            [array(self.seq_q, self.head_dim), array(self.seq_k, self.head_dim)];
        for x in query.numbers.iter_mut().chain(&mut key.numbers) {
            *x = if self.extreme { (1.5 * *x).round() } else { 2.0 * *x };
        }
        if self.extreme {
            // Beside small scores, some of ±1e4.
            for row in query.numbers.chunks_mut(self.head_dim).step_by(2) {
                row.fill(0.0);
                row[0] = 100.0;
            }
            for (i, row) in key.numbers.chunks_mut(self.head_dim).enumerate() {
                row[0] = [100.0, -100.0, 0.0, 99.0][i % 4];
            }
        }
        [query, key, array(self.seq_k, self.value_dim)]
    }

    fn tensors(&self) -> [Tensor<4>; 3] {
        self.arrays().map(|array| array.tensor())
    }

    fn flash(&self) -> Flash {
        let [query, key, value] = self.tensors();
        flash_attention(query, key, value, &self.options()).unwrap()
    }

    fn reference(&self) -> Expected {
        let [query, key, value] = self.arrays();
        let scale = self.options().scale_for(self.head_dim);
        scaled_attention(&query, &key, &value, scale, |_, i, j| {
            !self.causal || j <= i + self.seq_k - self.seq_q
        })
    }

    /// What the scores of a query are sums of: the largest `sum of |query * key|`, scaled, over all
    /// keys, and at least one. A score in f32 is rounded to a part of this.
    fn score_sizes(&self) -> Vec<f64> {
        let [query, key, value] = self.arrays();
        let sizes = |array: Array| {
            let numbers = array.numbers.iter().map(|x| x.abs()).collect();
            Array { numbers, ..array }
        };
        let scale = self.options().scale_for(self.head_dim);
        let scores =
            scaled_attention(&sizes(query), &sizes(key), &value, scale, |_, _, _| true).scores;
        let rows = scores.numbers.chunks(self.seq_k);
        rows.map(|row| row.iter().copied().fold(1.0, f64::max)).collect()
    }
}

/// `ln(sum of exp(score))` of each row.
fn log_sum_exps(scores: &Array) -> Vec<f64> {
    let rows = scores.numbers.chunks(scores.shape[3]);
    rows.map(|row| {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + row.iter().map(|score| (score - largest).exp()).sum::<f64>().ln()
    })
    .collect()
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

/// The largest difference between two runs of the same case.
fn difference(left: Tensor<4>, right: Tensor<4>) -> f64 {
    largest_difference(&floats(left), &floats(right))
}

/// The log-sum-exp, and the output with a scale of one's own.
#[test]
fn the_log_sum_exp_equals_the_f64_reference() {
    let (extreme_cases, output_error) = (Cell::new(0), Cell::new(0.0_f64));
    let error = over(
        1000,
        &any_case(),
        |case| {
            extreme_cases.set(extreme_cases.get() + u32::from(case.extreme));
            let flash = case.flash();
            let (expected, sizes) = (case.reference(), case.score_sizes());
            let sums = log_sum_exps(&expected.scores);
            let error = largest_error(&floats(flash.output), &expected.output.numbers);
            output_error.set(output_error.get().max(error));
            assert!(error <= 4e-5, "output is off by {error:.1e}");
            let got = floats(flash.log_sum_exp);
            let errors = got.iter().zip(&sums).map(|(got, sum)| (f64::from(*got) - sum).abs());
            let parts = errors.zip(&sizes).map(|(error, size)| error / size);
            parts.fold(0.0, |worst, part| if part <= worst { worst } else { part })
        },
        // A sum of 19 products is within 19 roundings of 6e-8 at worst.
        1e-6,
    );
    println!(
        "1000 shapes, {} with scores of ±1e4: log-sum-exp within {error:.1e} of the scores, output \
         within {:.1e}",
        extreme_cases.get(),
        output_error.get()
    );
    assert!(extreme_cases.get() > 100);
}

#[test]
fn flash_equals_standard_attention_in_three_kernels() {
    let error = over(
        1000,
        &any_case(),
        |case| {
            let [query, key, value] = case.tensors();
            let (output, _) = standard_attention(query, key, value, &case.options()).unwrap();
            difference(case.flash().output, output)
        },
        4e-5,
    );
    println!("1000 shapes: flash and standard attention within {error:.1e}");
}

/// In f64 what is left of the error is far smaller: it was rounding and nothing else.
#[test]
fn double_precision_is_double() {
    let error = over(
        300,
        &any_case(),
        |case| {
            let case = Case { scale: case.scale.map(|_| 0.25), ..case };
            let double = |tensor: Tensor<4>| tensor.cast(FloatDType::F64);
            let [query, key, value] = case.tensors().map(double);
            let flash = flash_attention(query, key, value, &case.options()).unwrap();
            let output = flash.output.into_data().try_to_vec::<f64>().unwrap();
            largest_error(&output, &case.reference().output.numbers)
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
    let kib = vm_high_water();
    println!("8192 x 8192: this process has used {} at most", Bytes::from_kib(kib));
    assert!(Bytes::from_kib(kib) < Bytes::from_kib(128 << 10));
}

// claim: counts-equal-formulas
#[test]
fn the_counts_of_a_run_are_those_of_a_dry_run_and_of_the_formulas() {
    over(
        1000,
        &any_case(),
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

/// Where one block holds all queries, nothing is read twice.
#[test]
fn the_least_is_what_one_block_of_queries_moves() {
    over(
        300,
        &any_case(),
        |case| {
            let [query, key, value] = case.tensors();
            let sizes = Sizes::of(&query, &key, &value);
            let least = least_formula(&sizes);
            let counted = |block_q| {
                let options = TileOptions { block_q, causal: false, ..case.options() };
                flash_traffic(&sizes, &options).unwrap()
            };
            let whole = counted(sizes.seq_q);
            assert_eq!((least.read, least.written), (whole.read, whole.written));
            assert_eq!(least.flops, whole.flops);
            assert!(least.moved() <= counted(case.block_q).moved());
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
            TileOptions { block_q: block, block_k: block, causal: true, ..Default::default() };
        assert_eq!(flash_traffic(&sizes, &options).unwrap(), causal_flash_formula(&sizes, block));
    }
}

#[test]
fn a_count_by_hand() {
    // Two blocks of queries, two of keys, d = 1, f32. Queries 2 x 2 numbers, keys and values
    // 2 x 2 x 2 x 2, output 4, log-sum-exps 4; 4 tiles of 2 x 2, two products each.
    let sizes = Sizes { seq_q: 4, seq_k: 4, ..Sizes::one() };
    let options = TileOptions { block_q: 2, block_k: 2, ..Default::default() };
    let expected = Traffic {
        read: Bytes(4 * (4 + 16)),
        written: Bytes(4 * (4 + 4)),
        flops: Flops(4 * 4 * 2 * 2),
        largest_tile: 4,
    };
    assert_eq!(flash_traffic(&sizes, &options).unwrap(), expected);
    // Behind a causal mask the tile at the top right is skipped: 4 numbers and 16 flops less.
    let causal = TileOptions { causal: true, ..options };
    let expected = Traffic { read: Bytes(4 * (4 + 12)), flops: Flops(3 * 4 * 2 * 2), ..expected };
    assert_eq!(flash_traffic(&sizes, &causal).unwrap(), expected);
}

// claim: no-square-matrix
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
        let options = TileOptions { block_q: block, block_k: block, ..Default::default() };
        let flash = flash_traffic(&sizes, &options).unwrap();
        let causal = flash_traffic(&sizes, &TileOptions { causal: true, ..options }).unwrap();
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
    let options = TileOptions { keep_steps: true, ..case.options() };
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
    let options = TileOptions { block_q: 2, block_k: 2, causal: true, ..Default::default() };
    let flash = flash_attention(ones([1, 1, 4, 1]), ones([1, 1, 4, 1]), value, &options).unwrap();
    assert_eq!(floats(flash.output)[..2], [1.0, 1.0]);
}

#[test]
fn a_spoiled_query_spoils_its_row_alone() {
    for spoiled in [f32::NAN, f32::INFINITY] {
        let query = Tensor::<4>::from_data([[[[1.0], [spoiled], [1.0]]]], &Device::flex());
        let key = Tensor::<4>::ones([1, 1, 5, 1], &Device::flex());
        let options = TileOptions { block_q: 2, block_k: 2, ..Default::default() };
        let flash = flash_attention(query, key.clone(), key, &options).unwrap();
        let output = floats(flash.output);
        assert_eq!([output[0], output[2]], [1.0, 1.0]);
        assert!(output[1].is_nan());
    }
}

#[test]
fn bad_input_is_named() {
    let zeros = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &Device::flex());
    let run = |query, key, value, options: TileOptions| {
        let flash = flash_attention(zeros(query), zeros(key), zeros(value), &options);
        let standard = standard_attention(zeros(query), zeros(key), zeros(value), &options);
        let error = flash.unwrap_err();
        assert_eq!(error, standard.unwrap_err());
        error
    };
    let options = TileOptions::default();
    let one = [1, 1, 1, 1];
    let error = run(one, one, one, TileOptions { block_q: 0, ..options });
    assert_eq!(error.to_string(), "block_q is 0: it must be at least 1");
    let error = run(one, one, one, TileOptions { block_k: 0, ..options });
    assert_eq!(error.to_string(), "block_k is 0: it must be at least 1");
    let error = run(one, one, one, TileOptions { scale: Some(f32::NAN), ..options });
    assert_eq!(error.to_string(), "scale is NaN: it must be finite");
    let error = run([1, 1, 0, 1], one, one, options);
    assert!(matches!(error, Error::Empty { tensor: "query", dimension: "seq", .. }), "{error}");
    let error = run([1, 1, 1, 2], one, one, options);
    assert!(matches!(error, Error::Mismatch { dimension: "head_dim", .. }), "{error}");
    let error = run([1, 1, 2, 1], one, one, TileOptions { causal: true, ..options });
    assert_eq!(error, Error::MoreQueriesThanKeys { seq_q: 2, seq_k: 1 });
    let sizes = Sizes { seq_k: 0, ..Sizes::one() };
    assert!(flash_traffic(&sizes, &options).is_err());
}
