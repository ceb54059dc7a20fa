//! One head of the real model, step by step: against the whole model, the oracle, and loops in
//! f64.

use std::fs;
use std::path::Path;

use burn::tensor::Tensor;
use inputs::texts::CAT;
use safetensors::SafeTensors;
use smollm2::gguf::Gguf;
use smollm2::{Error, Head, locate};

use crate::real_model::MODEL;

const IT: usize = 7;
const CAT_TOKEN: usize = 1;
const SEQ: usize = 10;
const HEAD_DIM: usize = 64;

fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().iter().collect()
}

fn head(layer: usize, head: usize) -> Head {
    MODEL.head(CAT, layer, head).unwrap()
}

/// The largest difference; two scores of `-inf` are equal.
fn apart(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    let unequal = left.iter().zip(right).filter(|(a, b)| a != b);
    unequal.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn scores_and_weights_are_those_of_the_whole_model() {
    let forward = MODEL.run(CAT).unwrap();
    let mut largest = (0.0_f32, 0.0_f32);
    for (layer, at) in [(0, 0), (3, 8), (13, 6), (13, 7), (13, 8), (29, 5)] {
        let found = head(layer, at);
        assert_eq!(found.tokens, forward.tokens);
        let whole = |all: &[Tensor<3>]| numbers(&all[layer].clone().narrow(0, at, 1));
        let scores = apart(&numbers(&found.steps.masked), &whole(&forward.scores));
        let weights = apart(&numbers(&found.steps.weights), &whole(&forward.weights));
        largest = (largest.0.max(scores), largest.1.max(weights));
    }
    println!("largest error of scores {:.1e}, of weights {:.1e}", largest.0, largest.1);
    assert!(largest.0 <= 1e-4 && largest.1 <= 1e-5, "{largest:?}");
}

#[test]
fn weights_are_those_of_the_oracle() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/cat.safetensors");
    let bytes = fs::read(path).unwrap();
    let oracle = SafeTensors::deserialize(&bytes).unwrap();
    let all = oracle.tensor("attention").unwrap();
    let all: Vec<f32> = all.data().as_chunks().0.iter().map(|&it| f32::from_le_bytes(it)).collect();
    let size = SEQ * SEQ;
    let expected = &all[(13 * 9 + 8) * size..][..size];
    let error = apart(&numbers(&head(13, 8).steps.weights), expected);
    println!("largest error of a weight {error:.1e}");
    assert!(error <= 1e-4, "{error:.1e}");
}

/// From the query, key and value that are handed out, loops in f64 come to the same scores,
/// weights and output.
#[test]
fn each_step_follows_from_the_one_before() {
    let steps = head(13, 8).steps;
    let wide = |tensor: &Tensor<4>| -> Vec<f64> {
        assert_eq!(tensor.dims(), [1, 1, SEQ, HEAD_DIM]);
        numbers(tensor).into_iter().map(f64::from).collect()
    };
    let (query, key, value) = (wide(&steps.query), wide(&steps.key), wide(&steps.value));
    let row = |all: &[f64], at: usize| all[at * HEAD_DIM..(at + 1) * HEAD_DIM].to_vec();
    let (raw, weights, output) =
        (numbers(&steps.raw_scores), numbers(&steps.weights), numbers(&steps.output));
    let mut largest = [0.0_f64; 3];
    let mut meet = |at: usize, found: f32, expected: f64| {
        largest[at] = largest[at].max((f64::from(found) - expected).abs());
    };
    for i in 0..SEQ {
        let dot = |j| row(&query, i).iter().zip(row(&key, j)).map(|(q, k)| q * k).sum::<f64>();
        let powers: Vec<f64> = (0..=i).map(|j| (dot(j) / 8.0).exp()).collect();
        let total: f64 = powers.iter().sum();
        for j in 0..SEQ {
            meet(0, raw[i * SEQ + j], dot(j));
            meet(1, weights[i * SEQ + j], powers.get(j).map_or(0.0, |power| power / total));
        }
        for d in 0..HEAD_DIM {
            let mixed =
                powers.iter().enumerate().map(|(j, power)| power / total * row(&value, j)[d]);
            meet(2, output[i * HEAD_DIM + d], mixed.sum());
        }
    }
    println!("errors of raw scores, weights, output: {largest:?}");
    assert!(largest[0] <= 1e-4 && largest[1] <= 1e-5 && largest[2] <= 1e-5, "{largest:?}");
}

// claim: shared-keys
/// Query heads 6, 7 and 8 ask the same keys and take the same values; head 5 has others.
#[test]
fn three_query_heads_share_a_key_and_value_head() {
    let [five, six, seven, eight] = [5, 6, 7, 8].map(|at| head(13, at));
    assert_eq!([&five, &six, &seven, &eight].map(|head| head.kv_head), [1, 2, 2, 2]);
    let keys = |head: &Head| (numbers(&head.steps.key), numbers(&head.steps.value));
    assert_eq!(keys(&six), keys(&seven));
    assert_eq!(keys(&six), keys(&eight));
    assert_ne!(keys(&five), keys(&six));
    assert_ne!(numbers(&six.steps.query), numbers(&eight.steps.query));
}

// claim: one-sided
/// What "it" makes of "cat" is not what "cat" would make of "it".
#[test]
fn raw_scores_are_not_symmetric() {
    let raw = numbers(&head(13, 8).steps.raw_scores);
    let (there, back) = (raw[IT * SEQ + CAT_TOKEN], raw[CAT_TOKEN * SEQ + IT]);
    println!("it to cat {there:.1}, cat to it {back:.1}");
    assert!((there - 50.1).abs() < 0.1 && there - back > 20.0, "{there} and {back}");
}

// claim: four-matrices
/// Attention learns four matrices a layer and no biases: W_O is as large as W_Q.
#[test]
fn a_layer_of_attention_is_four_matrices_without_biases() {
    let bytes = fs::read(locate().unwrap()).unwrap();
    let file = Gguf::parse(&bytes).unwrap();
    let mut learned: Vec<(String, u64)> = file
        .tensor_names()
        .filter(|name| name.starts_with("blk.13.attn_") && !name.contains("norm"))
        .map(|name| (name.to_owned(), file.tensor(name).unwrap().shape.iter().product()))
        .collect();
    learned.sort();
    let expected = [("k", 110_592), ("output", 331_776), ("q", 331_776), ("v", 110_592)];
    let expected = expected.map(|(part, size)| (format!("blk.13.attn_{part}.weight"), size));
    assert_eq!(learned, expected);
}

// claim: attention-share
/// Attention has 19.7 percent of all that the model learns, embeddings included.
#[test]
fn attention_is_a_fifth_of_the_model() {
    let bytes = fs::read(locate().unwrap()).unwrap();
    let file = Gguf::parse(&bytes).unwrap();
    let size = |name: &str| file.tensor(name).unwrap().shape.iter().product::<u64>();
    let all: u64 = file.tensor_names().map(size).sum();
    let of_attention = |name: &&str| name.contains(".attn_") && !name.contains("norm");
    let attention: u64 = file.tensor_names().filter(of_attention).map(size).sum();
    assert_eq!((attention, all), (26_542_080, 134_515_008));
}

#[test]
fn what_is_not_there_is_an_error() {
    let message = |result: Result<Head, Error>| result.unwrap_err().to_string();
    assert_eq!(
        message(MODEL.head(CAT, 30, 0)),
        "there is no layer 30: they count from 0 and there are 30"
    );
    assert_eq!(
        message(MODEL.head(CAT, 0, 9)),
        "there is no head 9: they count from 0 and there are 9"
    );
    assert!(matches!(MODEL.head("", 0, 0), Err(Error::EmptyText)));
}
