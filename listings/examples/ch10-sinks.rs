//! Chapter 10: what a window loses when it forgets the first tokens.
//!
//! SmolLM2 reads a story three times: with all of it in the cache, with the newest tokens alone,
//! and with as many tokens of which a few are the very first. Watch the loss of the second.

use anyhow::Result;
use attention::grouped_query::repeat_kv;
use attention::{AttentionOptions, Error, Mask, MaskGrid, attention_steps};
use burn::tensor::Tensor;
use clap::Parser;
use inputs::kv_cache::{KEPT, SINKS};
use inputs::texts::LIGHTHOUSE;
use listings::terminal::print;
use smollm2::{Model, surprises};

/// Measures SmolLM2-135M's loss when its cache keeps a part of the text.
#[derive(Parser)]
struct Options {
    /// How many tokens the cache keeps
    #[arg(long, default_value_t = KEPT, value_parser = clap::value_parser!(u16).range(1..=512))]
    keep: u16,
    /// How many of them are the first of the text
    #[arg(long, default_value_t = SINKS, value_parser = clap::value_parser!(u16).range(0..=512))]
    sinks: u16,
}

fn main() -> Result<()> {
    let Options { keep, sinks } = Options::parse();
    let (keep, sinks) = (usize::from(keep), usize::from(sinks.min(keep - 1)));
    let model = Model::open(&smollm2::locate()?)?;
    let ids = model.tokenizer().encode(LIGHTHOUSE)?;

    let mut text = format!("{} tokens{:>28}{:>10}\n", ids.len(), "loss", "one in");
    for (name, sinks, window) in [
        ("everything", 0, ids.len()),
        (&*format!("the newest {keep}"), 0, keep),
        (&*format!("the first {sinks}, the newest {}", keep - sinks), sinks, keep - sinks),
    ] {
        let loss = loss(&model, &ids, &kept(ids.len(), sinks, window)?, keep)?;
        text += &format!("{name:<28}{loss:>10.2}{:>10.1}\n", loss.exp());
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: kept
/// Which keys the cache still holds for each query: the first `sinks` and the newest `window`.
fn kept(tokens: usize, sinks: usize, window: usize) -> Result<MaskGrid, Error> {
    let mask = Mask::Longformer { before: window - 1, after: 0, global: sinks };
    mask.grid(tokens, tokens).and(&Mask::Causal.grid(tokens, tokens))
}

/// The mean surprise, in nats, from token `from` on, when every layer sees what is kept.
fn loss(model: &Model, ids: &[u32], kept: &MaskGrid, from: usize) -> Result<f64> {
    let attend = |query: Tensor<4>, key: Tensor<4>, value: Tensor<4>| {
        let group = query.dims()[1] / key.dims()[1];
        let options = AttentionOptions { masks: vec![kept.clone()], ..Default::default() };
        let steps =
            attention_steps(query, repeat_kv(key, group), repeat_kv(value, group), options)?;
        Ok(steps.output)
    };
    let surprises = surprises(&model.logits_by(ids, &attend)?, ids);
    let late = &surprises[from.min(surprises.len() - 1)..];
    Ok(late.iter().sum::<f64>() / late.len() as f64)
}
// ANCHOR_END: kept
