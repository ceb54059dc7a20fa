//! The forward pass against an independent one.
//!
//! `tests/oracle/*.safetensors` hold what a forward pass written in numpy computed from the same
//! weights file: `token_ids`, `attention` `[layers, heads, seq_q, seq_k]` and `last_logits`.

use std::fs;
use std::path::Path;

use inputs::texts::{CAPITAL, CAT, TROPHY_BIG as TROPHY};
use safetensors::SafeTensors;
use smollm2::{Error, Forward, LONGEST};

use crate::real_model::MODEL;

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect()
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn flat(forward: &Forward) -> Vec<f32> {
    forward.attention().concat().concat().concat()
}

fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(name);
    let bytes = fs::read(path).unwrap();
    let oracle = SafeTensors::deserialize(&bytes).unwrap();
    let part = |part: &str| oracle.tensor(part).unwrap();

    let forward = MODEL.run(text).unwrap();
    let ids: Vec<i64> = forward.tokens.iter().map(|token| token.id.into()).collect();
    let expected_ids = part("token_ids").data().as_chunks().0;
    assert_eq!(ids, expected_ids.iter().map(|&id| i64::from_le_bytes(id)).collect::<Vec<_>>());

    let seq = ids.len();
    assert_eq!(part("attention").shape(), [30, 9, seq, seq]);
    let attention_error = largest_difference(&flat(&forward), &floats(part("attention").data()));

    let expected = floats(part("last_logits").data());
    let lowest = expected.iter().copied().fold(f32::INFINITY, f32::min);
    let highest = expected.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let logit_error = largest_difference(&forward.logits, &expected) / (highest - lowest);

    println!(
        "{name}: largest error of attention {attention_error:.2e}, \
         of logits {logit_error:.2e} of their range"
    );
    assert!(attention_error <= 1e-4, "{attention_error}");
    assert!(logit_error <= 1e-3, "{logit_error}");
}

#[test]
fn the_cat_matches() {
    compare("cat.safetensors", CAT);
}

#[test]
fn the_trophy_matches() {
    compare("trophy.safetensors", TROPHY);
}

#[test]
fn the_capital_matches() {
    compare("capital.safetensors", CAPITAL);
}

#[test]
fn it_looks_back_at_the_cat() {
    let forward = MODEL.run(CAT).unwrap();
    let (it, cat, mat) = (7, 1, 5);
    assert_eq!(forward.tokens[it].text, " it");
    assert_eq!(forward.tokens[cat].text, " cat");
    assert_eq!(forward.tokens[mat].text, " mat");
    for (layer, head, key, expected) in [
        (13, 8, cat, 0.80),
        (13, 8, mat, 0.05),
        (3, 8, cat, 0.49),
        (9, 2, cat, 0.45),
        (16, 5, cat, 0.43),
    ] {
        let weight = forward.weight(layer, head, it, key).unwrap();
        assert!((weight - expected).abs() <= 0.005, "layer {layer} head {head}: {weight}");
        assert_eq!(weight, forward.attention()[layer][head][it][key]);
    }
}

#[test]
fn it_looks_back_at_the_trophy() {
    let forward = MODEL.run(TROPHY).unwrap();
    let (it, trophy, suit) = (10, 1, 7);
    assert_eq!(forward.tokens[it].text, " it");
    assert_eq!(forward.tokens[suit].text, " suit");
    for (layer, head, key, expected) in
        [(16, 3, trophy, 0.56), (13, 8, trophy, 0.51), (13, 8, suit, 0.09)]
    {
        let weight = forward.weight(layer, head, it, key).unwrap();
        assert!((weight - expected).abs() <= 0.005, "layer {layer} head {head}: {weight}");
    }
}

/// Of twenty random tokens said twice, the second saying looks at what came after the first.
#[test]
fn heads_named_for_induction_do_it() {
    const LENGTH: usize = 20;
    // A linear congruential generator, so that the tokens are the same on each run.
    let mut state: u64 = 135;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1000 + (state >> 33) as u32 % 40_000
    };
    let once: Vec<u32> = (0..LENGTH).map(|_| random()).collect();
    let forward = MODEL.run_tokens(&[once.clone(), once].concat()).unwrap();
    let attention = forward.attention();
    let mean = |layer: usize, head: usize, back: usize, from: usize| {
        let rows = from..2 * LENGTH;
        let count = rows.len() as f32;
        rows.map(|query| attention[layer][head][query][query - back]).sum::<f32>() / count
    };
    for (layer, head, name, back, from) in [
        (18, 6, "induction", LENGTH - 1, LENGTH),
        (17, 4, "induction", LENGTH - 1, LENGTH),
        (16, 0, "previous token", 1, 1),
        (11, 1, "previous token", 1, 1),
    ] {
        let mean = mean(layer, head, back, from);
        println!("layer {layer} head {head}, {name}: mean weight {mean:.2}");
        // Chance is below .05. Which tokens are drawn moves the mean by a tenth or so.
        assert!(mean > 0.6, "layer {layer} head {head}, {name}: {mean}");
    }
    let sink = (1..2 * LENGTH).map(|query| attention[18][8][query][0]).sum::<f32>();
    let sink = sink / (2 * LENGTH - 1) as f32;
    println!("layer 18 head 8, sink: mean weight {sink:.2}");
    assert!(sink > 0.95, "{sink}");
}

#[test]
fn paris_comes_next() {
    let forward = MODEL.run(CAPITAL).unwrap();
    let top = forward.top(5).unwrap();
    println!("{top:?}");
    assert_eq!(top.len(), 5);
    assert_eq!(top[0].token.text, " Paris");
    assert!(top.windows(2).all(|pair| pair[0].probability >= pair[1].probability));

    // Against the softmax in f64.
    let logits: Vec<f64> = forward.logits.iter().copied().map(f64::from).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    for candidate in &top {
        let expected = (logits[candidate.token.id as usize] - largest).exp() / total;
        let error = (f64::from(candidate.probability) - expected).abs();
        assert!(error < 1e-6, "{candidate:?}: {error}");
    }
    let all = forward.top(usize::MAX).unwrap();
    assert_eq!(all.len(), MODEL.config().vocabulary);
    let total: f64 = all.iter().map(|candidate| f64::from(candidate.probability)).sum();
    assert!((total - 1.0).abs() < 1e-5, "{total}");
    assert!(forward.top(0).unwrap().is_empty());
}

// claim: no-peeking
#[test]
fn weights_are_the_softmax_of_scores_and_hide_the_future() {
    let forward = MODEL.run(TROPHY).unwrap();
    let seq = forward.tokens.len();
    let mut largest_error = 0.0_f64;
    for (scores, weights) in forward.scores.iter().zip(&forward.weights) {
        assert_eq!(scores.dims(), [9, seq, seq]);
        assert_eq!(weights.dims(), [9, seq, seq]);
        let scores: Vec<f32> = scores.to_data().iter().collect();
        let weights: Vec<f32> = weights.to_data().iter().collect();
        for (row, (scores, weights)) in scores.chunks(seq).zip(weights.chunks(seq)).enumerate() {
            let query = row % seq;
            let total: f64 = scores.iter().map(|&score| f64::from(score).exp()).sum();
            for key in 0..seq {
                assert_eq!(scores[key] == f32::NEG_INFINITY, key > query);
                assert_eq!(weights[key] == 0.0, key > query);
                let expected = f64::from(scores[key]).exp() / total;
                largest_error = largest_error.max((f64::from(weights[key]) - expected).abs());
            }
        }
    }
    println!("largest error of the softmax: {largest_error:.2e}");
    assert!(largest_error < 1e-6, "{largest_error}");
}

/// A decoder never sees what comes next: the map of a text's start is the start of its map.
// claim: later-words-change-nothing
#[test]
fn what_comes_later_changes_nothing_before_it() {
    let whole = MODEL.run_tokens(&MODEL.tokenizer().encode(TROPHY).unwrap()).unwrap();
    let ids: Vec<u32> = whole.tokens.iter().map(|token| token.id).collect();
    let start = MODEL.run_tokens(&ids[..6]).unwrap();
    let (whole, start) = (whole.attention(), start.attention());
    let mut largest = 0.0_f32;
    for (layer, heads) in start.iter().enumerate() {
        for (head, rows) in heads.iter().enumerate() {
            for (query, row) in rows.iter().enumerate() {
                let error = largest_difference(row, &whole[layer][head][query][..6]);
                largest = largest.max(error);
            }
        }
    }
    println!("largest change: {largest:.2e}");
    assert!(largest < 1e-4, "{largest}");
}

#[test]
fn the_sizes_are_those_of_smollm2() {
    let config = MODEL.config();
    assert_eq!((config.layers, config.heads, config.kv_heads), (30, 9, 3));
    assert_eq!((config.d_model, config.head_dim, config.d_ff), (576, 64, 1536));
    assert_eq!((config.vocabulary, config.context), (49_152, 8192));
    assert_eq!((config.rms_epsilon, config.rope_base), (1e-5, 100_000.0));
}

#[test]
fn one_token_looks_at_itself() {
    let forward = MODEL.run("a").unwrap();
    assert_eq!(forward.tokens.len(), 1);
    assert!(flat(&forward).iter().all(|&weight| weight == 1.0));
    assert!(forward.logits.iter().all(|logit| logit.is_finite()));
}

#[test]
fn the_longest_text_runs_and_a_longer_one_is_an_error() {
    let ids = vec![1; LONGEST];
    assert_eq!(MODEL.run_tokens(&ids).unwrap().tokens.len(), LONGEST);

    let message = message(MODEL.run(&"cat ".repeat(LONGEST + 1)));
    assert!(message.contains("at most 512"), "{message}");
    assert!(message.contains("give a shorter text"), "{message}");
}

#[test]
fn no_text_and_unknown_tokens_are_errors() {
    assert!(matches!(MODEL.run(""), Err(Error::EmptyText)));
    assert!(matches!(MODEL.run_tokens(&[]), Err(Error::EmptyText)));
    let message = message(MODEL.run_tokens(&[1, 49_152]));
    assert_eq!(message, "there is no token 49152: they count from 0 and there are 49152");
}

#[test]
fn a_place_outside_the_map_is_an_error() {
    let forward = MODEL.run(CAPITAL).unwrap();
    assert!(forward.weight(29, 8, 4, 4).is_ok());
    for (place, what) in [
        ([30, 0, 0, 0], "layer 30"),
        ([0, 9, 0, 0], "head 9"),
        ([0, 0, 5, 0], "query 5"),
        ([0, 0, 0, 5], "key 5"),
    ] {
        let [layer, head, query, key] = place;
        let message = forward.weight(layer, head, query, key).unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
    }
}

fn message(result: Result<Forward, Error>) -> String {
    match result {
        Ok(_) => panic!("this should be an error"),
        Err(error) => error.to_string(),
    }
}
