//! The widget that runs on a graphics card: what it computes twice.

use widgets::gpu::CHECKED;

use super::Facts;
use crate::fact::Fact;

/// Adds the facts.
pub(super) fn add(facts: &mut Facts) {
    let source = "the sizes that the widget `gpu` computes on the card and on the processor";
    facts.add("gpu.check-tokens", Fact::text(CHECKED.tokens, source));
    facts.add("gpu.check-heads", Fact::text(CHECKED.heads, source));
    facts.add("gpu.check-kv-heads", Fact::text(CHECKED.kv_heads, source));
}
