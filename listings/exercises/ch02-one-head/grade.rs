//! Grades `exercise.rs`: `cargo test --release --test ch02-one-head`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, close};

type Rows<'a> = &'a [&'a [f32]];

#[track_caller]
fn grade(query: Rows<'_>, key: Rows<'_>, value: Rows<'_>, expected: Rows<'_>) {
    type Attention = fn(&[Vec<f32>], &[Vec<f32>], &[Vec<f32>]) -> Vec<Vec<f32>>;
    let attention: Attention = chosen(exercise::attention, solution::attention);
    let rows = |rows: Rows<'_>| rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>();
    let got = attention(&rows(query), &rows(key), &rows(value));
    let call = format!("attention(query {query:?}, key {key:?}, value {value:?})");
    close(&call, &got.concat(), &expected.concat(), 1e-5);
}

#[test]
fn a_query_of_zeros_takes_the_mean_of_the_values() {
    grade(&[&[0.0, 0.0]], &[&[1.0, 2.0], &[3.0, -4.0]], &[&[2.0], &[6.0]], &[&[4.0]]);
}

#[test]
fn a_key_that_fits_gets_the_larger_share() {
    // The scores are ln 3 and 0 after the division by the root of one.
    grade(&[&[3.0_f32.ln()]], &[&[1.0], &[0.0]], &[&[4.0, 0.0], &[0.0, 8.0]], &[&[3.0, 2.0]]);
}

#[test]
fn scores_are_divided_by_the_root_of_the_head_dimension() {
    // Four numbers: the raw score 2 ln 3 becomes ln 3.
    let ln_3 = 3.0_f32.ln();
    let query: &[f32] = &[ln_3, ln_3, 0.0, 0.0];
    grade(&[query], &[&[1.0, 1.0, 5.0, 5.0], &[0.0; 4]], &[&[4.0], &[8.0]], &[&[5.0]]);
}

#[test]
fn each_query_has_a_row_of_its_own() {
    let ln_3 = 3.0_f32.ln();
    let (key, value): (Rows<'_>, Rows<'_>) = (&[&[1.0], &[0.0]], &[&[0.0], &[4.0]]);
    grade(&[&[ln_3], &[-ln_3], &[0.0]], key, value, &[&[1.0], &[3.0], &[2.0]]);
}

#[test]
fn large_scores_do_not_overflow() {
    grade(&[&[1000.0]], &[&[1.0], &[-1.0]], &[&[7.0], &[9.0]], &[&[7.0]]);
}

#[test]
fn values_may_be_wider_than_queries() {
    grade(&[&[1.0]], &[&[2.0]], &[&[1.0, 2.0, 3.0]], &[&[1.0, 2.0, 3.0]]);
}
