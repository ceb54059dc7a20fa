//! Training: a step, and what the model can do after it.

use attention::Error;
use attention::detectors::Pattern;
use attention::random::Random;
use attention::softmax;
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};

use crate::message::{EachHead, Point};
use crate::task::{LENGTHS, TWICE};
use crate::{Batch, CONTEXT, Cut, Forward, HEADS, Transformer, Word, words};

/// How many steps a training has.
pub const STEPS: u32 = 300;
/// How many steps lie between two [points](Point).
pub const EVERY: u32 = 5;
/// How large the steps are, unless the reader wants others.
pub const LEARNING_RATE: f64 = 0.01;
/// Texts a step.
const BATCH: usize = 16;
/// Texts that the model is tried on, of words that follow from `HELD_OUT`.
const TRIED: usize = 16;
const HELD_OUT: u64 = 0x5eed;

/// A model in training.
pub struct Trainer {
    model: Transformer,
    adam: ModuleOptimizer,
    device: Device,
    random: Random,
    learning_rate: f64,
    step: u32,
    tried: Vec<Word>,
}

impl Trainer {
    /// A model that knows nothing yet. Its first weights and the words that it will be shown
    /// follow from `seed`.
    pub fn new(seed: u64, learning_rate: f64) -> Self {
        let device = Device::flex().autodiff();
        let mut random = Random::new(seed);
        Trainer {
            model: Transformer::untrained(&mut random, &device),
            adam: AdamConfig::new().with_beta_2(0.99).with_epsilon(1e-8).init(),
            device,
            random,
            learning_rate,
            step: 0,
            tried: words(TRIED, TWICE, &mut Random::new(HELD_OUT)),
        }
    }

    /// How many steps it has made.
    pub fn steps(&self) -> u32 {
        self.step
    }

    // ANCHOR: step
    /// Shows the model new words, and corrects its weights once.
    ///
    /// # Errors
    /// None with the words of the task.
    pub fn step(&mut self) -> Result<(), Error> {
        let batch = Batch::new(&words(BATCH, LENGTHS, &mut self.random), &self.device);
        let logits = self.model.forward(batch.read.clone(), None)?.logits;
        let gradients = loss(logits, &batch).backward();
        let gradients = GradientsParams::from_grads(gradients, &self.model);
        self.model = self.adam.step(self.learning_rate, self.model.clone(), gradients);
        self.step += 1;
        Ok(())
    }
    // ANCHOR_END: step

    /// How it does now on words that it is not trained on, each said twice.
    ///
    /// # Errors
    /// None with the words of the task, as for the methods below.
    pub fn point(&self) -> Result<Point, Error> {
        let (forward, loss, accuracy) = self.trial(None)?;
        let mut point = Point { step: self.step, loss, accuracy, ..Point::default() };
        // ANCHOR: scores
        for (layer, weights) in forward.weights.iter().enumerate() {
            for (text, word) in self.tried.iter().enumerate() {
                let letters: Vec<u32> = word.letters.iter().map(|it| *it as u32).collect();
                for head in 0..HEADS {
                    let pattern = Pattern::new(map(weights, text, head))?;
                    let share = 1.0 / self.tried.len() as f64;
                    let scores =
                        (pattern.previous_token()?, pattern.prefix_matching(&letters[..CONTEXT])?);
                    point.previous[layer][head] += (scores.0 * share) as f32;
                    point.induction[layer][head] += (scores.1 * share) as f32;
                }
            }
        }
        // ANCHOR_END: scores
        Ok(point)
    }

    /// Where each head looks on the first of those words: the weights that the mask leaves, row
    /// by row, to three decimals.
    pub fn maps(&self) -> Result<EachHead<Vec<f32>>, Error> {
        let read = Batch::new(&self.tried[..1], &Device::flex()).read;
        let weights = self.model.valid().forward(read, None)?.weights;
        let rounded = |weight: f32| (weight * 1000.0).round() / 1000.0;
        Ok(std::array::from_fn(|layer| {
            std::array::from_fn(|head| {
                let numbers: Vec<f32> = map(&weights[layer], 0, head).into_data().iter().collect();
                let rows = numbers.chunks(CONTEXT).enumerate();
                rows.flat_map(|(row, numbers)| &numbers[..=row]).map(|it| rounded(*it)).collect()
            })
        }))
    }

    /// The text whose [maps](Self::maps) are drawn.
    pub fn drawn(&self) -> &Word {
        &self.tried[0]
    }

    /// The loss and the accuracy without a head.
    pub fn without(&self, cut: Cut) -> Result<(f32, f32), Error> {
        let (_, loss, accuracy) = self.trial(cut)?;
        Ok((loss, accuracy))
    }

    // ANCHOR: continue
    /// Goes on writing after `letters` up to the end of the context, each time with the
    /// likeliest letter. Returns the new letters, and how likely each was.
    ///
    /// # Errors
    /// [`Error::Empty`] without a letter to begin with.
    pub fn continued(&self, letters: &[usize], cut: Cut) -> Result<Vec<(usize, f32)>, Error> {
        let model = self.model.valid();
        let mut text = letters.to_vec();
        let mut added = Vec::new();
        while text.len() < CONTEXT {
            let numbers: Vec<i32> = text.iter().map(|letter| *letter as i32).collect();
            let read = Tensor::<1, Int>::from_data(numbers.as_slice(), &Device::flex());
            let logits = model.forward(read.unsqueeze(), cut)?.logits;
            let last = logits.narrow(1, text.len() - 1, 1).flatten::<1>(0, 2);
            let shares: Vec<f32> = softmax(last, 0).into_data().iter().collect();
            let (likeliest, share) = largest(&shares);
            text.push(likeliest);
            added.push((likeliest, share));
        }
        Ok(added)
    }
    // ANCHOR_END: continue

    /// Reads the words that it is tried on: what it says, the loss, and the accuracy.
    fn trial(&self, cut: Cut) -> Result<(Forward, f32, f32), Error> {
        let batch = Batch::new(&self.tried, &Device::flex());
        let forward = self.model.valid().forward(batch.read.clone(), cut)?;
        let hit = forward.logits.clone().argmax(2).squeeze_dim::<2>(2).equal(batch.next.clone());
        let hits = (hit.float() * batch.known.clone()).sum() / batch.known.clone().sum();
        let loss = loss(forward.logits.clone(), &batch).into_scalar();
        Ok((forward, loss, hits.into_scalar()))
    }
}

/// The weights of one head on one text, `[seq, seq]`.
fn map(weights: &Tensor<4>, text: usize, head: usize) -> Tensor<2> {
    weights.clone().narrow(0, text, 1).narrow(1, head, 1).reshape([CONTEXT, CONTEXT])
}

/// The largest share, and where it is.
fn largest(shares: &[f32]) -> (usize, f32) {
    let shares = shares.iter().copied().enumerate();
    shares.max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are letters")
}

// ANCHOR: loss
/// How badly the model expects the next letter: the mean of `-ln p(letter)`, wherever it can be
/// known. A tensor of one number.
fn loss(logits: Tensor<3>, batch: &Batch) -> Tensor<1> {
    let next = batch.next.clone().unsqueeze_dim::<3>(2);
    let surprise = log_softmax(logits, 2).gather(2, next).squeeze_dim::<2>(2).neg();
    (surprise * batch.known.clone()).sum() / batch.known.clone().sum()
}
// ANCHOR_END: loss
