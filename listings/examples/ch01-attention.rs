//! Chapter 1: one listener at a party, three conversations.
//!
//! Watch how the scores become shares that sum to one, and how the output leans towards the
//! conversation that gets the largest share.

use anyhow::Result;
use attention::{Mask, scaled_dot_product_attention};
use burn::tensor::{Device, Tensor};
use listings::terminal::{print, share};

const CONVERSATIONS: [&str; 3] = ["work", "football", "your trip"];

fn main() -> Result<()> {
    // ANCHOR: party
    let device = Device::flex();
    // [batch, heads, seq, head_dim]: the listener cares a little about the first topic and
    // much about the second.
    let query = Tensor::<4>::from_data([[[[0.5_f32, 2.0]]]], &device);
    // What each conversation is about.
    let key = Tensor::<4>::from_data([[[[2.0_f32, 0.0], [0.0, 0.9], [0.5, 2.0]]]], &device);
    // What each conversation says.
    let value = Tensor::<4>::from_data([[[[1.0_f32, 0.0], [0.0, 1.0], [5.0, 3.0]]]], &device);

    let attention = scaled_dot_product_attention(query, key, value, Mask::Full)?;
    // ANCHOR_END: party

    let scores: Vec<f32> = attention.scores.into_data().iter().collect();
    let weights: Vec<f32> = attention.weights.into_data().iter().collect();
    let output: Vec<f32> = attention.output.into_data().iter().collect();
    let mut text = format!("{:<12}{:>6}{:>8}\n", "", "score", "share");
    for ((name, score), weight) in CONVERSATIONS.iter().zip(scores).zip(&weights) {
        text += &format!("{name:<12}{score:>6.2}{:>8}\n", share(*weight));
    }
    text += &format!("{:<12}{:>14}\n", "sum", share(weights.iter().sum()));
    text += &format!("output      [{:.2}, {:.2}]\n", output[0], output[1]);
    print(&text)?;
    Ok(())
}
