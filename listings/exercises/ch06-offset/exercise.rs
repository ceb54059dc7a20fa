//! Exercise of chapter 6: a causal mask for fewer queries than keys.

// ANCHOR: exercise
/// Which keys each query may look at: `visible[i][j]`, for `seq_q` queries and `seq_k` keys.
///
/// The queries are the newest tokens of the text, so the last one stands beside the last key.
/// This mask is right only when there are as many queries as keys.
pub fn causal(seq_q: usize, seq_k: usize) -> Vec<Vec<bool>> {
    (0..seq_q).map(|query| (0..seq_k).map(|key| key <= query).collect()).collect()
}
// ANCHOR_END: exercise
