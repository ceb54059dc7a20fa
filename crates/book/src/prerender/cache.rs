//! The cache calculator of chapter 10.

use anyhow::{Context, Result};
use inputs::kv_cache::TOKENS_POWER;
use widgets::cache::{Cache, State};

use super::Prerendered;

/// The widget, opened on Llama 3 8B, which has the sizes of the chapter's example, and a long text.
pub(super) fn prerender() -> Result<Prerendered> {
    let opening = State::of("llama-3-8b", TOKENS_POWER).context("Llama 3 8B is in the table")?;
    Prerendered::live::<Cache>(opening, &[])
}
