//! The shape of the real model.

use anyhow::{Context, Result, bail, ensure};
use attention::cost::Kind;
use attention::presets::preset;
use smollm2::Config;

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;

/// Adds the facts of the model's shape. Those in the library's table are known without the
/// weights; where the weights are there, both must agree.
///
/// # Errors
/// When the table does not have the shape of the model.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let shape = preset("SmolLM2-135M").context("no SmolLM2-135M in the presets")?.shape;
    let Kind::Grouped { kv_heads, head_dim } = shape.kind else { bail!("its heads are grouped") };
    let [layers, heads] = [shape.layers, shape.heads];
    let config = model.map(MemoisedModel::config);
    if let Some(config) = config {
        let counts =
            [config.layers, config.heads, config.kv_heads, config.head_dim, config.d_model];
        let table = [layers, heads, kv_heads, head_dim, shape.d_model];
        ensure!(
            counts.map(|count| count as u64) == table,
            "the weights have the shape {counts:?}, and the presets {table:?}"
        );
    }
    for (name, count) in [
        ("layers", layers),
        ("heads", heads),
        ("kv-heads", kv_heads),
        ("head-dim", head_dim),
        ("d-model", shape.d_model),
        ("all-heads", layers * heads),
    ] {
        let fact = Fact::count(count as usize, "the shape of SmolLM2-135M");
        facts.add(&format!("smollm2.{name}"), fact);
    }
    let source = "the metadata of the weights";
    let vocabulary = config.map(|config| Fact::count(config.vocabulary, source));
    facts.add_measured("smollm2.vocabulary", vocabulary);
    let millions = config.map(|config| {
        let parameters = parameters(config);
        let source = format!("{parameters} parameters, counted from the model's shape");
        Fact::rounded(format!("{:.0}", parameters as f64 / 1e6), parameters, source)
    });
    facts.add_measured("smollm2.million-parameters", millions);
    Ok(())
}

/// The parameters of a Llama model with tied embeddings, from its shape.
pub(super) fn parameters(config: &Config) -> usize {
    let kv_width = config.kv_heads * config.head_dim;
    let attention = 2 * config.d_model * config.d_model + 2 * config.d_model * kv_width;
    let feed_forward = 3 * config.d_model * config.d_ff;
    let norms = 2 * config.d_model;
    config.vocabulary * config.d_model
        + config.layers * (attention + feed_forward + norms)
        + config.d_model
}
