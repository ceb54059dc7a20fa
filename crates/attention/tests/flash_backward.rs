//! The gradients of flash attention against two references in f64 that share no code with it:
//! the chain rule written out, and central differences of the forward formula.

#[path = "attention_tests/f64_reference/mod.rs"]
mod f64_reference;

use crate::f64_reference::gradients::{Case, Gradients, largest_difference, numbers};
use crate::f64_reference::{dot, over, vm_high_water};
use attention::{Error, Flash, TileOptions, flash_attention, flash_backward};
use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

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

/// The largest error over all three gradients, as a part of the largest gradient or of one.
fn largest_error(got: &Gradients, expected: &Gradients) -> f64 {
    let size = expected.iter().flatten().fold(1.0_f64, |size, x| size.max(x.abs()));
    largest_difference(got, expected) / size
}

#[test]
fn the_two_references_agree() {
    let error = over(
        200,
        &any_case(6),
        |case| {
            let data = case.data();
            largest_error(&case.differences(&data), &case.chain_rule(&data))
        },
        1e-8,
    );
    println!("200 shapes: the chain rule and central differences within {error:.1e}");
}

// claim: flash-backward-is-right
#[test]
fn gradients_equal_the_chain_rule_in_f64() {
    let error = over(
        1500,
        &any_case(20),
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
    let error = over(
        500,
        &any_case(20),
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
    let error = over(
        500,
        &any_case(12),
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
    let kib = vm_high_water();
    println!("8192 x 8192, forwards and backwards: this process has used {kib} KiB at most");
    assert!(kib < 128 << 10);
}

// claim: common-is-the-row-sum
#[test]
fn the_sum_over_a_row_is_the_output_times_its_gradient() {
    let error = over(
        300,
        &any_case(20),
        |case| {
            let data = case.data();
            let [query, key, value, gradient] = &data;
            let output: Vec<f64> = case.run(&data).0.output.to_data().iter::<f64>().collect();
            let v = case.value_dim;
            let rows = (0..case.heads).flat_map(|head| (0..case.seq_q).map(move |i| (head, i)));
            rows.map(|(head, i)| {
                let at = (head * case.seq_q + i) * v;
                let gradient = &gradient[at..][..v];
                let weights = case.weights(query, key, head, i).into_iter().enumerate();
                let sum: f64 = weights
                    .map(|(j, weight)| {
                        weight * dot(gradient, &value[(head * case.seq_k + j) * v..][..v])
                    })
                    .sum();
                (sum - dot(gradient, &output[at..][..v])).abs() / (1.0 + sum.abs())
            })
            .fold(0.0, f64::max)
        },
        4e-6,
    );
    println!("300 shapes: the sum over the row and the product within {error:.1e}");
}

// claim: five-products-back
#[test]
fn backward_counts_what_the_formulas_say() {
    over(
        300,
        &any_case(20),
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
    let options = TileOptions::default();
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
