//! Chapter 3: the score matrix of a real head.
//!
//! Scores are compared within a row and never between rows. Watch the two lines at the end: the
//! score of one entry may be the higher, and its weight the lower.

use anyhow::{Result, ensure};
use burn::tensor::Tensor;
use clap::Parser;
use inputs::{heads, texts};
use listings::terminal::{print, shaded, share, word};
use smollm2::Model;

/// Shows one head's scores and weights as matrices. All numbers count from 0.
#[derive(Parser)]
struct Options {
    /// The text that the model reads
    #[arg(default_value = texts::CAT_SAT)]
    text: String,
    /// The layer, 0 to 29
    #[arg(long, default_value_t = heads::NOUN.0)]
    layer: usize,
    /// The query head of the layer, 0 to 8
    #[arg(long, default_value_t = heads::NOUN.1)]
    head: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let forward = Model::open(&smollm2::locate()?)?.run(&options.text)?;
    // Asking for one weight checks the layer and the head.
    forward.weight(options.layer, options.head, 0, 0)?;
    ensure!(forward.tokens.len() <= 16, "a matrix of more than 16 tokens is too wide to print");

    // ANCHOR: matrices
    let scores = rows(&forward.scores[options.layer], options.head);
    let weights = rows(&forward.weights[options.layer], options.head);
    // ANCHOR_END: matrices

    let words: Vec<String> = forward.tokens.iter().map(|token| word(&token.text)).collect();
    let mut text = format!("layer {}, head {}\n", options.layer, options.head);
    text += &format!("{}\n", heading("scaled scores", &words));
    for (query, row) in scores.iter().enumerate() {
        let cells = row[..=query].iter().map(|score| format!("{score:>8.2}"));
        text += &format!("{:>14}{}\n", words[query], cells.collect::<String>());
    }
    text += &format!("\n{}{:>8}\n", heading("weights", &words), "sum");
    for (query, row) in weights.iter().enumerate() {
        let cells = row.iter().enumerate().map(|(key, &weight)| match key <= query {
            true => shaded(&format!("{:>8}", share(weight)), weight),
            false => " ".repeat(8),
        });
        let sum = share(row.iter().sum());
        text += &format!("{:>14}{}{sum:>8}\n", words[query], cells.collect::<String>());
    }
    print(&(text + &surprise(&words, &scores, &weights)))?;
    Ok(())
}

/// The rows of one head: `[heads, seq_q, seq_k]` to plain numbers.
fn rows(all: &Tensor<3>, head: usize) -> Vec<Vec<f32>> {
    let [_, _, seq_k] = all.dims();
    let one = all.clone().narrow(0, head, 1);
    let numbers: Vec<f32> = one.into_data().iter().collect();
    numbers.chunks(seq_k).map(<[f32]>::to_vec).collect()
}

fn heading(name: &str, words: &[String]) -> String {
    words.iter().fold(format!("{name:<14}"), |line, word| line + &format!("{word:>8}"))
}

/// Two entries of different rows, after the first row: one with the higher score, the other with
/// the higher weight. The two whose weights are furthest apart.
fn surprise(words: &[String], scores: &[Vec<f32>], weights: &[Vec<f32>]) -> String {
    let entries = || (1..words.len()).flat_map(|query| (0..=query).map(move |key| (query, key)));
    let pairs = entries().flat_map(|high| entries().map(move |low| (high, low)));
    let gain = |&((q, k), (r, j)): &((usize, usize), (usize, usize))| weights[r][j] - weights[q][k];
    let odd = pairs
        .filter(|((q, k), (r, j))| scores[*q][*k] > scores[*r][*j])
        .max_by(|left, right| gain(left).total_cmp(&gain(right)));
    let Some((high, low)) = odd.filter(|pair| gain(pair) > 0.0) else {
        return String::new();
    };
    let line = |(query, key): (usize, usize)| {
        let (score, weight) = (scores[query][key], share(weights[query][key]));
        format!("{} to {}: score {score:.2}, weight {weight}\n", words[query], words[key])
    };
    format!("\n{}{}", line(high), line(low))
}
