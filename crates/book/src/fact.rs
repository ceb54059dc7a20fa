//! A value, and the ways in which the book prints one.

use std::fmt::Display;

use widgets::show::{grouped, share};

/// A value as the book prints it, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// As printed: `.80`.
    pub shown: String,
    /// With full precision: `0.8013`.
    pub exact: String,
    /// What computed it, or which work it is quoted from.
    pub source: String,
}

impl Fact {
    /// A share between 0 and 1, with two decimals: `.80`.
    pub fn share(weight: f32, source: impl Into<String>) -> Self {
        Self { shown: share(weight), exact: weight.to_string(), source: source.into() }
    }

    /// A whole number, with a comma between thousands: `49,152`.
    pub fn count(number: usize, source: impl Into<String>) -> Self {
        Self { shown: grouped(number as u64), exact: number.to_string(), source: source.into() }
    }

    /// A number with as many decimals as are wanted: `1.72`.
    pub fn decimals(value: f64, decimals: usize, source: impl Into<String>) -> Self {
        let shown = format!("{value:.decimals$}");
        Self { shown, exact: value.to_string(), source: source.into() }
    }

    /// Words, or digits that are ready to print.
    pub fn text(shown: impl Display, source: impl Into<String>) -> Self {
        let shown = shown.to_string();
        Self { exact: shown.clone(), shown, source: source.into() }
    }

    /// A value printed as `shown`, with more digits in `exact`.
    pub fn rounded(shown: impl Display, exact: impl Display, source: impl Into<String>) -> Self {
        Self { shown: shown.to_string(), exact: exact.to_string(), source: source.into() }
    }
}
