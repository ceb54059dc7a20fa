//! Masks: which keys a query may look at.

use burn::tensor::{Bool, Device, Tensor};

/// Which keys a query may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Every query sees every key, as in an encoder (BERT) or in cross-attention.
    Full,
    /// A query sees the keys up to its own place and none after it, as in a decoder (GPT).
    ///
    /// With more keys than queries the last query stands beside the last key: the queries are
    /// the newest tokens of a longer text.
    Causal,
}

impl Mask {
    /// The entries to hide, `[seq_q, seq_k]`: `true` where the query may *not* look.
    /// `None` when nothing is hidden.
    pub fn hidden(self, seq_q: usize, seq_k: usize, device: &Device) -> Option<Tensor<2, Bool>> {
        match self {
            Mask::Full => None,
            Mask::Causal => {
                let offset = seq_k as i64 - seq_q as i64;
                Some(Tensor::<2, Bool>::tril_mask([seq_q, seq_k], offset, device))
            }
        }
    }
}
