//! Grades `exercise.rs`: `cargo test --release --test ch10-bytes`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use attention::cost::{Kind, Precision, Shape, Window};
use attention::presets::PRESETS;
use listings::grade::{chosen, equal};

/// Layers, query heads, key and value heads, head dimension; layers with a window, and its tokens.
type Numbers = ([u64; 4], [u64; 2]);

#[track_caller]
fn grade((numbers, [windowed, window]): Numbers, tokens: u64, each: u64, expected: u64) {
    let [layers, heads, kv_heads, head_dim] = numbers;
    let call = format!(
        "cache_bytes(&Sizes {{ layers: {layers}, heads: {heads}, kv_heads: {kv_heads}, head_dim: \
         {head_dim}, windowed: {windowed}, window: {window} }}, {tokens}, {each})"
    );
    let of_exercise = || {
        let sizes = exercise::Sizes { layers, heads, kv_heads, head_dim, windowed, window };
        exercise::cache_bytes(&sizes, tokens, each)
    };
    let of_solution = || {
        let sizes = solution::Sizes { layers, heads, kv_heads, head_dim, windowed, window };
        solution::cache_bytes(&sizes, tokens, each)
    };
    let run: &dyn Fn() -> u64 = chosen(&of_exercise, &of_solution);
    equal(&call, &run(), &expected);
}

#[test]
fn one_token_has_a_key_and_a_value() {
    grade(([1, 1, 1, 1], [0, 1]), 1, 2, 4);
}

#[test]
fn query_heads_keep_nothing() {
    grade(([2, 8, 2, 4], [0, 1]), 10, 2, 2 * 2 * 2 * 4 * 10 * 2);
}

#[test]
fn a_window_forgets() {
    grade(([2, 2, 2, 4], [2, 4]), 3, 2, 2 * 2 * 2 * 4 * 3 * 2);
    grade(([2, 2, 2, 4], [2, 4]), 100, 2, 2 * 2 * 2 * 4 * 4 * 2);
}

#[test]
fn a_mixed_model_keeps_all_in_some_layers_and_a_window_in_others() {
    // Of six layers five keep 4 tokens and one keeps 100: 120 in all.
    grade(([6, 4, 2, 8], [5, 4]), 100, 2, 2 * 120 * 2 * 8 * 2);
    // The text still fits into the window: all layers keep the same.
    grade(([6, 4, 2, 8], [5, 4]), 3, 2, 2 * 18 * 2 * 8 * 2);
}

#[test]
fn it_agrees_with_the_library() {
    let mut mixed = 0;
    for preset in PRESETS {
        let Shape { layers, heads, kind, window, .. } = preset.shape;
        let Kind::Grouped { kv_heads, head_dim } = kind else { continue };
        let windows = match window {
            Window::Full => [0, 1],
            Window::Every(seen) => [layers, seen],
            Window::Alternate(seen) => [layers.div_ceil(2), seen],
        };
        mixed += u64::from(windows[0] > 0 && windows[0] < layers);
        let expected = preset.shape.cache(100_000, 1, Precision::Fp16).unwrap().0;
        grade(([layers, heads, kv_heads, head_dim], windows), 100_000, 2, expected);
    }
    assert!(mixed > 0, "no model mixes its layers");
}
