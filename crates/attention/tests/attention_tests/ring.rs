//! Attention over parts of the keys, merged, is attention over all of them.

use attention::online_softmax::OnlineSoftmax;
use attention::random::Random;
use attention::{Mask, scaled_dot_product_attention};
use burn::tensor::Tensor;
use proptest::prelude::*;

/// What queries take in from a part of the keys, before the division.
fn part(query: &Tensor<4>, key: Tensor<4>, value: Tensor<4>) -> (OnlineSoftmax<4>, Tensor<4>) {
    let scores = scaled_dot_product_attention(query.clone(), key, value.clone(), Mask::Full);
    let (state, powers) = OnlineSoftmax::block(scores.unwrap().scores, 3);
    (state, powers.matmul(value))
}

// claim: ring-equals-whole
proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Parts of any lengths, in any order round the ring, with scores small and large.
    #[test]
    fn parts_merge_into_the_whole(
        lengths in prop::collection::vec(1_usize..9, 1..6),
        first in 0_usize..6,
        size in 0.1_f32..20.0,
        seed in 0_u64..1000,
    ) {
        let mut random = Random::new(seed);
        let tokens: usize = lengths.iter().sum();
        let query = random.tensor([1, 2, 3, 8]) * size;
        let (key, value) = (random.tensor([1, 2, tokens, 8]), random.tensor([1, 2, tokens, 8]));

        let starts = lengths.iter().scan(0, |start, length| {
            *start += length;
            Some(*start - length)
        });
        let mut parts: Vec<_> = starts.zip(&lengths).map(|(start, &length)| {
            let cut = |x: &Tensor<4>| x.clone().narrow(2, start, length);
            part(&query, cut(&key), cut(&value))
        }).collect();
        let count = parts.len();
        parts.rotate_left(first % count);
        let merged = parts.into_iter().reduce(|(left, left_sums), (right, right_sums)| {
            let both = left.merge(&right);
            let sums =
                left_sums * left.correction(&both) + right_sums * right.correction(&both);
            (both, sums)
        });
        let (state, sums) = merged.unwrap();
        let whole = scaled_dot_product_attention(query, key, value, Mask::Full).unwrap().output;
        let error = (state.normalise(sums) - whole).abs().max().into_scalar::<f32>();
        prop_assert!(error <= 2e-6, "{error}");
    }
}
