//! Chapter 10: can a trained model be made to share?
//!
//! SmolLM2's key and value heads are replaced by their mean, so that all query heads share one, as
//! in multi-query attention. Nothing is trained. Watch the loss.

use anyhow::Result;
use attention::{Mask, grouped_query_attention};
use burn::tensor::Tensor;
use clap::Parser;
use inputs::texts::LIGHTHOUSE;
use listings::terminal::print;
use smollm2::{Model, surprises};

/// Pools the key and value heads of SmolLM2-135M into one, and measures its loss on a story.
#[derive(Parser)]
struct Options {}

fn main() -> Result<()> {
    let Options {} = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let ids = model.tokenizer().encode(LIGHTHOUSE)?;
    let loss = |pool: bool| -> Result<f64> {
        // ANCHOR: pooled
        let attend = |query, key: Tensor<4>, value: Tensor<4>| {
            // [1, kv_heads, seq, head_dim] to [1, 1, seq, head_dim].
            let (key, value) =
                if pool { (key.mean_dim(1), value.mean_dim(1)) } else { (key, value) };
            Ok(grouped_query_attention(query, key, value, Mask::Causal)?.output)
        };
        let surprises = surprises(&model.logits_by(&ids, &attend)?, &ids);
        // ANCHOR_END: pooled
        Ok(surprises.iter().sum::<f64>() / surprises.len() as f64)
    };
    let (own, pooled) = (loss(false)?, loss(true)?);
    let heads = model.config().kv_heads;
    let by_chance = (model.config().vocabulary as f64).ln();
    print(&format!(
        "{:<36}{:>6}\n{:<36}{own:>6.2}\n{:<36}{pooled:>6.2}\n{:<36}{by_chance:>6.2}\n",
        "key and value heads",
        "loss",
        format!("{heads}, as trained"),
        "1, their mean, nothing trained",
        "to compare: every token as likely",
    ))?;
    Ok(())
}
