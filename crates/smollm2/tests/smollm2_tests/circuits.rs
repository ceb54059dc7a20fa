//! The two circuits of a head, and what stands between them and a score: with plain loops in f64,
//! from the bytes of the file.

use std::fs;

use inputs::heads::NOUN;
use inputs::texts::CAT;
use smollm2::gguf::Gguf;
use smollm2::quant::Storage;
use smollm2::{Tokenizer, locate};

use crate::real_model::MODEL;

const WIDTH: usize = 576;
const DIM: usize = 64;

type Rows = Vec<Vec<f64>>;

fn bytes() -> Vec<u8> {
    fs::read(locate().unwrap_or_else(|error| panic!("{error}"))).unwrap()
}

/// The columns of a head's part of a matrix, each as long as the model is wide.
fn strip(file: &Gguf<'_>, layer: usize, part: &str, head: usize) -> Rows {
    let name = format!("blk.{layer}.attn_{part}.weight");
    let [_, outputs] = file.tensor(&name).unwrap().shape[..] else { panic!("a matrix") };
    let numbers = file.numbers(&name, &[WIDTH, outputs as usize]).unwrap();
    let at = |column: usize, row: usize| match part {
        "output" => f64::from(numbers[row * WIDTH + head * DIM + column]),
        _ => f64::from(numbers[(head * DIM + column) * WIDTH + row]),
    };
    (0..DIM).map(|column| (0..WIDTH).map(|row| at(column, row)).collect()).collect()
}

/// The sum of `left[c] right[c]ᵀ`.
fn product(left: &Rows, right: &Rows) -> Rows {
    let mut sum = vec![vec![0.0; WIDTH]; WIDTH];
    for (column, other) in left.iter().zip(right) {
        for (row, a) in sum.iter_mut().zip(column) {
            for (cell, b) in row.iter_mut().zip(other) {
                *cell += a * b;
            }
        }
    }
    sum
}

/// By elimination: how many pivots are more than rounding.
fn rank(mut rows: Rows) -> usize {
    let mut first = 0.0;
    for found in 0..rows.len() {
        let cells = (found..rows.len()).flat_map(|row| (0..WIDTH).map(move |column| (row, column)));
        let (row, column) =
            cells.max_by(|a, b| rows[a.0][a.1].abs().total_cmp(&rows[b.0][b.1].abs())).unwrap();
        rows.swap(found, row);
        let pivot = rows[found].clone();
        first = if found == 0 { pivot[column].abs() } else { first };
        if pivot[column].abs() <= 1e-10 * first {
            return found;
        }
        for other in &mut rows[found + 1..] {
            let factor = other[column] / pivot[column];
            for (it, own) in other.iter_mut().zip(&pivot) {
                *it -= factor * own;
            }
        }
    }
    rows.len()
}

// claim: circuits-have-the-rank-of-the-head
#[test]
fn both_circuits_have_the_rank_of_the_head() {
    let bytes = bytes();
    let file = Gguf::parse(&bytes).unwrap();
    let (layer, head) = NOUN;
    let read = |part: &str, head: usize| strip(&file, layer, part, head);
    assert_eq!(rank(product(&read("q", head), &read("k", head / 3))), DIM);
    assert_eq!(rank(product(&read("v", head / 3), &read("output", head))), DIM);
}

// claim: distance-stands-between
#[test]
fn a_score_is_the_plain_product_at_distance_zero_and_another_one_elsewhere() {
    let bytes = bytes();
    let file = Gguf::parse(&bytes).unwrap();
    let ids = MODEL.tokenizer().encode(CAT).unwrap();
    let vocabulary = MODEL.config().vocabulary;
    let embedding = file.numbers("token_embd.weight", &[WIDTH, vocabulary]).unwrap();
    let gains = file.numbers("blk.0.attn_norm.weight", &[WIDTH]).unwrap();
    let normed: Rows = ids
        .iter()
        .map(|&id| {
            let row = &embedding[id as usize * WIDTH..][..WIDTH];
            let square = row.iter().map(|&it| f64::from(it).powi(2)).sum::<f64>() / WIDTH as f64;
            let root = (square + f64::from(MODEL.config().rms_epsilon)).sqrt();
            row.iter()
                .zip(&gains)
                .map(|(&it, &gain)| f64::from(it) / root * f64::from(gain))
                .collect()
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    for head in [0, 4, 8] {
        let (query, key) = (strip(&file, 0, "q", head), strip(&file, 0, "k", head / 3));
        let made = |strip: &Rows, x: &[f64]| strip.iter().map(|it| dot(it, x)).collect::<Vec<_>>();
        let raw = MODEL.head(CAT, 0, head).unwrap().steps.raw_scores;
        let raw: Vec<f32> = raw.into_data().iter().collect();
        let (mut same, mut apart) = (0.0_f64, 0.0_f64);
        for (i, asks) in normed.iter().enumerate() {
            for (j, answers) in normed.iter().enumerate() {
                let plain = dot(&made(&query, asks), &made(&key, answers));
                let off = (plain - f64::from(raw[i * normed.len() + j])).abs();
                let most = if i == j { &mut same } else { &mut apart };
                *most = most.max(off);
            }
        }
        println!("head {head}: off by {same:.1e} at distance 0, by up to {apart:.1} elsewhere");
        assert!(same < 1e-2 && apart > 1.0, "{same} {apart}");
    }
}

// claim: the-file-is-quantised
#[test]
fn most_weights_have_four_bits_and_the_embeddings_eight() {
    let bytes = bytes();
    let file = Gguf::parse(&bytes).unwrap();
    let (mut four, mut all) = (0, 0);
    for name in file.tensor_names() {
        let tensor = file.tensor(name).unwrap();
        let numbers = tensor.shape.iter().product::<u64>();
        all += numbers;
        if tensor.storage == Storage::Q4_1 {
            four += numbers;
        }
        if name.starts_with("blk.") && tensor.shape.len() == 2 {
            assert_eq!(tensor.storage, Storage::Q4_1, "{name}");
        }
    }
    assert_eq!(file.tensor("token_embd.weight").unwrap().storage, Storage::Q8_0);
    assert!(2 * four > all, "{four} of {all}");
}

// claim: tokens-carry-their-space
#[test]
fn a_token_carries_its_space() {
    let bytes = bytes();
    let tokenizer = Tokenizer::read(&Gguf::parse(&bytes).unwrap()).unwrap();
    let [inside, alone] = [" cat", "cat"].map(|text| tokenizer.encode(text).unwrap());
    assert_eq!([inside.len(), alone.len()], [1, 1]);
    assert_ne!(inside, alone);
    let sentence = tokenizer.encode("The cat").unwrap();
    assert_eq!(sentence[1..], inside);
}
