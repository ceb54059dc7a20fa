//! The cache calculator of chapter 10.

use anyhow::{Context, Result};
use widgets::cache::{Cache, State};

use super::Staged;

/// The widget, opened on Llama 3 8B, which has the sizes of the chapter's example, and 2^17 tokens.
pub(super) fn stage() -> Result<Staged> {
    let opening = State::of("llama-3-8b", 17).context("Llama 3 8B is in the table")?;
    Staged::live::<Cache>(opening, &[])
}
