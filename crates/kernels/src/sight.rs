//! Which keys a query sees, on the device.
//!
//! With more keys than queries the last query stands beside the last key, so the place of query
//! `i`, counted in keys, is `i + seq_k - seq_q`. A causal mask, a sliding window and both together
//! are two numbers: how far a query sees back, and how far ahead. It then sees one unbroken
//! stretch of keys, and neither end of it ever moves back from one query to the next.
//!
//! The same is true the other way round: a key is seen by one unbroken stretch of queries. The two
//! functions here serve both ways, with `own` and `other` exchanged.

use cubecl::prelude::*;

/// The first that row `index` of `own` sees of `other`, if it reaches `back` far: 0 or more.
///
/// For a query: `first_seen(i, seq_q, seq_k, before)`.
/// For a key: `first_seen(j, seq_k, seq_q, after)`.
#[cube]
pub(crate) fn first_seen(index: usize, own: usize, other: usize, back: usize) -> usize {
    usize::saturating_sub(index + other, own + back)
}

/// One past the last that row `index` of `own` sees of `other`, if it reaches `ahead` far. It may
/// lie past the end.
#[cube]
pub(crate) fn end_seen(index: usize, own: usize, other: usize, ahead: usize) -> usize {
    usize::saturating_sub(index + other + ahead + 1, own)
}
