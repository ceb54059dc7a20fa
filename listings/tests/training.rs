//! Training the translator of chapter 7: the first steps.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor};
use listings::training::{Shuffled, learning_rate, loss};
use translator::{Batch, Corpus, Pair, Translator};

/// Looks at the gradient of each parameter.
struct Gradients<'g> {
    gradients: &'g GradientsParams,
    count: usize,
    without: Vec<String>,
    names: Vec<String>,
}

impl ModuleVisitor for Gradients<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.count += 1;
        let size = self
            .gradients
            .get::<D>(param.id)
            .map_or(0.0, |gradient| gradient.abs().sum().into_scalar::<f32>());
        if !(size.is_finite() && size > 0.0) {
            self.without.push(format!("{}: {size}", self.names.join(".")));
        }
    }
}

#[test]
fn the_loss_falls_and_gradients_reach_every_matrix() {
    let (steps, device) = (120, Device::flex().autodiff());
    let corpus = Corpus::of_the_book();
    let mut model = Translator::untrained(3, &device);
    let mut adam = AdamConfig::new().with_beta_2(0.98).with_epsilon(1e-9).init();
    let mut sentences = Shuffled::new(&corpus, 3);
    let mut losses = Vec::new();
    for step in 0..steps {
        let batch = Batch::new(sentences.take(32), &device);
        let loss = loss(&model, batch).unwrap();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        if step == 0 {
            let (names, without) = (Vec::new(), Vec::new());
            let mut all = Gradients { gradients: &gradients, count: 0, without, names };
            model.visit(&mut all);
            assert!(all.without.is_empty(), "no gradient for {:?}", all.without);
            assert_eq!(all.count, 5 + 2 * 6 + 2 * 10, "embeddings, encoder, decoder");
        }
        model = adam.step(learning_rate(step, steps, 4e-3), model, gradients);
        losses.push(loss.into_scalar::<f32>());
    }
    let (first, last) = (losses[0], losses[steps - 1]);
    println!("loss {first:.2} at first, {last:.2} after {steps} steps");
    assert!(first > 4.0, "an untrained model guesses among a hundred words, loss {first}");
    assert!(last < 0.5 * first, "loss {first} fell only to {last}");
}

#[test]
fn the_same_seed_makes_the_same_weights() {
    let train = || {
        let device = Device::flex().autodiff();
        let corpus = Corpus::of_the_book();
        let mut model = Translator::untrained(5, &device);
        let mut adam = AdamConfig::new().init();
        let mut sentences = Shuffled::new(&corpus, 5);
        for _ in 0..5 {
            let loss = loss(&model, Batch::new(sentences.take(16), &device)).unwrap();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = adam.step(1e-3, model, gradients);
        }
        model.valid().to_bytes()
    };
    assert!(train() == train(), "two trainings from one seed differ");
}

#[test]
fn padding_does_not_count_in_the_loss() {
    let device = Device::flex();
    let model = Translator::untrained(4, &device);
    let corpus = Corpus::of_the_book();
    let (short, long) = (
        corpus.training.iter().min_by_key(|pair| pair.french.len()).unwrap(),
        corpus.training.iter().max_by_key(|pair| pair.french.len()).unwrap(),
    );
    let of = |pairs: &[&Pair]| {
        let words: usize = pairs.iter().map(|pair| pair.english.len() + 1).sum();
        let loss: f32 = loss(&model, Batch::new(pairs, &device)).unwrap().into_scalar();
        (loss * words as f32, words)
    };
    let ((both, _), (one, _), (other, _)) = (of(&[short, long]), of(&[short]), of(&[long]));
    let error = (both - one - other).abs() / both;
    assert!(error < 1e-5, "{both} is not {one} + {other}: off by {error:.1e}");
}

#[test]
fn every_sentence_comes_once_before_any_comes_again() {
    let corpus = Corpus::of_the_book();
    let mut sentences = Shuffled::new(&corpus, 1);
    let rounds = corpus.training.len() / 64;
    let mut seen: Vec<Pair> =
        (0..rounds).flat_map(|_| sentences.take(64).to_vec()).cloned().collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), rounds * 64);
}

#[test]
fn the_learning_rate_rises_and_falls() {
    let rates: Vec<f64> = (0..100).map(|step| learning_rate(step, 100, 1.0)).collect();
    assert!(rates[..5].is_sorted() && rates[5..].iter().rev().is_sorted(), "{rates:?}");
    assert_eq!(rates.iter().copied().fold(0.0, f64::max), 1.0);
    assert!(rates[99] < 0.01);
    assert_eq!(learning_rate(0, 1, 1.0), 1.0, "one step is a whole training");
}
