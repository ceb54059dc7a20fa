//! Grades `exercise.rs`: `cargo test --release --test ch10-merge`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, close};

/// Softmax attention of one query over some scores and values, in `f64`: largest score, sum of
/// powers, output.
fn plain(scores: &[f64], values: &[[f64; 2]]) -> (f64, f64, Vec<f64>) {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    let mixed = |at: usize| {
        let mix: f64 = powers.iter().zip(values).map(|(power, value)| power * value[at]).sum();
        mix / total
    };
    (largest, total, vec![mixed(0), mixed(1)])
}

/// Cuts the scores before place `cut`, merges the two parts, and compares with the whole.
#[track_caller]
fn grade(scores: &[f64], values: &[[f64; 2]], cut: usize) {
    let left = plain(&scores[..cut], &values[..cut]);
    let right = plain(&scores[cut..], &values[cut..]);
    let whole = plain(scores, values);
    let flat = |largest: f32, total: f32, output: Vec<f32>| {
        let mut flat = vec![largest, total];
        flat.extend(output);
        flat
    };
    let floats = |numbers: &[f64]| -> Vec<f32> { numbers.iter().map(|&n| n as f32).collect() };
    let of_exercise = || {
        let part = |(largest, total, output): &(f64, f64, Vec<f64>)| exercise::Part {
            largest: *largest as f32,
            total: *total as f32,
            output: floats(output),
        };
        let both = exercise::merge(&part(&left), &part(&right));
        flat(both.largest, both.total, both.output)
    };
    let of_solution = || {
        let part = |(largest, total, output): &(f64, f64, Vec<f64>)| solution::Part {
            largest: *largest as f32,
            total: *total as f32,
            output: floats(output),
        };
        let both = solution::merge(&part(&left), &part(&right));
        flat(both.largest, both.total, both.output)
    };
    let run: &dyn Fn() -> Vec<f32> = chosen(&of_exercise, &of_solution);
    let expected = flat(whole.0 as f32, whole.1 as f32, floats(&whole.2));
    let call = format!("merge of scores {scores:?}, cut before place {cut}: m, l, output");
    close(&call, &run(), &expected, 1e-5);
}

const VALUES: [[f64; 2]; 4] = [[1.0, 0.0], [0.0, 1.0], [2.0, 2.0], [-1.0, 3.0]];

#[test]
fn equal_parts_have_their_mean() {
    grade(&[0.0; 4], &VALUES, 2);
}

#[test]
fn a_part_with_more_keys_is_worth_more() {
    grade(&[0.0; 4], &VALUES, 3);
}

#[test]
fn a_part_with_larger_scores_is_worth_more() {
    grade(&[0.0, 1.0, 3.0, 2.0], &VALUES, 2);
    grade(&[3.0, 2.0, 0.0, 1.0], &VALUES, 2);
}

#[test]
fn large_scores_do_not_overflow() {
    grade(&[200.0, 201.0, 100.0, 199.0], &VALUES, 2);
}
