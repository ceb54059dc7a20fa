//! Chapter 7: train the translator.
//!
//! Watch the loss fall, and the translations of sentences that it never saw become right. All of it
//! takes about a minute on two cores. With `--out` the weights and the log are kept.

use std::path::PathBuf;

use anyhow::{Context, Result};
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::Device;
use clap::Parser;
use listings::terminal::print;
use listings::training::{Shuffled, learning_rate, loss};
use translator::{Batch, Corpus, Pair, Translator, checksum};

/// Trains the translator on the corpus of the book.
#[derive(Parser)]
struct Options {
    /// How often to correct the weights
    #[arg(long, default_value_t = 1500, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// How many steps lie between two lines of the log
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// What the first weights and the order of the sentences follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder for `translator.bin` and `training.txt`
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Sentences a step.
const BATCH: usize = 64;
/// The highest learning rate.
const PEAK: f64 = 4e-3;

fn main() -> Result<()> {
    let options = Options::parse();
    let (steps, every) = (options.steps as usize, options.every as usize);
    let corpus = Corpus::of_the_book();
    let held_out: Vec<&Pair> = corpus.held_out.iter().collect();

    // ANCHOR: training
    let device = Device::flex().autodiff();
    let mut model = Translator::untrained(options.seed, &device);
    let mut adam = AdamConfig::new().with_beta_2(0.98).with_epsilon(1e-9).init();
    let mut sentences = Shuffled::new(&corpus, options.seed);
    // ANCHOR_END: training
    let mut log = format!(
        "{} parameters, {} pairs to learn from, {} held out\n\n step  loss     held out, exactly right\n",
        model.num_params(),
        corpus.training.len(),
        held_out.len()
    );
    print(&log)?;
    // ANCHOR: step
    for step in 0..steps {
        let batch = Batch::new(sentences.take(BATCH), &device);
        let loss = loss(&model, batch)?;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(learning_rate(step, steps, PEAK), model, gradients);
        // ANCHOR_END: step
        if (step + 1).is_multiple_of(every) || step == 0 || step + 1 == steps {
            let right = model.valid().agrees(&held_out)?.into_iter().filter(|it| *it).count();
            let percent = 100.0 * right as f64 / held_out.len() as f64;
            let loss = two_digits(loss.into_scalar());
            let line = format!("{:>5}  {loss:<9}{percent:>5.1} %\n", step + 1);
            print(&line)?;
            log += &line;
        }
    }
    let weights = model.valid().to_bytes();
    log += &format!("\nSHA-256 of the weights: {}\n", checksum(&weights));
    if let Some(folder) = options.out {
        let written = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
        };
        written("translator.bin", &weights)?;
        written("training.txt", log.as_bytes())?;
    }
    Ok(())
}

/// A number with two digits that count: what lies below differs from machine to machine.
fn two_digits(number: f32) -> String {
    let decimals = 1 - number.log10().floor() as i32;
    format!("{number:.*}", decimals.max(0) as usize)
}
