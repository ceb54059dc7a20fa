//! The sharing of heads, of chapter 10.

use anyhow::Result;
use widgets::sharing::{Kind, Sharing, State};

use super::Prerendered;

/// The widget, opened on eight query heads in two groups.
pub(super) fn prerender() -> Result<Prerendered> {
    let opening = State { heads: 8, kind: Kind::Grouped(2), head: 5 };
    Prerendered::live::<Sharing>(opening, &[])
}
