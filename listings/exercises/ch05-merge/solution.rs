//! Solution of an exercise of chapter 5.

// ANCHOR: solution
/// Merges the outputs of the heads: `[heads, seq, head_dim]`, row after row, becomes
/// `[seq, heads * head_dim]`.
///
/// A token's row is what each head has for this token, the heads in their order.
pub fn merge(outputs: &[f32], heads: usize, seq: usize, head_dim: usize) -> Vec<f32> {
    assert_eq!(outputs.len(), heads * seq * head_dim, "the outputs do not have this shape");
    let mut merged = Vec::with_capacity(outputs.len());
    for token in 0..seq {
        for head in 0..heads {
            let start = (head * seq + token) * head_dim;
            merged.extend_from_slice(&outputs[start..start + head_dim]);
        }
    }
    merged
}
// ANCHOR_END: solution
