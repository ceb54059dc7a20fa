//! Solution of an exercise of chapter 2.

// ANCHOR: solution
/// One head of attention without a mask: a score for each key, shares, and a blend of the values.
pub fn attention(query: &[Vec<f32>], key: &[Vec<f32>], value: &[Vec<f32>]) -> Vec<Vec<f32>> {
    query
        .iter()
        .map(|query| {
            let scale = (query.len() as f32).sqrt();
            let scores: Vec<f32> = key.iter().map(|key| dot(query, key) / scale).collect();
            blend(&softmax(&scores), value)
        })
        .collect()
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn softmax(scores: &[f32]) -> Vec<f32> {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f32 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}
// ANCHOR_END: solution

/// The rows of `value`, each times its weight, added up.
fn blend(weights: &[f32], value: &[Vec<f32>]) -> Vec<f32> {
    let mut output = vec![0.0; value[0].len()];
    for (weight, row) in weights.iter().zip(value) {
        for (sum, number) in output.iter_mut().zip(row) {
            *sum += weight * number;
        }
    }
    output
}
