//! Chapter 9, patterns and induction heads.

use anyhow::Result;

use super::{Facts, Measured};

/// Adds the figures of chapter 9.
pub(super) fn add(_facts: &mut Facts, _measured: Option<&Measured<'_>>) -> Result<()> {
    Ok(())
}
