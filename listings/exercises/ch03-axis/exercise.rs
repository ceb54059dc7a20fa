//! Exercise of chapter 3: shares of the wrong thing.

// ANCHOR: exercise
/// Turns a score matrix into shares. `scores[i][j]` is what query `i` scores key `j`, and there
/// are as many queries as keys. A hidden key has a score of `-inf`.
pub fn shares(scores: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let powers: Vec<Vec<f32>> =
        scores.iter().map(|row| row.iter().map(|score| score.exp()).collect()).collect();
    let keys = 0..scores.len();
    let totals: Vec<f32> = keys.map(|key| powers.iter().map(|row| row[key]).sum()).collect();
    let share = |row: &Vec<f32>| -> Vec<f32> {
        row.iter().zip(&totals).map(|(power, total)| power / total).collect()
    };
    powers.iter().map(share).collect()
}
// ANCHOR_END: exercise
