//! A link of the book to a place in it.

use crate::problem::Problem;

/// A link of a chapter to a place in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it goes, as written: `ch01-spotlight.md#pitfalls`.
    pub destination: String,
    /// The problem to report if it goes nowhere.
    pub problem: Problem,
}
