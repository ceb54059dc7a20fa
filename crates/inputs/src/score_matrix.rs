//! Chapter 3: the queries and keys that chapter 2 computes, ready to be compared.

pub use crate::projections::WORDS;

/// What each word looks for, `[seq, head_dim]`: `X W_Q` of [`projections`](crate::projections).
pub const QUERY: [[f32; 2]; 4] = [[1.7, 0.45], [-0.2, -0.8], [0.5, -0.25], [0.6, -0.1]];

/// What each word offers, `[seq, head_dim]`: `X W_K` of [`projections`](crate::projections).
pub const KEY: [[f32; 2]; 4] = [[2.0, 2.3], [1.8, 1.0], [0.9, 2.3], [1.6, 1.0]];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projections::{W_K, W_Q, X};

    /// Row `i` of the product is `x[i]` times the matrix.
    fn product(matrix: [[f32; 2]; 3]) -> [[f32; 2]; 4] {
        X.map(|row| [0, 1].map(|column| (0..3).map(|at| row[at] * matrix[at][column]).sum()))
    }

    #[test]
    fn they_are_what_chapter_2_computes() {
        for (typed, computed) in [(QUERY, product(W_Q)), (KEY, product(W_K))] {
            for (typed, computed) in typed.concat().iter().zip(computed.concat()) {
                assert!((typed - computed).abs() < 1e-6, "{typed} is typed, {computed} computed");
            }
        }
    }
}
