//! The online softmax against a softmax in f64 of the whole row, and what it does at its edges.

use std::cell::Cell;

use crate::f64_reference::{cases, floats, largest_error, softmax};
use attention::OnlineSoftmax;
use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

const HIDDEN: f32 = f32::NEG_INFINITY;

fn state(logits: &[f32]) -> OnlineSoftmax<1> {
    OnlineSoftmax::block(Tensor::from_floats(logits, &Device::flex()), 0).0
}

/// The state of a row that comes by in blocks of these lengths.
fn in_blocks(row: &[f32], lengths: &[usize]) -> OnlineSoftmax<1> {
    let mut rest = row;
    let mut whole = state(&[HIDDEN]);
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            return whole;
        }
        let (block, later) = rest.split_at((*length).min(rest.len()));
        whole = whole.merge(&state(block));
        rest = later;
    }
    whole
}

fn shares(state: &OnlineSoftmax<1>, row: &[f32]) -> Vec<f32> {
    floats(state.shares(Tensor::from_floats(row, &Device::flex())))
}

fn numbers(state: &OnlineSoftmax<1>) -> [f32; 2] {
    [floats(state.largest.clone())[0], floats(state.total.clone())[0]]
}

/// The logarithm of the sum of `exp(logit)`, the textbook way.
fn log_sum_exp_f64(row: &[f64]) -> f64 {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + row.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}

/// A row with hidden entries, never all hidden: small logits or extreme ones.
fn any_row() -> impl Strategy<Value = Vec<f32>> {
    let logit = prop_oneof![
        4 => -20.0_f32..20.0,
        1 => -1e4_f32..1e4,
        1 => Just(HIDDEN),
    ];
    (prop::collection::vec(logit, 0..80), any::<prop::sample::Index>(), -20.0_f32..20.0).prop_map(
        |(mut row, place, visible)| {
            row.insert(place.index(row.len() + 1), visible);
            row
        },
    )
}

#[test]
fn blocks_of_any_length_give_the_softmax_of_the_row() {
    let (share_error, sum_error) = (Cell::new(0.0_f64), Cell::new(0.0_f64));
    let blocks = prop::collection::vec(1_usize..90, 1..6);
    cases(1000, &(any_row(), blocks), |(row, lengths)| {
        let state = in_blocks(&row, &lengths);
        let wide: Vec<f64> = row.iter().map(|&x| x.into()).collect();
        let error = largest_error(&shares(&state, &row), &softmax(&wide));
        share_error.set(share_error.get().max(error));
        prop_assert!(error <= 1e-6, "shares are off by {error:.1e}");

        // A log-sum-exp of 1e4 is stored to 5e-4: the error is a part of its size.
        let expected = log_sum_exp_f64(&wide);
        let error =
            largest_error(&floats(state.log_sum_exp()), &[expected]) / expected.abs().max(1.0);
        sum_error.set(sum_error.get().max(error));
        prop_assert!(error <= 4e-7, "log-sum-exp is off by {error:.1e} of its size");
        Ok(())
    });
    println!(
        "1000 rows: shares within {:.1e}, log-sum-exp within {:.1e} of its size",
        share_error.get(),
        sum_error.get()
    );
}

#[test]
fn a_hidden_block_changes_nothing() {
    let seen = state(&[3.0, 1.0]);
    let hidden = state(&[HIDDEN, HIDDEN]);
    assert_eq!(numbers(&hidden), [HIDDEN, 0.0]);
    assert_eq!(numbers(&seen.merge(&hidden)), numbers(&seen));
    assert_eq!(numbers(&hidden.merge(&seen)), numbers(&seen));
    assert_eq!(numbers(&hidden.merge(&hidden)), [HIDDEN, 0.0]);
}

#[test]
fn a_row_hidden_whole_has_no_shares() {
    let hidden = in_blocks(&[HIDDEN; 5], &[2]);
    assert_eq!(shares(&hidden, &[HIDDEN; 5]), [0.0; 5]);
    assert_eq!(floats(hidden.log_sum_exp()), [HIDDEN]);
    assert_eq!(floats(hidden.correction(&state(&[2.0]))), [0.0]);
}

#[test]
fn the_order_of_two_blocks_does_not_matter() {
    let (left, right) = (state(&[0.5, -3.0, 900.0]), state(&[899.0, 2.0]));
    assert_eq!(numbers(&left.merge(&right)), numbers(&right.merge(&left)));
}

#[test]
fn not_a_number_stays_visible_whatever_comes_before_or_after() {
    for spoiled in [f32::NAN, f32::INFINITY] {
        for row in [[spoiled, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, spoiled], [HIDDEN, spoiled, 0.0, 0.0]]
        {
            let got = shares(&in_blocks(&row, &[1]), &row);
            assert!(got.iter().all(|share| share.is_nan()), "{row:?} gave {got:?}");
        }
    }
}

#[test]
fn a_larger_maximum_shrinks_what_came_before() {
    // exp(1 - 2) + exp(2 - 2), then exp(4 - 4) joins: both sums are brought to the maximum 4.
    let first = state(&[1.0, 2.0]);
    let whole = first.merge(&state(&[4.0]));
    let [largest, total] = numbers(&whole);
    assert_eq!(largest, 4.0);
    let expected = (-3.0_f32).exp() + (-2.0_f32).exp() + 1.0;
    assert!((total - expected).abs() < 1e-6, "{total} is not {expected}");
    assert!((floats(first.correction(&whole))[0] - (-2.0_f32).exp()).abs() < 1e-7);
}
