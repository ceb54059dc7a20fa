//! What the listings share: printing, measuring, and grades for exercises. The ideas are in the crates
//! `attention` and `smollm2`.

pub mod ablation;
pub mod grade;
pub mod terminal;
pub mod training;

pub use attention::random;
