//! Chapter 4: what may come next, and how much of it a filter keeps.

/// Six tokens that may come after [`texts::BOUGHT`](crate::texts::BOUGHT).
pub const TOKENS: [&str; 6] = ["a", "the", "my", "his", "two", "blue"];

/// How strongly each is expected: made up.
pub const LOGITS: [f32; 6] = [3.2, 2.5, 1.6, 1.1, 0.4, -0.8];

/// How many tokens top-k keeps.
pub const TOP_K: usize = 5;

/// The probability that top-p keeps, in percent.
pub const TOP_P_PERCENT: usize = 80;
