//! Numbers of 16 and of 64 bits in every function, and types that do not go together.
//! `equivalence` measures how much 16 bits cost.

use crate::f64_reference::{Array, Random, largest_error, neighbours, rotate};
use attention::detectors::Pattern;
use attention::sampling::{top_k, top_p};
use attention::{
    AttentionOptions, Error, KvCache, LatentAttention, LatentCache, LatentWeights, Mask,
    MultiHeadAttention, OnlineSoftmax, PagedCache, Rope, TileOptions, alibi_bias, attention_steps,
    cpu_flash_attention, cross_attention, effective_tokens, entropy, flash_attention,
    flash_backward, grouped_query_attention, quantised, scaled_dot_product_attention, softmax,
    softmax_with_temperature, standard_attention,
};
use burn::tensor::FloatDType::{self, BF16, F16, F32, F64};
use burn::tensor::{Device, Tensor};

/// What a few roundings may cost: half an epsilon each.
fn allowed(dtype: FloatDType) -> f64 {
    4.0 * dtype.finfo().epsilon
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// `[1, 2, 5, 4]`, the same numbers in any type: they fit into 8 bits.
fn input(seed: u64, dtype: FloatDType) -> Tensor<4> {
    Random::new(seed).array([1, 2, 5, 4]).rounded(BF16).tensor().cast(dtype)
}

fn matrix(seed: u64, dtype: FloatDType) -> Tensor<2> {
    Random::new(seed).array([1, 1, 4, 4]).rounded(BF16).tensor().cast(dtype).reshape([4, 4])
}

fn flash_options() -> TileOptions {
    TileOptions { block_q: 2, block_k: 3, causal: true, ..Default::default() }
}

fn multi_head(dtype: FloatDType) -> MultiHeadAttention {
    let [query, key, value, output] = [4, 5, 6, 7].map(|seed| matrix(seed, dtype) * 0.5);
    MultiHeadAttention::new(query, key, value, output, 2).unwrap()
}

fn latent_weights(dtype: FloatDType) -> LatentWeights {
    let part = |seed| matrix(seed, dtype) * 0.5;
    LatentWeights {
        query_down: part(1),
        query_up: part(2),
        query_rope: part(3),
        kv_down: part(4),
        key_up: part(5),
        key_rope: part(6).narrow(1, 0, 2),
        value_up: part(7),
        output: part(8),
    }
}

fn text(dtype: FloatDType) -> Tensor<3> {
    input(9, dtype).reshape([2, 5, 4])
}

/// Runs a function on tensors of this type: its name, and all that it gives.
type Function = (&'static str, fn(FloatDType) -> Tensor<1>);

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    tensor.flatten(0, D - 1)
}

const FUNCTIONS: [Function; 19] = [
    ("scaled_dot_product_attention", |dtype| {
        let [query, key, value] = [1, 2, 3].map(|seed| input(seed, dtype));
        let found = scaled_dot_product_attention(query, key, value, Mask::Causal).unwrap();
        flat(Tensor::cat(vec![found.weights, found.output], 3))
    }),
    ("grouped_query_attention", |dtype| {
        let [query, key, value] = [1, 2, 3].map(|seed| input(seed, dtype));
        let [key, value] = [key, value].map(|x| x.narrow(1, 0, 1));
        flat(grouped_query_attention(query, key, value, Mask::Full).unwrap().output)
    }),
    ("attention_steps, with f32 bias and sink", |dtype| {
        let [query, key, value] = [1, 2, 3].map(|seed| input(seed, dtype));
        let options = AttentionOptions {
            soft_cap: Some(5.0),
            bias: Some(alibi_bias(2, 5, 5, &Device::flex()).unwrap()),
            sink: Some(Tensor::from_floats([0.5, -1.0], &Device::flex())),
            ..Default::default()
        };
        flat(attention_steps(query, key, value, options).unwrap().output)
    }),
    ("flash_attention", |dtype| {
        let [query, key, value] = [1, 2, 3].map(|seed| input(seed, dtype));
        flat(flash_attention(query, key, value, &flash_options()).unwrap().output)
    }),
    ("flash_backward", |dtype| {
        let [query, key, value, gradient] = [1, 2, 3, 4].map(|seed| input(seed, dtype));
        let options = flash_options();
        let flash = flash_attention(query.clone(), key.clone(), value.clone(), &options).unwrap();
        let found = flash_backward(query, key, value, &flash, gradient, &options).unwrap();
        flat(Tensor::cat(vec![found.query, found.key, found.value], 3))
    }),
    ("standard_attention", |dtype| {
        let [query, key, value] = [1, 2, 3].map(|seed| input(seed, dtype));
        flat(standard_attention(query, key, value, &flash_options()).unwrap().0)
    }),
    ("KvCache::attend", |dtype| {
        let mut cache = KvCache::growing();
        let mut attend = || {
            let [query, key, value] = [1, 2, 3].map(|seed| input(seed, dtype));
            cache.attend(query, key, value).unwrap().output
        };
        flat(Tensor::cat(vec![attend(), attend()], 3))
    }),
    ("MultiHeadAttention::forward", |dtype| {
        flat(multi_head(dtype).forward(text(dtype), AttentionOptions::default()).unwrap().output)
    }),
    ("cross_attention", |dtype| {
        let found = cross_attention(&multi_head(dtype), text(dtype), text(dtype), &[3, 0]);
        flat(found.unwrap().output)
    }),
    ("LatentAttention::forward", |dtype| {
        let layer = LatentAttention::new(latent_weights(dtype), 2, 1e4).unwrap();
        flat(layer.forward(text(dtype), &mut LatentCache::new()).unwrap().0)
    }),
    ("LatentAttention::forward_absorbed", |dtype| {
        let layer = LatentAttention::new(latent_weights(dtype), 2, 1e4).unwrap();
        flat(layer.forward_absorbed(text(dtype), &mut LatentCache::new()).unwrap().0)
    }),
    ("Rope::rotate", |dtype| flat(Rope::new(4, 1e4).unwrap().rotate(input(1, dtype), 7).unwrap())),
    ("softmax", |dtype| flat(softmax(input(1, dtype), 3))),
    ("softmax_with_temperature", |dtype| {
        flat(softmax_with_temperature(input(1, dtype), 0.5, 3).unwrap())
    }),
    ("entropy", |dtype| flat(entropy(softmax(input(1, dtype), 3), 3).unwrap())),
    ("effective_tokens", |dtype| flat(effective_tokens(softmax(input(1, dtype), 3), 3).unwrap())),
    ("OnlineSoftmax", |dtype| {
        let [left, right] = [1, 2].map(|seed| input(seed, dtype));
        let [(one, _), (other, _)] =
            [left.clone(), right].map(|block| OnlineSoftmax::block(block, 3));
        flat(one.merge(&other).shares(left))
    }),
    ("top_k", |dtype| flat(top_k(matrix(1, dtype), 2).unwrap().exp())),
    ("top_p", |dtype| flat(top_p(matrix(1, dtype), 0.7).unwrap().exp())),
];

/// Each function keeps the type, and gives what it gives in f64, up to a few roundings.
#[test]
fn every_function_takes_every_type() {
    for (name, function) in FUNCTIONS {
        let expected = numbers(function(F64));
        let size = expected.iter().fold(1.0_f64, |size, x| size.max(x.abs()));
        for dtype in [F32, F16, BF16] {
            let found = function(dtype);
            assert_eq!(found.dtype(), dtype.into(), "{name}");
            let error = largest_error(&numbers(found), &expected) / size;
            println!("{name} in {dtype:?}: within {error:.1e}");
            assert!(error <= allowed(dtype), "{name} in {dtype:?}: off by {error:.1e}");
        }
    }
}

/// The angles are as exact as the numbers: in f64 to f64's last digits.
#[test]
fn rotary_positions_are_double_in_double() {
    let x = Random::new(1).array([1, 1, 3, 6]);
    let found = Rope::new(6, 1e4).unwrap().rotate(x.tensor().cast(F64), 8000).unwrap();
    let turn = |(i, row): (usize, &[f64])| rotate(row, &neighbours(6), 1e4, 8000 + i);
    let expected: Vec<f64> = x.numbers.chunks(6).enumerate().flat_map(turn).collect();
    let error = largest_error(&numbers(found), &expected);
    assert!(error <= 1e-11, "off by {error:.1e}");
}

/// A sum kept in bf16 would stop at 256, and the later keys would count for nothing.
#[test]
fn flash_attention_adds_up_a_thousand_small_blocks_in_16_bits() {
    for dtype in [F16, BF16] {
        let zeros = || Tensor::<4>::zeros([1, 1, 1, 1], &Device::flex()).cast(dtype);
        let key = zeros().repeat_dim(2, 1000);
        // The first half of the values are 0, the second half 1.
        let value = Tensor::cat(vec![zeros(), zeros() + 1.0], 2).repeat_dim(3, 500);
        let value = value.reshape([1, 1, 1000, 1]);
        let options = TileOptions { block_k: 1, ..Default::default() };
        let output = flash_attention(zeros(), key, value, &options).unwrap().output;
        assert_eq!(numbers(output), [0.5], "{dtype:?}");
    }
}

/// In 16 bits the log-sum-exp keeps the digits that the gradients need.
#[test]
fn the_log_sum_exp_of_16_bits_is_f32() {
    let flash = |dtype| {
        let [query, key, value] = [1, 2, 3].map(|seed| input(seed, dtype) * 8.0);
        flash_attention(query, key, value, &flash_options()).unwrap().log_sum_exp
    };
    let expected = numbers(flash(F64));
    for dtype in [F16, BF16] {
        let found = flash(dtype);
        assert_eq!(found.dtype(), F32.into());
        let error = largest_error(&numbers(found), &expected);
        assert!(error <= 1e-4, "{dtype:?}: off by {error:.1e}");
    }
}

/// A score that no f16 holds is shown as infinite, and the weights are right.
#[test]
fn a_score_beyond_f16_is_shown_as_infinite() {
    let tensor = |numbers: [f64; 2]| {
        Array { shape: [1, 1, 2, 1], numbers: numbers.to_vec() }.tensor().cast(F16)
    };
    let query = tensor([300.0, 1.0]);
    for (key, infinite, weights) in
        [([300.0, 1.0], f64::INFINITY, [1.0, 0.0]), ([-300.0, 1.0], f64::NEG_INFINITY, [0.0, 1.0])]
    {
        let value = query.clone();
        let found = scaled_dot_product_attention(query.clone(), tensor(key), value, Mask::Full);
        let found = found.unwrap();
        assert_eq!(numbers(found.scores)[..2], [infinite, 300.0]);
        assert_eq!(numbers(found.weights)[..2], weights);
    }
}

/// Queries and keys of nothing but 40, 64 numbers each: a raw score is 102,400, more than any f16,
/// and the scaled score is 12,800. All keys look alike, so each query gets the mean of the values
/// that it sees.
const FORTY: f64 = 40.0;
const WIDE: usize = 64;

fn forty(seq: usize, dtype: FloatDType) -> Tensor<4> {
    (Tensor::<4>::ones([1, 2, seq, WIDE], &Device::flex()) * FORTY).cast(dtype)
}

/// `[1, 2, seq, 64]`: the place of each token, in each number.
fn places(seq: usize, dtype: FloatDType) -> Tensor<4> {
    let places: Vec<f32> = (0..seq).map(|place| place as f32).collect();
    let places = Tensor::<1>::from_floats(places.as_slice(), &Device::flex());
    places.reshape([1, 1, seq, 1]).expand([1, 2, seq, WIDE]).cast(dtype)
}

/// The outputs of `seq` tokens that see all of them.
const ALL_SEEN: [Function; 7] = [
    ("scaled_dot_product_attention", |dtype| {
        let (x, value) = (forty(5, dtype), places(5, dtype));
        let found = scaled_dot_product_attention(x.clone(), x, value, Mask::Full).unwrap();
        assert!(numbers(found.scores).iter().all(|score| *score == 12_800.0));
        flat(found.output)
    }),
    ("grouped_query_attention", |dtype| {
        let (x, value) = (forty(5, dtype), places(5, dtype));
        let [key, value] = [x.clone(), value].map(|x| x.narrow(1, 0, 1));
        flat(grouped_query_attention(x, key, value, Mask::Full).unwrap().output)
    }),
    ("attention_steps", |dtype| {
        let (x, value) = (forty(5, dtype), places(5, dtype));
        let steps = attention_steps(x.clone(), x, value, AttentionOptions::default()).unwrap();
        let raw = if dtype == F16 { f64::INFINITY } else { 102_400.0 };
        assert!(numbers(steps.raw_scores).iter().all(|score| *score == raw));
        for scores in [steps.scaled, steps.capped, steps.biased, steps.masked] {
            assert!(numbers(scores).iter().all(|score| *score == 12_800.0));
        }
        flat(steps.output)
    }),
    ("MultiHeadAttention::attend, cross_attention", |dtype| {
        let one = || Tensor::<2>::eye(2 * WIDE, &Device::flex()).cast(dtype);
        // Queries and keys of 40, and values of one's own.
        let [w_key, w_value] =
            [one().narrow(1, 0, WIDE), one().narrow(1, WIDE, WIDE)].map(|w| w.repeat_dim(1, 2));
        let layer = MultiHeadAttention::new(w_key.clone(), w_key, w_value, one(), 2).unwrap();
        let head = |x: Tensor<4>| x.narrow(1, 0, 1).squeeze_dim::<3>(1);
        let x = Tensor::cat(vec![head(forty(5, dtype)), head(places(5, dtype))], 2);
        let cross = cross_attention(&layer, x.clone(), x.clone(), &[5]).unwrap();
        let own = layer.forward(x, AttentionOptions::default()).unwrap();
        assert_eq!(numbers(own.output), numbers(cross.output.clone()));
        flat(cross.output)
    }),
    ("flash_attention", |dtype| {
        let (x, value) = (forty(5, dtype), places(5, dtype));
        let options = TileOptions { causal: false, ..flash_options() };
        flat(flash_attention(x.clone(), x, value, &options).unwrap().output)
    }),
    ("standard_attention", |dtype| {
        let (x, value) = (forty(5, dtype), places(5, dtype));
        flat(standard_attention(x.clone(), x, value, &TileOptions::default()).unwrap().0)
    }),
    ("cpu_flash_attention", |dtype| {
        let (x, value) = (forty(5, dtype), places(5, dtype));
        flat(cpu_flash_attention(x.clone(), x, value, Mask::Full).unwrap())
    }),
];

#[test]
fn raw_scores_beyond_f16_do_no_harm() {
    for (name, function) in ALL_SEEN {
        for dtype in [F64, F32, F16, BF16] {
            // The mean of 0, 1, 2, 3 and 4.
            let found = numbers(function(dtype));
            let error = largest_error(&found, &vec![2.0; found.len()]);
            println!("{name} in {dtype:?}: off by {error:.1e}");
            assert!(error <= 2.0 * allowed(dtype), "{name} in {dtype:?}: off by {error:.1e}");
        }
    }
}

/// The latents are 40, and so are the keys, the values and the outputs of all heads.
#[test]
fn raw_scores_beyond_f16_do_no_harm_in_latent_attention() {
    for dtype in [F32, F16, BF16] {
        let one = || Tensor::<2>::eye(WIDE, &Device::flex()).cast(dtype);
        let nothing = || Tensor::<2>::zeros([WIDE, 2], &Device::flex()).cast(dtype);
        let weights = LatentWeights {
            query_down: one(),
            query_up: one(),
            query_rope: nothing(),
            kv_down: one(),
            key_up: one(),
            key_rope: nothing(),
            value_up: one(),
            output: one(),
        };
        let layer = LatentAttention::new(weights, 1, 1e4).unwrap();
        let x = || forty(3, dtype).narrow(1, 0, 1).squeeze_dim::<3>(1);
        let [plain, absorbed] = [
            layer.forward(x(), &mut LatentCache::new()).unwrap().0,
            layer.forward_absorbed(x(), &mut LatentCache::new()).unwrap().0,
        ];
        for output in [plain, absorbed] {
            assert!(numbers(output).iter().all(|number| (number - FORTY).abs() < 1e-4));
        }
    }
}

/// Fewer new tokens than 64 go another way than more.
#[test]
fn raw_scores_beyond_f16_do_no_harm_in_a_cache() {
    for dtype in [F64, F32, F16, BF16] {
        let outputs = [63, 64].map(|seq| {
            let mut cache = KvCache::growing();
            let output =
                cache.attend_output(forty(seq, dtype), forty(seq, dtype), places(seq, dtype));
            numbers(output.unwrap().narrow(1, 0, 1).narrow(2, 0, 63).narrow(3, 0, 1))
        });
        // Token `i` sees the places from 0 to `i`.
        let expected: Vec<f64> = (0..63).map(|place| f64::from(place) / 2.0).collect();
        for (seq, output) in [63, 64].iter().zip(outputs) {
            let error = largest_error(&output, &expected) / 31.0;
            println!("{seq} tokens in {dtype:?}: off by {error:.1e} of the largest");
            assert!(error <= allowed(dtype), "{seq} tokens in {dtype:?}: off by {error:.1e}");
        }
    }
}

/// A temperature too small or too large for 16 bits, and for 32.
#[test]
fn no_temperature_is_beyond_any_type() {
    for dtype in [F64, F32, F16, BF16] {
        let logits = |row: [f32; 3]| Tensor::<1>::from_floats(row, &Device::flex()).cast(dtype);
        let at = |temperature| {
            let row = logits([2.0, 1.0, f32::NEG_INFINITY]);
            numbers(softmax_with_temperature(row, temperature, 0).unwrap())
        };
        for cold in [1e-8, 1e-40, 1e-300, f64::MIN_POSITIVE] {
            assert_eq!(at(cold), [1.0, 0.0, 0.0], "{cold} in {dtype:?}");
        }
        for hot in [7e4, 1e30, 1e300, f64::MAX] {
            let [first, second, hidden] = at(hot)[..] else { panic!("three shares") };
            assert_eq!(hidden, 0.0, "{hot} in {dtype:?}");
            let error = (first - 0.5).abs().max((second - 0.5).abs());
            assert!(error <= 4e-6_f64.max(allowed(dtype)), "{hot} in {dtype:?}: {first}, {second}");
        }
    }
}

/// A scale and a soft cap that no f16 holds.
#[test]
fn no_scale_or_cap_is_beyond_16_bits() {
    let weights = |dtype, scale, soft_cap| {
        let [query, key, value] = [1, 2, 3].map(|seed| input(seed, dtype));
        // A small scale meets large scores.
        let query = query * 100.0;
        let options = AttentionOptions { scale, soft_cap, ..Default::default() };
        numbers(attention_steps(query, key, value, options).unwrap().weights)
    };
    for (scale, soft_cap) in
        [(Some(1e-8), None), (Some(1e5), None), (None, Some(1e-8)), (None, Some(1e6))]
    {
        for dtype in [F16, BF16] {
            let error =
                largest_error(&weights(dtype, scale, soft_cap), &weights(F64, scale, soft_cap));
            println!("scale {scale:?}, cap {soft_cap:?} in {dtype:?}: off by {error:.1e}");
            // The queries are rounded once more.
            assert!(
                error <= 20.0 * allowed(dtype),
                "{scale:?} {soft_cap:?} {dtype:?}: {error:.1e}"
            );
        }
    }
}

/// As many levels as 16 bits have are more than an f16 can count.
#[test]
fn numbers_of_16_bits_can_be_quantised_to_16_bits() {
    for dtype in [F16, BF16] {
        for (size, bits) in [(1.0, 16), (1.0, 8), (30_000.0, 16)] {
            let x = input(1, dtype) * size;
            let kept = quantised(x.clone(), bits, 3).unwrap();
            assert_eq!(kept.dtype(), dtype.into());
            let step = 8.0 / f64::from((1_u32 << bits) - 1);
            let error = largest_error(&numbers(kept), &numbers(x)) / size;
            println!("{bits} bits of {dtype:?}: off by {error:.1e}");
            assert!(error <= step + 4.0 * allowed(dtype), "{bits} bits in {dtype:?}: {error:.1e}");
        }
    }
}

/// The weights of a head in bf16 do not add up to one within 0.001.
#[test]
fn a_pattern_in_16_bits_is_a_pattern() {
    for (dtype, wrong) in [(F32, 1.01), (F16, 1.01), (BF16, 1.05)] {
        for seed in 0..50 {
            let logits = Random::new(seed).array([1, 1, 9, 9]).tensor().cast(dtype);
            Pattern::new(softmax(logits.reshape([9, 9]), 1)).unwrap();
        }
        let row = Tensor::<2>::from_floats([[wrong, 0.0]], &Device::flex()).cast(dtype);
        let error = Pattern::new(row).unwrap_err();
        assert!(matches!(error, Error::NotWeights { row: 0, .. }), "{error}");
    }
}

fn refused<T>(result: Result<T, Error>) -> String {
    match result {
        Err(error @ Error::FloatTypes { .. }) => error.to_string(),
        Err(error) => panic!("expected an error about the types, got {error}"),
        Ok(_) => panic!("the types do not go together"),
    }
}

#[test]
fn types_that_do_not_go_together_are_named() {
    let says = |left: &str, left_type: &str, right: &str, right_type: &str| {
        format!(
            "{left} holds {left_type} and {right} holds {right_type}: cast one to the type of the \
             other"
        )
    };
    let expected = says("query", "f16", "value", "f32");
    let [query, key] = [input(1, F16), input(2, F16)];
    let value = || input(3, F32);
    let inputs = || (query.clone(), key.clone(), value());
    let options = flash_options();

    let (q, k, v) = inputs();
    assert_eq!(refused(scaled_dot_product_attention(q, k, v, Mask::Full)), expected);
    let (q, k, v) = inputs();
    assert_eq!(refused(grouped_query_attention(q, k, v, Mask::Full)), expected);
    let (q, k, v) = inputs();
    assert_eq!(refused(attention_steps(q, k, v, AttentionOptions::default())), expected);
    let (q, k, v) = inputs();
    assert_eq!(refused(flash_attention(q, k, v, &options)), expected);
    let (q, k, v) = inputs();
    assert_eq!(refused(standard_attention(q, k, v, &options)), expected);

    let half = || input(3, F16);
    let flash = flash_attention(half(), half(), half(), &options).unwrap();
    assert_eq!(
        refused(flash_backward(half(), half(), half(), &flash, value(), &options)),
        says("query", "f16", "output_gradient", "f32")
    );

    let mut cache = KvCache::growing();
    assert_eq!(refused(cache.append(half(), value())), says("key", "f16", "value", "f32"));
    assert_eq!(refused(cache.attend(value(), half(), half())), says("query", "f32", "key", "f16"));
    cache.append(half(), half()).unwrap();
    assert_eq!(
        refused(cache.append(value(), value())),
        says("key", "f32", "the cached key", "f16")
    );
    assert_eq!(cache.len(), 5);

    let token = |dtype| input(1, dtype).narrow(2, 0, 1);
    let mut paged = PagedCache::new(1, 2, 2, 4).unwrap();
    for (key, value, named) in
        [(F16, F32, ("key", "f16")), (F32, BF16, ("value", "bf16")), (F64, F64, ("key", "f64"))]
    {
        let error = refused(paged.append(0, token(key), token(value)));
        assert_eq!(error, says(named.0, named.1, "the pool", "f32"));
        assert_eq!((paged.tokens(), paged.free_blocks()), (0, 1));
        assert_eq!(paged.table(0), None);
    }
    paged.append(0, token(F32), token(F32)).unwrap();

    let [w_query, w_key, w_value] = [1, 2, 3].map(|seed| matrix(seed, F32));
    let layer = MultiHeadAttention::new(w_query, w_key, w_value, matrix(4, BF16), 2);
    assert_eq!(refused(layer), says("W_Q", "f32", "W_O", "bf16"));
    assert_eq!(
        refused(multi_head(F32).forward(text(BF16), AttentionOptions::default())),
        says("the target", "bf16", "its weight", "f32")
    );

    let mixed = LatentWeights { key_rope: matrix(1, F16), ..latent_weights(F32) };
    assert_eq!(refused(LatentAttention::new(mixed, 2, 1e4)), says("W^DQ", "f32", "W^KR", "f16"));
    let [layer, other] =
        [F32, F16].map(|dtype| LatentAttention::new(latent_weights(dtype), 2, 1e4).unwrap());
    let mut cache = LatentCache::new();
    assert_eq!(
        refused(layer.forward(text(F16), &mut cache)),
        says("the input", "f16", "W^DQ", "f32")
    );
    layer.forward(text(F32), &mut cache).unwrap();
    assert_eq!(
        refused(other.forward(text(F16), &mut cache)),
        says("the new latent", "f16", "the cache", "f32")
    );
}
