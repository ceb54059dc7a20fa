//! What attention moves in the example of chapter 8: one head, in fp16.

use anyhow::Result;
use attention::flash::{TileOptions, flash_traffic};
use attention::traffic::{Sizes, Traffic, least_formula, standard_formula};
use inputs::flash::{HEAD_DIM, SEQ};

/// Bytes of a number in fp16.
pub(crate) const FP16_BYTES: usize = 2;

fn sizes(seq: usize) -> Sizes {
    Sizes {
        seq_q: seq,
        seq_k: seq,
        head_dim: HEAD_DIM,
        value_dim: HEAD_DIM,
        bytes_per_number: FP16_BYTES,
        ..Sizes::one()
    }
}

/// What standard attention costs in the example.
pub(crate) fn standard() -> Traffic {
    standard_formula(&sizes(SEQ))
}

/// What flash attention asks of HBM when L2 serves whatever is read again, with tiles of any size.
pub(crate) fn cached() -> Traffic {
    least_formula(&sizes(SEQ))
}

/// What one decoding step costs: a single query meets all keys.
pub(crate) fn decoding() -> Traffic {
    least_formula(&Sizes { seq_q: 1, ..sizes(SEQ) })
}

/// What flash attention costs with square tiles, `block` a side.
pub(crate) fn tiles(seq: usize, block: usize, causal: bool) -> Result<Traffic> {
    let options = TileOptions { block_q: block, block_k: block, causal, ..Default::default() };
    Ok(flash_traffic(&sizes(seq), &options)?)
}

/// What tiles cost with the loop over keys on the outside, as in Dao et al., *FlashAttention*,
/// 2022, Algorithm 1: the output and its two sums travel at each visit.
pub(crate) fn keys_outside(block: usize) -> Traffic {
    let mut traffic = Traffic::default();
    let (tile, sum) = ([1, 1, block, HEAD_DIM], [1, 1, block, 1]);
    for _keys in 0..SEQ / block {
        traffic.reads(tile, FP16_BYTES);
        traffic.reads(tile, FP16_BYTES);
        for _queries in 0..SEQ / block {
            traffic.reads(tile, FP16_BYTES);
            for carried in [tile, sum, sum] {
                traffic.reads(carried, FP16_BYTES);
                traffic.writes(carried, FP16_BYTES);
            }
        }
    }
    traffic
}
