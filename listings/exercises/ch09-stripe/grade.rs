//! Grades `exercise.rs`: `cargo test --release --test ch09-stripe`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, close};

/// A head that gives all its weight to one key a row.
fn looking_at(keys: &[usize]) -> Vec<Vec<f64>> {
    let row = |at: &usize| (0..keys.len()).map(|key| f64::from(u8::from(key == *at))).collect();
    keys.iter().map(row).collect()
}

#[track_caller]
fn grade(keys: &[usize], tokens: &[u32], expected: f64) {
    type Score = fn(&[Vec<f64>], &[u32]) -> f64;
    let score: Score = chosen(exercise::induction as Score, solution::induction as Score);
    let found = score(&looking_at(keys), tokens) as f32;
    close(
        &format!("heads that look at {keys:?} on {tokens:?}"),
        &[found],
        &[expected as f32],
        1e-6,
    );
}

#[test]
fn a_perfect_induction_head_has_one() {
    grade(&[0, 0, 0, 1, 2, 3], &[7, 8, 9, 7, 8, 9], 1.0);
}

#[test]
fn a_head_that_looks_at_the_same_token_has_none() {
    grade(&[0, 1, 2, 0, 1, 2], &[7, 8, 9, 7, 8, 9], 0.0);
}

#[test]
fn the_last_occurrence_counts() {
    grade(&[0, 0, 1, 1, 3], &[5, 6, 5, 6, 5], 2.0 / 3.0);
}
