//! Chapter 7: an English sentence in the making looks at the French one.
//!
//! Watch "cat" look at "chat", and the two middle words cross over: French puts the colour after
//! the animal. The vectors are made up to show how it works. No model here has learned them: the
//! book's model, SmolLM2, is a decoder alone and has no cross-attention.

use anyhow::{Context, Result};
use attention::{MultiHeadAttention, cross_attention};
use burn::tensor::{Device, Tensor, TensorData};
use clap::Parser;
use listings::terminal::{print, shaded, share};

/// A word, and how much it is an article, an animal, a colour and an action.
type Word = (&'static str, [f32; 4]);

const ENGLISH: [Word; 7] = [
    ("the", [1.0, 0.1, 0.0, 0.0]),
    ("cat", [0.0, 1.0, 0.0, 0.1]),
    ("dog", [0.1, 0.9, 0.0, 0.2]),
    ("black", [0.0, 0.1, 1.0, 0.0]),
    ("white", [0.1, 0.0, 0.9, 0.0]),
    ("sleeps", [0.0, 0.2, 0.0, 1.0]),
    ("eats", [0.0, 0.1, 0.1, 1.0]),
];
const FRENCH: [Word; 7] = [
    ("le", [1.0, 0.0, 0.0, 0.0]),
    ("chat", [0.0, 1.0, 0.0, 0.0]),
    ("chien", [0.0, 0.9, 0.0, 0.1]),
    ("noir", [0.0, 0.0, 1.0, 0.0]),
    ("blanc", [0.1, 0.0, 0.9, 0.0]),
    ("dort", [0.0, 0.0, 0.0, 1.0]),
    ("mange", [0.0, 0.0, 0.1, 0.9]),
];

/// Shows which French words each English word looks at. All vectors are made up.
#[derive(Parser)]
struct Options {
    /// The English words, which ask
    #[arg(default_value = "the black cat sleeps")]
    english: String,
    /// The French words, which answer
    #[arg(default_value = "le chat noir dort")]
    french: String,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let (english, target) = read(&options.english, "English", &ENGLISH)?;
    let (french, source) = read(&options.french, "French", &FRENCH)?;

    // ANCHOR: cross
    // One head. Only W_Q does something: it multiplies the questions, which sharpens the map.
    let same = Tensor::<2>::eye(4, &Device::flex());
    let w_q = same.clone() * 4.6;
    let layer = MultiHeadAttention::new(w_q, same.clone(), same.clone(), same, 1)?;
    // target: [1, seq_q, 4], source: [1, seq_k, 4].
    let steps = cross_attention(&layer, target, source, &[french.len()])?;
    // ANCHOR_END: cross

    let weights: Vec<f32> = steps.heads.weights.into_data().iter().collect();
    let mut text = format!("made-up vectors\n{:8}", "");
    for word in &french {
        text += &format!("{word:>7}");
    }
    text += "\n";
    for (word, row) in english.iter().zip(weights.chunks(french.len())) {
        text += &format!("{word:>8}");
        for weight in row {
            text += " ";
            text += &shaded(&format!("{:>6}", share(*weight)), *weight);
        }
        text += "\n";
    }
    print(&text)?;
    Ok(())
}

/// The words of a sentence and their vectors, `[1, seq, 4]`.
fn read<'a>(text: &'a str, language: &str, known: &[Word]) -> Result<(Vec<&'a str>, Tensor<3>)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    anyhow::ensure!(!words.is_empty(), "the {language} sentence has no words: give at least one");
    let mut numbers: Vec<f32> = Vec::new();
    for word in &words {
        let (_, vector) = known.iter().find(|(name, _)| name == word).with_context(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            format!("no {language} word `{word}` here: choose from {}", names.join(", "))
        })?;
        numbers.extend(vector);
    }
    let data = TensorData::new(numbers, [1, words.len(), 4]);
    Ok((words, Tensor::from_data(data, &Device::flex())))
}
