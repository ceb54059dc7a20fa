//! Chapter 7: sources of different lengths in one batch.
//!
//! A batch is a block, so the shorter text is filled up with padding. Watch the column of the
//! padding: nobody looks at it, and the output is that of the short text alone. Then tell the layer
//! a wrong length, and the padding is read as if it were text. The vectors are made up.

use anyhow::Result;
use attention::{MultiHeadAttention, cross_attention};
use burn::tensor::{Device, Tensor};
use clap::Parser;
use listings::terminal::{print, share};

/// Two French texts in one batch, the first one padded. All vectors are made up.
#[derive(Parser)]
struct Options {
    /// How many words of each source are text
    #[arg(long, num_args = 2, default_values_t = [2, 4])]
    lengths: Vec<usize>,
}

const FRENCH: [[&str; 4]; 2] = [["le", "chat", "(pad)", "(pad)"], ["le", "chat", "noir", "dort"]];

fn main() -> Result<()> {
    let options = Options::parse();
    let device = Device::flex();
    // ANCHOR: batch
    // [batch, seq_k, d_source]: article, animal, colour, action. Padding may be any finite number.
    let source = Tensor::<3>::from_data(
        [
            [[1.0_f32, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.8; 4], [0.8; 4]],
            [
                [1.0, 0.0, 0.0, 0.0],
                [0.0, 1.0, 0.0, 0.0],
                [0.0, 0.0, 1.0, 0.0],
                [0.0, 0.0, 0.0, 1.0],
            ],
        ],
        &device,
    );
    // [batch, seq_q, d_target]: "cat" asks in both texts.
    let target = Tensor::<3>::from_data([[[0.0_f32, 1.0, 0.0, 0.1]]; 2], &device);

    let same = Tensor::<2>::eye(4, &device);
    let layer = MultiHeadAttention::new(same.clone() * 4.6, same.clone(), same.clone(), same, 1)?;
    let steps = cross_attention(&layer, target.clone(), source.clone(), &options.lengths)?;
    // ANCHOR_END: batch

    let weights: Vec<f32> = steps.heads.weights.into_data().iter().collect();
    let mut text = format!("lengths {:?}\n", options.lengths);
    for (words, row) in FRENCH.iter().zip(weights.chunks(4)) {
        text += &format!("cat -> {}\n", line(words.iter().zip(row)));
    }
    // ANCHOR: alone
    // The first text without its padding.
    let alone = cross_attention(
        &layer,
        target.narrow(0, 0, 1),
        source.narrow(0, 0, 1).narrow(1, 0, 2),
        &[2],
    )?;
    // ANCHOR_END: alone
    text += "\noutput for \"le chat\"\n";
    text += &format!("in the batch  {}\n", numbers(steps.output.narrow(0, 0, 1)));
    text += &format!("alone         {}\n", numbers(alone.output));
    print(&text)?;
    Ok(())
}

fn line<'a>(row: impl Iterator<Item = (&'a &'a str, &'a f32)>) -> String {
    let cells = row.map(|(word, weight)| format!("{word:>6} {}", share(*weight)));
    cells.collect::<Vec<_>>().join(" ")
}

fn numbers(x: Tensor<3>) -> String {
    x.into_data().iter::<f32>().map(|number| format!("{number:>6.2}")).collect()
}
