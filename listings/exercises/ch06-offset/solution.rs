//! Solution of an exercise of chapter 6.

// ANCHOR: solution
/// Which keys each query may look at: `visible[i][j]`, for `seq_q` queries and `seq_k` keys.
///
/// Before the first query come `seq_k - seq_q` older tokens. Written without the subtraction,
/// which could fall below zero: a query without a key beside it then sees nothing.
pub fn causal(seq_q: usize, seq_k: usize) -> Vec<Vec<bool>> {
    let sees = |query: usize, key: usize| key + seq_q <= query + seq_k;
    (0..seq_q).map(|query| (0..seq_k).map(|key| sees(query, key)).collect()).collect()
}
// ANCHOR_END: solution
