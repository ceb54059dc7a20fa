//! Grades `exercise.rs`: `cargo test --release --test ch06-offset`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, equal};

#[track_caller]
fn grade(seq_q: usize, seq_k: usize, expected: &[&str]) {
    let causal: fn(usize, usize) -> Vec<Vec<bool>> = chosen(exercise::causal, solution::causal);
    let row = |row: &Vec<bool>| row.iter().map(|&sees| if sees { '#' } else { '.' }).collect();
    let drawn: Vec<String> = causal(seq_q, seq_k).iter().map(row).collect();
    let expected: Vec<String> = expected.iter().map(|row| (*row).to_owned()).collect();
    equal(&format!("causal({seq_q}, {seq_k}), drawn"), &drawn, &expected);
}

#[test]
fn as_many_queries_as_keys_make_a_triangle() {
    grade(3, 3, &["#..", "##.", "###"]);
}

#[test]
fn a_single_new_token_sees_everything() {
    grade(1, 4, &["####"]);
}

#[test]
fn two_new_tokens_after_three_old_ones() {
    grade(2, 5, &["####.", "#####"]);
}
