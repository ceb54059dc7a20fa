//! Chapter 5: nobody told the heads of SmolLM2 what to do, and yet they differ.
//!
//! Watch how far the strongest heads lie from the head in the middle, and that the two heads that
//! look at token 0 most also look farthest. Distance is in tokens and entropy in nats; the others
//! are shares. All are observations on one sentence: try another, and see which heads stay.

use anyhow::Result;
use attention::Error;
use attention::detectors::Pattern;
use clap::Parser;
use inputs::texts;
use listings::terminal::print;
use smollm2::{Forward, Model};

/// Compares the heads of SmolLM2-135M on one text. Layers and heads count from 0.
#[derive(Parser)]
struct Options {
    /// The text that the model reads, of two tokens or more
    #[arg(default_value = texts::BAKER)]
    text: String,
    /// Show all nine heads of this layer instead of the strongest of all layers
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..30))]
    layer: Option<u8>,
}

// ANCHOR: detectors
type Detector = fn(&Pattern, &[u32]) -> Result<f64, Error>;

/// What is measured, each with its name.
const DETECTORS: [(&str, Detector); 5] = [
    ("previous", |head, _| head.previous_token()),
    ("prefix", |head, tokens| head.prefix_matching(tokens)),
    ("sink", |head, _| head.sink()),
    ("distance", |head, _| head.mean_distance()),
    ("entropy", |head, _| {
        let rows = head.row_entropy()?;
        Ok(f64::from(rows.iter().sum::<f32>()) / rows.len() as f64)
    }),
];
// ANCHOR_END: detectors

fn main() -> Result<()> {
    let options = Options::parse();
    let model = Model::open(&smollm2::locate()?)?;
    let forward = model.run(&options.text)?;
    let text = match options.layer {
        Some(layer) => one_layer(&forward, layer.into())?,
        None => strongest(&forward),
    };
    print(&text)?;
    Ok(())
}

/// The weights of one head, `[seq_q, seq_k]`.
fn pattern(forward: &Forward, layer: usize, head: usize) -> Result<Pattern, Error> {
    Pattern::new(forward.weights[layer].clone().narrow(0, head, 1).squeeze_dim(0))
}

fn tokens(forward: &Forward) -> Vec<u32> {
    forward.tokens.iter().map(|token| token.id).collect()
}

/// For each detector the three heads with the highest scores, and the middle of all heads.
fn strongest(forward: &Forward) -> String {
    let mut text = format!("{:<10}{:<51}middle\n", "", "highest: layer.head score");
    for (name, detector) in DETECTORS {
        text += &match ranked(forward, detector) {
            Ok(scores) => {
                let best = scores[..3].iter().map(|(score, layer, head)| {
                    format!("{:<17}", format!("{layer:>2}.{head} {score:.2}"))
                });
                let best: String = best.collect();
                format!("{name:<10}{best}{:>6.2}\n", scores[scores.len() / 2].0)
            }
            Err(error) => format!("{name:<10}{error}\n"),
        };
    }
    text
}

// ANCHOR: ranked
/// The score, layer and head of all heads, the highest score first.
fn ranked(forward: &Forward, detector: Detector) -> Result<Vec<(f64, usize, usize)>, Error> {
    let tokens = tokens(forward);
    let mut scores = Vec::new();
    for (layer, weights) in forward.weights.iter().enumerate() {
        for head in 0..weights.dims()[0] {
            let pattern = pattern(forward, layer, head)?;
            scores.push((detector(&pattern, &tokens)?, layer, head));
        }
    }
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(scores)
}
// ANCHOR_END: ranked

/// Every detector on every head of one layer; a dash where there is nothing to measure.
fn one_layer(forward: &Forward, layer: usize) -> Result<String> {
    let tokens = tokens(forward);
    let mut text = format!("layer {layer:<4}");
    for (name, _) in DETECTORS {
        text += &format!("{name:>10}");
    }
    text += "\n";
    for head in 0..forward.weights[layer].dims()[0] {
        let pattern = pattern(forward, layer, head)?;
        text += &format!("head {head:<5}");
        for (_, detector) in DETECTORS {
            let score = detector(&pattern, &tokens);
            text += &format!("{:>10}", score.map_or("-".into(), |score| format!("{score:.2}")));
        }
        text += "\n";
    }
    Ok(text)
}
