//! Grades `exercise.rs`: `cargo test --release --test ch06-leak`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use exercise::Layer;
use listings::grade::{chosen, equal};

const TEXT: [f32; 4] = [1.0, 2.0, 3.0, 4.0];

#[track_caller]
fn grade(name: &str, layer: &Layer<'_>, expected: &[(usize, usize)]) {
    type Leaks = fn(&Layer<'_>, &[f32]) -> Vec<(usize, usize)>;
    let leaks: Leaks = chosen(exercise::leaks, solution::leaks);
    equal(&format!("leaks({name}, &{TEXT:?})"), &leaks(layer, &TEXT)[..], expected);
}

/// For each token the mean of the tokens that it sees.
fn means(text: &[f32], sees: impl Fn(usize, usize) -> bool) -> Vec<f32> {
    let mean = |i: usize| {
        let seen: Vec<f32> = (0..text.len()).filter(|j| sees(i, *j)).map(|j| text[j]).collect();
        seen.iter().sum::<f32>() / seen.len() as f32
    };
    (0..text.len()).map(mean).collect()
}

#[test]
fn a_causal_layer_has_no_leak() {
    grade("a causal mean", &|text| means(text, |i, j| j <= i), &[]);
}

#[test]
fn a_layer_without_a_mask_leaks_everywhere() {
    let every = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
    grade("a mean of the whole text", &|text| means(text, |_, _| true), &every);
}

#[test]
fn a_mask_that_is_off_by_one_leaks_the_next_token() {
    grade(
        "a mean up to the next token",
        &|text| means(text, |i, j| j <= i + 1),
        &[(0, 1), (1, 2), (2, 3)],
    );
}

#[test]
fn a_leak_that_opens_only_for_small_tokens_is_found() {
    // It hands over the last token if that is small. As the text stands, it is not.
    let layer = |text: &[f32]| {
        let mut out = means(text, |i, j| j <= i);
        let last = text[text.len() - 1];
        if last < 3.5 {
            out[0] += last;
        }
        out
    };
    grade("a mean, and the last token if it is small", &layer, &[(0, 3)]);
}
