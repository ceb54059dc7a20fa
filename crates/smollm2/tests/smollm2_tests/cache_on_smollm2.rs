//! What chapter 10 says about SmolLM2's cache: its size, and what it may lose.

use std::sync::LazyLock;

use attention::grouped_query::repeat_kv;
use attention::units::Bytes;
use attention::{AttentionOptions, Mask, attention_steps, grouped_query_attention, quantised};
use burn::tensor::Tensor;
use inputs::texts::LIGHTHOUSE;
use smollm2::{Attend, Decoder, Error, surprises};

use crate::real_model::MODEL;

static IDS: LazyLock<Vec<u32>> = LazyLock::new(|| MODEL.tokenizer().encode(LIGHTHOUSE).unwrap());

/// The mean surprise from token `from` on.
fn loss(from: usize, attend: &Attend<'_>) -> f64 {
    let surprises = surprises(&MODEL.logits_by(&IDS, attend).unwrap(), &IDS);
    surprises[from..].iter().sum::<f64>() / (surprises.len() - from) as f64
}

fn causal(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
) -> Result<Tensor<4>, attention::Error> {
    Ok(grouped_query_attention(query, key, value, Mask::Causal)?.output)
}

/// The loss of the model as it is.
static WHOLE: LazyLock<f64> = LazyLock::new(|| loss(0, &causal));

// claim: cache-is-the-formula
#[test]
fn the_cache_is_what_the_formula_says_to_the_byte() {
    let ids = &IDS[..40];
    let mut decoder = Decoder::new(&MODEL);
    let mut moved = 0;
    for (read, id) in (1..).zip(ids) {
        let before = decoder.reserved_bytes();
        decoder.read(&[*id]).unwrap();
        // Keys and values, 30 layers, 3 heads, 64 numbers of 4 bytes.
        let formula = Bytes(2 * 30 * 3 * 64 * 4 * read);
        assert_eq!(decoder.cache_bytes(), formula, "{read} tokens");
        assert!(decoder.reserved_bytes() >= formula);
        assert!(decoder.reserved_bytes().0 <= 2 * formula.0 + 2 * 46_080, "{read} tokens");
        moved += usize::from(decoder.reserved_bytes() != before);
    }
    println!(
        "40 tokens: {}, room {}, moved {moved} times",
        decoder.cache_bytes(),
        decoder.reserved_bytes()
    );
    assert!(moved <= 6, "the room doubles");
}

// claim: first-tokens-hold-the-window
#[test]
fn a_window_needs_the_first_tokens() {
    let kept = |sinks: usize, window: usize| {
        let (n, mask) =
            (IDS.len(), Mask::Longformer { before: window - 1, after: 0, global: sinks });
        let grid = mask.grid(n, n).and(&Mask::Causal.grid(n, n)).unwrap();
        loss(32, &|query: Tensor<4>, key: Tensor<4>, value: Tensor<4>| {
            let options = AttentionOptions { masks: vec![grid.clone()], ..Default::default() };
            Ok(attention_steps(query, repeat_kv(key, 3), repeat_kv(value, 3), options)?.output)
        })
    };
    let (whole, window, sinks) = (loss(32, &causal), kept(0, 32), kept(4, 28));
    println!(
        "loss: everything {whole:.3}, newest 32 {window:.3}, first 4 and newest 28 {sinks:.3}"
    );
    assert!(window > whole + 0.8 && sinks < whole + 0.4);
    // Nothing forgotten is nothing lost.
    let all = kept(4, IDS.len());
    assert!((all - whole).abs() < 1e-4, "{all}");
}

// claim: pooled-heads-fail
#[test]
fn the_mean_of_the_heads_is_no_head() {
    let pooled = loss(0, &|query, key: Tensor<4>, value: Tensor<4>| {
        causal(query, key.mean_dim(1), value.mean_dim(1))
    });
    println!("loss: as trained {:.3}, one head {pooled:.3}", *WHOLE);
    assert!(*WHOLE < 4.0 && pooled > 8.0);
}

/// The loss with keys and values of so many bits, keys grouped along a dimension.
fn rounded(bits: u32, along: usize) -> f64 {
    loss(0, &|query, key, value| {
        causal(query, quantised(key, bits, along)?, quantised(value, bits, 3)?)
    })
}

// claim: four-bits-cost-little
#[test]
fn eight_bits_cost_nothing_and_four_cost_little() {
    let (eight, four) = (rounded(8, 3), rounded(4, 3));
    println!("loss: {:.3}, 8 bits {eight:.3}, 4 bits {four:.3}", *WHOLE);
    assert!((eight - *WHOLE).abs() < 0.03);
    assert!(four > *WHOLE && four < *WHOLE + 0.3);
}

// claim: keys-want-levels-for-each-channel
#[test]
fn with_two_bits_keys_want_levels_for_each_channel() {
    let (token, channel) = (rounded(2, 3), rounded(2, 2));
    println!("loss with 2 bits: for each token {token:.3}, for each channel {channel:.3}");
    assert!(token > channel + 1.5);
}

#[test]
fn a_way_to_attend_that_does_not_fit_is_an_error() {
    let refused = MODEL.logits_by(&IDS[..3], &|_, key, _| Ok(key)).unwrap_err().to_string();
    assert!(refused.contains("the output has shape [1, 3, 3, 64]"), "{refused}");
    assert!(matches!(MODEL.logits_by(&[], &causal), Err(Error::EmptyText)));
}
