//! Chapter 10: how large is the KV cache?
//!
//! Watch what decides it: the key and value heads, not the query heads. Sharing them among four
//! queries makes it four times smaller. A GiB is 2^30 bytes, a GB 10^9.

use anyhow::{Result, bail};
use attention::cost::{Kind, Precision, Shape, Window};
use attention::presets::{PRESETS, preset};
use clap::Parser;
use inputs::kv_cache::{HEAD_DIM, HEADS, KV_HEADS, LAYERS, TOKENS};
use listings::terminal::print;

/// Calculates the size of the KV cache of one text.
#[derive(Parser)]
struct Options {
    /// How many tokens the text has
    #[arg(long, default_value_t = TOKENS)]
    tokens: u64,
    /// How a number is stored: fp32, fp16 or fp8
    #[arg(long, value_parser = precision, default_value = "fp16")]
    stored: Precision,
    /// Compare real models, each with its own sizes
    #[arg(long, conflicts_with_all = ["layers", "heads", "kv_heads", "head_dim"])]
    models: bool,
    /// Layers
    #[arg(long, default_value_t = LAYERS, value_parser = clap::value_parser!(u64).range(1..=1024))]
    layers: u64,
    /// Query heads in a layer
    #[arg(long, default_value_t = HEADS, value_parser = clap::value_parser!(u64).range(1..=1024))]
    heads: u64,
    /// Key and value heads, for the grouped kind
    #[arg(long, default_value_t = KV_HEADS, value_parser = clap::value_parser!(u64).range(1..=1024))]
    kv_heads: u64,
    /// Numbers in a key or a value
    #[arg(long, default_value_t = HEAD_DIM, value_parser = clap::value_parser!(u64).range(1..=1024))]
    head_dim: u64,
}

fn precision(name: &str) -> Result<Precision, &'static str> {
    match name {
        "fp32" => Ok(Precision::Fp32),
        "fp16" => Ok(Precision::Fp16),
        "fp8" => Ok(Precision::Fp8),
        _ => Err("give fp32, fp16 or fp8"),
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    print(&if options.models { models(&options)? } else { kinds(&options)? })?;
    Ok(())
}

// ANCHOR: kinds
/// One shape, with its keys and values kept in four ways. The latent kind has DeepSeek-V2's sizes.
fn kinds(options: &Options) -> Result<String> {
    let &Options { tokens, layers, heads, kv_heads, head_dim, .. } = options;
    let Some(deepseek) = preset("DeepSeek-V2") else { bail!("no DeepSeek-V2 in the presets") };
    let grouped = |kv_heads| Kind::Grouped { kv_heads, head_dim };

    let mut text = format!("{layers} layers, {heads} query heads of {head_dim}, ");
    text += &format!("{}, {tokens} tokens\n", label(options.stored));
    for (name, kind) in [
        ("MHA", grouped(heads)),
        ("GQA", grouped(kv_heads)),
        ("MQA", grouped(1)),
        ("MLA", deepseek.shape.kind),
    ] {
        let d_model = heads * head_dim;
        let shape = Shape { layers, d_model, heads, kind, window: Window::Full };
        let cache = shape.cache(tokens, 1, options.stored)?;
        text += &format!("{name}  {:<28}{cache}\n", describe(&shape));
    }
    Ok(text)
}
// ANCHOR_END: kinds

/// The real models, for one token and for the whole text.
fn models(options: &Options) -> Result<String> {
    let &Options { tokens, stored, .. } = options;
    let mut text = format!("{:<17}{:<36}{:>10}", label(stored), "", "a token");
    text += &format!("  {tokens} tokens\n");
    for model in PRESETS {
        let token = model.shape.cache(1, 1, stored)?.in_gib();
        let cache = model.shape.cache(tokens, 1, stored)?.in_gib();
        let beyond = if tokens > model.context { " *" } else { "" };
        let kind = describe(&model.shape);
        text += &format!("{:<17}{kind:<36}{token:>10}{cache:>12}{beyond}\n", model.name);
    }
    Ok(text + "* longer than the texts that the model is made for\n")
}

fn describe(shape: &Shape) -> String {
    let kind = match shape.kind {
        Kind::Grouped { kv_heads: 1, head_dim } => format!("1 kv head of {head_dim}"),
        Kind::Grouped { kv_heads, head_dim } => format!("{kv_heads} kv heads of {head_dim}"),
        Kind::Latent { kv_lora_rank, rope_dim, .. } => {
            format!("{kv_lora_rank} latent + {rope_dim} rotary")
        }
    };
    match shape.window {
        Window::Full => kind,
        Window::Every(window) => format!("{kind}, window {window}"),
        Window::Alternate(window) => format!("{kind}, half window {window}"),
    }
}

fn label(stored: Precision) -> String {
    format!("{stored:?}").to_lowercase()
}
