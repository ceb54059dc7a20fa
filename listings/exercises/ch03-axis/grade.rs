//! Grades `exercise.rs`: `cargo test --release --test ch03-axis`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, close};

#[track_caller]
fn grade(scores: &[Vec<f32>], expected: &[Vec<f32>]) {
    let shares: fn(&[Vec<f32>]) -> Vec<Vec<f32>> = chosen(exercise::shares, solution::shares);
    close(&format!("shares(&{scores:?})"), &shares(scores).concat(), &expected.concat(), 1e-6);
}

#[test]
fn each_row_sums_to_one() {
    let ln3 = 3.0_f32.ln();
    // The first row prefers its first key three to one, the second likes both alike.
    grade(&[vec![ln3, 0.0], vec![0.0, 0.0]], &[vec![0.75, 0.25], vec![0.5, 0.5]]);
}

#[test]
fn a_constant_on_one_row_changes_nothing() {
    grade(&[vec![0.0, 0.0], vec![2.0, 2.0]], &[vec![0.5, 0.5], vec![0.5, 0.5]]);
}

#[test]
fn a_hidden_key_gets_nothing() {
    let hidden = f32::NEG_INFINITY;
    grade(&[vec![0.0, hidden], vec![0.0, 0.0]], &[vec![1.0, 0.0], vec![0.5, 0.5]]);
}
