//! Solution of an exercise of chapter 10.

// ANCHOR: solution
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

/// Both parts as one. Each sum is brought to the larger maximum; then it says how much of the
/// whole its part is worth.
pub fn merge(left: &Part, right: &Part) -> Part {
    let largest = left.largest.max(right.largest);
    let worth = |part: &Part| part.total * (part.largest - largest).exp();
    let total = worth(left) + worth(right);
    let (left_share, right_share) = (worth(left) / total, worth(right) / total);
    let pairs = left.output.iter().zip(&right.output);
    let output = pairs.map(|(l, r)| left_share * l + right_share * r).collect();
    Part { largest, total, output }
}
// ANCHOR_END: solution
