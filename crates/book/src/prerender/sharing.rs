//! The sharing of heads, of chapter 10.

use anyhow::Result;
use widgets::sharing::{NAME, Sharing, SharingWidget, State};

use super::Prerendered;

/// The widget, opened on eight query heads in two groups.
pub(super) fn prerender() -> Result<Prerendered> {
    let opening = State { heads: 8, sharing: Sharing::Grouped(2), head: 5 };
    Prerendered::live(NAME, &opening, &SharingWidget::new(opening)?)
}
