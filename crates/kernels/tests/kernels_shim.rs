//! The CUDA C++ of the forward kernels, run on the CPU and compared with f64.
//!
//! Tensor cores, asynchronous copies and shared memory are those of the shim in `tests/shim`, which
//! does what NVIDIA's manual says. So this finds wrong register layouts, swizzles, masks and
//! forgotten barriers; how fast a card is it cannot tell.

#[path = "shim/reference.rs"]
mod reference;
#[path = "shim/mod.rs"]
mod shim;

use burn::tensor::{bf16, f16};
use cubecl::ir::FloatKind;
use kernels::FlashOptions;
use kernels::Window;
use kernels::emit::{self, Card};
use kernels::tiles::{DeviceClass, PlainTiles, TENSOR_CORE_HEAD_DIMS, TensorCoreTiles};
use reference::{Inputs, attention, normal};
use shim::{Case, Program, Written};

/// A line of the table: `[batch, heads, kv_heads, seq_q, seq_k]`, and what is asked.
struct Line {
    name: &'static str,
    shape: [usize; 5],
    options: FlashOptions,
    /// What queries are multiplied by, to make scores extreme.
    loudness: f32,
}

fn line(name: &'static str, shape: [usize; 5], options: FlashOptions) -> Line {
    Line { name, shape, options, loudness: 1.0 }
}

fn lines() -> Vec<Line> {
    let full = FlashOptions::default();
    let causal = FlashOptions { causal: true, ..full.clone() };
    let window = |before, after| Some(Window { before, after });
    vec![
        line("one key", [1, 1, 1, 1, 1], full.clone()),
        line("one query", [1, 2, 1, 1, 100], causal.clone()),
        line("17", [1, 2, 2, 17, 17], causal.clone()),
        line("64", [1, 1, 1, 64, 64], causal.clone()),
        line("100, full", [1, 2, 1, 100, 100], full.clone()),
        line("200, full", [1, 1, 1, 200, 200], full.clone()),
        line("200, causal", [2, 1, 1, 200, 200], causal.clone()),
        line("9 heads on 3", [1, 9, 3, 40, 70], causal.clone()),
        line("more keys", [1, 2, 1, 70, 200], causal.clone()),
        line("more queries", [1, 2, 1, 200, 70], causal.clone()),
        line(
            "window",
            [1, 2, 1, 200, 200],
            FlashOptions { window: window(30, 0), ..causal.clone() },
        ),
        line(
            "window, both ways",
            [1, 2, 1, 150, 180],
            FlashOptions { window: window(20, 9), ..full.clone() },
        ),
        line(
            "lengths",
            [3, 2, 1, 90, 130],
            FlashOptions { lengths: Some(vec![130, 65, 0]), ..causal.clone() },
        ),
        line(
            "soft cap",
            [1, 2, 1, 100, 130],
            FlashOptions { soft_cap: Some(5.0), ..causal.clone() },
        ),
        line("scale", [1, 1, 1, 100, 100], FlashOptions { scale: Some(0.5), ..full.clone() }),
        Line {
            name: "extreme scores",
            shape: [1, 2, 1, 100, 130],
            options: causal,
            loudness: 30.0,
        },
    ]
}

/// The numbers of a kernel, and what it does with them.
#[derive(Clone, Copy)]
struct Kind {
    float: FloatKind,
    name: &'static str,
    width: usize,
    /// Half the distance from 1 to the next number: the largest relative error of rounding.
    rounding: f64,
    write: fn(f32) -> Vec<u8>,
    read: fn(&[u8]) -> f32,
}

const F32: Kind = Kind {
    float: FloatKind::F32,
    name: "f32",
    width: 4,
    rounding: f32::EPSILON as f64 / 2.0,
    write: |number| number.to_le_bytes().to_vec(),
    read: |bytes| f32::from_le_bytes(bytes.try_into().unwrap()),
};

const F16: Kind = Kind {
    float: FloatKind::F16,
    name: "f16",
    width: 2,
    rounding: 1.0 / 2048.0,
    write: |number| f16::from_f32(number).to_le_bytes().to_vec(),
    read: |bytes| f16::from_le_bytes(bytes.try_into().unwrap()).to_f32(),
};

const BF16: Kind = Kind {
    float: FloatKind::BF16,
    name: "bf16",
    width: 2,
    rounding: 1.0 / 256.0,
    write: |number| bf16::from_f32(number).to_le_bytes().to_vec(),
    read: |bytes| bf16::from_le_bytes(bytes.try_into().unwrap()).to_f32(),
};

/// The line's inputs, rounded as the kernel gets them.
fn inputs(line: &Line, head_dim: usize, kind: Kind) -> Inputs {
    let [batch, heads, kv_heads, seq_q, seq_k] = line.shape;
    let rounded = |count: usize, seed: u64, by: f32| -> Vec<f32> {
        normal(count, seed).map(|number| (kind.read)(&(kind.write)(number * by))).collect()
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
    let lengths = line.options.lengths.clone().unwrap_or(vec![seq_k; batch]);
    let numbers = [&inputs.query, &inputs.key, &inputs.value];
    let mut bytes: Vec<u8> =
        numbers.into_iter().flatten().flat_map(|&number| (kind.write)(number)).collect();
    bytes.extend(lengths.iter().flat_map(|&length| (length as u32).to_le_bytes()));
    Case {
        cubes: [seq_q.div_ceil(block_rows), heads, batch].map(|count| count as u32),
        shapes: [
            vec![batch, heads, seq_q, d],
            vec![batch, kv_heads, seq_k, d],
            vec![batch, kv_heads, seq_k, d],
            vec![batch],
            vec![batch, heads, seq_q, d],
            vec![batch, heads, seq_q],
        ],
        reach: line.options.reach(seq_q, seq_k),
        scale: line.options.scale_for(d),
        soft_cap: line.options.soft_cap.unwrap_or(1.0),
        backwards: other,
        copies_late: other,
        inputs: bytes,
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
        let output = run.output.chunks_exact(kind.width).map(kind.read);
        errors.output = largest(output, &expected.output).max(errors.output);
        let log_sum_exp = run.log_sum_exp.iter().copied();
        errors.log_sum_exp = largest(log_sum_exp, &expected.log_sum_exp).max(errors.log_sum_exp);
        assert_eq!(run.conflicts, 0, "{}: banks are asked twice", line.name);
    }
    errors
}

fn largest(found: impl Iterator<Item = f32>, wanted: &[f64]) -> f64 {
    found.zip(wanted).map(|(found, wanted)| error(found, *wanted)).fold(0.0, f64::max)
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
fn check(
    kind: Kind,
    head_dim: usize,
    block_rows: usize,
    halves: f64,
    capped: bool,
    kernel: &emit::Emitted,
) {
    let program = Program::new(kernel, kind.width);
    let lines: Vec<Line> =
        lines().into_iter().filter(|line| line.options.soft_cap.is_some() == capped).collect();
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

/// With a soft cap and without, where the table has tiles for that.
const BOTH: [bool; 2] = [false, true];

#[test]
fn plain_kernel_as_cuda_agrees_with_f64() {
    for (kind, head_dim) in [(F32, 32), (F16, 64), (BF16, 128)] {
        let tiles = PlainTiles::of(DeviceClass::Cuda, head_dim);
        for capped in BOTH {
            let kernel = emit::plain(Card::Sm80, kind.float, head_dim, capped, tiles).unwrap();
            check(kind, head_dim, tiles.block_rows, 0.0, capped, &kernel);
        }
    }
}

fn tensor_core_kernel_agrees(kind: Kind) {
    for head_dim in TENSOR_CORE_HEAD_DIMS {
        for capped in BOTH {
            let Some(tiles) = TensorCoreTiles::of(head_dim, capped) else { continue };
            let kernel =
                emit::tensor_core(Card::Sm80, kind.float, head_dim, capped, tiles).unwrap();
            check(kind, head_dim, tiles.block_rows(), 1.0, capped, &kernel);
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
