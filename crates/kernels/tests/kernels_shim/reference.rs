//! Attention in f64, row by row, and numbers to try it on.

use kernels::FlashOptions;

/// Query, key and value.
pub(crate) struct Inputs {
    /// `[batch, heads, kv_heads, seq_q, seq_k]`
    pub shape: [usize; 5],
    /// The width of a row.
    pub head_dim: usize,
    /// `[batch, heads, seq_q, head_dim]`
    pub query: Vec<f32>,
    /// `[batch, kv_heads, seq_k, head_dim]`
    pub key: Vec<f32>,
    /// `[batch, kv_heads, seq_k, head_dim]`
    pub value: Vec<f32>,
}

/// What should come out.
pub(crate) struct Expected {
    /// `[batch, heads, seq_q, head_dim]`
    pub output: Vec<f64>,
    /// `[batch, heads, seq_q]`
    pub log_sum_exp: Vec<f64>,
    /// The largest score that anybody sees, without its sign.
    pub largest_score: f64,
}

/// Attention as its definition says, from the words of [`FlashOptions`] alone.
pub(crate) fn attention(inputs: &Inputs, options: &FlashOptions) -> Expected {
    let [batch, heads, kv_heads, seq_q, seq_k] = inputs.shape;
    let d = inputs.head_dim;
    let scale = f64::from(options.scale_for(d));
    let mut expected = Expected { output: vec![], log_sum_exp: vec![], largest_score: 0.0 };
    for row in 0..batch * heads * seq_q {
        let (text, head, i) = (row / seq_q / heads, row / seq_q % heads, row % seq_q);
        let first_key = (text * kv_heads + head / (heads / kv_heads)) * seq_k;
        let number = |from: &[f32], row: usize, k: usize| f64::from(from[row * d + k]);
        let score = |j: usize| {
            let dot: f64 = (0..d)
                .map(|k| number(&inputs.query, row, k) * number(&inputs.key, first_key + j, k))
                .sum();
            let cap = options.soft_cap.map_or(f64::INFINITY, f64::from);
            if cap.is_finite() { cap * (dot * scale / cap).tanh() } else { dot * scale }
        };
        let place = i as i64 + seq_k as i64 - seq_q as i64;
        let length = options.lengths.as_ref().map_or(seq_k, |lengths| lengths[text]);
        let sees = |j: &usize| {
            let ahead = *j as i64 - place;
            let near = |window: kernels::Window| {
                -ahead <= window.before as i64 && ahead <= window.after as i64
            };
            *j < length && (!options.causal || ahead <= 0) && options.window.is_none_or(near)
        };
        let scores: Vec<(usize, f64)> = (0..seq_k).filter(sees).map(|j| (j, score(j))).collect();
        let most = scores.iter().fold(f64::NEG_INFINITY, |most, &(_, score)| most.max(score));
        let total: f64 = scores.iter().map(|(_, score)| (score - most).exp()).sum();
        let weighted = |k: usize| -> f64 {
            let weigh = |&(j, score): &(usize, f64)| {
                (score - most).exp() / total * number(&inputs.value, first_key + j, k)
            };
            scores.iter().map(weigh).sum()
        };
        expected.output.extend((0..d).map(weighted));
        let seen = !scores.is_empty();
        expected.log_sum_exp.push(if seen { most + total.ln() } else { f64::NEG_INFINITY });
        let loudest = scores.iter().fold(0.0f64, |most, (_, score)| most.max(score.abs()));
        expected.largest_score = expected.largest_score.max(loudest);
    }
    expected
}

/// `count` numbers, nearly normally distributed: sums of twelve from -1/2 to 1/2.
pub(crate) fn normal(count: usize, seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    (0..count).map(move |_| (0..12).map(|_| uniform()).sum())
}
