//! Chapter 5, multi-head attention.

use anyhow::Result;

use super::{Facts, Measured};

/// Adds the figures of chapter 5.
pub(super) fn add(_facts: &mut Facts, _measured: Option<&Measured<'_>>) -> Result<()> {
    Ok(())
}
