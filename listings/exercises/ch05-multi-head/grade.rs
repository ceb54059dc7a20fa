//! Grades `exercise.rs`: `cargo test --release --test ch05-multi-head`.
//!
//! The expected numbers are those of the library. Where a well-known mistake gives the reader's
//! numbers, the grade says which.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use attention::random::Random;
use attention::{AttentionOptions, MultiHeadAttention, attention_steps, merge_heads};
use burn::tensor::{Device, Tensor, TensorData};
use exercise::Matrix;
use listings::grade::{chosen, close};

const SEQ: usize = 3;
const WIDTH: usize = 4;

/// Numbers between -2 and 2, the same on every machine.
fn matrix(rows: usize, seed: u64) -> Matrix {
    let mut random = Random::new(seed);
    (0..rows).map(|_| (0..WIDTH).map(|_| 2.0 * random.number()).collect()).collect()
}

fn tensor(matrix: &Matrix) -> Tensor<2> {
    let shape = [matrix.len(), matrix[0].len()];
    Tensor::from_data(TensorData::new(matrix.concat(), shape), &Device::flex())
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

/// The library's answer.
fn right(x: &Matrix, w: &[Matrix; 4], heads: usize) -> Vec<f32> {
    let [query, key, value, output] = [0, 1, 2, 3].map(|at| tensor(&w[at]));
    let layer = MultiHeadAttention::new(query, key, value, output, heads).expect("they fit");
    let x = tensor(x).unsqueeze::<3>();
    flat(layer.forward(x, AttentionOptions::default()).expect("it runs").output)
}

/// What comes out with a mistake in one step.
fn mistakes(x: &Matrix, w: &[Matrix; 4], heads: usize) -> [(&'static str, Vec<f32>); 3] {
    let width = WIDTH / heads;
    let project = |at: usize| tensor(x).matmul(tensor(&w[at]));
    let attend = |split: &dyn Fn(Tensor<2>) -> Tensor<4>, factor: f32| {
        let [query, key, value] = [project(0) * factor, project(1), project(2)];
        attention_steps(split(query), split(key), split(value), AttentionOptions::default())
            .expect("it runs")
            .output
    };
    let split = |it: Tensor<2>| it.reshape([1, SEQ, heads, width]).swap_dims(1, 2);
    let merged = |it: Tensor<4>| merge_heads(it).squeeze_dim::<2>(0);
    let out = tensor(&w[3]);
    // The scale of one head is √width; with √d_model the scores are smaller by this factor.
    let wide = (width as f32 / WIDTH as f32).sqrt();
    [
        ("the heads are not multiplied by W_O", flat(merged(attend(&split, 1.0)))),
        (
            "the scale is that of d_model, and not of one head",
            flat(merged(attend(&split, wide)).matmul(out.clone())),
        ),
        (
            "the merge puts different tokens into one row",
            flat(attend(&split, 1.0).reshape([SEQ, WIDTH]).matmul(out)),
        ),
    ]
}

#[track_caller]
fn grade(heads: usize) {
    type MultiHead = fn(&Matrix, &[Matrix; 4], usize) -> Matrix;
    let multi_head: MultiHead = chosen(exercise::multi_head, solution::multi_head);
    let x = matrix(SEQ, 1);
    let w = [2, 3, 4, 5].map(|seed| matrix(WIDTH, seed));
    let got = multi_head(&x, &w, heads).concat();
    let expected = right(&x, &w, heads);
    let near = |other: &[f32]| {
        got.len() == other.len() && got.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-4)
    };
    let known = mistakes(&x, &w, heads).into_iter().find(|(_, numbers)| near(numbers));
    if let Some((mistake, _)) = known.filter(|_| !near(&expected)) {
        println!("These are the numbers that come out if {mistake}.");
    }
    close(&format!("multi_head(&{x:?}, w, {heads})"), &got, &expected, 1e-4);
}

#[test]
fn one_head_is_multiplied_by_the_last_matrix() {
    grade(1);
}

#[test]
fn two_heads_share_out_the_width() {
    grade(2);
}

#[test]
fn as_many_heads_as_numbers() {
    grade(4);
}
