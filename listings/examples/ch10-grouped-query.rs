//! Chapter 10: many query heads, few key and value heads.
//!
//! Grouped-query attention equals multi-head attention in which each key and value head is
//! repeated for its group of queries. Watch the bytes: only the repeated ones stay the same.

use anyhow::Result;
use attention::grouped_query::{grouped_query_attention, repeat_kv};
use attention::{KvCache, Mask, scaled_dot_product_attention};
use burn::tensor::{Device, Tensor, TensorData};
use clap::Parser;
use listings::terminal::print;

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
    let mut random = Random(1);
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

/// A generator of integers (SplitMix64): the same numbers on every machine.
struct Random(u64);

impl Random {
    /// Numbers from -2 to 2.
    fn tensor(&mut self, shape: [usize; 4]) -> Tensor<4> {
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| self.number()).collect();
        Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
    }

    fn number(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // 24 bits fit an f32 exactly.
        (z >> 40) as f32 / (1 << 22) as f32 - 2.0
    }
}

/// The power of ten above `error`: the digits below it differ from machine to machine. An error
/// of zero counts as the smallest step of an f32 at 1.
fn bound(error: f32) -> f64 {
    10_f64.powf(f64::from(error.max(f32::EPSILON)).log10().floor() + 1.0)
}
