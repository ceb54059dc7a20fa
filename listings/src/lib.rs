//! What the listings share: printing. The ideas are in the crates `attention` and `smollm2`.

pub mod terminal;

pub use attention::random;
