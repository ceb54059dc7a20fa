//! The patterns of chapter 9.

use anyhow::Result;
use inputs::masks::{LONG, SHORT};
use widgets::patterns::{Patterns, Setup, State};

use super::Prerendered;

/// A causal window over a few tokens, through three layers.
pub(super) fn prerender() -> Result<Prerendered> {
    let opening = State {
        first: 2,
        join: 1,
        second: 1,
        tokens: SHORT.into(),
        window: 2,
        power: LONG.ilog2(),
        layers: 3,
        cell: (0, 0),
    };
    let setup = Setup { opening };
    Prerendered::live::<Patterns>(setup, &[])
}
