//! Solution of an exercise of chapter 4.

// ANCHOR: solution
/// How each share answers to each logit: row `i`, column `j` is the derivative of share `i` with
/// respect to logit `j`. `shares` are the softmax of the logits, at temperature one.
///
/// What one share gains the others lose, so every column sums to zero.
pub fn jacobian(shares: &[f64]) -> Vec<Vec<f64>> {
    let cell = |i: usize, j: usize| shares[i] * (f64::from(u8::from(i == j)) - shares[j]);
    (0..shares.len()).map(|i| (0..shares.len()).map(|j| cell(i, j)).collect()).collect()
}

/// The same, measured: move logit `j` by `step` up and down, and see how far share `i` moves.
///
/// A step to both sides: the errors of the two halves cancel, but for a third-order rest.
pub fn finite_differences(logits: &[f64], step: f64) -> Vec<Vec<f64>> {
    let moved = |j: usize, by: f64| {
        let mut logits = logits.to_vec();
        logits[j] += by;
        softmax(&logits)
    };
    let mut rows = vec![vec![0.0; logits.len()]; logits.len()];
    for j in 0..logits.len() {
        let (up, down) = (moved(j, step), moved(j, -step));
        for i in 0..logits.len() {
            rows[i][j] = (up[i] - down[i]) / (2.0 * step);
        }
    }
    rows
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let total: f64 = exponentials.iter().sum();
    exponentials.iter().map(|it| it / total).collect()
}
// ANCHOR_END: solution
