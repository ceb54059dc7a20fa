//! Bad input gets a clear error or the result that the docs define.

use attention::{Error, Mask, scaled_dot_product_attention, softmax};
use burn::tensor::{Device, Tensor};

fn zeros(shape: [usize; 4]) -> Tensor<4> {
    Tensor::zeros(shape, &Device::flex())
}

fn attend(
    query: [usize; 4],
    key: [usize; 4],
    value: [usize; 4],
    mask: Mask,
) -> Result<Vec<f32>, Error> {
    let attention = scaled_dot_product_attention(zeros(query), zeros(key), zeros(value), mask)?;
    Ok(attention.weights.into_data().try_to_vec().unwrap())
}

fn row(logits: &[f32]) -> Vec<f32> {
    softmax(Tensor::<1>::from_floats(logits, &Device::flex()), 0).into_data().try_to_vec().unwrap()
}

#[test]
fn a_hidden_row_is_all_zeros() {
    assert_eq!(row(&[f32::NEG_INFINITY; 3]), [0.0; 3]);
}

#[test]
fn a_hidden_entry_gets_exactly_nothing() {
    let shares = row(&[f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY]);
    assert_eq!(shares, [0.0, 1.0, 0.0]);
}

#[test]
fn extreme_logits_do_not_overflow() {
    assert_eq!(row(&[1e4, -1e4, 0.0]), [1.0, 0.0, 0.0]);
    assert_eq!(row(&[f32::MAX, f32::MIN]), [1.0, 0.0]);
}

#[test]
fn not_a_number_stays_visible() {
    assert!(row(&[0.0, f32::NAN, 1.0]).iter().all(|x| x.is_nan()));
    assert!(row(&[f32::NAN, f32::NEG_INFINITY]).iter().all(|x| x.is_nan()));
    assert!(row(&[0.0, f32::INFINITY]).iter().all(|x| x.is_nan()));
}

#[test]
fn a_spoiled_query_spoils_its_row_alone() {
    let query = Tensor::<4>::from_data([[[[f32::NAN], [1.0]]]], &Device::flex());
    let attention =
        scaled_dot_product_attention(query, zeros([1, 1, 2, 1]), zeros([1, 1, 2, 1]), Mask::Full);
    let weights: Vec<f32> = attention.unwrap().weights.into_data().try_to_vec().unwrap();
    assert!(weights[..2].iter().all(|x| x.is_nan()));
    assert_eq!(weights[2..], [0.5, 0.5]);
}

#[test]
fn the_first_token_of_a_causal_text_sees_itself_alone() {
    let weights = attend([1, 1, 3, 4], [1, 1, 3, 4], [1, 1, 3, 4], Mask::Causal).unwrap();
    let third = 1.0 / 3.0;
    assert_eq!(weights, [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, third, third, third]);
}

#[test]
fn a_late_query_stands_beside_the_last_key() {
    let weights = attend([1, 1, 1, 4], [1, 1, 4, 4], [1, 1, 4, 4], Mask::Causal).unwrap();
    assert_eq!(weights, [0.25; 4]);
}

#[test]
fn an_empty_sequence_is_an_error() {
    let error = attend([1, 1, 0, 4], [1, 1, 2, 4], [1, 1, 2, 4], Mask::Full).unwrap_err();
    assert_eq!(
        error.to_string(),
        "query has shape [1, 1, 0, 4]: its seq is zero, and attention needs at least one"
    );
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let error = attend([1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 3, 4], Mask::Full).unwrap_err();
    assert_eq!(
        error.to_string(),
        "query has shape [1, 2, 3, 4] and key has shape [1, 2, 3, 5]: \
         they must have the same head_dim"
    );
    for (query, key, value, expected) in [
        ([2, 1, 3, 4], [1, 1, 3, 4], [1, 1, 3, 4], "batch"),
        ([1, 2, 3, 4], [1, 1, 3, 4], [1, 1, 3, 4], "heads"),
        ([1, 1, 3, 4], [1, 1, 3, 4], [1, 1, 2, 4], "seq_k"),
    ] {
        match attend(query, key, value, Mask::Full) {
            Err(Error::Mismatch { dimension, .. }) => assert_eq!(dimension, expected),
            other => panic!("expected a mismatch in {expected}, got {other:?}"),
        }
    }
}

#[test]
fn a_causal_mask_needs_a_key_for_every_query() {
    let error = attend([1, 1, 3, 4], [1, 1, 2, 4], [1, 1, 2, 4], Mask::Causal).unwrap_err();
    assert_eq!(error, Error::MoreQueriesThanKeys { seq_q: 3, seq_k: 2 });
}
