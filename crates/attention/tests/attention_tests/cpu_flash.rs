//! The fast attention against f64, at sizes around its tiles, and against plain attention.

use crate::f64_reference::masks::predicate;
use crate::f64_reference::{Array, Bound, Random, attention, cases, floats, largest_error};
use attention::{
    Error, Mask, cpu_flash_attention, grouped_query_attention, scaled_dot_product_attention,
};
use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
struct Case {
    seed: u64,
    batch: usize,
    kv_heads: usize,
    group: usize,
    seq_q: usize,
    seq_k: usize,
    head_dim: usize,
    value_dim: usize,
    mask: Mask,
}

fn any_mask() -> impl Strategy<Value = Mask> {
    prop_oneof![
        Just(Mask::Full),
        Just(Mask::Causal),
        (0_usize..300, 0_usize..40)
            .prop_map(|(before, after)| Mask::SlidingWindow { before, after }),
        (0_usize..300).prop_map(|length| Mask::Padding { length }),
    ]
}

prop_compose! {
    /// Tiles are 96 queries by 126 keys, so these are one to three tiles, most with tails.
    fn any_case()(
        seed in any::<u64>(), batch in 1_usize..3, kv_heads in 1_usize..3, group in 1_usize..4,
        seq_q in prop_oneof![1_usize..4, 1_usize..220], more in prop_oneof![Just(0), 0_usize..140],
        head_dim in 1_usize..20, value_dim in 1_usize..20, mask in any_mask(),
    ) -> Case {
        Case { seed, batch, kv_heads, group, seq_q, seq_k: seq_q + more, head_dim, value_dim, mask }
    }
}

impl Case {
    fn arrays(&self) -> (Array, Array, Array) {
        let Case { batch, kv_heads, group, seq_q, seq_k, head_dim, value_dim, .. } = *self;
        let mut random = Random::new(self.seed);
        (
            random.array([batch, kv_heads * group, seq_q, head_dim]),
            random.array([batch, kv_heads, seq_k, head_dim]),
            random.array([batch, kv_heads, seq_k, value_dim]),
        )
    }

    /// In f64; a query that sees no key gets zeros.
    fn expected(&self, (query, key, value): &(Array, Array, Array)) -> Vec<f64> {
        let sees = |_, i: usize, j: usize| {
            predicate(self.mask, i, j, self.seq_q, self.seq_k).expect("no mask drawn at random")
        };
        let output = attention(query, key, value, sees).output.numbers;
        output.into_iter().map(|x| if x.is_nan() { 0.0 } else { x }).collect()
    }

    fn fast(&self, (query, key, value): &(Array, Array, Array)) -> Vec<f32> {
        floats(
            cpu_flash_attention(query.tensor(), key.tensor(), value.tensor(), self.mask).unwrap(),
        )
    }
}

#[test]
fn equals_the_formula_in_f64() {
    let bound = Bound::new("fast attention against f64", 4e-6);
    cases(1000, &any_case(), |case| {
        let arrays = case.arrays();
        bound.check(largest_error(&case.fast(&arrays), &case.expected(&arrays)))
    });
    bound.print();
}

/// Whole numbers, and a scale that is a power of two: every score is exact in f32, and some are
/// 1e4 and -1e4. What is measured is the softmax.
#[test]
fn scores_of_ten_thousand_do_no_harm() {
    let bound = Bound::new("fast attention, scores to 1e4, against f64", 4e-6);
    cases(1000, &any_case(), |case| {
        let case = Case { head_dim: [1, 4, 16][case.head_dim % 3], ..case };
        let (mut query, mut key, value) = case.arrays();
        for array in [&mut query, &mut key] {
            array.numbers.iter_mut().for_each(|x| *x = x.round());
        }
        for (i, row) in query.numbers.chunks_mut(case.head_dim).enumerate().step_by(2) {
            row[0] = [100.0, -100.0][i / 2 % 2] * (case.head_dim as f64).sqrt();
        }
        for (j, row) in key.numbers.chunks_mut(case.head_dim).enumerate() {
            row[0] = [100.0, -100.0, 0.0, 99.0][j % 4];
        }
        let arrays = (query, key, value);
        bound.check(largest_error(&case.fast(&arrays), &case.expected(&arrays)))
    });
    bound.print();
}

#[test]
fn more_queries_than_keys_see_what_they_see_in_plain_attention() {
    let mut random = Random::new(7);
    let (query, key) = (random.array([1, 2, 300, 8]), random.array([1, 2, 40, 8]));
    let value = random.array([1, 2, 40, 3]);
    for mask in [Mask::Full, Mask::SlidingWindow { before: 9, after: usize::MAX }] {
        let fast = cpu_flash_attention(query.tensor(), key.tensor(), value.tensor(), mask).unwrap();
        let plain =
            grouped_query_attention(query.tensor(), key.tensor(), value.tensor(), mask).unwrap();
        let error = (fast - plain.output).abs().max().into_scalar::<f32>();
        println!("300 queries, 40 keys, {mask:?}: within {error:.1e} of plain attention");
        assert!(error <= 4e-6, "{error}");
    }
}

#[test]
fn numbers_that_are_not_finite_spoil_their_own_row() {
    let query = |first: f32| {
        let data = TensorData::new(vec![first, 0.0, 1.0, 0.0, 0.0, 1.0], [1, 1, 3, 2]);
        Tensor::<4>::from_data(data, &Device::flex())
    };
    let key = query(1.0);
    let good =
        floats(cpu_flash_attention(query(1.0), key.clone(), key.clone(), Mask::Full).unwrap());
    for bad in [f32::NAN, f32::INFINITY] {
        let fast = cpu_flash_attention(query(bad), key.clone(), key.clone(), Mask::Full).unwrap();
        let fast = floats(fast);
        assert!(fast[..2].iter().all(|x| x.is_nan()), "{fast:?}");
        assert_eq!(fast[2..], good[2..]);
    }
    // Every score of the first query is -inf, or not a number: 0 * -inf.
    let fast = cpu_flash_attention(query(f32::NEG_INFINITY), key.clone(), key, Mask::Full).unwrap();
    assert!(floats(fast)[..2].iter().all(|x| x.is_nan()));
}

#[test]
fn the_output_has_the_type_of_the_query() {
    let mut random = Random::new(3);
    let x = random.array([1, 2, 130, 16]);
    let exact = attention(&x, &x, &x, |_, place, key| key <= place).output.numbers;
    for (dtype, bound) in [(DType::F64, 4e-6), (DType::F16, 2e-3), (DType::BF16, 2e-2)] {
        let x = x.tensor().cast(dtype);
        let fast = cpu_flash_attention(x.clone(), x.clone(), x, Mask::Causal).unwrap();
        assert_eq!(fast.dtype(), dtype);
        let error = largest_error(&floats(fast.cast(DType::F32)), &exact);
        println!("fast attention on {dtype:?}: within {error:.1e}");
        assert!(error <= bound, "{error}");
    }
}

#[test]
fn plain_attention_agrees_on_a_real_size() {
    let mut random = Random::new(11);
    let mut next = || random.array([1, 2, 700, 64]).tensor();
    let (query, key, value) = (next(), next(), next());
    let fast =
        cpu_flash_attention(query.clone(), key.clone(), value.clone(), Mask::Causal).unwrap();
    let plain = scaled_dot_product_attention(query, key, value, Mask::Causal).unwrap();
    let error = (fast - plain.output).abs().max().into_scalar::<f32>();
    println!("700 tokens, 64 dimensions: within {error:.1e} of plain attention");
    assert!(error <= 8e-6, "{error}");
}

#[test]
fn bad_input_is_an_error() {
    let tensor = |heads, seq| Tensor::<4>::ones([1, heads, seq, 8], &Device::flex());
    let run = |query, key: Tensor<4>, mask| {
        cpu_flash_attention(query, key.clone(), key, mask).unwrap_err()
    };
    assert_eq!(
        run(tensor(3, 4), tensor(2, 4), Mask::Full),
        Error::HeadsNotShared { heads: 3, kv_heads: 2 }
    );
    assert_eq!(
        run(tensor(1, 4), tensor(1, 2), Mask::Causal),
        Error::MoreQueriesThanKeys { seq_q: 4, seq_k: 2 }
    );
    assert_eq!(
        run(tensor(1, 4), tensor(1, 4), Mask::Strided { stride: 2 }).to_string(),
        "Strided { stride: 2 } has holes: give Mask::Full, Mask::Causal, Mask::SlidingWindow or \
         Mask::Padding, or use scaled_dot_product_attention"
    );
}

#[test]
fn it_refuses_to_lose_gradients() {
    let x = Random::new(5).array([1, 2, 5, 4]).tensor();
    for place in 0..3 {
        let tensor = |i| if i == place { x.clone().autodiff() } else { x.clone() };
        let error = cpu_flash_attention(tensor(0), tensor(1), tensor(2), Mask::Causal).unwrap_err();
        assert_eq!(error, Error::NoGradients { tensor: ["query", "key", "value"][place] });
    }
}
