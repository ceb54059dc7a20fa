//! Chapter 10, heads and the KV cache.

use anyhow::Result;

use super::{Facts, Measured};

/// Adds the figures of chapter 10.
pub(super) fn add(_facts: &mut Facts, _measured: Option<&Measured<'_>>) -> Result<()> {
    Ok(())
}
