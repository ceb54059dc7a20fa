//! Exercise of chapter 2: one head, from query, key and value to the output.

// ANCHOR: exercise
/// One head of attention without a mask. `query` has a row for each token that asks; `key` and
/// `value` have one for each token that answers. The result has a row for each query.
///
/// As it stands, every query looks at all keys alike. Make the shares depend on query and key.
pub fn attention(query: &[Vec<f32>], key: &[Vec<f32>], value: &[Vec<f32>]) -> Vec<Vec<f32>> {
    query
        .iter()
        .map(|_query| {
            let weights = vec![1.0 / key.len() as f32; key.len()];
            blend(&weights, value)
        })
        .collect()
}

/// The rows of `value`, each times its weight, added up.
fn blend(weights: &[f32], value: &[Vec<f32>]) -> Vec<f32> {
    let mut output = vec![0.0; value[0].len()];
    for (weight, row) in weights.iter().zip(value) {
        for (sum, number) in output.iter_mut().zip(row) {
            *sum += weight * number;
        }
    }
    output
}
// ANCHOR_END: exercise
