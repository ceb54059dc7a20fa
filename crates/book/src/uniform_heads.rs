//! The heads of the translator's cross-attention: what changes when one is made uniform, and how
//! sharp each looks.

use std::sync::OnceLock;

use anyhow::Result;
use burn::tensor::Device;
use inputs::translation::CAT;
use translator::{Corpus, Pair, Translator};

/// A head of the cross-attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct UniformHead {
    /// Its layer.
    pub(crate) layer: usize,
    /// Its place in the layer.
    pub(crate) head: usize,
    /// How many held-out translations are wrong when this head alone is uniform, and are right
    /// otherwise.
    pub(crate) changed: usize,
    /// The mean, over the rows of the sentence about the dog, of the largest weight.
    pub(crate) sharpness: f32,
}

/// What was measured once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    /// How many held-out translations are right.
    pub(crate) right: usize,
    /// Every head, layer by layer.
    pub(crate) heads: Vec<UniformHead>,
}

/// How many of the held-out sentences a model translates exactly.
///
/// # Errors
/// When it cannot run.
pub(crate) fn right(model: &Translator, corpus: &Corpus) -> Result<usize> {
    let pairs: Vec<&Pair> = corpus.held_out.iter().collect();
    Ok(model.agrees(&pairs)?.into_iter().filter(|right| *right).count())
}

/// Makes each head uniform, one after the other. It takes a second, and is done once.
///
/// # Errors
/// When the model cannot run.
pub(crate) fn measured() -> Result<&'static Measured> {
    static MEASURED: OnceLock<Measured> = OnceLock::new();
    if let Some(measured) = MEASURED.get() {
        return Ok(measured);
    }
    let measured = measure()?;
    Ok(MEASURED.get_or_init(|| measured))
}

fn measure() -> Result<Measured> {
    let (model, corpus) = (Translator::of_the_book(&Device::flex()), Corpus::of_the_book());
    let all = right(&model, &corpus)?;
    let weights = model.translate(&Pair::read(CAT)?.french)?.weights;
    let mut heads = Vec::new();
    for (layer, weights) in weights.iter().enumerate() {
        for (head, rows) in weights.iter().enumerate() {
            let largest = |row: &Vec<f32>| row.iter().copied().fold(0.0, f32::max);
            let sharpness = rows.iter().map(largest).sum::<f32>() / rows.len() as f32;
            let changed = all - right(&model.clone().with_uniform_head(layer, head), &corpus)?;
            heads.push(UniformHead { layer, head, changed, sharpness });
        }
    }
    Ok(Measured { right: all, heads })
}
