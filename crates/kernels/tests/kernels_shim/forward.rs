//! The forward kernels.

use kernels::emit::{Card, Emitted, Heads};
use kernels::tiles::{DeviceClass, PlainTiles, TENSOR_CORE_HEAD_DIMS, TensorCoreTiles};

use crate::kind::{BF16, F16, F32, Kind};
use crate::lines::{Line, lines};
use crate::program::{Case, Program, Tensor, Written};
use crate::reference::{Inputs, attention, normal};

/// The line's inputs, rounded as the kernel gets them.
fn inputs(line: &Line, head_dim: usize, kind: Kind) -> Inputs {
    let [batch, heads, kv_heads, seq_q, seq_k] = line.shape;
    let rounded = |count: usize, seed: u64, by: f32| -> Vec<f32> {
        normal(count, seed).map(|number| kind.rounded(number * by)).collect()
    };
    Inputs {
        shape: line.shape,
        head_dim,
        query: rounded(batch * heads * seq_q * head_dim, 1, line.loudness),
        key: rounded(batch * kv_heads * seq_k * head_dim, 2, 1.0),
        value: rounded(batch * kv_heads * seq_k * head_dim, 3, 1.0),
    }
}

fn case(line: &Line, inputs: &Inputs, kind: Kind, block_rows: usize, other: bool) -> Case {
    let [batch, heads, kv_heads, seq_q, seq_k] = line.shape;
    let d = inputs.head_dim;
    let (queries, keys) = ([batch, heads, seq_q, d], [batch, kv_heads, seq_k, d]);
    Case {
        cubes: [seq_q.div_ceil(block_rows), heads, batch],
        tensors: vec![
            Tensor::given(&queries, kind.bytes(&inputs.query)),
            Tensor::given(&keys, kind.bytes(&inputs.key)),
            Tensor::given(&keys, kind.bytes(&inputs.value)),
            Tensor::given(&[batch], line.lengths()),
            Tensor::asked(&queries, kind.width),
            Tensor::asked(&queries[..3], 4),
        ],
        wholes: line.reach(),
        floats: vec![
            line.options.scale_for(d),
            line.options.soft_cap.unwrap_or(1.0),
            f32::NEG_INFINITY,
        ],
        backwards: other,
        copies_late: other,
    }
}

/// What a kernel may be off by, and what it is off by.
struct Errors {
    output: f64,
    output_bound: f64,
    log_sum_exp: f64,
    log_sum_exp_bound: f64,
}

fn compare(line: &Line, inputs: &Inputs, kind: Kind, halves: f64, written: &[Written]) -> Errors {
    let expected = attention(inputs, &line.options);
    let widest = inputs.value.iter().fold(0.0f64, |most, &v| most.max(v.abs().into()));
    // Of the f32 in between. It grows with the scores, whose error is one of the exponent.
    let between = 1e-6 * (4.0 + expected.largest_score);
    let mut errors = Errors {
        output: 0.0,
        // The weights are rounded `halves` times, and the output once.
        output_bound: widest * ((1.0 + halves) * kind.rounding + between),
        log_sum_exp: 0.0,
        log_sum_exp_bound: between,
    };
    for run in written {
        let [output, log_sum_exp] = run.tensors.as_slice() else { panic!("there are two") };
        errors.output = largest(&kind.numbers(output), &expected.output).max(errors.output);
        let log_sum_exp = largest(&F32.numbers(log_sum_exp), &expected.log_sum_exp);
        errors.log_sum_exp = log_sum_exp.max(errors.log_sum_exp);
        assert_eq!(run.conflicts, 0, "{}: banks are asked twice", line.name);
    }
    errors
}

fn largest(found: &[f32], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    found.iter().zip(wanted).map(|(&found, &wanted)| error(found, wanted)).fold(0.0, f64::max)
}

/// A number that is none differs from all, and both may be -inf.
fn error(found: f32, wanted: f64) -> f64 {
    if f64::from(found) == wanted {
        0.0
    } else {
        let difference = (f64::from(found) - wanted).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    }
}

/// Runs all lines with a soft cap, or all without, and prints their errors.
fn check(kind: Kind, heads: Heads, block_rows: usize, halves: f64, kernel: &Emitted) {
    let Heads { head_dim, capped, .. } = heads;
    let program = Program::new(kernel);
    let lines = lines(capped);
    let inputs: Vec<Inputs> = lines.iter().map(|line| inputs(line, head_dim, kind)).collect();
    let pairs = || lines.iter().zip(&inputs);
    // Each is run twice, in opposite orders.
    let cases: Vec<Case> = pairs()
        .flat_map(|(line, inputs)| {
            [false, true].map(|other| case(line, inputs, kind, block_rows, other))
        })
        .collect();
    let written = program.run(&cases);
    for ((line, inputs), runs) in pairs().zip(written.chunks_exact(2)) {
        let errors = compare(line, inputs, kind, halves, runs);
        println!(
            "{:<5} {head_dim:<3} {:<18} output {:.1e} of {:.1e}, log-sum-exp {:.1e} of {:.1e}",
            kind.name,
            line.name,
            errors.output,
            errors.output_bound,
            errors.log_sum_exp,
            errors.log_sum_exp_bound
        );
        assert!(errors.output <= errors.output_bound, "{}: output", line.name);
        assert!(errors.log_sum_exp <= errors.log_sum_exp_bound, "{}: log-sum-exp", line.name);
    }
}

/// With a soft cap and without.
const BOTH: [bool; 2] = [false, true];

#[test]
fn plain_kernel_as_cuda_agrees_with_f64() {
    for (kind, head_dim) in [(F32, 32), (F16, 64), (BF16, 128)] {
        let tiles = PlainTiles::of(DeviceClass::Cuda, head_dim);
        for capped in BOTH {
            let heads = Heads { card: Card::Sm80, kind: kind.float, head_dim, capped };
            check(kind, heads, tiles.block_rows, 0.0, &heads.plain(tiles).unwrap());
        }
    }
}

fn tensor_core_kernel_agrees(kind: Kind) {
    for head_dim in TENSOR_CORE_HEAD_DIMS {
        for capped in BOTH {
            let tiles = TensorCoreTiles::of(head_dim, capped).unwrap();
            let heads = Heads { card: Card::Sm80, kind: kind.float, head_dim, capped };
            check(kind, heads, tiles.block_rows(), 1.0, &heads.tensor_core(tiles).unwrap());
        }
    }
}

#[test]
fn tensor_core_kernel_as_cuda_agrees_with_f64_in_f16() {
    tensor_core_kernel_agrees(F16);
}

#[test]
fn tensor_core_kernel_as_cuda_agrees_with_f64_in_bf16() {
    tensor_core_kernel_agrees(BF16);
}
