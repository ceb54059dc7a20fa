//! What chapter 5 says of the heads of SmolLM2, each claim on more than one text where it speaks of
//! more than one.

use crate::common::Random;
use crate::real_model::MODEL;
use attention::detectors::Pattern;
use inputs::texts::{BAKER, KEYS};
use inputs::tokens::{COUNT, STRIDE, spaced_twice};
use smollm2::Forward;

/// Twenty tokens, so far apart in the vocabulary, and the same again.
fn twice(stride: u32) -> Vec<u32> {
    spaced_twice(COUNT, stride)
}

/// The book's, and two others.
const STRIDES: [u32; 3] = [STRIDE, 1999, 1777];

fn pattern(forward: &Forward, layer: usize, head: usize) -> Pattern {
    Pattern::new(forward.weights[layer].clone().narrow(0, head, 1).squeeze_dim(0)).unwrap()
}

fn prefix(forward: &Forward, layer: usize, head: usize) -> f64 {
    let ids: Vec<u32> = forward.tokens.iter().map(|token| token.id).collect();
    pattern(forward, layer, head).prefix_matching(&ids).unwrap()
}

/// The mean surprise of the tokens that come a second time, without some heads.
fn cost(tokens: &[u32], silenced: &[(usize, usize)]) -> f64 {
    let surprise = MODEL.without(silenced).unwrap().surprise(tokens).unwrap();
    let again = &surprise[tokens.len() / 2..];
    again.iter().sum::<f64>() / again.len() as f64
}

// claim: previous-token-head-matters
#[test]
fn induction_needs_the_head_that_looks_one_token_back() {
    for stride in STRIDES {
        let tokens = twice(stride);
        let (whole, previous, induction) =
            (cost(&tokens, &[]), cost(&tokens, &[(16, 0)]), cost(&tokens, &[(18, 6)]));
        println!("stride {stride}: {whole:.2}; without 16.0 {previous:.2}, 18.6 {induction:.2}");
        assert!(previous > whole + 3.0, "stride {stride}");
        assert!(induction > whole + 0.5 && induction < previous - 1.0, "stride {stride}");
    }
}

// claim: looking-is-not-mattering
// claim: induction-heads-stand-in
#[test]
fn some_heads_with_high_scores_are_not_missed() {
    for stride in STRIDES {
        let tokens = twice(stride);
        let forward = MODEL.run_tokens(&tokens).unwrap();
        assert!(pattern(&forward, 11, 1).previous_token().unwrap() >= 0.75);
        assert!(prefix(&forward, 17, 4) > prefix(&forward, 17, 3));
        let whole = cost(&tokens, &[]);
        let [previous, second, third] =
            [(11, 1), (17, 4), (17, 3)].map(|head| cost(&tokens, &[head]) - whole);
        println!("stride {stride}: 11.1 {previous:+.2}, 17.4 {second:+.2}, 17.3 {third:+.2}");
        assert!(previous < 0.3 && second < 0.3 && third > 0.5, "stride {stride}");
        // Together the three induction heads cost more than each alone.
        let all = cost(&tokens, &[(17, 3), (17, 4), (18, 6)]) - whole;
        assert!(all > third + second + cost(&tokens, &[(18, 6)]) - whole, "stride {stride}: {all}");
    }
}

// claim: subject-head
#[test]
fn the_head_of_the_pronoun_also_finds_a_subject() {
    let forward = MODEL.run(KEYS).unwrap();
    let (are, keys) = (7, 1);
    assert_eq!((&*forward.tokens[are].text, &*forward.tokens[keys].text), (" are", " keys"));
    let weight = forward.weight(13, 8, are, keys).unwrap();
    println!("are -> keys {weight:.3}");
    let weights = &forward.attention()[13][8][are];
    assert!(weights.iter().all(|other| *other <= weight), "{weights:?}");
    assert!(weight > 0.4, "{weight}");
}

// claim: score-belongs-to-text
#[test]
fn another_head_leads_on_another_text() {
    let baker = MODEL.run(BAKER).unwrap();
    let senseless = MODEL.run_tokens(&twice(STRIDE)).unwrap();
    for (forward, best) in [(&baker, (17, 5)), (&senseless, (18, 6))] {
        let leading = prefix(forward, best.0, best.1);
        for layer in 0..MODEL.config().layers {
            for head in (0..MODEL.config().heads).filter(|head| (layer, *head) != best) {
                assert!(prefix(forward, layer, head) < leading, "{layer}.{head} leads");
            }
        }
    }
    assert!(prefix(&baker, 18, 6) < 0.5 * prefix(&baker, 17, 5));
}

// claim: second-induction-head
#[test]
fn which_head_comes_second_changes_with_the_tokens() {
    let leads = |seed: &u64| {
        let mut random = Random(*seed);
        let mut once: Vec<u32> = Vec::new();
        while once.len() < 20 {
            // Ids below 17 are not text.
            let id = 17 + random.below(49_152 - 17) as u32;
            if !once.contains(&id) {
                once.push(id);
            }
        }
        let forward = MODEL.run_tokens(&once.repeat(2)).unwrap();
        prefix(&forward, 17, 3) > prefix(&forward, 17, 4)
    };
    let third_leads = (1..=8).filter(leads).count();
    println!("layer 17: head 3 above head 4 on {third_leads} of 8 texts");
    assert!((2..=6).contains(&third_leads));
}
