//! The Jacobian of the softmax against differences of the softmax itself, in f64.

use attention::softmax_jacobian;
use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;

fn shares(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

fn jacobian(weights: &[f64]) -> Vec<f64> {
    let data = TensorData::new(weights.to_vec(), [weights.len()]);
    let weights = Tensor::<1>::from_data(data, (&Device::flex(), DType::F64));
    softmax_jacobian(weights).into_data().iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn slopes_are_differences_over_a_small_step(
        logits in proptest::collection::vec(-8.0_f64..8.0, 1..12)
    ) {
        let n = logits.len();
        let slopes = jacobian(&shares(&logits));
        prop_assert_eq!(slopes.len(), n * n);
        let step = 1e-5;
        for j in 0..n {
            let moved = |by: f64| {
                let mut logits = logits.clone();
                logits[j] += by;
                shares(&logits)
            };
            let (up, down) = (moved(step), moved(-step));
            for i in 0..n {
                let difference = (up[i] - down[i]) / (2.0 * step);
                let error = (slopes[i * n + j] - difference).abs();
                prop_assert!(error < 1e-9, "[{}, {}]: {} is not {}", i, j, slopes[i * n + j], difference);
            }
        }
        for row in slopes.chunks(n) {
            prop_assert!(row.iter().sum::<f64>().abs() < 1e-12, "a row does not sum to zero");
        }
    }
}
