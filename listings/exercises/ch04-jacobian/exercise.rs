//! Exercise of chapter 4: the Jacobian of a softmax, and a check of it.

// ANCHOR: exercise
/// How each share answers to each logit: row `i`, column `j` is the derivative of share `i` with
/// respect to logit `j`. `shares` are the softmax of the logits, at temperature one.
///
/// As it is given, each share answers to its own logit only. Something is missing.
pub fn jacobian(shares: &[f64]) -> Vec<Vec<f64>> {
    let cell = |i: usize, j: usize| if i == j { shares[i] * (1.0 - shares[i]) } else { 0.0 };
    (0..shares.len()).map(|i| (0..shares.len()).map(|j| cell(i, j)).collect()).collect()
}

/// The same, measured: move logit `j` by `step` up and down, and see how far share `i` moves.
pub fn finite_differences(logits: &[f64], step: f64) -> Vec<Vec<f64>> {
    let _ = step;
    vec![vec![0.0; logits.len()]; logits.len()]
}
// ANCHOR_END: exercise
