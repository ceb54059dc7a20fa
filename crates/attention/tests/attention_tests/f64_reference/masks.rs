//! Who sees whom, a predicate a mask.

use attention::Mask;

/// Whether query `i` sees key `j`, in the words of the papers. `None` for masks drawn at random.
pub(crate) fn predicate(
    mask: Mask,
    i: usize,
    j: usize,
    seq_q: usize,
    seq_k: usize,
) -> Option<bool> {
    // Distances in i128: nothing overflows, whatever the parameters.
    let (i, j) = (i as i128 + seq_k as i128 - seq_q as i128, j as i128);
    let window = |before: usize, after: usize| j >= i - before as i128 && j <= i + after as i128;
    let global = |tokens: usize| (i >= 0 && i < tokens as i128) || j < tokens as i128;
    Some(match mask {
        Mask::Full => true,
        Mask::Causal => j <= i,
        Mask::SlidingWindow { before, after } => window(before, after),
        Mask::Dilated { before, after, gap } => {
            let step = gap as i128 + 1;
            let behind = (0..=before as i128).take(200).any(|k| j == i - k * step);
            let ahead = (0..=after as i128).take(200).any(|k| j == i + k * step);
            behind || ahead
        }
        Mask::Strided { stride } => {
            let local = j <= i && j >= i - stride as i128;
            let far = j <= i && stride > 0 && (i - j) % stride as i128 == 0;
            local || far
        }
        Mask::Global { tokens } => global(tokens),
        Mask::Longformer { before, after, global: tokens } => {
            window(before, after) || global(tokens)
        }
        Mask::Padding { length } => j < length as i128,
        Mask::Random { .. } | Mask::BigBird { .. } => return None,
    })
}
