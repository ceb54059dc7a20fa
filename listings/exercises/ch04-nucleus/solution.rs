//! Solution of an exercise of chapter 4.

// ANCHOR: solution
/// The places of the fewest tokens, the likeliest first, whose
/// `probabilities` together reach `p`.
pub fn nucleus(probabilities: &[f32], p: f32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    // The sort is stable: equals stay in the order of their places.
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let mut reached = 0.0;
    let short = order.iter().take_while(|&&token| {
        reached += probabilities[token];
        reached < p
    });
    let size = short.count() + 1;
    order.truncate(size);
    order
}
// ANCHOR_END: solution
