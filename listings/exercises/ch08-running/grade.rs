//! Grades `exercise.rs`: `cargo test --release --test ch08-running`.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use listings::grade::{chosen, close};

const HIDDEN: f32 = f32::NEG_INFINITY;

/// Runs the exercise, or the solution, over the scores in these blocks. The value of the key at
/// place `p` is `[1, p]`.
macro_rules! over {
    ($module:ident) => {
        |blocks: &[&[f32]]| {
            let (mut running, mut place) = ($module::Running::new(2), 0.0);
            for scores in blocks {
                let value = |_: &f32| {
                    place += 1.0;
                    vec![1.0, place - 1.0]
                };
                let values: Vec<Vec<f32>> = scores.iter().map(value).collect();
                running.absorb(scores, &values);
            }
            [vec![running.largest, running.total], running.finish()].concat()
        }
    };
}

/// Expects the largest score, the sum, and the output.
#[track_caller]
fn grade(blocks: &[&[f32]], expected: [f32; 4]) {
    let run: fn(&[&[f32]]) -> Vec<f32> = chosen(over!(exercise), over!(solution));
    close(&format!("blocks {blocks:?}"), &run(blocks), &expected, 1e-6);
}

#[test]
fn one_block_is_plain_attention() {
    // Powers 1 and 3: shares of one quarter and three.
    grade(&[&[0.0, 3.0_f32.ln()]], [3.0_f32.ln(), 4.0 / 3.0, 1.0, 0.75]);
}

#[test]
fn a_larger_maximum_scales_down_what_was_held() {
    grade(&[&[0.0], &[3.0_f32.ln()]], [3.0_f32.ln(), 4.0 / 3.0, 1.0, 0.75]);
    // Powers 1, 2 and 5.
    let output = (2.0 + 2.0 * 5.0) / 8.0;
    grade(&[&[0.0], &[2.0_f32.ln()], &[5.0_f32.ln()]], [5.0_f32.ln(), 1.6, 1.0, output]);
}

#[test]
fn a_smaller_maximum_leaves_it_alone() {
    grade(&[&[3.0_f32.ln()], &[0.0]], [3.0_f32.ln(), 4.0 / 3.0, 1.0, 0.25]);
}

#[test]
fn large_scores_do_not_overflow() {
    let e = std::f32::consts::E;
    grade(&[&[1000.0], &[1001.0]], [1001.0, 1.0 + 1.0 / e, 1.0, e / (1.0 + e)]);
}

#[test]
fn hidden_keys_and_hidden_blocks_change_nothing() {
    grade(&[&[HIDDEN, HIDDEN], &[0.0, HIDDEN], &[HIDDEN]], [0.0, 1.0, 1.0, 2.0]);
}
