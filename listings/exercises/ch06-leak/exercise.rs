//! Exercise of chapter 6: a test that finds a leak in a mask.

// ANCHOR: exercise
/// A layer: one output for each token.
pub type Layer<'a> = dyn Fn(&[f32]) -> Vec<f32> + 'a;

/// The leaks of a layer on this text: `(i, j)` where another token at `j` changes the output at
/// an earlier position `i`. In order of `i`, then of `j`.
pub fn leaks(layer: &Layer<'_>, text: &[f32]) -> Vec<(usize, usize)> {
    let _ = (layer, text);
    Vec::new()
}
// ANCHOR_END: exercise
