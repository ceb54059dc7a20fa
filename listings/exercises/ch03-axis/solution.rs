//! Solution of an exercise of chapter 3.

// ANCHOR: solution
/// Turns a score matrix into shares: each row by itself, over its keys.
pub fn shares(scores: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let row_of_shares = |row: &Vec<f32>| -> Vec<f32> {
        let powers: Vec<f32> = row.iter().map(|score| score.exp()).collect();
        let total: f32 = powers.iter().sum();
        powers.iter().map(|power| power / total).collect()
    };
    scores.iter().map(row_of_shares).collect()
}
// ANCHOR_END: solution
