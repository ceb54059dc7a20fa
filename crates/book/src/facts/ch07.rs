//! Chapter 7, cross-attention.

use anyhow::Result;

use super::{Facts, Measured};

/// Adds the figures of chapter 7.
pub(super) fn add(_facts: &mut Facts, _measured: Option<&Measured<'_>>) -> Result<()> {
    Ok(())
}
