//! Softmax against f64, and what must not change softmax and attention. `equivalence` compares
//! attention with f64.

use crate::f64_reference::{
    Array, Random, floats, largest_difference, largest_error, softmax as softmax_f64,
};
use attention::{Mask, scaled_dot_product_attention, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn softmax_equals_the_f64_reference(row in prop::collection::vec(-80.0_f32..80.0, 1..64)) {
        let got = floats(softmax(Tensor::<1>::from_floats(&row[..], &Device::flex()), 0));
        let expected = softmax_f64(&row.iter().map(|x| f64::from(*x)).collect::<Vec<_>>());
        let error = largest_error(&got, &expected);
        prop_assert!(error <= 1e-6, "off by {error:.1e}");
    }

    #[test]
    fn rows_sum_to_one(row in prop::collection::vec(-1e4_f32..1e4, 1..64)) {
        let total: f32 = floats(softmax(Tensor::<1>::from_floats(&row[..], &Device::flex()), 0)).iter().sum();
        prop_assert!((total - 1.0).abs() <= 2e-6, "sums to {total}");
    }

    #[test]
    fn a_shift_changes_nothing(row in prop::collection::vec(-8.0_f32..8.0, 1..64), shift in -64_i32..64) {
        // A power of two a step keeps the shifted logits exact to about 4e-6.
        let shifted: Vec<f32> = row.iter().map(|x| x + shift as f32).collect();
        let device = Device::flex();
        let plain = floats(softmax(Tensor::<1>::from_floats(&row[..], &device), 0));
        let moved = floats(softmax(Tensor::<1>::from_floats(&shifted[..], &device), 0));
        for (a, b) in plain.iter().zip(&moved) {
            prop_assert!((a - b).abs() <= 1e-5, "{a} became {b}");
        }
    }

    #[test]
    fn other_rows_do_not_matter(rows in prop::collection::vec(-8.0_f32..8.0, 6), spoiled in prop::sample::select(vec![f32::NAN, f32::INFINITY])) {
        let device = Device::flex();
        let mut data = rows.clone();
        data[1] = spoiled;
        let clean = floats(softmax(Tensor::<2>::from_data(TensorData::new(rows, [2, 3]), &device), 1));
        let mixed = floats(softmax(Tensor::<2>::from_data(TensorData::new(data, [2, 3]), &device), 1));
        prop_assert!(mixed[..3].iter().all(|x| x.is_nan()), "{mixed:?}");
        prop_assert_eq!(&mixed[3..], &clean[3..]);
    }

    // claim: order-is-not-in-the-formula
    /// Reorder keys and values alike, and the output stays; reorder queries, and it follows.
    #[test]
    fn permutations_pass_through(
        seed in any::<u64>(), heads in 1_usize..4, seq_q in 1_usize..20, seq_k in 1_usize..20,
        head_dim in 1_usize..40, turn in 0_usize..20,
    ) {
        let mut random = Random::new(seed);
        let query = random.array([1, heads, seq_q, head_dim]);
        let [key, value] = [(); 2].map(|()| random.array([1, heads, seq_k, head_dim]));
        let attend = |query: &Array, key: &Array, value: &Array| {
            let (query, key, value) = (query.tensor(), key.tensor(), value.tensor());
            scaled_dot_product_attention(query, key, value, Mask::Full).unwrap().output
        };
        let output = floats(attend(&query, &key, &value));

        let unmoved = floats(attend(&query, &turned(&key, turn), &turned(&value, turn)));
        prop_assert!(largest_difference(&unmoved, &output) <= 5e-6, "keys reordered");
        let followed = floats(attend(&turned(&query, turn), &key, &value));
        let array = Array { shape: query.shape, numbers: output.iter().map(|&x| x.into()).collect() };
        let error = largest_error(&followed, &turned(&array, turn).numbers);
        prop_assert!(error <= 5e-6, "queries reordered: off by {error:.1e}");
    }
}

/// The tokens of each head, moved `by` places.
fn turned(x: &Array, by: usize) -> Array {
    let [_, _, seq, dim] = x.shape;
    let mut numbers = x.numbers.clone();
    numbers.chunks_mut(seq * dim).for_each(|head| head.rotate_left(by % seq * dim));
    Array { numbers, ..*x }
}
