//! What the listings share: printing, and random numbers. The ideas are in the crates
//! `attention` and `smollm2`.

pub mod random;
pub mod terminal;
pub mod training;
