//! The shape of the real model.

use smollm2::Config;

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;

/// Adds the figures of the model's shape.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) {
    type Of = fn(&Config) -> usize;
    let config = model.map(MemoisedModel::config);
    let shapes: [(&str, Of); 7] = [
        ("smollm2.layers", |c| c.layers),
        ("smollm2.heads", |c| c.heads),
        ("smollm2.kv-heads", |c| c.kv_heads),
        ("smollm2.head-dim", |c| c.head_dim),
        ("smollm2.d-model", |c| c.d_model),
        ("smollm2.vocabulary", |c| c.vocabulary),
        ("smollm2.maps", |c| c.layers * c.heads),
    ];
    for (name, of) in shapes {
        let fact = config.map(|config| Fact::count(of(config), "the metadata of the weights"));
        facts.add_measured(name, fact);
    }
    let millions = config.map(|config| {
        let parameters = parameters(config);
        let source = format!("{parameters} parameters, counted from the model's shape");
        Fact::rounded(format!("{:.0}", parameters as f64 / 1e6), parameters, source)
    });
    facts.add_measured("smollm2.million-parameters", millions);
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
