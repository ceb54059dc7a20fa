//! The scale of chapter 4.

use anyhow::Result;
use widgets::scale::{Scale, Setup, State};

use super::Staged;

/// The widget at the dimension of SmolLM2's heads, on the draw that the listing prints.
pub(super) fn stage() -> Result<Staged> {
    let setup = Setup { opening: State { power: 6, draw: 1 } };
    Staged::live::<Scale>(setup, &[])
}
