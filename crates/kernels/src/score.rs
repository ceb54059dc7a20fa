//! From a dot product to a score, and back.

use cubecl::prelude::*;

/// Stands for the largest of no scores. It is finite, so that it can be subtracted from itself.
pub(crate) const LOWEST: f32 = -3.0e38;

/// The score: the dot product times `scale`. With a **soft cap** it bends towards `±soft_cap`:
/// `soft_cap · tanh(score / soft_cap)` (Gemma Team, *Gemma 2*, 2024, section 2).
#[cube]
pub(crate) fn score(dot: f32, scale: f32, soft_cap: f32, #[comptime] capped: bool) -> f32 {
    let mut score = dot * scale;
    if capped {
        // A tanh is 1 from 10 on. Some drivers' tanh overflows for large numbers.
        let bent = clamp(score / soft_cap, f32::new(-10.0), f32::new(10.0));
        score = soft_cap * bent.tanh();
    }
    score
}

/// How much the score grows with the dot product: `scale`, and less where the cap bends it.
#[cube]
pub(crate) fn slope(score: f32, scale: f32, soft_cap: f32, #[comptime] capped: bool) -> f32 {
    let mut slope = scale;
    if capped {
        let tanh = score / soft_cap;
        slope *= f32::new(1.0) - tanh * tanh;
    }
    slope
}
