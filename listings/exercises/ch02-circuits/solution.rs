//! Solution of an exercise of chapter 2.

// ANCHOR: solution
/// `left rightᵀ`: both are lists of rows of the same length. With `W_Q` and `W_K` of one head,
/// a row for each number of a hidden state, this is the matrix that decides what it attends to.
pub fn circuit(left: &[Vec<f64>], right: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum();
    left.iter().map(|row| right.iter().map(|other| dot(row, other)).collect()).collect()
}

/// How many independent directions a matrix has.
pub fn rank(mut matrix: Vec<Vec<f64>>) -> usize {
    let (mut found, mut first) = (0, 0.0);
    while let Some((row, column)) = largest(&matrix[found..]) {
        let pivot_row = matrix.remove(found + row);
        let pivot = pivot_row[column];
        if found == 0 {
            first = pivot.abs();
        }
        if pivot.abs() <= 1e-9 * first {
            break;
        }
        for other in &mut matrix[found..] {
            let factor = other[column] / pivot;
            for (it, own) in other.iter_mut().zip(&pivot_row) {
                *it -= factor * own;
            }
            other[column] = 0.0;
        }
        matrix.insert(found, pivot_row);
        found += 1;
    }
    found
}

/// Where the largest entry is.
fn largest(rows: &[Vec<f64>]) -> Option<(usize, usize)> {
    let cells = rows.iter().enumerate().flat_map(|(at, row)| {
        row.iter().enumerate().map(move |(column, it)| ((at, column), it.abs()))
    });
    cells.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| place)
}
// ANCHOR_END: solution
