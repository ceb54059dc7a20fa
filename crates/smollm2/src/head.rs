//! One head, with everything that it computes.

use attention::AttentionSteps;

use crate::Token;

/// What [`Model::head`](crate::Model::head) hands out.
#[derive(Debug, Clone)]
pub struct Head {
    /// The text's tokens: `seq` of them.
    pub tokens: Vec<Token>,
    /// The layer, from 0.
    pub layer: usize,
    /// The query head of the layer, from 0.
    pub head: usize,
    /// The key and value head that it asks, from 0. Other query heads ask the same one.
    pub kv_head: usize,
    /// Every step, from query, key and value, `[1, 1, seq, head_dim]`, to the output. Query and
    /// key are already turned to their places (RoPE), and the mask is causal, so `masked` and
    /// `weights` are what [`Forward`](crate::Forward) calls `scores` and `weights`.
    pub steps: AttentionSteps,
}
