//! Chapter 8: flash attention on a graphics card.
//!
//! Watch the error, and the bytes that are not written. The kernels for cards come with a feature:
//! `cargo run --release --example ch08-flash --features cuda -- --device cuda`.

use anyhow::{Result, bail};
use attention::{Mask, cpu_flash_attention, grouped_query_attention};
use burn::tensor::{DType, Device, Tensor};
use clap::{Parser, ValueEnum};
use listings::random::Random;
use listings::terminal::{bound, print};

/// Runs causal flash attention with the heads of SmolLM2 and compares it with f64.
#[derive(Parser)]
struct Options {
    /// Where to run
    #[arg(long, value_enum, default_value = "cpu")]
    device: Where,
    /// Tokens of the text
    #[arg(long, default_value_t = 500)]
    tokens: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Where {
    /// This machine's processor
    Cpu,
    /// A card, through Vulkan: needs the feature wgpu
    Vulkan,
    /// An NVIDIA card: needs the feature cuda
    Cuda,
}

fn main() -> Result<()> {
    let options = Options::parse();
    // Nine query heads share three heads of keys and values.
    let (heads, kv_heads, head_dim, tokens) = (9, 3, 64, options.tokens);
    if tokens == 0 {
        bail!("an empty text has no attention: give --tokens at least 1");
    }
    let mut random = Random::new(1);
    let query = random.unit_tensor([1, heads, tokens, head_dim]);
    let [key, value] = [(); 2].map(|()| random.unit_tensor([1, kv_heads, tokens, head_dim]));

    let double = |tensor: &Tensor<4>| tensor.clone().cast(DType::F64);
    let [query64, key64, value64] = [&query, &key, &value].map(double);
    let right = grouped_query_attention(query64, key64, value64, Mask::Causal)?.output;

    let (name, output) = match options.device {
        Where::Cpu => {
            let output = cpu_flash_attention(query, key, value, Mask::Causal)?;
            ("the processor, with the fast function of the library".to_owned(), output)
        }
        Where::Vulkan => on_card(vulkan()?, [query, key, value])?,
        Where::Cuda => on_card(cuda()?, [query, key, value])?,
    };

    let error = (output.cast(DType::F64) - right).abs().max().into_scalar::<f64>();
    let scores = heads * tokens * tokens * size_of::<f32>();
    let written = heads * tokens * head_dim * size_of::<f32>();
    print(&format!(
        "ran on {name}\n\
         causal, {tokens} tokens, {heads} query heads on {kv_heads} key and value heads\n\
         largest error against f64: below {:e}\n\
         written: {written} bytes of output\n\
         not written: {scores} bytes of scores\n",
        bound(error as f32)
    ))?;
    Ok(())
}

/// Flash attention on a card: the card's name, and the output, brought back.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn on_card(card: Device, inputs: [Tensor<4>; 3]) -> Result<(String, Tensor<4>)> {
    use kernels::{FlashOptions, flash_attention};

    let name = kernels::device::name(&card);
    // ANCHOR: flash
    let [query, key, value] = inputs.map(|tensor| tensor.to_device(&card));
    let options = FlashOptions { causal: true, ..Default::default() };
    let (output, _log_sum_exp) = flash_attention(query, key, value, &options)?;
    // ANCHOR_END: flash
    Ok((name, output.to_device(&Device::flex())))
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn on_card(card: Device, _: [Tensor<4>; 3]) -> Result<(String, Tensor<4>)> {
    bail!("there are no kernels for {card:?} in this program")
}

#[cfg(feature = "wgpu")]
fn vulkan() -> Result<Device> {
    Ok(kernels::device::open_vulkan()?)
}

#[cfg(not(feature = "wgpu"))]
fn vulkan() -> Result<Device> {
    bail!(without("wgpu", "vulkan"))
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Device> {
    Ok(kernels::device::open_cuda(0)?)
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Device> {
    bail!(without("cuda", "cuda"))
}

#[cfg(not(all(feature = "wgpu", feature = "cuda")))]
fn without(feature: &str, device: &str) -> String {
    format!(
        "this program was built without the feature {feature}: run \
         `cargo run --release --example ch08-flash --features {feature} -- --device {device}`"
    )
}
