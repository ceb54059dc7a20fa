//! Training the translator of chapter 7: the loss, and the plan of the learning rate.

use anyhow::Result;
use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use translator::{Batch, Corpus, PAD, Pair, Random, Translator};

// ANCHOR: loss
/// How badly the model expects the next English word: the mean of `-ln p(word)` over all words of
/// the batch, padding left out. A tensor of one number.
///
/// # Errors
/// When the batch does not fit the model.
pub fn loss(model: &Translator, batch: Batch) -> Result<Tensor<1>> {
    let source = model.encode(batch.french, &batch.lengths)?;
    // The decoder is given every word of the true translation, and says the next one for all
    // places at once: the causal mask keeps it from reading ahead.
    let logits = model.decode(batch.given, source, &batch.lengths)?.logits;
    let wanted = batch.wanted.clone().unsqueeze_dim::<3>(2);
    let surprise = log_softmax(logits, 2).gather(2, wanted).squeeze_dim::<2>(2).neg();

    let words = batch.wanted.not_equal_elem(PAD as i32).float();
    Ok((surprise * words.clone()).sum() / words.sum())
}
// ANCHOR_END: loss

/// The learning rate at `step` of `steps`: it rises to `peak` over a twentieth of them, then falls
/// to nothing along half a cosine (Loshchilov and Hutter, *SGDR*, 2017).
pub fn learning_rate(step: usize, steps: usize, peak: f64) -> f64 {
    let warm_up = steps.div_ceil(20);
    if step < warm_up {
        return peak * (step + 1) as f64 / warm_up as f64;
    }
    let done = (step - warm_up) as f64 / (steps - warm_up).max(1) as f64;
    peak * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
}

/// Training pairs in random order, again and again.
pub struct Shuffled<'c> {
    pairs: Vec<&'c Pair>,
    random: Random,
    next: usize,
}

impl<'c> Shuffled<'c> {
    /// The training part of `corpus`, in an order that follows from `seed`.
    pub fn new(corpus: &'c Corpus, seed: u64) -> Self {
        let pairs: Vec<&Pair> = corpus.training.iter().collect();
        Shuffled { next: pairs.len(), pairs, random: Random::new(seed) }
    }

    /// The next `count` pairs. After the last one all are shuffled anew.
    pub fn take(&mut self, count: usize) -> &[&'c Pair] {
        if self.next + count > self.pairs.len() {
            for last in (1..self.pairs.len()).rev() {
                self.pairs.swap(last, self.random.below(last + 1));
            }
            self.next = 0;
        }
        self.next += count;
        &self.pairs[self.next - count..self.next]
    }
}
