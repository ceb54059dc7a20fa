//! Grouped-query attention against repeated heads, and its errors. `equivalence` compares it, and
//! multi-query attention, with f64.

use crate::f64_reference::{Bound, Random, cases, floats, largest_difference};
use attention::grouped_query::{kv_head, repeat_kv};
use attention::{Attention, Error, Mask, grouped_query_attention, scaled_dot_product_attention};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;

/// Heads repeated a group long, then multi-head attention: the same, at more cost.
// claim: grouped-equals-repeated
#[test]
fn equals_repeated_heads() {
    let bound = Bound::new("GQA against repeated heads", 4e-6);
    let mask = prop::sample::select(vec![Mask::Full, Mask::Causal, Mask::Strided { stride: 3 }]);
    cases(200, &(any::<u64>(), mask), |(seed, mask)| {
        let mut random = Random::new(seed);
        let [batch, kv_heads, group, seq_q, more, width] =
            [2, 4, 4, 9, 9, 24].map(|limit| 1 + random.below(limit));
        let query = random.array([batch, kv_heads * group, seq_q, width]).tensor();
        let [key, value] =
            [(); 2].map(|()| random.array([batch, kv_heads, seq_q + more, width]).tensor());
        let [keys, values] = [&key, &value].map(|x| repeat_kv(x.clone(), group));
        prop_assert_eq!(keys.dims()[1], kv_heads * group);

        let found = grouped_query_attention(query.clone(), key, value, mask).unwrap();
        let repeated = scaled_dot_product_attention(query, keys, values, mask).unwrap();
        bound.check(largest_difference(&floats(found.scores), &floats(repeated.scores)))?;
        bound.check(largest_difference(&floats(found.weights), &floats(repeated.weights)))?;
        bound.check(largest_difference(&floats(found.output), &floats(repeated.output)))
    });
    bound.print();
}

#[test]
fn scores_of_ten_thousand_do_not_overflow() {
    let device = Device::flex();
    let query = Tensor::<4>::from_data([[[[100.0_f32]], [[-100.0]]]], &device);
    let key = Tensor::<4>::from_data([[[[100.0_f32], [-100.0]]]], &device);
    let found = grouped_query_attention(query, key.clone(), key, Mask::Full).unwrap();
    assert_eq!(floats(found.scores), [1e4, -1e4, -1e4, 1e4]);
    assert_eq!(floats(found.weights), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(floats(found.output), [100.0, -100.0]);
}

fn attend(
    query: [usize; 4],
    key: [usize; 4],
    value: [usize; 4],
    mask: Mask,
) -> Result<Attention, Error> {
    let zeros = |shape| Tensor::<4>::zeros(shape, &Device::flex());
    grouped_query_attention(zeros(query), zeros(key), zeros(value), mask)
}

#[test]
fn heads_that_cannot_be_shared_are_an_error() {
    for (heads, kv_heads) in [(9, 2), (2, 3)] {
        let (query, key) = ([1, heads, 3, 4], [1, kv_heads, 3, 4]);
        assert_eq!(
            attend(query, key, key, Mask::Full).unwrap_err().to_string(),
            format!(
                "{heads} query heads cannot share {kv_heads} key and value heads evenly: give a \
                 multiple of {kv_heads} query heads"
            )
        );
    }
}

#[test]
fn an_empty_dimension_is_an_error() {
    for (axis, dimension) in ["batch", "heads", "seq", "head_dim"].into_iter().enumerate() {
        for tensor in 0..3 {
            let mut shapes = [[1, 2, 3, 4]; 3];
            shapes[tensor][axis] = 0;
            let name = ["query", "key", "value"][tensor];
            let [query, key, value] = shapes;
            assert_eq!(
                attend(query, key, value, Mask::Full).unwrap_err().to_string(),
                format!(
                    "{name} has shape {:?}: its {dimension} is zero, and attention needs at \
                     least one",
                    shapes[tensor]
                )
            );
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let fits = [1, 2, 3, 4];
    for (query, key, value, left, right, dimension) in [
        ([2, 4, 3, 4], fits, fits, "query", "key", "batch"),
        ([1, 4, 3, 4], fits, [2, 2, 3, 4], "key", "value", "batch"),
        ([1, 4, 3, 4], fits, [1, 4, 3, 4], "key", "value", "heads"),
        ([1, 4, 3, 4], fits, [1, 2, 5, 4], "key", "value", "seq_k"),
        ([1, 4, 3, 5], fits, fits, "query", "key", "head_dim"),
    ] {
        let shape = |name| {
            if name == "query" {
                query
            } else if name == "key" {
                key
            } else {
                value
            }
        };
        assert_eq!(
            attend(query, key, value, Mask::Full).unwrap_err().to_string(),
            format!(
                "{left} has shape {:?} and {right} has shape {:?}: they must have the same \
                 {dimension}",
                shape(left),
                shape(right)
            )
        );
    }
}

#[test]
fn a_causal_mask_needs_a_key_for_every_query() {
    let error = attend([1, 4, 3, 4], [1, 2, 2, 4], [1, 2, 2, 4], Mask::Causal).unwrap_err();
    assert_eq!(error, Error::MoreQueriesThanKeys { seq_q: 3, seq_k: 2 });
}

/// The values of key and value head `k` are all `k`, so an output says which head was read.
#[test]
fn neighbours_share_a_head() {
    for (heads, kv_heads) in [(9, 3), (8, 2), (4, 4), (6, 1)] {
        let numbers: Vec<f32> = (0..kv_heads).map(|number| number as f32).collect();
        let value = TensorData::new(numbers, [1, kv_heads, 1, 1]);
        let value = Tensor::<4>::from_data(value, &Device::flex());
        let query = Tensor::ones([1, heads, 1, 1], &Device::flex());
        let found = grouped_query_attention(query, value.clone(), value, Mask::Full).unwrap();
        let read: Vec<f32> = found.output.into_data().try_to_vec().unwrap();
        let said: Vec<f32> =
            (0..heads).map(|head| kv_head(head, heads, kv_heads).unwrap() as f32).collect();
        assert_eq!(said, read, "{heads} and {kv_heads}");
    }
    assert_eq!(kv_head(0, 8, 3).unwrap_err(), Error::HeadsNotShared { heads: 8, kv_heads: 3 });
    assert_eq!(kv_head(0, 8, 0).unwrap_err(), Error::HeadsNotShared { heads: 8, kv_heads: 0 });
    let message = kv_head(8, 8, 2).unwrap_err().to_string();
    assert_eq!(message, "the query head is 8: it must be below the number of query heads");
}
