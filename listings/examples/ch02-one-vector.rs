//! Chapter 2: what if a token had one vector, and not three?
//!
//! Watch two things. With one vector the score of a pair is the same both ways. And most words
//! score themselves highest, for nothing points more the way of a vector than the vector itself.

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use inputs::projections::{W_K, W_Q, WORDS, X};
use listings::terminal::print;

fn main() -> Result<()> {
    let device = Device::flex();
    // As in ch02-stepper: `[seq, d_model]`, and twice `[d_model, head_dim]`.
    let [x, w_q, w_k] = [Tensor::<2>::from_data(X, &device), tensor(W_Q), tensor(W_K)];

    // ANCHOR: two-ways
    // One vector: a token asks with what it is, and answers with what it is.
    let one = x.clone().matmul(x.clone().transpose());
    // Two roles: it asks with a query and answers with a key.
    let two = x.clone().matmul(w_q).matmul(x.matmul(w_k).transpose());
    // ANCHOR_END: two-ways

    let text = table("one vector: X X^T", one) + "\n" + &table("two roles: Q K^T", two);
    print(&text)?;
    Ok(())
}

fn tensor(rows: [[f32; 2]; 3]) -> Tensor<2> {
    Tensor::from_data(rows, &Device::flex())
}

/// The scores, a row for each word that asks, and what they say.
fn table(name: &str, scores: Tensor<2>) -> String {
    let numbers: Vec<f32> = scores.into_data().iter().collect();
    let rows: Vec<&[f32]> = numbers.chunks(WORDS.len()).collect();
    let heading: String = WORDS.iter().map(|word| format!("{word:>8}")).collect();
    let mut text = format!("{name}\n{:>6}{heading}\n", "");
    for (word, row) in WORDS.iter().zip(&rows) {
        let row: String = row.iter().map(|number| format!("{number:>8.3}")).collect();
        text += &format!("{word:>6}{row}\n");
    }
    let apart = |i: usize, j: usize| (rows[i][j] - rows[j][i]).abs();
    let largest = (0..4).flat_map(|i| (0..i).map(move |j| apart(i, j))).fold(0.0, f32::max);
    let itself = |i: &usize| rows[*i].iter().all(|score| *score <= rows[*i][*i]);
    let fond = (0..4).filter(itself).count();
    text += &format!("a pair differs both ways by up to {largest:.3}\n");
    text + &format!("words that score themselves highest: {fond} of {}\n", WORDS.len())
}
