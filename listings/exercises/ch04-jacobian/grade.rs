//! Grades `exercise.rs`: `cargo test --release --test ch04-jacobian`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, close};

fn flat(rows: &[Vec<f64>]) -> Vec<f32> {
    rows.iter().flatten().map(|it| *it as f32).collect()
}

fn jacobian(shares: &[f64]) -> Vec<Vec<f64>> {
    let jacobian: fn(&[f64]) -> Vec<Vec<f64>> = chosen(exercise::jacobian, solution::jacobian);
    jacobian(shares)
}

fn finite_differences(logits: &[f64], step: f64) -> Vec<Vec<f64>> {
    type Measure = fn(&[f64], f64) -> Vec<Vec<f64>>;
    let measure: Measure = chosen(exercise::finite_differences, solution::finite_differences);
    measure(logits, step)
}

#[test]
fn two_equal_shares_answer_by_a_quarter_and_against_each_other() {
    let got = jacobian(&[0.5, 0.5]);
    close("jacobian(&[0.5, 0.5])", &flat(&got), &[0.25, -0.25, -0.25, 0.25], 1e-6);
}

#[test]
fn what_one_share_gains_the_others_lose() {
    // Off the diagonal stands a share times another, with a minus: the most common slip is a zero.
    let got = jacobian(&[0.5, 0.3, 0.2]);
    let expected = [0.25, -0.15, -0.1, -0.15, 0.21, -0.06, -0.1, -0.06, 0.16];
    close("jacobian(&[0.5, 0.3, 0.2])", &flat(&got), &expected, 1e-6);
}

#[test]
fn a_saturated_softmax_does_not_answer() {
    close("jacobian(&[1.0, 0.0])", &flat(&jacobian(&[1.0, 0.0])), &[0.0; 4], 1e-6);
}

#[test]
fn the_measured_one_is_that_of_the_formula() {
    // The logarithms of 5, 3 and 2: the shares are a half, three tenths and two tenths.
    let logits = [5.0_f64, 3.0, 2.0].map(f64::ln);
    let got = finite_differences(&logits, 1e-4);
    let expected = [0.25, -0.15, -0.1, -0.15, 0.21, -0.06, -0.1, -0.06, 0.16];
    close("finite_differences(&[ln 5, ln 3, ln 2], 1e-4)", &flat(&got), &expected, 1e-6);
}

#[test]
fn both_agree_where_nobody_worked_it_out_by_hand() {
    let logits = [0.3, -1.2, 2.1, 0.0, 0.7];
    let total: f64 = logits.iter().map(|it: &f64| it.exp()).sum();
    let shares = logits.map(|it| it.exp() / total);
    let (formula, measured) = (jacobian(&shares), finite_differences(&logits, 1e-4));
    let call = "finite_differences(&[0.3, -1.2, 2.1, 0.0, 0.7], 1e-4), against jacobian(...)";
    close(call, &flat(&measured), &flat(&formula), 1e-6);
}
