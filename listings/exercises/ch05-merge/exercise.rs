//! Exercise of chapter 5: put the heads side by side again.

// ANCHOR: exercise
/// Merges the outputs of the heads: `[heads, seq, head_dim]`, row after row, becomes
/// `[seq, heads * head_dim]`.
///
/// Nothing is lost here, the shape fits what comes next, and nobody complains. But the numbers of
/// different tokens stand in one row. Repair it.
pub fn merge(outputs: &[f32], heads: usize, seq: usize, head_dim: usize) -> Vec<f32> {
    assert_eq!(outputs.len(), heads * seq * head_dim, "the outputs do not have this shape");
    outputs.to_vec()
}
// ANCHOR_END: exercise
