//! Training: a step, and what the model can do after it.

use attention::Error;
use attention::detectors::Pattern;
use attention::random::Random;
use attention::softmax;
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};

use crate::message::{Continued, Cut, EachHead, Point, Progress, Rest, WHOLE};
use crate::task::LENGTHS;
use crate::{Batch, CONTEXT, DRAWN, Forward, HEADS, LAYERS, Transformer, Word, words};

/// Texts a step.
const BATCH: usize = 16;
/// The length of a word that fills the context when it is said twice.
const HALF: usize = CONTEXT / 2;
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
            tried: words(TRIED, HALF..=HALF, &mut Random::new(HELD_OUT)),
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
        let logits = self.model.forward(batch.read.clone(), WHOLE)?.logits;
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
        let (forward, loss, accuracy) = self.trial(WHOLE)?;
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

    /// Where each head looks on one word of [`DRAWN`] letters, said twice.
    ///
    /// # Errors
    /// As [`point`](Self::point).
    pub fn maps(&self) -> Result<EachHead<Vec<f32>>, Error> {
        let seq = 2 * DRAWN;
        let read = Batch::new(&[drawn()], &Device::flex()).read.narrow(1, 0, seq);
        let weights = self.model.valid().forward(read, WHOLE)?.weights;
        Ok(std::array::from_fn(|layer: usize| {
            std::array::from_fn(|head| {
                let numbers: Vec<f32> = map(&weights[layer], 0, head).into_data().iter().collect();
                // Three decimals: more are never shown.
                let rounded = |weight: &f32| (weight * 1000.0).round() / 1000.0;
                let rows = numbers.chunks(seq).enumerate();
                rows.flat_map(|(row, numbers)| numbers[..=row].iter().map(rounded)).collect()
            })
        }))
    }

    /// How training went on at some points, and where each head looks now.
    ///
    /// # Errors
    /// As [`point`](Self::point).
    pub fn progress(&self, points: Vec<Point>) -> Result<Progress, Error> {
        let word = crate::text(&drawn().letters[..2 * DRAWN]);
        Ok(Progress { points, word, maps: self.maps()? })
    }

    /// The loss and the accuracy without each head.
    ///
    /// # Errors
    /// As [`point`](Self::point).
    pub fn rest(&self) -> Result<Rest, Error> {
        let mut rest = Rest::default();
        for layer in 0..LAYERS {
            for head in 0..HEADS {
                let mut cut = WHOLE;
                cut[layer][head] = true;
                let (_, loss, accuracy) = self.trial(cut)?;
                (rest.loss[layer][head], rest.accuracy[layer][head]) = (loss, accuracy);
            }
        }
        Ok(rest)
    }

    // ANCHOR: continue
    /// Goes on writing after `text` up to the end of the context, each time with the likeliest
    /// letter, without the heads that are cut out.
    ///
    /// # Errors
    /// [`Error::Empty`] without a letter to begin with. What is no letter is left out.
    pub fn continued(&self, text: &str, cut: Cut) -> Result<Continued, Error> {
        let model = self.model.valid();
        let mut letters: Vec<usize> = text.chars().flat_map(crate::number).collect();
        let (mut added, mut shares) = (Vec::new(), Vec::new());
        while letters.len() < CONTEXT {
            let numbers: Vec<i32> = letters.iter().map(|letter| *letter as i32).collect();
            let read = Tensor::<1, Int>::from_data(numbers.as_slice(), &Device::flex());
            let logits = model.forward(read.unsqueeze(), cut)?.logits;
            let last = logits.narrow(1, letters.len() - 1, 1).flatten::<1>(0, 2);
            let (likeliest, share) = largest(softmax(last, 0));
            letters.push(likeliest);
            added.push(likeliest);
            shares.push(share);
        }
        let (_, loss, accuracy) = self.trial(cut)?;
        let (text, added) = (text.to_owned(), crate::text(&added));
        Ok(Continued { text, cut, loss, accuracy, added, shares })
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

/// The word whose maps are drawn.
fn drawn() -> Word {
    words(1, DRAWN..=DRAWN, &mut Random::new(HELD_OUT)).remove(0)
}

/// The weights of one head on one text, `[seq, seq]`.
fn map(weights: &Tensor<4>, text: usize, head: usize) -> Tensor<2> {
    let [_, _, seq_q, seq_k] = weights.dims();
    weights.clone().narrow(0, text, 1).narrow(1, head, 1).reshape([seq_q, seq_k])
}

/// Where the largest share is, and the share.
fn largest(shares: Tensor<1>) -> (usize, f32) {
    let shares: Vec<f32> = shares.into_data().iter().collect();
    let shares = shares.into_iter().enumerate();
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
