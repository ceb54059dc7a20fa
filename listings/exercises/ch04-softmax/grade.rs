//! Grades `exercise.rs`: `cargo test --release --test ch04-softmax`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, close};

#[track_caller]
fn grade(logits: &[f32], expected: &[f32]) {
    let softmax: fn(&[f32]) -> Vec<f32> = chosen(exercise::softmax, solution::softmax);
    close(&format!("softmax(&{logits:?})"), &softmax(logits), expected, 1e-6);
}

#[test]
fn small_logits_give_the_shares_of_the_formula() {
    // The logarithms of 1, 2 and 5: the shares are in the same proportion.
    grade(&[0.0, 2.0_f32.ln(), 5.0_f32.ln()], &[0.125, 0.25, 0.625]);
}

#[test]
fn large_logits_do_not_overflow() {
    let e = std::f32::consts::E;
    grade(&[1000.0, 1001.0], &[1.0 / (1.0 + e), e / (1.0 + e)]);
}

#[test]
fn very_negative_logits_do_not_vanish_together() {
    grade(&[-1000.0, -1000.0], &[0.5, 0.5]);
}

#[test]
fn a_hidden_key_gets_nothing() {
    grade(&[0.0, f32::NEG_INFINITY, 0.0], &[0.5, 0.0, 0.5]);
}
