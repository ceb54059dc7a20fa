//! Solution of an exercise of chapter 6.

// ANCHOR: solution
/// A layer: one output for each token.
pub type Layer<'a> = dyn Fn(&[f32]) -> Vec<f32> + 'a;

/// The leaks of a layer on this text: `(i, j)` where another token at `j` changes the output at
/// an earlier position `i`. In order of `i`, then of `j`.
pub fn leaks(layer: &Layer<'_>, text: &[f32]) -> Vec<(usize, usize)> {
    let before = layer(text);
    let mut leaks = Vec::new();
    for later in 0..text.len() {
        // Several tokens: a layer may not notice one of them.
        for by in [1.0, -1.0, 10.0] {
            let mut changed = text.to_vec();
            changed[later] += by;
            let after = layer(&changed);
            leaks.extend((0..later).filter(|at| before[*at] != after[*at]).map(|at| (at, later)));
        }
    }
    leaks.sort_unstable();
    leaks.dedup();
    leaks
}
// ANCHOR_END: solution
