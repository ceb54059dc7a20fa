//! Exercise of chapter 8: attention over keys that come by in blocks.

// ANCHOR: exercise
/// What a query remembers of the keys that have come by.
pub struct Running {
    /// The largest score so far.
    pub largest: f32,
    /// The sum of `exp(score - largest)` so far.
    pub total: f32,
    /// The values so far, each times `exp(score - largest)`.
    pub output: Vec<f32>,
}

impl Running {
    /// Nothing has come by yet.
    pub fn new(value_dim: usize) -> Self {
        Running { largest: f32::NEG_INFINITY, total: 0.0, output: vec![0.0; value_dim] }
    }

    /// Takes in one block: some scores, and a value for each.
    ///
    /// It is right for the first block. For a later one it forgets that what it holds was summed
    /// with another maximum. A hidden key has a score of `-inf`, and a block may be hidden whole.
    pub fn absorb(&mut self, scores: &[f32], values: &[Vec<f32>]) {
        self.largest = scores.iter().copied().fold(self.largest, f32::max);
        for (score, value) in scores.iter().zip(values) {
            let power = (score - self.largest).exp();
            self.total += power;
            for (sum, number) in self.output.iter_mut().zip(value) {
                *sum += power * number;
            }
        }
    }

    /// The attention over all that has come by.
    pub fn finish(&self) -> Vec<f32> {
        self.output.iter().map(|sum| sum / self.total).collect()
    }
}
// ANCHOR_END: exercise
