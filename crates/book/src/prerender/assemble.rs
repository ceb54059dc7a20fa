//! The assembly of chapter 5.

use anyhow::Result;
use widgets::assemble::{Assemble, State, short};

use super::Prerendered;

/// The widget, opened on SmolLM2 and ten tokens. It needs no weights, only sizes.
pub(super) fn prerender() -> Result<Prerendered> {
    let opening = State { model: short("SmolLM2-135M"), tokens: 10, head: 8 };
    Prerendered::live::<Assemble>(opening, &[])
}
