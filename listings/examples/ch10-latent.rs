//! Chapter 10: multi-head latent attention, in its two forms.
//!
//! One layer reads a prompt and goes on token by token. The plain form makes keys and values from
//! the latents, the absorbed form never does. Watch the last column: they agree.

use anyhow::Result;
use attention::units::Bytes;
use attention::{LatentAttention, LatentCache, LatentWeights};
use burn::tensor::Tensor;
use clap::Parser;
use listings::random::Random;
use listings::terminal::{bound, print};

/// Runs a small layer of latent attention, with random weights, in f32.
#[derive(Parser)]
struct Options {
    /// Heads
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=32))]
    heads: u8,
}

const D_MODEL: usize = 128;
const HEAD_DIM: usize = 16;
/// As in DeepSeek-V2: four times the head dimension, and a half of it.
const KV_LATENT: usize = 4 * HEAD_DIM;
const ROPE_DIM: usize = HEAD_DIM / 2;
const PROMPT: usize = 60;
const STEPS: usize = 4;

fn main() -> Result<()> {
    let heads = usize::from(Options::parse().heads);
    let mut random = Random::new(10);
    let layer = layer(&mut random, heads)?;
    let x = random.tensor([1, 1, PROMPT + STEPS, D_MODEL]).squeeze_dim::<3>(0);

    let mut text = format!("{heads} heads of {HEAD_DIM}, f32\n");
    text += "tokens   latents kept   keys and values would be   difference\n";
    let (mut plain, mut absorbed) = (LatentCache::new(), LatentCache::new());
    let prompt = x.clone().narrow(1, 0, PROMPT);
    layer.forward(prompt.clone(), &mut plain)?;
    layer.forward(prompt, &mut absorbed)?;
    for token in PROMPT..PROMPT + STEPS {
        let error = apart(&layer, x.clone().narrow(1, token, 1), &mut plain, &mut absorbed)?;
        let tokens = absorbed.len();
        let own = Bytes((tokens * 2 * heads * HEAD_DIM * 4) as u64);
        let (kept, own) = (absorbed.bytes().in_gib(), own.in_gib());
        text += &format!("{tokens:<9}{kept:>12}{own:>27}   below {:e}\n", bound(error));
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: forms
/// Reads one new token, `[1, 1, d_model]`, in both forms: how far their outputs differ.
fn apart(
    layer: &LatentAttention,
    new: Tensor<3>,
    plain: &mut LatentCache,
    absorbed: &mut LatentCache,
) -> Result<f32> {
    let (left, _) = layer.forward(new.clone(), plain)?;
    let (right, _) = layer.forward_absorbed(new, absorbed)?;
    Ok((left - right).abs().max().into_scalar())
}
// ANCHOR_END: forms

/// A layer with random weights, each matrix scaled so that what comes out is about as large as
/// what goes in.
fn layer(random: &mut Random, heads: usize) -> Result<LatentAttention> {
    let query_latent = 2 * KV_LATENT;
    let mut weight = |inputs: usize, outputs: usize| -> Tensor<2> {
        let numbers = random.unit_tensor([1, 1, inputs, outputs]) / (inputs as f32).sqrt();
        numbers.reshape([inputs, outputs])
    };
    let weights = LatentWeights {
        query_down: weight(D_MODEL, query_latent),
        query_up: weight(query_latent, heads * HEAD_DIM),
        query_rope: weight(query_latent, heads * ROPE_DIM),
        kv_down: weight(D_MODEL, KV_LATENT),
        key_up: weight(KV_LATENT, heads * HEAD_DIM),
        key_rope: weight(D_MODEL, ROPE_DIM),
        value_up: weight(KV_LATENT, heads * HEAD_DIM),
        output: weight(heads * HEAD_DIM, D_MODEL),
    };
    Ok(LatentAttention::new(weights, heads, 10_000.0)?)
}
