//! Chapter 9: train two layers of attention until an induction head appears.
//!
//! The model reads words of random letters, each said again and again. Watch the loss: it stays
//! where guessing leaves it, and then falls within a few steps, while one score of layer 2 rises.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;
use induction::message::{Continued, Cut, EachHead, Pair, Point, Record, Rest, WHOLE};
use induction::{EVERY, LEARNING_RATE, STEPS, Trainer};
use listings::terminal::{print, share};

/// Trains the model of the chapter's page, prints how it goes, then cuts out each head, and lets
/// the model go on with a text.
#[derive(Parser)]
struct Options {
    /// How often to correct the weights
    #[arg(long, default_value_t = STEPS)]
    steps: u32,
    /// How many steps lie between two lines
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// What the first weights and the words follow from
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// How large a correction is
    #[arg(long, default_value_t = LEARNING_RATE)]
    rate: f64,
    /// A text to go on with
    #[arg(long, default_value = "rustykeblorust")]
    text: String,
    /// A file for the whole training, as JSON
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(problem) = induction::problem(&options.text) {
        bail!("--text {}: {problem}", options.text);
    }
    print(" step  loss   right  previous token  induction\n")?;
    print("                     (layer 0)       (layer 1)\n")?;
    let mut trainer = Trainer::new(u64::from(options.seed), options.rate);
    let mut points = vec![trainer.point()?];
    let mut maps = vec![trainer.maps()?];
    print(&line(&points[0]))?;
    // ANCHOR: train
    while trainer.steps() < options.steps {
        trainer.step()?;
        if trainer.steps().is_multiple_of(EVERY) {
            points.push(trainer.point()?);
        }
        // ANCHOR_END: train
        if trainer.steps().is_multiple_of(EVERY) && options.out.is_some() {
            maps.push(trainer.maps()?);
        }
        if trainer.steps().is_multiple_of(options.every) {
            print(&line(&trainer.point()?))?;
        }
    }
    let rest = trainer.rest()?;
    let continued = trainer.continued(&options.text, WHOLE)?;
    let silenced = trainer.continued(&options.text, induction_heads(&points[points.len() - 1]))?;
    if silenced.cut != WHOLE {
        print(&ending(&rest, &continued, &silenced))?;
    }
    if let Some(path) = options.out {
        let pair = Pair::new(&points, &maps);
        let progress = trainer.progress(points)?;
        let (seed, learning_rate) = (options.seed, options.rate);
        let record = Record { seed, learning_rate, progress, pair, rest, continued, silenced };
        std::fs::write(&path, serde_json::to_string(&record)? + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn line(point: &Point) -> String {
    let best = |scores: &EachHead<f32>, layer: usize| scores[layer].into_iter().fold(0.0, f32::max);
    format!(
        "{:>5}  {:<5}{:>6.0} %  {}             {}\n",
        point.step,
        rough(point.loss),
        100.0 * point.accuracy,
        share(best(&point.previous, 0)),
        share(best(&point.induction, 1))
    )
}

/// What each head is worth, and how the text goes on.
fn ending(rest: &Rest, continued: &Continued, silenced: &Continued) -> String {
    let mut text =
        "\nThe loss without a head\n          head 0  head 1  head 2  head 3\n".to_owned();
    for (layer, losses) in rest.loss.iter().enumerate() {
        let losses: String = losses.iter().map(|loss| format!("  {:>6}", rough(*loss))).collect();
        text += &format!("  layer {layer}{losses}\n");
    }
    text += &format!("\n{} goes on with\n{}\n", continued.text, continued.added);
    let count = silenced.cut.concat().into_iter().filter(|cut| *cut).count();
    let loss = rough(silenced.loss);
    text + &format!("\nWithout all {count} induction heads: loss {loss}, and\n{}\n", silenced.added)
}

/// A loss with one decimal: what lies below differs from machine to machine.
fn rough(loss: f32) -> String {
    format!("{loss:.1}")
}

/// The heads that look where an induction head looks, more than half of the time.
fn induction_heads(point: &Point) -> Cut {
    point.induction.map(|layer| layer.map(|score| score > 0.5))
}
