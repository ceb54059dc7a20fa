//! The backward kernels. They are given what the forward pass leaves, as exactly as `f32` holds it.

use kernels::emit::{Card, Emitted, Heads};
use kernels::tiles::{DeviceClass, GradientTiles};

use crate::gradients::{Random, Shape, largest_difference, largest_size, reference};
use crate::kind::{BF16, F16, F32, Kind};
use crate::lines::{Line, lines};
use crate::program::{Case, Program, Tensor};

/// What a line gives to the kernels, and what should come out.
struct Given<'a> {
    line: &'a Line,
    shape: Shape,
    /// All that both kernels read.
    tensors: Vec<Tensor>,
    /// The gradients of query, key and value.
    expected: [Vec<f64>; 3],
    /// What an error is a share of: the largest gradient, coming in or going out.
    sizes: [f64; 3],
    /// The largest error, beside that of rounding. It grows with the scores, whose error is one of
    /// the exponent.
    between: f64,
}

fn given(line: &Line, head_dim: usize, kind: Kind) -> Given<'_> {
    let [batch, heads, kv_heads, seq_q, seq_k] = line.shape;
    let shape = Shape { batch, heads, kv_heads, seq_q, seq_k, head_dim };
    let (queries, keys) = ([batch, heads, seq_q, head_dim], [batch, kv_heads, seq_k, head_dim]);
    let mut random = Random(7);
    let mut rounded = |shape: [usize; 4], by: f32| -> Vec<f32> {
        let numbers = random.normals(shape.iter().product());
        numbers.iter().map(|&number| kind.rounded(number as f32 * by)).collect()
    };
    let numbers = [
        rounded(queries, line.loudness),
        rounded(keys, 1.0),
        rounded(keys, 1.0),
        rounded(queries, 1.0),
    ];
    let [query, key, value, gradient] = &numbers.each_ref().map(|numbers| doubles(numbers));
    let [output, log_sum_exp, of_query, of_key, of_value] =
        reference(shape, &line.options, [query, key, value, gradient]);
    let rows = output.chunks(head_dim).zip(gradient.chunks(head_dim));
    let common: Vec<f64> =
        rows.map(|(left, right)| left.iter().zip(right).map(|(a, b)| a * b).sum()).collect();

    let [query, key, value, output_gradient] = numbers.map(|numbers| kind.bytes(&numbers));
    let tensors = vec![
        Tensor::given(&queries, query),
        Tensor::given(&keys, key),
        Tensor::given(&keys, value),
        Tensor::given(&queries, output_gradient),
        Tensor::given(&queries[..3], singles(&log_sum_exp)),
        Tensor::given(&queries[..3], singles(&common)),
        Tensor::given(&[batch], line.lengths()),
    ];
    let expected = [of_query, of_key, of_value];
    let sizes = expected.each_ref().map(|wanted| largest_size(wanted).max(largest_size(gradient)));
    let between = 1e-6 * (4.0 + largest_size(&log_sum_exp));
    Given { line, shape, tensors, expected, sizes, between }
}

fn doubles(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&number| number.into()).collect()
}

fn singles(numbers: &[f64]) -> Vec<u8> {
    F32.bytes(&numbers.iter().map(|&number| number as f32).collect::<Vec<_>>())
}

impl Given<'_> {
    /// The line for one of the kernels, in both orders.
    fn cases(&self, blocks: [usize; 2], asked: &[[usize; 4]], kind: Kind) -> [Case; 2] {
        let options = &self.line.options;
        let asked = asked.iter().map(|shape| Tensor::asked(shape, kind.width));
        let case = Case {
            cubes: [blocks[0], blocks[1], self.shape.batch],
            tensors: self.tensors.iter().cloned().chain(asked).collect(),
            wholes: self.line.reach(),
            floats: vec![options.scale_for(self.shape.head_dim), options.soft_cap.unwrap_or(1.0)],
            backwards: false,
            copies_late: false,
        };
        [case.clone(), Case { backwards: true, ..case }]
    }
}

/// Runs both kernels on all lines with a soft cap, or all without, and prints their errors.
fn check(kind: Kind, head_dim: usize, capped: bool) {
    let tiles = GradientTiles::of(DeviceClass::Cuda, head_dim);
    let emitted = Heads { card: Card::Sm80, kind: kind.float, head_dim, capped };
    let lines = lines(capped);
    let givens: Vec<Given> = lines.iter().map(|line| given(line, head_dim, kind)).collect();
    let query_cases = givens.iter().flat_map(|given| {
        let Shape { batch, heads, seq_q, .. } = given.shape;
        let blocks = [seq_q.div_ceil(tiles.block_rows), heads];
        given.cases(blocks, &[[batch, heads, seq_q, head_dim]], kind)
    });
    let key_cases = givens.iter().flat_map(|given| {
        let Shape { batch, kv_heads, seq_k, .. } = given.shape;
        let blocks = [seq_k.div_ceil(tiles.block_rows), kv_heads];
        given.cases(blocks, &[[batch, kv_heads, seq_k, head_dim]; 2], kind)
    });
    let run = |emitted: Emitted, cases: Vec<Case>| Program::new(&emitted).run(&cases);
    let of_queries = run(emitted.query_gradient(tiles).unwrap(), query_cases.collect());
    let of_keys = run(emitted.key_value_gradient(tiles).unwrap(), key_cases.collect());
    let runs = of_queries.chunks_exact(2).zip(of_keys.chunks_exact(2));
    for (given, (of_query, of_keys)) in givens.iter().zip(runs) {
        let mut errors = [0.0f64; 3];
        for (of_query, of_keys) in of_query.iter().zip(of_keys) {
            let found = [&of_query.tensors[0], &of_keys.tensors[0], &of_keys.tensors[1]];
            for which in 0..3 {
                let found = doubles(&kind.numbers(found[which]));
                let (wanted, size) = (&given.expected[which], given.sizes[which]);
                errors[which] = errors[which].max(largest_difference(&found, wanted, size));
            }
        }
        let bound = kind.rounding + given.between;
        let [query, key, value] = errors;
        println!(
            "{:<5} {head_dim:<3} {:<18} gradients of query {query:.1e}, key {key:.1e}, value \
             {value:.1e}, of {bound:.1e}",
            kind.name, given.line.name,
        );
        assert!(errors.iter().all(|&error| error <= bound), "{}: {errors:?}", given.line.name);
    }
}

/// One, two, four and eight threads have a row.
#[test]
fn backward_kernels_as_cuda_agree_with_f64() {
    for (kind, head_dim) in [(F32, 32), (F32, 64), (F16, 72), (F16, 128), (BF16, 256)] {
        check(kind, head_dim, false);
    }
    for (kind, head_dim) in [(F32, 64), (BF16, 128)] {
        check(kind, head_dim, true);
    }
}

#[test]
fn row_dot_as_cuda_agrees_with_f64() {
    let (kind, shape) = (F16, [2, 3, 70, 64]);
    let [batch, heads, rows, head_dim] = shape;
    let mut random = Random(8);
    let mut numbers = || -> Vec<f32> {
        let numbers = random.normals(shape.iter().product());
        numbers.iter().map(|&number| kind.rounded(number as f32)).collect()
    };
    let (output, gradient) = (numbers(), numbers());
    let emitted = Heads { card: Card::Sm80, kind: kind.float, head_dim, capped: false };
    let kernel = emitted.row_dot().unwrap();
    let case = Case {
        cubes: [rows.div_ceil(kernel.threads), heads, batch],
        tensors: vec![
            Tensor::given(&shape, kind.bytes(&output)),
            Tensor::given(&shape, kind.bytes(&gradient)),
            Tensor::asked(&shape[..3], 4),
        ],
        wholes: vec![],
        floats: vec![],
        backwards: false,
        copies_late: false,
    };
    let found = doubles(&F32.numbers(&Program::new(&kernel).run(&[case])[0].tensors[0]));
    let (output, gradient) = (doubles(&output), doubles(&gradient));
    let rows = output.chunks(head_dim).zip(gradient.chunks(head_dim));
    let wanted: Vec<f64> =
        rows.map(|(left, right)| left.iter().zip(right).map(|(a, b)| a * b).sum()).collect();
    let error = largest_difference(&found, &wanted, largest_size(&wanted));
    println!("{:<5} {head_dim:<3} {:<18} {error:.1e} of 1.0e-6", kind.name, "row_dot");
    assert!(error <= 1e-6);
}
