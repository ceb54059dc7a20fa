//! Exercise of chapter 5: all of multi-head attention.

// ANCHOR: exercise
/// A matrix, row by row.
pub type Matrix = Vec<Vec<f32>>;

/// Multi-head attention without a mask. `x` is `[seq, d_model]`; `w` holds $W_Q$, $W_K$, $W_V$
/// and $W_O$, each `[d_model, d_model]`. The result is `[seq, d_model]`.
///
/// One head is there. Make it `heads` of them: split queries, keys and values, attend in each
/// head, merge, and multiply by the last matrix.
pub fn multi_head(x: &Matrix, w: &[Matrix; 4], heads: usize) -> Matrix {
    let [query, key, value] = [0, 1, 2].map(|at| product(x, &w[at]));
    assert!(query[0].len().is_multiple_of(heads), "the heads do not share out the width");
    attend(&query, &key, &value)
}

/// One head: `softmax(Q Kᵀ / √d) V`, where `d` is the width of its queries.
pub fn attend(query: &Matrix, key: &Matrix, value: &Matrix) -> Matrix {
    let scale = (query[0].len() as f32).sqrt();
    let row = |q: &Vec<f32>| {
        let scores: Vec<f32> = key.iter().map(|k| dot(q, k) / scale).collect();
        let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
        let all: f32 = powers.iter().sum();
        let column = |at: usize| value.iter().zip(&powers).map(|(v, p)| v[at] * p / all).sum();
        (0..value[0].len()).map(column).collect()
    };
    query.iter().map(row).collect()
}

/// A matrix times a matrix.
pub fn product(left: &Matrix, right: &Matrix) -> Matrix {
    let entry = |row: &[f32], at: usize| row.iter().zip(right).map(|(x, w)| x * w[at]).sum();
    left.iter().map(|row| (0..right[0].len()).map(|at| entry(row, at)).collect()).collect()
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}
// ANCHOR_END: exercise
