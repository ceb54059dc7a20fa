//! Solution of an exercise of chapter 4.

// ANCHOR: solution
/// Turns logits into shares.
///
/// A factor common to all powers cancels in the division, so the largest logit may come off
/// first. Then no exponent is above zero, and no power above one.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let total: f32 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}
// ANCHOR_END: solution
