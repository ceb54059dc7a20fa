//! Grades `exercise.rs`: `cargo test --release --test ch04-nucleus`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, equal};

#[track_caller]
fn grade(probabilities: &[f32], p: f32, expected: &[usize]) {
    let nucleus: fn(&[f32], f32) -> Vec<usize> = chosen(exercise::nucleus, solution::nucleus);
    let got = nucleus(probabilities, p);
    equal(&format!("nucleus(&{probabilities:?}, {p:?})"), got.as_slice(), expected);
}

#[test]
fn the_token_that_reaches_p_belongs_to_it() {
    grade(&[0.5, 0.25, 0.25], 0.6, &[0, 1]);
}

#[test]
fn exactly_p_is_enough() {
    grade(&[0.5, 0.25, 0.25], 0.75, &[0, 1]);
}

#[test]
fn the_likeliest_goes_first_wherever_it_stands() {
    grade(&[0.125, 0.25, 0.5, 0.125], 0.7, &[2, 1]);
}

#[test]
fn among_equals_the_earlier_goes_first() {
    grade(&[0.25, 0.25, 0.25, 0.25], 0.3, &[0, 1]);
}

#[test]
fn a_sure_model_leaves_one() {
    grade(&[0.0625, 0.9375], 0.5, &[1]);
}
