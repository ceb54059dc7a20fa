//! Exercise of chapter 10: joining what two devices found.

// ANCHOR: exercise
/// What one query took in from a part of the keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The largest score of the part.
    pub largest: f32,
    /// The sum of `exp(score - largest)` over the part.
    pub total: f32,
    /// The output for this part alone: weights that sum to one, times the values.
    pub output: Vec<f32>,
}

/// Both parts as one. The mean of the outputs is right only when both have the same weight.
pub fn merge(left: &Part, right: &Part) -> Part {
    let pairs = left.output.iter().zip(&right.output);
    Part {
        largest: left.largest.max(right.largest),
        total: left.total + right.total,
        output: pairs.map(|(l, r)| (l + r) / 2.0).collect(),
    }
}
// ANCHOR_END: exercise
