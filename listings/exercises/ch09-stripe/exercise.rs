//! Exercise of chapter 9: the score of an induction head.

// ANCHOR: exercise
/// The mean weight on the token that came after the previous occurrence of the query's own token,
/// over all queries whose token occurred before. `weights[i][j]` is that of query `i` on key `j`.
///
/// This one looks at the previous occurrence itself.
pub fn induction(weights: &[Vec<f64>], tokens: &[u32]) -> f64 {
    let mut found = Vec::new();
    for (query, row) in weights.iter().enumerate() {
        if let Some(before) = tokens[..query].iter().rposition(|it| *it == tokens[query]) {
            found.push(row[before]);
        }
    }
    found.iter().sum::<f64>() / found.len().max(1) as f64
}
// ANCHOR_END: exercise
