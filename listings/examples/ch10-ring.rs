//! Chapter 10: one text on several devices.
//!
//! Each device holds a part of the text: its queries, keys and values. The keys and values travel
//! around the ring, and each device merges what it sees into what it had. Watch the last line:
//! the result is that of one device with the whole text, but for rounding.

use anyhow::Result;
use attention::online_softmax::OnlineSoftmax;
use attention::{Mask, scaled_dot_product_attention};
use burn::tensor::Tensor;
use clap::Parser;
use listings::random::Random;
use listings::terminal::{bound, print};

/// Attends to a text that is spread over a ring of devices, with random numbers, causal, in f32.
#[derive(Parser)]
struct Options {
    /// How many devices
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=8))]
    devices: u8,
    /// How many tokens each holds
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    tokens: u16,
}

const HEAD_DIM: usize = 64;

fn main() -> Result<()> {
    let options = Options::parse();
    let (devices, tokens) = (usize::from(options.devices), usize::from(options.tokens));
    let mut random = Random::new(10);
    let [query, key, value] =
        [(); 3].map(|()| random.unit_tensor([1, 2, devices * tokens, HEAD_DIM]));

    let outputs = ring(&query, &key, &value, devices)?;
    let whole = scaled_dot_product_attention(query, key, value, Mask::Causal)?.output;
    let mut text = format!("{devices} devices, {tokens} tokens each\n");
    for device in 0..devices {
        let seen: Vec<String> = comes_by(device, devices).map(|from| from.to_string()).collect();
        text += &format!("device {device} sees the part of device {}\n", seen.join(" "));
    }
    let error = (Tensor::cat(outputs, 2) - whole).abs().max().into_scalar::<f32>();
    text += &format!("difference from one device: below {:e}\n", bound(error));
    print(&text)?;
    Ok(())
}

// ANCHOR: ring
/// Whose keys and values come by at a device, its own first. Later parts are hidden whole.
fn comes_by(device: usize, devices: usize) -> impl Iterator<Item = usize> {
    (0..devices)
        .map(move |step| (device + devices - step) % devices)
        .filter(move |&from| from <= device)
}

/// The outputs of each device, `[batch, heads, tokens of a part, head_dim]`.
fn ring(
    query: &Tensor<4>,
    key: &Tensor<4>,
    value: &Tensor<4>,
    devices: usize,
) -> Result<Vec<Tensor<4>>> {
    let tokens = query.dims()[2] / devices;
    let part = |x: &Tensor<4>, at: usize| x.clone().narrow(2, at * tokens, tokens);
    let mut outputs = Vec::new();
    for device in 0..devices {
        let query = part(query, device);
        let mut found = attend(&query, part(key, device), part(value, device), Mask::Causal)?;
        for from in comes_by(device, devices).skip(1) {
            let seen = attend(&query, part(key, from), part(value, from), Mask::Full)?;
            found = merge(found, seen);
        }
        let (state, sums) = found;
        outputs.push(state.normalise(sums));
    }
    Ok(outputs)
}
// ANCHOR_END: ring

// ANCHOR: merge
/// A softmax that is not finished, `m` and `l` of each row, and the values mixed by its powers.
type Partial = (OnlineSoftmax<4>, Tensor<4>);

/// What queries take in from a part of the keys, before the division.
fn attend(query: &Tensor<4>, key: Tensor<4>, value: Tensor<4>, mask: Mask) -> Result<Partial> {
    let attention = scaled_dot_product_attention(query.clone(), key, value.clone(), mask)?;
    let (state, powers) = OnlineSoftmax::block(attention.scores, 3);
    Ok((state, powers.matmul(value)))
}

/// Two parts together: each sum is brought to the larger of the two maxima, and then they add up.
fn merge((left, left_sums): Partial, (right, right_sums): Partial) -> Partial {
    let both = left.merge(&right);
    let sums = left_sums * left.correction(&both) + right_sums * right.correction(&both);
    (both, sums)
}
// ANCHOR_END: merge
