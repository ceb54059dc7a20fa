//! The scale of chapter 4.

use anyhow::Result;
use inputs::scale::SEED;
use widgets::scale::{Scale, Setup, State};

use super::Prerendered;

/// The widget at the dimension of SmolLM2's heads, on the draw that the listing prints.
pub(super) fn prerender() -> Result<Prerendered> {
    let setup = Setup { opening: State { power: 6, draw: SEED } };
    Prerendered::live::<Scale>(setup, &[])
}
