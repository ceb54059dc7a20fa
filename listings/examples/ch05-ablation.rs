//! Chapter 5: does a head that looks at the right place also matter? Silence it and see.
//!
//! SmolLM2 reads tokens in a senseless order, and then the same ones again. Only a look back can
//! tell it what comes next the second time. Watch the last column: the higher, the worse the model
//! does without these heads. Two heads look back one token, and it needs one of them.

use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use attention::detectors::Pattern;
use clap::Parser;
use inputs::tokens::{COUNT, STRIDE, spaced_twice};
use listings::terminal::{print, share};
use smollm2::{Forward, Model};

/// Silences heads of SmolLM2-135M, one group after the other, and measures what it costs.
#[derive(Parser)]
struct Options {
    /// Heads to silence: `18.6` is layer 18, head 6, and `17.3,18.6` are two at once
    #[arg(default_values = ["18.6", "17.3", "17.4", "17.3,17.4,18.6", "16.0", "11.1", "18.8", "13.8"])]
    groups: Vec<Group>,
    /// How many different tokens, each of which comes twice
    #[arg(long, default_value_t = COUNT, value_parser = clap::value_parser!(u16).range(2..=256))]
    tokens: u16,
    /// How far they lie apart in the vocabulary
    #[arg(long, default_value_t = STRIDE)]
    stride: u32,
}

/// Heads that are silenced together, each as its layer and its place in the layer.
#[derive(Clone)]
struct Group(Vec<(usize, usize)>);

impl FromStr for Group {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let head = |name: &str| {
            let (layer, head) = name.split_once('.').context("write layer.head, such as 18.6")?;
            Ok((layer.parse()?, head.parse()?))
        };
        Ok(Group(text.split(',').map(head).collect::<Result<_>>()?))
    }
}

fn main() -> Result<()> {
    let Options { groups, tokens, stride } = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let (last, vocabulary) = (u64::from(tokens) * u64::from(stride), model.config().vocabulary);
    ensure!(stride > 0 && last < vocabulary as u64, "choose a stride so that they fit");

    // ANCHOR: ablation
    let twice = spaced_twice(tokens, stride);
    let forward = model.run_tokens(&twice)?;
    let whole = second_time(&model.surprise(&twice)?);

    let mut text =
        format!("{:<18}{:>10}{:>8}{:>10}\n", "silenced", "previous", "prefix", "surprise");
    text += &format!("{:<36}{whole:>10.2}\n", "none");
    for Group(heads) in &groups {
        let silenced = model.without(heads)?;
        let surprise = second_time(&silenced.surprise(&twice)?);
        text += &row(&forward, heads, &twice, surprise)?;
    }
    // ANCHOR_END: ablation
    print(&text)?;
    Ok(())
}

// ANCHOR: second
/// The mean surprise, in nats, over the second time that the tokens come, but for the first of
/// them: nothing says that they will come again.
fn second_time(surprise: &[f64]) -> f64 {
    let again = &surprise[surprise.len() / 2 + 1..];
    again.iter().sum::<f64>() / again.len() as f64
}
// ANCHOR_END: second

/// A line of the table. The scores are those of the head in the whole model.
fn row(forward: &Forward, heads: &[(usize, usize)], tokens: &[u32], cost: f64) -> Result<String> {
    let names: Vec<String> = heads.iter().map(|(layer, head)| format!("{layer}.{head}")).collect();
    let mut line = format!("{:<18}", names.join(" "));
    line += &match heads {
        [(layer, head)] => {
            let pattern = forward.weights[*layer].clone().narrow(0, *head, 1).squeeze_dim(0);
            let pattern = Pattern::new(pattern)?;
            let (previous, prefix) = (pattern.previous_token()?, pattern.prefix_matching(tokens)?);
            format!("{:>10}{:>8}", share(previous as f32), share(prefix as f32))
        }
        _ => format!("{:18}", ""),
    };
    Ok(format!("{line}{cost:>10.2}\n"))
}
