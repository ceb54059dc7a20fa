//! Exercise of chapter 4: a softmax that no logit can break.

// ANCHOR: exercise
/// Turns logits into shares.
///
/// This is the formula as it stands on paper. It is right, and it breaks: the exponential of a
/// large logit is more than an `f32` can hold. Repair it, without giving up any share.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let powers: Vec<f32> = logits.iter().map(|logit| logit.exp()).collect();
    let total: f32 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}
// ANCHOR_END: exercise
