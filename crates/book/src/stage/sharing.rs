//! The sharing of heads, of chapter 10.

use anyhow::Result;
use widgets::sharing::{Kind, Sharing, State};

use super::Staged;

/// The widget, opened on eight query heads in two groups.
pub(super) fn stage() -> Result<Staged> {
    let opening = State { heads: 8, kind: Kind::Grouped(2), head: 5 };
    Staged::live::<Sharing>(opening, &[])
}
