//! Total variation, against its definition in f64, and what a mask does to a row.

use attention::{Error, Mask, softmax, total_variation};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;

fn tensor(numbers: Vec<f32>, shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
}

fn numbers(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

#[test]
fn what_does_not_fit_is_refused() {
    let two_by_three = tensor(vec![0.0; 6], [2, 3]);
    let three_by_two = tensor(vec![0.0; 6], [3, 2]);
    let refused = total_variation(two_by_three.clone(), three_by_two, 1);
    assert!(matches!(refused, Err(Error::Shape { .. })));
    let refused = total_variation(two_by_three.clone(), two_by_three, 2);
    assert!(matches!(refused, Err(Error::NoSuchDimension { .. })));
}

#[test]
fn rows_without_a_common_key_are_one_apart_and_a_nan_stays_in_its_row() {
    let one = tensor(vec![1.0, 0.0, 0.5, f32::NAN], [2, 2]);
    let other = tensor(vec![0.0, 1.0, 0.5, 0.5], [2, 2]);
    let apart = numbers(total_variation(one, other, 1).unwrap());
    assert!(apart[0] == 1.0 && apart[1].is_nan());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_half_the_sum_of_the_differences(seq in 1_usize..9, seed in prop::collection::vec(-6.0_f32..6.0, 128)) {
        let logits = |from: usize| tensor(seed[from..from + seq * seq].to_vec(), [seq, seq]);
        let [one, other] = [softmax(logits(0), 1), softmax(logits(64), 1)];
        let there = numbers(total_variation(one.clone(), other.clone(), 1).unwrap());
        let back = numbers(total_variation(other.clone(), one.clone(), 1).unwrap());
        prop_assert_eq!(&there, &back);
        let (one, other) = (numbers(one), numbers(other));
        for (row, apart) in there.into_iter().enumerate() {
            let places = row * seq..(row + 1) * seq;
            let expected: f64 = places.map(|at| f64::from(one[at] - other[at]).abs() / 2.0).sum();
            prop_assert!((f64::from(apart) - expected).abs() <= 1e-6);
            prop_assert!((0.0..=1.0 + 1e-6).contains(&apart));
        }
    }

    #[test]
    fn a_row_moves_by_what_the_mask_hides(seq in 1_usize..9, seed in prop::collection::vec(-6.0_f32..6.0, 64)) {
        let logits = tensor(seed[..seq * seq].to_vec(), [seq, seq]);
        let hidden = Mask::Causal.hidden(seq, seq, &logits.device()).unwrap();
        let masked = softmax(logits.clone().mask_fill(hidden, f32::NEG_INFINITY), 1);
        let open = softmax(logits, 1);
        let moved = numbers(total_variation(open.clone(), masked, 1).unwrap());
        for (row, weights) in numbers(open).chunks(seq).enumerate() {
            let future: f32 = weights[row + 1..].iter().sum();
            prop_assert!((moved[row] - future).abs() <= 1e-6, "{} {}", moved[row], future);
        }
    }
}
