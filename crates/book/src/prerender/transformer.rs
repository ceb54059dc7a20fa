//! The running picture of the transformer: the large one of the introduction, and what the small
//! one of each chapter is drawn from.

use anyhow::{Context, Result};
use attention::presets::preset;
use inputs::{heads, texts};
use smollm2::Config;
use widgets::Machine;
use widgets::next_token::NextToken;
use widgets::show::word;
use widgets::transformer::{Map, Outline, Setup, Shape, Transformer, without_model};

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::{next_token, sentences};

/// The text that runs through the model, as the gallery and the prompts call it.
const TEXT: &str = "capital";

/// How many of the likeliest next tokens are shown.
const NEXT: usize = 5;

/// The large picture. Without the model: a word on what is missing.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    match model {
        Some(model) => Prerendered::live::<Transformer>(setup(model)?, &[]),
        None => {
            let missing =
                "The picture is missing: this book was built without the model's weights.";
            Ok(Prerendered::still(Transformer::NAME, without_model(missing)))
        }
    }
}

/// What the small pictures are drawn from. Without the weights the model's sizes are known.
///
/// # Errors
/// When the model cannot run.
pub(crate) fn outline(model: Option<&MemoisedModel>) -> Result<Outline> {
    if let Some(model) = model {
        return Ok((&setup(model)?).into());
    }
    let shape = preset("SmolLM2-135M").context("no SmolLM2-135M in the presets")?.shape;
    let last = texts::CAPITAL.rsplit(' ').next().unwrap_or_default();
    Ok(Outline {
        layers: usize::try_from(shape.layers)?,
        heads: usize::try_from(shape.heads)?,
        word: word(last),
        row: Vec::new(),
        next: Vec::new(),
    })
}

fn setup(model: &MemoisedModel) -> Result<Setup> {
    let read = sentences::read(model, TEXT)?.packed;
    let ids = model.encode(&read.text)?;
    let (layer, head) = heads::NOUN;
    let weights = read.weights(layer, head);
    Ok(Setup {
        model: "SmolLM2".to_owned(),
        shape: shape(model.config()),
        tokens: read.tokens.into_iter().zip(ids).collect(),
        map: Map { layer, head, weights },
        next: likeliest(&next_token::ask(model, TEXT)?),
    })
}

fn shape(config: &Config) -> Shape {
    let Config { layers, heads, kv_heads, d_model, head_dim, d_ff, vocabulary, .. } = *config;
    Shape { layers, heads, kv_heads, head_dim, d_model, d_ff, vocabulary }
}

/// The likeliest tokens with their shares of all.
fn likeliest(asked: &NextToken) -> Vec<(String, f32)> {
    let largest = asked.logits.first().copied().unwrap_or(0.0);
    let power = |logit: &f32| f64::from(logit - largest).exp();
    let all: f64 = asked.logits.iter().map(power).sum();
    let shares = asked.logits.iter().map(|logit| (power(logit) / all) as f32);
    asked.named.iter().cloned().zip(shares).take(NEXT).collect()
}
