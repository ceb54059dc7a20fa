//! Chapter 8: four tokens in tiles of two by two, and the sizes whose traffic is counted.

/// The four tokens: `seq` is their number.
pub const TOKENS: [&str; 4] = ["zero", "one", "two", "three"];

// ANCHOR: vectors
/// What each token looks for, `[seq, head_dim]`.
pub const QUERY: [[f32; 2]; 4] = [[1.0, 0.5], [0.0, 2.0], [2.0, 1.0], [-1.0, 1.0]];
/// What each token offers.
pub const KEY: [[f32; 2]; 4] = [[1.0, 0.0], [0.0, 1.0], [3.0, 1.0], [-1.0, 2.0]];
/// What each token carries.
pub const VALUE: [[f32; 2]; 4] = [[1.0, 0.0], [0.0, 1.0], [4.0, 4.0], [-2.0, 1.0]];
// ANCHOR_END: vectors

/// The example whose traffic is counted: so many queries and as many keys, one head.
pub const SEQ: usize = 4096;

/// Numbers in a query, a key and a value of the example.
pub const HEAD_DIM: usize = 64;

/// Heads whose time is counted: enough of them to keep every part of a card busy.
pub const HEADS: usize = 64;

/// The tiles whose traffic is counted: queries in a tile, and as many keys.
pub const BLOCKS: [usize; 5] = [16, 32, 64, 128, 256];

/// The tile that the chapter speaks of.
pub const BLOCK: usize = 128;

/// The two parts that are both called A100.
pub const A100: [&str; 2] = ["NVIDIA A100 40GB SXM4", "NVIDIA A100 80GB SXM4"];
