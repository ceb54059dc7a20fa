//! Chapter 5: does a head that looks at the right place also matter? Ablate it and see.
//!
//! SmolLM2 reads tokens in a random order, and then the same ones again, in several draws. Only a
//! look back can tell it what comes next the second time. Watch `zero`: the higher, the worse the
//! model does without these heads. Two heads attend to the token before, and it needs one of them.
//! `story` is the control: the same heads ablated while the model reads plain English.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use attention::detectors::Pattern;
use clap::Parser;
use inputs::texts::LIGHTHOUSE;
use inputs::tokens::{COUNT, random_twice};
use listings::ablation::{mean, mean_ablated, second_time};
use listings::terminal::{print, share};
use smollm2::{Forward, Model};

/// Ablates heads of SmolLM2-135M, one group after the other, and measures what it costs.
#[derive(Parser)]
struct Options {
    /// Heads to ablate: `18.6` is layer 18, head 6, and `17.3,18.6` are two at once
    #[arg(default_values = ["18.6", "17.3", "17.4", "17.3,17.4,18.6", "16.0", "11.1", "18.8", "13.8"])]
    groups: Vec<Group>,
    /// How many different tokens, each of which comes twice
    #[arg(long, default_value_t = COUNT, value_parser = clap::value_parser!(u16).range(2..=256))]
    tokens: u16,
    /// How many draws of tokens: their seeds count from 1
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=20))]
    draws: u64,
    /// Put each head's mean in the place of its output, not zeros
    #[arg(long)]
    mean: bool,
    /// Ablate every head alone, and write what it costs into this file
    #[arg(long)]
    every: Option<PathBuf>,
}

/// How many tokens of the story are read.
const STORY: usize = 48;

/// Heads that are ablated together, each as its layer and its place in the layer.
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

impl Group {
    fn name(&self, between: &str) -> String {
        let names: Vec<String> =
            self.0.iter().map(|(layer, head)| format!("{layer}.{head}")).collect();
        names.join(between)
    }
}

/// What the model reads: the draws, each token twice, and the story.
struct Texts {
    draws: Vec<Vec<u32>>,
    /// What the whole model makes of each draw.
    whole: Vec<Forward>,
    story: Vec<u32>,
}

fn main() -> Result<()> {
    let Options { groups, tokens, draws, mean: by_mean, every } = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let vocabulary = u32::try_from(model.config().vocabulary)?;
    let draws: Vec<Vec<u32>> =
        (1..=draws).map(|seed| random_twice(seed, tokens.into(), vocabulary)).collect();
    let whole = draws.iter().map(|tokens| model.run_tokens(tokens)).collect::<Result<_, _>>()?;
    let mut story = model.tokenizer().encode(LIGHTHOUSE)?;
    story.truncate(STORY);
    let texts = Texts { draws, whole, story };
    if let Some(file) = every {
        std::fs::write(&file, all_heads(&model, &texts)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        return Ok(());
    }

    let mut text = format!(
        "{:<18}{:>9}{:>8}{:>10}{:>8}{:>9}{:>7}\n",
        "ablated", "previous", "prefix", "surprise", "lowest", "highest", "story"
    );
    let cost = if by_mean { mean_cost } else { zero_cost };
    text += &row(&model, &Group(Vec::new()), &texts, cost)?;
    for group in &groups {
        text += &row(&model, group, &texts, cost)?;
    }
    print(&text)?;
    Ok(())
}

// ANCHOR: ablation
/// What these heads cost: the mean surprise in each draw, and in the story, in nats.
type Cost = fn(&Model, &Group, &Texts) -> Result<(Vec<f64>, f64)>;

/// The cost when the outputs of the heads are zeros.
fn zero_cost(model: &Model, Group(heads): &Group, texts: &Texts) -> Result<(Vec<f64>, f64)> {
    let without = model.without(heads)?;
    let draws = texts.draws.iter().map(|tokens| Ok(second_time(&without.surprise(tokens)?)));
    Ok((draws.collect::<Result<_>>()?, mean(&without.surprise(&texts.story)?)))
}
// ANCHOR_END: ablation

/// The cost when each head hands over its mean.
fn mean_cost(model: &Model, Group(heads): &Group, texts: &Texts) -> Result<(Vec<f64>, f64)> {
    let draws =
        texts.draws.iter().map(|tokens| Ok(second_time(&mean_ablated(model, heads, tokens)?)));
    Ok((draws.collect::<Result<_>>()?, mean(&mean_ablated(model, heads, &texts.story)?)))
}

/// The two scores of a head in the whole model, each the mean over the draws.
fn scores(&(layer, head): &(usize, usize), texts: &Texts) -> Result<[f64; 2]> {
    let (mut previous, mut prefix) = (Vec::new(), Vec::new());
    for (forward, tokens) in texts.whole.iter().zip(&texts.draws) {
        let pattern =
            Pattern::new(forward.weights[layer].clone().narrow(0, head, 1).squeeze_dim(0))?;
        previous.push(pattern.previous_token()?);
        prefix.push(pattern.prefix_matching(tokens)?);
    }
    Ok([mean(&previous), mean(&prefix)])
}

/// A line of the table.
fn row(model: &Model, group: &Group, texts: &Texts, cost: Cost) -> Result<String> {
    let name = if group.0.is_empty() { "none".to_owned() } else { group.name(" ") };
    let mut line = format!("{name:<18}");
    line += &match &group.0[..] {
        [head] => {
            let [previous, prefix] = scores(head, texts)?;
            format!("{:>9}{:>8}", share(previous as f32), share(prefix as f32))
        }
        _ => format!("{:17}", ""),
    };
    let (draws, story) = cost(model, group, texts)?;
    let lowest = draws.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = draws.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    line += &format!("{:>10.2}{lowest:>8.2}{highest:>9.2}{story:>7.2}\n", mean(&draws));
    Ok(line)
}

/// A line for each head: its name, its two scores, and what the model loses without it in the
/// story and in each draw. The first line is the whole model. After the heads come the three that
/// look for what came next, together, and the head that is missed most with its mean in its place.
fn all_heads(model: &Model, texts: &Texts) -> Result<String> {
    let config = model.config();
    let mut groups = vec![Group(Vec::new())];
    for layer in 0..config.layers {
        groups.extend((0..config.heads).map(|head| Group(vec![(layer, head)])));
    }
    groups.push("17.3,17.4,18.6".parse()?);
    let zero = groups.iter().map(|group| (group, "", zero_cost as Cost));
    let most: Group = "16.0".parse()?;
    let mut text = String::new();
    for (group, kind, cost) in zero.chain([(&most, "mean:", mean_cost as Cost)]) {
        let name = if group.0.is_empty() { "none".to_owned() } else { group.name(",") };
        let [previous, prefix] = match &group.0[..] {
            [head] => scores(head, texts)?,
            _ => [0.0; 2],
        };
        let (draws, story) = cost(model, group, texts)?;
        let draws: Vec<String> = draws.iter().map(|cost| format!("{cost:.3}")).collect();
        text += &format!("{kind}{name} {previous:.3} {prefix:.3} {story:.3} {}\n", draws.join(" "));
    }
    Ok(text)
}
