//! What chapter 4 says of SmolLM2: its next token under temperature and filters, and the spread
//! of its attention scores. Sums are taken here, in f64, and not by the library.

use attention::sampling::top_p;
use burn::tensor::{DType, Device, Tensor, TensorData};
use inputs::texts::{CAPITAL as SURE, CAT, CAT_SAT_ON as UNSURE};
use smollm2::Forward;

use crate::real_model::MODEL;

fn run(text: &str) -> Forward {
    MODEL.run(text).unwrap_or_else(|error| panic!("{error}"))
}

fn shares(logits: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let largest = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.map(|logit| (logit - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// How many tokens top-p keeps of the model's own distribution.
fn nucleus(forward: &Forward, p: f64) -> usize {
    let logits: Vec<f64> = forward.logits.iter().copied().map(f64::from).collect();
    let data = TensorData::new(logits, [1, forward.logits.len()]);
    let logits = Tensor::<2>::from_data(data, (&Device::flex(), DType::F64));
    let kept = top_p(logits, p).unwrap();
    kept.into_data().iter::<f64>().filter(|logit| logit.is_finite()).count()
}

#[test]
fn top_p_keeps_few_tokens_where_the_model_is_sure() {
    // claim: nucleus-follows-certainty
    let (sure, unsure) = (run(SURE), run(UNSURE));
    for p in [0.5, 0.8, 0.9, 0.95] {
        let [few, many] = [nucleus(&sure, p), nucleus(&unsure, p)];
        println!("top-p {p}: {few} tokens after `{SURE}`, {many} after `{UNSURE}`");
        assert!(10 * few <= many, "p {p}: {few} is not far below {many}");
        // The nucleus reaches p, and without its last token it would not.
        let mut sorted = shares(sure.logits.iter().copied().map(f64::from));
        sorted.sort_by(|a, b| b.total_cmp(a));
        assert!(sorted[..few].iter().sum::<f64>() >= p);
        assert!(sorted[..few - 1].iter().sum::<f64>() < p);
    }
}

#[test]
fn no_temperature_changes_the_order_of_the_next_tokens() {
    // claim: temperature-keeps-order
    for text in [SURE, UNSURE] {
        let logits = run(text).logits;
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        let data = TensorData::new(logits.clone(), [logits.len()]);
        let logits = Tensor::<1>::from_data(data, &Device::flex()).cast(DType::F64);
        for temperature in [0.1, 0.5, 2.0, 5.0] {
            let shares = attention::softmax_with_temperature(logits.clone(), temperature, 0);
            let shares: Vec<f64> = shares.unwrap().into_data().iter().collect();
            let falling = order.windows(2).all(|pair| shares[pair[0]] >= shares[pair[1]]);
            assert!(falling, "`{text}` at {temperature}: a token has overtaken another");
        }
    }
}

/// The scores of the last token in every head, scaled as the model does: `[heads][keys]`.
fn last_rows() -> Vec<Vec<f64>> {
    let forward = run(CAT);
    let seq = forward.tokens.len();
    let rows = forward.scores.into_iter().flat_map(|layer| {
        let scores: Vec<f64> = layer.into_data().iter().collect();
        let last = scores.chunks(seq).skip(seq - 1).step_by(seq).map(<[f64]>::to_vec);
        last.collect::<Vec<_>>()
    });
    rows.collect()
}

#[test]
fn trained_scores_spread_more_than_independent_ones_would() {
    // claim: real-scores-spread
    let rows = last_rows();
    assert_eq!(rows.len(), MODEL.config().layers * MODEL.config().heads);
    let variance = |row: &Vec<f64>| {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        row.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (row.len() - 1) as f64
    };
    let mean = rows.iter().map(variance).sum::<f64>() / rows.len() as f64;
    println!("the scaled scores of a row spread by {:.3}", mean.sqrt());
    assert!(mean.sqrt() > 2.0, "{}", mean.sqrt());
}

#[test]
fn without_its_scale_the_model_would_give_nearly_all_to_one_key() {
    // claim: scale-left-out
    let root = (MODEL.config().head_dim as f64).sqrt();
    let rows = last_rows();
    let largest = |factor: f64| {
        let of = |row: &Vec<f64>| {
            shares(row.iter().map(|score| score * factor)).into_iter().fold(0.0, f64::max)
        };
        rows.iter().map(of).sum::<f64>() / rows.len() as f64
    };
    let [with, without] = [largest(1.0), largest(root)];
    println!("the largest weight: {with:.3} with the scale, {without:.3} without");
    assert!(with < 0.65 && without > 0.9, "{with} and {without}");
}
