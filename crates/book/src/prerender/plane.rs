//! The plane of chapter 2.

use anyhow::Result;
use widgets::plane::{PlaneWidget, Setup, State};

use super::Prerendered;

/// The plane on the toy of the chapter.
pub(super) fn prerender() -> Result<Prerendered> {
    Prerendered::live::<PlaneWidget>(Setup { opening: State::opening() }, &[])
}
