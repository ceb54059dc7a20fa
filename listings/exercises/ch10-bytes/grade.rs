//! Grades `exercise.rs`: `cargo test --release --test ch10-bytes`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use attention::cost::{Kind, Precision, Shape, Window};
use attention::presets::PRESETS;
use listings::grade::{chosen, equal};

/// Layers, query heads, key and value heads, head dimension, and the window.
type Numbers = ([u64; 4], Option<u64>);

#[track_caller]
fn grade((numbers, window): Numbers, tokens: u64, each: u64, expected: u64) {
    let [layers, heads, kv_heads, head_dim] = numbers;
    let call = format!(
        "cache_bytes(&Sizes {{ layers: {layers}, heads: {heads}, kv_heads: {kv_heads}, head_dim: \
         {head_dim}, window: {window:?} }}, {tokens}, {each})"
    );
    let of_exercise = || {
        let sizes = exercise::Sizes { layers, heads, kv_heads, head_dim, window };
        exercise::cache_bytes(&sizes, tokens, each)
    };
    let of_solution = || {
        let sizes = solution::Sizes { layers, heads, kv_heads, head_dim, window };
        solution::cache_bytes(&sizes, tokens, each)
    };
    let run: &dyn Fn() -> u64 = chosen(&of_exercise, &of_solution);
    equal(&call, &run(), &expected);
}

#[test]
fn one_token_has_a_key_and_a_value() {
    grade(([1, 1, 1, 1], None), 1, 2, 4);
}

#[test]
fn query_heads_keep_nothing() {
    grade(([2, 8, 2, 4], None), 10, 2, 2 * 2 * 2 * 4 * 10 * 2);
}

#[test]
fn a_window_forgets() {
    grade(([2, 2, 2, 4], Some(4)), 3, 2, 2 * 2 * 2 * 4 * 3 * 2);
    grade(([2, 2, 2, 4], Some(4)), 100, 2, 2 * 2 * 2 * 4 * 4 * 2);
}

#[test]
fn it_agrees_with_the_library() {
    for preset in PRESETS {
        let Shape { layers, heads, kind, window, .. } = preset.shape;
        let (Kind::Grouped { kv_heads, head_dim }, Window::Full | Window::Every(_)) =
            (kind, window)
        else {
            continue;
        };
        let seen = if let Window::Every(seen) = window { Some(seen) } else { None };
        let expected = preset.shape.cache(100_000, 1, Precision::Fp16).unwrap().0;
        grade(([layers, heads, kv_heads, head_dim], seen), 100_000, 2, expected);
    }
}
