//! Chapter 2: four words, three numbers each, and the matrices of one head.

/// The words: `seq` is their number.
pub const WORDS: [&str; 4] = ["The", "cat", "sat", "down"];

/// What each word means, `[seq, d_model]`.
pub const X: [[f32; 3]; 4] = [[1.0, 0.5, 0.3], [0.2, 0.8, 0.6], [0.7, 0.1, 0.9], [0.4, 0.6, 0.2]];

/// What makes queries, `[d_model, head_dim]`.
pub const W_Q: [[f32; 2]; 3] = [[2.0, 1.0], [0.0, -0.5], [-1.0, -1.0]];

/// What makes keys, `[d_model, head_dim]`.
pub const W_K: [[f32; 2]; 3] = [[1.0, 2.0], [2.0, 0.0], [0.0, 1.0]];

/// What makes values, `[d_model, head_dim]`.
pub const W_V: [[f32; 2]; 3] = [[1.0, 0.0], [0.0, 2.0], [1.0, -1.0]];

/// What brings the output back to the width of a word, `[head_dim, d_model]`.
pub const W_O: [[f32; 3]; 2] = [[1.0, 0.0, -1.0], [0.0, 1.0, 1.0]];
