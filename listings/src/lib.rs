//! What the listings share: printing, random numbers, and grades for exercises. The ideas are in
//! the crates `attention` and `smollm2`.

pub mod grade;
pub mod random;
pub mod terminal;
