//! What chapter 8 says of SmolLM2: that tiles change nothing but rounding, in no head and not in
//! the next token, and how often a running maximum rises.

use attention::flash::{TileOptions, flash_attention};
use attention::online_softmax::OnlineSoftmax;
use burn::tensor::Tensor;
use inputs::texts::{CAPITAL, DAY};
use smollm2::{Decoder, Forward};

use crate::real_model::MODEL;

fn read() -> Forward {
    MODEL.run(DAY).unwrap()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

fn apart(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The softmax of each row from two running numbers, and for each row how often its maximum rose:
/// `[heads, seq, 1]`. The row comes by in blocks and is never held whole.
fn in_blocks(scores: &Tensor<3>, block: usize) -> (OnlineSoftmax<3>, Tensor<3>) {
    let seq = scores.dims()[2];
    let part = |start: usize| scores.clone().narrow(2, start, block.min(seq - start));
    let mut state = OnlineSoftmax::block(part(0), 2).0;
    let mut risen = state.total.zeros_like();
    for start in (block..seq).step_by(block) {
        let merged = state.merge(&OnlineSoftmax::block(part(start), 2).0);
        risen = risen + merged.largest.clone().greater(state.largest.clone()).float();
        state = merged;
    }
    (state, risen)
}

// claim: two-running-numbers-are-enough
/// All rows of all heads, in blocks of several sizes, against the weights that the model computed
/// from whole rows.
#[test]
fn running_sums_give_the_weights_of_every_head() {
    let forward = read();
    let mut largest = 0.0_f32;
    for block in [1, 4, 16, 60] {
        for (scores, weights) in forward.scores.iter().zip(&forward.weights) {
            let (state, _) = in_blocks(scores, block);
            let shares = numbers(state.shares(scores.clone()));
            largest = largest.max(apart(&shares, &numbers(weights.clone())));
        }
    }
    println!("{} layers: weights from running sums within {largest:.1e}", forward.scores.len());
    assert!(largest <= 2e-6, "{largest:e}");
}

// claim: sink-heads-never-rescale
/// In the head that looks at the first token no later tile raises a maximum. In the head that
/// looks one token back most rows of tiles do.
#[test]
fn a_sink_head_never_rescales_and_a_previous_token_head_does() {
    let forward = read();
    let risen = |layer: usize, head: usize, block: usize| {
        let scores = forward.scores[layer].clone().narrow(0, head, 1);
        numbers(in_blocks(&scores, block).1).iter().sum::<f32>()
    };
    let seq = forward.tokens.len();
    for block in [4, 16] {
        let (sink, previous, noun) =
            (risen(18, 8, block), risen(16, 0, block), risen(13, 8, block));
        println!("{seq} rows, blocks of {block}: sink {sink}, previous {previous}, noun {noun}");
        assert_eq!(sink, 0.0);
        assert!(previous > noun && noun > 0.0);
    }
}

// claim: tiles-change-rounding-only
/// Queries, keys and values of some heads, cut in several ways.
#[test]
fn tiled_heads_equal_plain_heads() {
    let mut worst = 0.0_f32;
    for (layer, head) in [(0, 0), (3, 8), (13, 8), (16, 0), (18, 8), (29, 5)] {
        let steps = MODEL.head(DAY, layer, head).unwrap().steps;
        let plain = numbers(steps.output);
        let size = plain.iter().fold(0.0_f32, |size, number| size.max(number.abs()));
        for (block_q, block_k) in [(1, 1), (4, 4), (16, 16), (10, 24), (128, 128)] {
            let tiles = TileOptions { block_q, block_k, causal: true, ..Default::default() };
            let (query, key, value) = (steps.query.clone(), steps.key.clone(), steps.value.clone());
            let flash = flash_attention(query, key, value, &tiles).unwrap();
            worst = worst.max(apart(&numbers(flash.output), &plain) / size);
        }
    }
    println!("six heads, five ways to cut: within {worst:.1e} of the largest output");
    assert!(worst <= 3e-6, "{worst:e}");
}

// claim: tiles-keep-the-next-token
/// A prompt of 64 tokens or more is read with tiled attention by a decoder, and with whole
/// matrices by `run`. The likeliest tokens come in the same order.
#[test]
fn the_next_token_is_the_same() {
    for text in [DAY.to_owned(), [DAY, DAY, CAPITAL].join(" ")] {
        let ids = MODEL.tokenizer().encode(&text).unwrap();
        assert!(ids.len() >= 64, "{}", ids.len());
        let plain = MODEL.run_tokens(&ids).unwrap().logits;
        let tiled = Decoder::new(&MODEL).read(&ids).unwrap();
        let order = |logits: &[f32]| {
            let mut order: Vec<usize> = (0..logits.len()).collect();
            order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
            order.truncate(5);
            order
        };
        let error = apart(&tiled, &plain);
        let next = MODEL.tokenizer().token(order(&tiled)[0] as u32).unwrap();
        println!("{} tokens, then `{}`: logits within {error:.1e}", ids.len(), next.text);
        assert_eq!(order(&tiled), order(&plain));
        assert!(error <= 1e-3, "{error:e}");
        assert_ne!(tiled, plain, "two ways to compute round differently");
    }
}
