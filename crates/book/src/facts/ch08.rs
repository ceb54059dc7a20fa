//! Chapter 8, flash attention.

use anyhow::Result;

use super::{Facts, Measured};

/// Adds the figures of chapter 8.
pub(super) fn add(_facts: &mut Facts, _measured: Option<&Measured<'_>>) -> Result<()> {
    Ok(())
}
