//! The parts of a layer against straightforward references in f64, on random shapes.

use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use proptest::prelude::*;
use smollm2::Linear;
use smollm2::feed_forward::SwiGlu;
use smollm2::grouped_query::repeat_kv;
use smollm2::norm::RmsNorm;
use smollm2::quant::{Storage, dequantise};
use smollm2::rope::Rope;

fn tensor<const D: usize>(numbers: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), shape), &Device::flex())
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

/// As many numbers as asked for, from -3 to 3, drawn from a seed.
fn random(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32 * 6.0 - 3.0
    };
    (0..count).map(|_| next()).collect()
}

/// The largest error, where an error is counted against the size of the expected number or 1.
fn largest_error(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let error = |(&found, &expected): (&f32, &f64)| {
        (f64::from(found) - expected).abs() / expected.abs().max(1.0)
    };
    found.iter().zip(expected).map(error).fold(0.0, f64::max)
}

fn close(what: &str, found: &[f32], expected: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    let error = largest_error(found, expected);
    println!("{what}: largest error {error:.2e}");
    prop_assert!(error <= tolerance, "{}: {}", what, error);
    Ok(())
}

/// `[rows, inputs]` times the transpose of `[outputs, inputs]`.
fn matmul(x: &[f64], weight: &[f32], inputs: usize) -> Vec<f64> {
    let dot = |x: &[f64], row: &[f32]| x.iter().zip(row).map(|(x, &w)| x * f64::from(w)).sum();
    x.chunks(inputs).flat_map(|x| weight.chunks(inputs).map(move |row| dot(x, row))).collect()
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().copied().map(f64::from).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rms_norm(seed: u64, rows in 1_usize..9, d_model in 1_usize..130, scale in 1e-4_f32..1e4) {
        let x: Vec<f32> = random(seed, rows * d_model).iter().map(|x| x * scale).collect();
        let weight = random(!seed, d_model);
        let epsilon = 1e-5;
        let norm = RmsNorm::new(tensor(&weight, [d_model]), epsilon);
        let found = numbers(norm.forward(tensor(&x, [rows, d_model])));

        let mut expected = Vec::new();
        for row in wide(&x).chunks(d_model) {
            let mean_square = row.iter().map(|x| x * x).sum::<f64>() / d_model as f64;
            let root = (mean_square + f64::from(epsilon)).sqrt();
            expected.extend(row.iter().zip(&weight).map(|(x, &w)| x / root * f64::from(w)));
        }
        close("RMSNorm", &found, &expected, 1e-5)?;
    }

    #[test]
    fn rope(seed: u64, heads in 1_usize..4, seq in 1_usize..20, pairs in 1_usize..33, first in 0_usize..8000) {
        let (head_dim, base) = (2 * pairs, 100_000.0);
        let x = random(seed, heads * seq * head_dim);
        let shape = [1, heads, seq, head_dim];
        let found = numbers(Rope::new(head_dim, base).unwrap().rotate(tensor(&x, shape), first).unwrap());

        // A pair is a complex number, and turning is multiplying.
        let mut expected = Vec::new();
        for (row, x) in wide(&x).chunks(head_dim).enumerate() {
            let position = (first + row % seq) as f64;
            for (pair, x) in x.chunks(2).enumerate() {
                let angle = position / f64::from(base).powf(pair as f64 / pairs as f64);
                expected.push(x[0] * angle.cos() - x[1] * angle.sin());
                expected.push(x[0] * angle.sin() + x[1] * angle.cos());
            }
        }
        close("RoPE", &found, &expected, 1e-5)?;
    }

    /// The score of a query and a key depends on how far apart they are, and not on where.
    #[test]
    fn rope_is_relative(seed: u64, pairs in 1_usize..33, key in 0_usize..500, apart in 0_usize..500, shift in 0_usize..7000) {
        let head_dim = 2 * pairs;
        let rope = Rope::new(head_dim, 100_000.0).unwrap();
        let score = |query: usize, key: usize| {
            let turned = |seed: u64, position: usize| {
                let x = tensor(&random(seed, head_dim), [1, 1, 1, head_dim]);
                wide(&numbers(rope.rotate(x, position).unwrap()))
            };
            let (query, key) = (turned(seed, query), turned(!seed, key));
            query.iter().zip(&key).map(|(q, k)| q * k).sum::<f64>()
        };
        let (here, there) = (score(key + apart, key), score(key + apart + shift, key + shift));
        let error = (here - there).abs() / head_dim as f64;
        println!("RoPE, moved by {shift}: error {error:.2e}");
        prop_assert!(error < 1e-5, "{}", error);
    }

    #[test]
    fn rope_keeps_lengths_and_leaves_position_zero_alone(seed: u64, pairs in 1_usize..33, first in 0_usize..8000) {
        let head_dim = 2 * pairs;
        let x = random(seed, head_dim);
        let rope = Rope::new(head_dim, 100_000.0).unwrap();
        let turned = |first| numbers(rope.rotate(tensor(&x, [1, 1, 1, head_dim]), first).unwrap());
        let length = |x: &[f32]| wide(x).iter().map(|x| x * x).sum::<f64>().sqrt();
        prop_assert_eq!(turned(0), x.clone());
        prop_assert!((length(&turned(first)) / length(&x) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn swiglu(seed: u64, rows in 1_usize..6, d_model in 1_usize..40, d_ff in 1_usize..70) {
        let x = random(seed, rows * d_model);
        let gate = random(seed ^ 1, d_ff * d_model);
        let up = random(seed ^ 2, d_ff * d_model);
        let down = random(seed ^ 3, d_model * d_ff);
        let linear = |numbers: &[f32], shape| Linear::new(tensor(numbers, shape));
        let layer = SwiGlu::new(
            linear(&gate, [d_ff, d_model]),
            linear(&up, [d_ff, d_model]),
            linear(&down, [d_model, d_ff]),
        );
        let found = numbers(layer.forward(tensor(&x, [rows, d_model])));

        let x = wide(&x);
        let open = matmul(&x, &gate, d_model).into_iter().map(|x| x / (1.0 + (-x).exp()));
        let inner: Vec<f64> = open.zip(matmul(&x, &up, d_model)).map(|(a, b)| a * b).collect();
        // Sums of up to 70 products of up to 100 cancel: the error is counted against the
        // largest number.
        let expected = matmul(&inner, &down, d_ff);
        let size = expected.iter().fold(1.0_f64, |size, x| size.max(x.abs()));
        let scaled: Vec<f64> = expected.iter().map(|x| x / size).collect();
        let found: Vec<f32> = found.iter().map(|&x| (f64::from(x) / size) as f32).collect();
        close("SwiGLU", &found, &scaled, 1e-5)?;
    }

    #[test]
    fn kv_heads_are_repeated(seed: u64, batch in 1_usize..3, kv_heads in 1_usize..5, group in 1_usize..5, seq in 1_usize..6, head_dim in 1_usize..9) {
        let x = random(seed, batch * kv_heads * seq * head_dim);
        let repeated = repeat_kv(tensor(&x, [batch, kv_heads, seq, head_dim]), group);
        prop_assert_eq!(repeated.dims(), [batch, kv_heads * group, seq, head_dim]);
        let size = seq * head_dim;
        for (place, head) in numbers(repeated).chunks(size).enumerate() {
            let (batch, head_number) = (place / (kv_heads * group), place % (kv_heads * group));
            let source = batch * kv_heads + head_number / group;
            prop_assert_eq!(head, &x[source * size..(source + 1) * size]);
        }
    }

    #[test]
    fn q4_1(scale in -8.0_f32..8.0, minimum in -8.0_f32..8.0, numbers in prop::collection::vec(0_u8..16, 32)) {
        let (scale, minimum) = (f16::from_f32(scale), f16::from_f32(minimum));
        let mut block = [scale.to_le_bytes(), minimum.to_le_bytes()].concat();
        block.extend((0..16).map(|place| numbers[place] | numbers[place + 16] << 4));
        let expected: Vec<f64> =
            numbers.iter().map(|&q| scale.to_f64() * f64::from(q) + minimum.to_f64()).collect();
        let twice = [block.clone(), block].concat();
        let found = dequantise(Storage::Q4_1, &twice).unwrap();
        close("Q4_1", &found, &[expected.clone(), expected].concat(), 1e-6)?;
    }

    #[test]
    fn q8_0(scale in -8.0_f32..8.0, numbers in prop::collection::vec(any::<i8>(), 32)) {
        let scale = f16::from_f32(scale);
        let mut block = scale.to_le_bytes().to_vec();
        block.extend(numbers.iter().map(|q| q.cast_unsigned()));
        let expected: Vec<f64> = numbers.iter().map(|&q| scale.to_f64() * f64::from(q)).collect();
        close("Q8_0", &dequantise(Storage::Q8_0, &block).unwrap(), &expected, 0.0)?;
    }

    #[test]
    fn f32_is_kept(numbers in prop::collection::vec(any::<f32>(), 0..20)) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let found = dequantise(Storage::F32, &bytes).unwrap();
        let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&found), bits(&numbers));
    }
}

#[test]
fn a_vector_of_zeros_stays_at_zero() {
    let norm = RmsNorm::new(tensor(&[2.0; 4], [4]), 1e-5);
    assert_eq!(numbers(norm.forward(tensor(&[0.0; 4], [1, 4]))), [0.0; 4]);
}

#[test]
fn half_a_block_is_an_error() {
    let message = dequantise(Storage::Q4_1, &[0; 21]).unwrap_err().to_string();
    assert_eq!(message, "21 bytes are not a whole number of Q4_1 blocks of 20 bytes each");
    assert!(dequantise(Storage::Q8_0, &[0; 33]).is_err());
    assert!(dequantise(Storage::F32, &[0; 3]).is_err());
    assert!(dequantise(Storage::Q8_0, &[]).unwrap().is_empty());
}
