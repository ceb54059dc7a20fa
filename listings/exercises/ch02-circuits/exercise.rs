//! Exercise of chapter 2: the two circuits of a head, and their rank.

// ANCHOR: exercise
/// `left rightᵀ`: both are lists of rows of the same length. With `W_Q` and `W_K` of one head,
/// a row for each number of a hidden state, this is the matrix that decides what it attends to.
pub fn circuit(left: &[Vec<f64>], right: &[Vec<f64>]) -> Vec<Vec<f64>> {
    vec![vec![0.0; right.len()]; left.len()]
}

/// How many independent directions a matrix has. As it is given, it counts rows.
///
/// One way: take the largest entry that is left as a pivot, subtract multiples of its row from all
/// other rows so that its column is zero there, and count the pivots. Stop when the largest entry
/// is below `1e-9` of the first pivot: what is left is rounding.
pub fn rank(matrix: Vec<Vec<f64>>) -> usize {
    matrix.len()
}
// ANCHOR_END: exercise
