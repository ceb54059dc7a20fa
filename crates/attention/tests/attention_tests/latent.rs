//! Multi-head latent attention: both forms against f64, and against each other.

use crate::f64_reference::{
    Bound, Random, cases, dot, floats, largest_difference, largest_error, neighbours, rotate,
    softmax,
};
use attention::units::Bytes;
use attention::{Error, LatentAttention, LatentCache, LatentWeights};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;

const BASE: f32 = 10_000.0;

#[derive(Debug, Clone, Copy)]
struct Case {
    seed: u64,
    batch: usize,
    seq: usize,
    heads: usize,
    d_model: usize,
    head_dim: usize,
    rope_dim: usize,
    query_latent: usize,
    kv_latent: usize,
}

prop_compose! {
    fn any_case()(
        seed in any::<u64>(), batch in 1_usize..3, seq in 1_usize..9, heads in 1_usize..5,
        d_model in 1_usize..13, head_dim in 1_usize..9, rope_pairs in 1_usize..4,
        query_latent in 1_usize..9, kv_latent in 1_usize..13,
    ) -> Case {
        let rope_dim = 2 * rope_pairs;
        Case { seed, batch, seq, heads, d_model, head_dim, rope_dim, query_latent, kv_latent }
    }
}

/// A matrix, `[rows][columns]`.
type Matrix = Vec<Vec<f64>>;

/// The matrices of the paper in the order of `LatentWeights`, `[inputs][outputs]`, such that a
/// product has numbers as large as its input.
struct Matrices {
    query_down: Matrix,
    query_up: Matrix,
    query_rope: Matrix,
    kv_down: Matrix,
    key_up: Matrix,
    key_rope: Matrix,
    value_up: Matrix,
    output: Matrix,
}

impl Case {
    fn matrices(&self) -> Matrices {
        let Case { heads, d_model, head_dim, rope_dim, query_latent, kv_latent, .. } = *self;
        let mut random = Random::new(self.seed);
        let mut matrix = |rows: usize, columns: usize| -> Matrix {
            let scale = (rows as f64).sqrt();
            let mut row =
                || (0..columns).map(|_| f64::from((random.number() / scale) as f32)).collect();
            (0..rows).map(|_| row()).collect()
        };
        Matrices {
            query_down: matrix(d_model, query_latent),
            query_up: matrix(query_latent, heads * head_dim),
            query_rope: matrix(query_latent, heads * rope_dim),
            kv_down: matrix(d_model, kv_latent),
            key_up: matrix(kv_latent, heads * head_dim),
            key_rope: matrix(d_model, rope_dim),
            value_up: matrix(kv_latent, heads * head_dim),
            output: matrix(heads * head_dim, d_model),
        }
    }

    fn layer(&self) -> LatentAttention {
        LatentAttention::new(self.matrices().weights(), self.heads, BASE).unwrap()
    }

    fn input(&self) -> Vec<f64> {
        Random::new(!self.seed).array([1, self.batch, self.seq, self.d_model]).numbers
    }

    fn tensor(&self) -> Tensor<3> {
        let numbers: Vec<f32> = self.input().iter().map(|&x| x as f32).collect();
        let shape = [self.batch, self.seq, self.d_model];
        Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
    }
}

impl Matrices {
    fn weights(&self) -> LatentWeights {
        let tensor = |matrix: &Matrix| {
            let numbers: Vec<f32> = matrix.concat().iter().map(|&x| x as f32).collect();
            let shape = [matrix.len(), matrix[0].len()];
            Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
        };
        LatentWeights {
            query_down: tensor(&self.query_down),
            query_up: tensor(&self.query_up),
            query_rope: tensor(&self.query_rope),
            kv_down: tensor(&self.kv_down),
            key_up: tensor(&self.key_up),
            key_rope: tensor(&self.key_rope),
            value_up: tensor(&self.value_up),
            output: tensor(&self.output),
        }
    }
}

fn times(x: &[f64], matrix: &Matrix) -> Vec<f64> {
    (0..matrix[0].len()).map(|j| x.iter().zip(matrix).map(|(x, row)| x * row[j]).sum()).collect()
}

/// Equations (37) to (47) of the paper's appendix C, token by token and head by head. Returns the
/// weights, `[batch, heads, seq, seq]`, and the output, `[batch, seq, d_model]`.
fn reference(case: &Case) -> (Vec<f64>, Vec<f64>) {
    let Case { heads, seq, head_dim, rope_dim, .. } = *case;
    let m = case.matrices();
    let turn = |x: &[f64], position| rotate(x, &neighbours(rope_dim), BASE.into(), position);
    let (mut all_weights, mut output) = (Vec::new(), Vec::new());
    for text in case.input().chunks(seq * case.d_model) {
        let (mut queries, mut keys, mut values) = (vec![], vec![], vec![]);
        for (position, x) in text.chunks(case.d_model).enumerate() {
            let query_latent = times(x, &m.query_down);
            let content = times(&query_latent, &m.query_up);
            let rotated = times(&query_latent, &m.query_rope);
            let query = |head: usize| {
                let rotated = turn(&rotated[head * rope_dim..(head + 1) * rope_dim], position);
                [content[head * head_dim..(head + 1) * head_dim].to_vec(), rotated].concat()
            };
            queries.push((0..heads).map(query).collect::<Vec<_>>());

            let latent = times(x, &m.kv_down);
            let content = times(&latent, &m.key_up);
            let rotated = turn(&times(x, &m.key_rope), position);
            let key = |head: usize| {
                [&content[head * head_dim..(head + 1) * head_dim], &rotated[..]].concat()
            };
            keys.push((0..heads).map(key).collect::<Vec<_>>());
            values.push(times(&latent, &m.value_up));
        }
        let mut mixed = vec![vec![0.0; heads * head_dim]; seq];
        for head in 0..heads {
            for i in 0..seq {
                let scale = ((head_dim + rope_dim) as f64).sqrt();
                let scores: Vec<f64> =
                    (0..=i).map(|j| dot(&queries[i][head], &keys[j][head]) / scale).collect();
                let mut weights = softmax(&scores);
                weights.resize(seq, 0.0);
                for d in head * head_dim..(head + 1) * head_dim {
                    mixed[i][d] = (0..seq).map(|j| weights[j] * values[j][d]).sum();
                }
                all_weights.extend(weights);
            }
        }
        mixed.iter().for_each(|mixed| output.extend(times(mixed, &m.output)));
    }
    (all_weights, output)
}

#[test]
fn both_forms_equal_the_f64_reference() {
    let plain_weights = Bound::new("MLA plain, weights", 4e-6);
    let plain_output = Bound::new("MLA plain, output", 1e-5);
    let absorbed_weights = Bound::new("MLA absorbed, weights", 4e-6);
    let absorbed_output = Bound::new("MLA absorbed, output", 1e-5);
    let between = Bound::new("MLA absorbed against plain, output", 1e-5);
    cases(1000, &any_case(), |case| {
        let layer = case.layer();
        let (weights, output) = reference(&case);
        let (plain, steps) = layer.forward(case.tensor(), &mut LatentCache::new()).unwrap();
        let plain = floats(plain);
        let plain_heads = floats(steps.output);
        plain_weights.check(largest_error(&floats(steps.weights), &weights))?;
        plain_output.check(largest_error(&plain, &output))?;

        let (absorbed, steps) =
            layer.forward_absorbed(case.tensor(), &mut LatentCache::new()).unwrap();
        let absorbed = floats(absorbed);
        absorbed_weights.check(largest_error(&floats(steps.weights), &weights))?;
        absorbed_output.check(largest_error(&absorbed, &output))?;
        between.check(largest_difference(&absorbed, &plain))?;
        between.check(largest_difference(&floats(steps.output), &plain_heads))
    });
    [plain_weights, plain_output, absorbed_weights, absorbed_output, between]
        .iter()
        .for_each(Bound::print);
}

/// The usual way to serve: the start of the text in the plain form, the rest token by token in
/// the absorbed form, on one cache.
// claim: latent-forms-agree
#[test]
fn plain_prefill_and_absorbed_decode_equal_the_f64_reference() {
    let bound = Bound::new("MLA prefill and decode, output", 1e-5);
    cases(1000, &(any_case(), 1_usize..9), |(case, prefill)| {
        let layer = case.layer();
        let prefill = prefill.min(case.seq);
        let (x, mut cache) = (case.tensor(), LatentCache::new());
        prop_assert!(cache.is_empty() && cache.bytes() == Bytes(0));

        let (start, _) = layer.forward(x.clone().narrow(1, 0, prefill), &mut cache).unwrap();
        let mut parts = vec![start];
        for token in prefill..case.seq {
            let (next, _) =
                layer.forward_absorbed(x.clone().narrow(1, token, 1), &mut cache).unwrap();
            parts.push(next);
            prop_assert_eq!(cache.len(), token + 1);
            let kept = case.batch * cache.len() * (case.kv_latent + case.rope_dim);
            prop_assert_eq!(cache.bytes(), Bytes(4 * kept as u64));
        }
        bound.check(largest_error(&floats(Tensor::cat(parts, 1)), &reference(&case).1))
    });
    bound.print();
}

/// As in `KvCache`, room for as many tokens again is set aside, and used before it grows.
#[test]
fn room_is_set_aside_in_doubles() {
    let (layer, mut cache) = (CASE.layer(), LatentCache::new());
    let token = 4 * (CASE.kv_latent + CASE.rope_dim) as u64;
    let mut rooms = Vec::new();
    for _ in 0..14 {
        layer.forward_absorbed(Tensor::ones([1, 1, 6], &Device::flex()), &mut cache).unwrap();
        assert_eq!(cache.bytes(), Bytes(cache.len() as u64 * token));
        rooms.push(cache.reserved_bytes().0 / token);
    }
    assert_eq!(rooms, [1, 4, 4, 4, 10, 10, 10, 10, 10, 10, 22, 22, 22, 22]);
}

const CASE: Case = Case {
    seed: 1,
    batch: 1,
    seq: 3,
    heads: 2,
    d_model: 6,
    head_dim: 3,
    rope_dim: 2,
    query_latent: 5,
    kv_latent: 4,
};

fn refused(change: impl FnOnce(&mut LatentWeights)) -> String {
    let mut weights = CASE.matrices().weights();
    change(&mut weights);
    LatentAttention::new(weights, CASE.heads, BASE).unwrap_err().to_string()
}

#[test]
fn matrices_that_do_not_fit_are_named() {
    let zeros = |shape: [usize; 2]| Tensor::<2>::zeros(shape, &Device::flex());
    let says = |tensor: &str, shape: [usize; 2], expected: [usize; 2]| {
        format!(
            "{tensor} has shape {shape:?}: it must be {expected:?}, as the other matrices ask, and \
             no side may be 0"
        )
    };
    let wrong = [7, 8];
    let (key_rope, query_down) = ([7, 2], [6, 0]);
    for (message, expected) in [
        (refused(|w| w.query_up = zeros(wrong)), says("W^UQ", wrong, [5, 6])),
        (refused(|w| w.query_rope = zeros(wrong)), says("W^QR", wrong, [5, 4])),
        (refused(|w| w.kv_down = zeros(wrong)), says("W^DKV", wrong, [6, 4])),
        (refused(|w| w.value_up = zeros(wrong)), says("W^UV", wrong, [4, 6])),
        (refused(|w| w.output = zeros(wrong)), says("W^O", wrong, [6, 6])),
        (refused(|w| w.key_rope = zeros(key_rope)), says("W^KR", key_rope, [6, 2])),
        (refused(|w| w.query_down = zeros(query_down)), says("W^DQ", query_down, query_down)),
    ] {
        assert_eq!(message, expected);
    }
    assert_eq!(
        refused(|w| w.key_up = zeros([4, 7])),
        "W^UK is 7 wide, which 2 heads cannot share: give a multiple of 2"
    );
    let odd = refused(|w| {
        w.key_rope = zeros([6, 3]);
        w.query_rope = zeros([5, 6]);
    });
    assert!(odd.starts_with("head_dim is 3: it must be even"), "{odd}");
    let none = LatentAttention::new(CASE.matrices().weights(), 0, BASE).unwrap_err();
    assert_eq!(none.to_string(), "the number of heads is 0: it must be at least 1");
}

#[test]
fn an_input_that_does_not_fit_is_an_error_and_leaves_the_cache_alone() {
    let zeros = |shape: [usize; 3]| Tensor::<3>::zeros(shape, &Device::flex());
    let (layer, mut cache) = (CASE.layer(), LatentCache::new());
    layer.forward(zeros([1, 3, 6]), &mut cache).unwrap();
    for shape in [[1, 3, 5], [0, 3, 6], [1, 0, 6]] {
        assert_eq!(
            layer.forward(zeros(shape), &mut cache).unwrap_err().to_string(),
            format!(
                "the input has shape {shape:?}: it must be [batch, seq, 6], with at least one text \
                 and one token"
            )
        );
    }
    let error = layer.forward_absorbed(zeros([2, 1, 6]), &mut cache).unwrap_err();
    assert!(matches!(error, Error::Mismatch { dimension: "batch", .. }), "{error}");
    let other = Case { kv_latent: 5, ..CASE }.layer();
    let error = other.forward(zeros([1, 1, 6]), &mut cache).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the new latent has shape [1, 1, 1, 7] and the cache has shape [1, 1, 3, 6]: they must \
         have the same kv_latent + rope_dim"
    );
    assert_eq!(cache.len(), 3);
}
