//! Solution of an exercise of chapter 8.

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

    // ANCHOR: solution
    /// Takes in one block: some scores, and a value for each.
    pub fn absorb(&mut self, scores: &[f32], values: &[Vec<f32>]) {
        let largest = scores.iter().copied().fold(self.largest, f32::max);
        if largest == f32::NEG_INFINITY {
            // All keys so far are hidden: the differences below would not be numbers.
            return;
        }
        let kept = (self.largest - largest).exp();
        self.total *= kept;
        self.output.iter_mut().for_each(|sum| *sum *= kept);
        self.largest = largest;
        for (score, value) in scores.iter().zip(values) {
            let power = (score - largest).exp();
            self.total += power;
            for (sum, number) in self.output.iter_mut().zip(value) {
                *sum += power * number;
            }
        }
    }
    // ANCHOR_END: solution

    /// The attention over all that has come by.
    pub fn finish(&self) -> Vec<f32> {
        self.output.iter().map(|sum| sum / self.total).collect()
    }
}
