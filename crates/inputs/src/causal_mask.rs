//! Chapter 6: five tokens with made-up vectors.

/// The tokens: `seq` is their number.
pub const TOKENS: [&str; 5] = ["I", "love", "mystery", "novels", "!"];

// ANCHOR: vectors
/// What each token looks for, `[seq, head_dim]`.
pub const QUERY: [[f32; 2]; 5] = [[0.2, 0.9], [0.5, 1.0], [0.3, 1.2], [0.8, 0.6], [0.7, 0.4]];

/// What each token offers, `[seq, head_dim]`.
pub const KEY: [[f32; 2]; 5] = [[1.0, 0.1], [0.4, 0.9], [0.2, 1.1], [0.3, 1.4], [0.1, 0.2]];
// ANCHOR_END: vectors
