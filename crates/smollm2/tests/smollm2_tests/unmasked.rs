//! The scores before the mask, and what the mask does to the real model.

use attention::{Mask, softmax, total_variation};
use burn::tensor::Tensor;
use inputs::texts::{CAT, CAT_SAT, MYSTERY};
use smollm2::gguf::Gguf;
use smollm2::{Config, Decoder, locate};

use crate::real_model::MODEL;

fn ids(text: &str) -> Vec<u32> {
    MODEL.tokenizer().encode(text).unwrap()
}

/// `[heads, seq, seq]` as `[head][query][key]`.
fn nested(tensor: &Tensor<3>) -> Vec<Vec<Vec<f32>>> {
    let [_, rows, columns] = tensor.dims();
    let numbers: Vec<f32> = tensor.to_data().iter().collect();
    let head = |head: &[f32]| head.chunks(columns).map(<[f32]>::to_vec).collect();
    numbers.chunks(rows * columns).map(head).collect()
}

/// A row of weights and a place, turned by `position` as interleaved rotary pairs.
fn rotated(vector: &[f64], position: usize, base: f64) -> Vec<f64> {
    let half = vector.len() / 2;
    let pair = |i: usize| {
        let angle = position as f64 * base.powf(-(i as f64) / half as f64);
        let (x, y) = (vector[2 * i], vector[2 * i + 1]);
        [x * angle.cos() - y * angle.sin(), x * angle.sin() + y * angle.cos()]
    };
    (0..half).flat_map(pair).collect()
}

/// The first layer by hand, in f64, from the weights in the file: above the diagonal too.
#[test]
fn the_first_layers_scores_are_those_of_the_formula() {
    let bytes = std::fs::read(locate().unwrap()).unwrap();
    let file = Gguf::parse(&bytes).unwrap();
    let &Config { d_model, heads, kv_heads, head_dim, rope_base, rms_epsilon, vocabulary, .. } =
        MODEL.config();
    let numbers = |name: &str, rows: usize| -> Vec<f64> {
        let numbers = file.numbers(name, &[d_model, rows]).unwrap();
        numbers.into_iter().map(f64::from).collect()
    };
    let embedding = numbers("token_embd.weight", vocabulary);
    let norm = file.numbers("blk.0.attn_norm.weight", &[d_model]).unwrap();
    let query = numbers("blk.0.attn_q.weight", heads * head_dim);
    let key = numbers("blk.0.attn_k.weight", kv_heads * head_dim);

    let ids = ids(CAT_SAT);
    let normed: Vec<Vec<f64>> = ids
        .iter()
        .map(|&id| {
            let x = &embedding[id as usize * d_model..][..d_model];
            let mean = x.iter().map(|x| x * x).sum::<f64>() / d_model as f64;
            let scale = (mean + f64::from(rms_epsilon)).sqrt();
            x.iter().zip(&norm).map(|(x, weight)| x / scale * f64::from(*weight)).collect()
        })
        .collect();
    let project = |weights: &[f64], head: usize, place: usize| {
        let row = |out: usize| {
            let weights = &weights[(head * head_dim + out) * d_model..][..d_model];
            weights.iter().zip(&normed[place]).map(|(weight, x)| weight * x).sum()
        };
        let vector: Vec<f64> = (0..head_dim).map(row).collect();
        rotated(&vector, place, f64::from(rope_base))
    };
    let found = nested(&MODEL.unmasked_scores(&ids).unwrap()[0]);
    let mut largest = 0.0_f64;
    for (head, rows) in found.iter().enumerate() {
        for (i, row) in rows.iter().enumerate() {
            for (j, score) in row.iter().enumerate() {
                let (q, k) = (project(&query, head, i), project(&key, head * kv_heads / heads, j));
                let dot: f64 = q.iter().zip(&k).map(|(q, k)| q * k).sum();
                let expected = dot / (head_dim as f64).sqrt();
                largest = largest.max((f64::from(*score) - expected).abs());
            }
        }
    }
    println!("largest error of a score: {largest:.1e}");
    assert!(largest <= 1e-3, "{largest}");
}

#[test]
fn up_to_the_diagonal_they_are_the_models_scores() {
    let forward = MODEL.run(CAT).unwrap();
    let mut largest = 0.0_f32;
    for (open, masked) in MODEL.unmasked_scores(&ids(CAT)).unwrap().iter().zip(&forward.scores) {
        for (open, masked) in open.to_data().iter::<f32>().zip(masked.to_data().iter::<f32>()) {
            assert!(open.is_finite());
            if masked.is_finite() {
                largest = largest.max((open - masked).abs());
            }
        }
    }
    println!("largest difference: {largest:.1e}");
    assert!(largest <= 1e-5, "{largest}");
    assert!(MODEL.unmasked_scores(&[]).is_err() && MODEL.unmasked_scores(&[u32::MAX]).is_err());
}

#[test]
fn a_score_and_its_mirror_image_differ() {
    // claim: scores-are-not-symmetric
    let scores = &nested(&MODEL.unmasked_scores(&ids(CAT_SAT)).unwrap()[13])[8];
    let (there, back) = (scores[2][1], scores[1][2]);
    println!("sat to cat {there:.2}, cat to sat {back:.2}");
    assert!(there > 4.5 && back < 0.0, "{there} {back}");
}

#[test]
fn scores_of_two_rows_do_not_compare() {
    // claim: a-higher-score-may-be-a-lower-share
    let forward = MODEL.run(CAT_SAT).unwrap();
    let (scores, weights) = (&nested(&forward.scores[13])[8], &nested(&forward.weights[13])[8]);
    println!("the: {} {}, mat: {} {}", scores[4][0], weights[4][0], scores[5][0], weights[5][0]);
    assert!(scores[4][0] > scores[5][0]);
    assert!(weights[4][0] < weights[5][0] - 0.4);
}

#[test]
fn one_column_takes_more_than_half_of_a_matrix() {
    // claim: one-column-may-take-most
    let weights = &nested(&MODEL.run(CAT_SAT).unwrap().weights[13])[8];
    let cat: f32 = weights.iter().map(|row| row[1]).sum();
    let all: f32 = weights.iter().flatten().sum();
    println!("{cat:.2} of {all:.2}");
    assert!(cat > all / 2.0);
}

/// How far the mask moves each row, `[head][row]` over all heads.
fn moved() -> Vec<Vec<f32>> {
    let mut moved = Vec::new();
    for open in MODEL.unmasked_scores(&ids(CAT)).unwrap() {
        let seq = open.dims()[1];
        let hidden = Mask::Causal.hidden(seq, seq, &open.device()).unwrap();
        let masked = open.clone().mask_fill(hidden.unsqueeze::<3>(), f32::NEG_INFINITY);
        let open = softmax(open, 2);
        let far = total_variation(open.clone(), softmax(masked, 2), 2).unwrap();
        for (open, far) in nested(&open).iter().zip(nested(&far)) {
            for (row, (weights, far)) in open.iter().zip(&far).enumerate() {
                let future: f32 = weights[row + 1..].iter().sum();
                assert!((future - far[0]).abs() <= 1e-5, "a row moves by what it loses");
            }
            moved.push(far.concat());
        }
    }
    moved
}

#[test]
fn early_rows_move_most_in_the_mean_and_in_few_heads_step_by_step() {
    let moved = moved();
    // claim: early-rows-move-most-in-the-mean
    let mean: Vec<f32> = (0..moved[0].len())
        .map(|row| moved.iter().map(|rows| rows[row]).sum::<f32>() / moved.len() as f32)
        .collect();
    println!("{mean:.3?}");
    assert!(mean[0] > 2.0 * mean[1] && mean[1] > 2.0 * mean[4] && mean[4] > mean[8]);
    assert_eq!(mean[9], 0.0);
    // claim: few-heads-fall-row-by-row
    let falling =
        moved.iter().filter(|rows| rows.windows(2).all(|pair| pair[0] >= pair[1])).count();
    println!("{falling} of {} heads fall row by row", moved.len());
    assert_eq!(falling, 2);
    let total = |rows: &Vec<f32>| rows.iter().sum::<f32>();
    let most = (0..moved.len()).max_by(|&a, &b| total(&moved[a]).total_cmp(&total(&moved[b])));
    assert_eq!(most, Some(22 * 9 + 8), "the widget says which head moves most");
}

#[test]
fn a_text_read_one_by_one_gives_the_numbers_of_one_pass() {
    // claim: one-by-one-equals-at-once
    let ids = ids(CAT);
    let whole = MODEL.run_tokens(&ids).unwrap();
    let mut decoder = Decoder::new(&MODEL);
    let (mut weights, mut logits) = (0.0_f32, 0.0_f32);
    for (last, &id) in ids.iter().enumerate() {
        let start = MODEL.run_tokens(&ids[..=last]).unwrap();
        for (one, other) in start.weights.iter().zip(&whole.weights) {
            let row = |tensor: &Tensor<3>| tensor.clone().narrow(1, last, 1).narrow(2, 0, last + 1);
            weights = weights.max((row(one) - row(other)).abs().max().into_scalar());
        }
        let alone = decoder.read(&[id]).unwrap();
        let pairs = alone.iter().zip(&start.logits);
        logits = pairs.map(|(one, other)| (one - other).abs()).fold(logits, f32::max);
    }
    println!("weights differ by {weights:.1e}, logits by {logits:.1e}");
    // The book shows how far they differ, in one digit: here is ten times that, for other processors.
    assert!(weights <= 3e-5 && logits <= 8e-4, "{weights} {logits}");
}

#[test]
fn another_ending_changes_nothing_before_it() {
    // claim: a-later-word-changes-no-earlier-row
    let [one, other] = MYSTERY.map(|text| MODEL.run(text).unwrap().weights);
    let mut largest = 0.0_f32;
    for (one, other) in one.iter().zip(&other) {
        let [one, other] = [one, other].map(|it| it.clone().narrow(1, 0, 3).narrow(2, 0, 3));
        largest = largest.max((one - other).abs().max().into_scalar());
    }
    println!("largest difference {largest:.1e}");
    assert!(largest <= 1e-5, "{largest}");
}
