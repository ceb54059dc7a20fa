//! Chapter 10: many query heads, few key and value heads.
//!
//! Grouped-query attention equals multi-head attention in which each key and value head is
//! repeated for its group of queries. Watch the bytes: only the repeated ones stay the same.

use anyhow::Result;
use attention::grouped_query::{grouped_query_attention, repeat_kv};
use attention::{KvCache, Mask, scaled_dot_product_attention};
use burn::tensor::Tensor;
use clap::Parser;
use listings::random::Random;
use listings::terminal::{bound, print};

/// Compares grouped-query attention with repeated heads on random numbers, for every number of
/// key and value heads that divides the query heads. Causal, in f32.
#[derive(Parser)]
struct Options {
    /// Query heads: SmolLM2 has 9, and 3 key and value heads
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u8).range(1..=32))]
    heads: u8,
    /// How many tokens
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=512))]
    tokens: u16,
}

/// Numbers in a query, a key and a value.
const HEAD_DIM: usize = 64;

fn main() -> Result<()> {
    let options = Options::parse();
    let (heads, tokens) = (usize::from(options.heads), usize::from(options.tokens));
    let mut text = format!("{heads} query heads of {HEAD_DIM}, {tokens} tokens, f32\n");
    let columns = ["kv heads", "group", "kept", "repeated", "difference"];
    text += "kind";
    for column in columns {
        text += &format!("{column:>14}");
    }
    text += "\n";
    for kv_heads in (1..=heads).rev().filter(|kv_heads| heads.is_multiple_of(*kv_heads)) {
        let group = heads / kv_heads;
        let name = match (kv_heads, group) {
            (_, 1) => "MHA",
            (1, _) => "MQA",
            _ => "GQA",
        };
        let [kept, repeated, difference] = compare(heads, kv_heads, tokens)?;
        text += &format!("{name:<4}{kv_heads:>14}{group:>14}");
        text += &format!("{kept:>14}{repeated:>14}{difference:>14}\n");
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: compare
/// Both forms on the same numbers: the keys and values kept, the same repeated, and how far the
/// outputs differ.
fn compare(heads: usize, kv_heads: usize, tokens: usize) -> Result<[String; 3]> {
    let group = heads / kv_heads;
    let mut random = Random::new(1);
    let query = random.tensor([1, heads, tokens, HEAD_DIM]);
    let key = random.tensor([1, kv_heads, tokens, HEAD_DIM]);
    let value = random.tensor([1, kv_heads, tokens, HEAD_DIM]);
    let (keys, values) = (repeat_kv(key.clone(), group), repeat_kv(value.clone(), group));

    let grouped = grouped_query_attention(query.clone(), key.clone(), value.clone(), Mask::Causal)?;
    let repeated = scaled_dot_product_attention(query, keys.clone(), values.clone(), Mask::Causal)?;
    let error = (grouped.output - repeated.output).abs().max().into_scalar::<f32>();
    Ok([size(key, value)?, size(keys, values)?, format!("below {:e}", bound(error))])
}
// ANCHOR_END: compare

/// What a cache of these keys and values takes.
fn size(key: Tensor<4>, value: Tensor<4>) -> Result<String> {
    let mut cache = KvCache::growing();
    cache.append(key, value)?;
    Ok(cache.bytes().in_gib())
}
