//! Grades `exercise.rs`: `cargo test --release --test ch05-merge`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use attention::merge_heads;
use burn::tensor::{Device, Tensor, TensorData};
use listings::grade::{chosen, close};

#[track_caller]
fn grade(outputs: &[f32], [heads, seq, head_dim]: [usize; 3], expected: &[f32]) {
    type Merge = fn(&[f32], usize, usize, usize) -> Vec<f32>;
    let merge: Merge = chosen(exercise::merge, solution::merge);
    let call = format!("merge(&{outputs:?}, {heads}, {seq}, {head_dim})");
    close(&call, &merge(outputs, heads, seq, head_dim), expected, 0.0);
}

#[test]
fn one_head_stays_as_it_is() {
    grade(&[1.0, 2.0, 3.0, 4.0], [1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn two_heads_of_one_number_alternate() {
    // Head 0 has 1 and 2 for the two tokens, head 1 has 10 and 20.
    grade(&[1.0, 2.0, 10.0, 20.0], [2, 2, 1], &[1.0, 10.0, 2.0, 20.0]);
}

#[test]
fn a_head_keeps_its_numbers_together() {
    let outputs = [1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0];
    grade(&outputs, [2, 2, 2], &[1.0, 2.0, 10.0, 20.0, 3.0, 4.0, 30.0, 40.0]);
}

#[test]
fn it_merges_as_the_library_does() {
    let (heads, seq, head_dim) = (3, 4, 2);
    let outputs: Vec<f32> = (0..24_u8).map(f32::from).collect();
    let shape = [1, heads, seq, head_dim];
    let tensor = Tensor::<4>::from_data(TensorData::new(outputs.clone(), shape), &Device::flex());
    let expected: Vec<f32> = merge_heads(tensor).into_data().iter().collect();
    grade(&outputs, [heads, seq, head_dim], &expected);
}
