//! Grades `exercise.rs`: `cargo test --release --test ch07-cross-attention`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use burn::tensor::{Device, Tensor};
use listings::grade::{chosen, close};

type Cross = fn(Tensor<2>, Tensor<2>, usize, [Tensor<2>; 3]) -> Tensor<2>;

/// Two things that can be asked for.
const TARGET: [[f32; 2]; 2] = [[4.0, 0.0], [0.0, 4.0]];
/// Three rows of text, and one of padding.
const SOURCE: [[f32; 2]; 4] = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [9.0, 9.0]];

#[track_caller]
fn grade(queries: usize, keys: usize, length: usize, expected: &[f32]) {
    let cross: Cross = chosen(exercise::cross_attention, solution::cross_attention);
    let device = Device::flex();
    let target = Tensor::<2>::from_data(TARGET, &device).narrow(0, 0, queries);
    let source = Tensor::<2>::from_data(SOURCE, &device).narrow(0, 0, keys);
    // Queries and keys as they are; values ten times as large.
    let same = Tensor::<2>::eye(2, &device);
    let matrices = [same.clone(), same.clone(), same * 10.0];
    let got: Vec<f32> = cross(target, source, length, matrices).into_data().iter().collect();
    let call = format!(
        "cross_attention({:?}, {:?}, {length}, [1, 1, 10])",
        &TARGET[..queries],
        &SOURCE[..keys]
    );
    close(&call, &got, expected, 1e-4);
}

/// The share of one key that matches against `others` that do not: the score is 4 / sqrt(2).
fn share(others: f32) -> f32 {
    let power = (4.0_f32 / 2.0_f32.sqrt()).exp();
    power / (power + others)
}

#[test]
fn keys_and_values_come_from_the_source() {
    let [most, rest] = [share(1.0) * 10.0, (1.0 - share(1.0)) * 10.0];
    grade(2, 2, 2, &[most, rest, rest, most]);
}

#[test]
fn the_first_query_sees_the_whole_source() {
    let most = share(1.0) * 10.0;
    grade(1, 2, 2, &[most, 10.0 - most]);
}

#[test]
fn the_source_may_be_longer_than_the_target() {
    let power = (4.0_f32 / 2.0_f32.sqrt()).exp();
    let first = 2.0 * power / (2.0 * power + 1.0) * 10.0;
    let second = 2.0 / (2.0 + power) * 10.0;
    grade(2, 3, 3, &[first, 10.0 - first, second, 10.0 - second]);
}

#[test]
fn nobody_sees_the_padding() {
    let most = share(1.0) * 10.0;
    grade(1, 4, 2, &[most, 10.0 - most]);
}
