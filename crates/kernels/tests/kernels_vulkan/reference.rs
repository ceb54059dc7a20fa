//! Attention and its gradients in f64: every score, every weight, one after the other. It shares
//! no code with the library.

use kernels::FlashOptions;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub batch: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub seq_q: usize,
    pub seq_k: usize,
    pub head_dim: usize,
}

/// `[output, log-sum-exp, gradient of query, of key, of value]`, each as a tensor lies in memory.
pub(crate) type Results = [Vec<f64>; 5];

/// Whether query `i` of a text sees its key `j`, in the words of the documentation.
fn sees(options: &FlashOptions, shape: Shape, text: usize, i: usize, j: usize) -> bool {
    let distance = i as i128 + shape.seq_k as i128 - shape.seq_q as i128 - j as i128;
    let causal = !options.causal || distance >= 0;
    let window = options.window.is_none_or(|window| {
        distance <= window.before as i128 && -distance <= window.after as i128
    });
    let padded = options.lengths.as_ref().is_some_and(|lengths| j >= lengths[text]);
    causal && window && !padded
}

pub(crate) fn reference(
    shape: Shape,
    options: &FlashOptions,
    [query, key, value, gradient]: [&[f64]; 4],
) -> Results {
    let Shape { batch, heads, kv_heads, seq_q, seq_k, head_dim: d } = shape;
    let scale = options.scale.map_or(1.0 / (d as f64).sqrt(), f64::from);
    let mut results = [query.len(), query.len() / d, query.len(), key.len(), value.len()]
        .map(|length| vec![0.0; length]);
    let [output, log_sum_exp, of_query, of_key, of_value] = &mut results;
    for text in 0..batch {
        for head in 0..heads {
            let kv_head = head * kv_heads / heads;
            for i in 0..seq_q {
                let row = (text * heads + head) * seq_q + i;
                let column = |j| (text * kv_heads + kv_head) * seq_k + j;
                let straight = |j: usize| {
                    let key = &key[column(j) * d..][..d];
                    let query = &query[row * d..][..d];
                    query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>() * scale
                };
                let bend = |score: f64| match options.soft_cap {
                    Some(cap) => f64::from(cap) * (score / f64::from(cap)).tanh(),
                    None => score,
                };
                let seen: Vec<usize> =
                    (0..seq_k).filter(|&j| sees(options, shape, text, i, j)).collect();
                let scores: Vec<f64> = seen.iter().map(|&j| bend(straight(j))).collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if seen.is_empty() {
                    log_sum_exp[row] = f64::NEG_INFINITY;
                    continue;
                }
                let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
                log_sum_exp[row] = largest + total.ln();
                let weights: Vec<f64> =
                    scores.iter().map(|score| (score - largest).exp() / total).collect();

                let of_weight = |j: usize| -> f64 {
                    (0..d).map(|x| gradient[row * d + x] * value[column(j) * d + x]).sum()
                };
                let mean: f64 = seen.iter().zip(&weights).map(|(&j, w)| w * of_weight(j)).sum();
                for ((&j, weight), score) in seen.iter().zip(&weights).zip(&scores) {
                    let bent = options.soft_cap.map_or(0.0, |cap| score / f64::from(cap));
                    let of_dot = weight * (of_weight(j) - mean) * (1.0 - bent * bent) * scale;
                    for x in 0..d {
                        output[row * d + x] += weight * value[column(j) * d + x];
                        of_value[column(j) * d + x] += weight * gradient[row * d + x];
                        of_query[row * d + x] += of_dot * key[column(j) * d + x];
                        of_key[column(j) * d + x] += of_dot * query[row * d + x];
                    }
                }
            }
        }
    }
    results
}

/// Random numbers, the same on every machine (SplitMix64).
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Nearly normal: the sum of twelve even ones, less six.
    pub(crate) fn normal(&mut self) -> f64 {
        let even = |word: u64| (word >> 11) as f64 / (1u64 << 53) as f64;
        (0..12).map(|_| even(self.word())).sum::<f64>() - 6.0
    }

    pub(crate) fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }
}

/// The largest difference, divided by `size`. Equal infinities differ by nothing, and a `NaN` by
/// everything.
pub(crate) fn largest_difference(got: &[f64], expected: &[f64], size: f64) -> f64 {
    assert_eq!(got.len(), expected.len());
    let differences = got.iter().zip(expected).map(|(got, expected)| {
        let difference = if got == expected { 0.0 } else { (got - expected).abs() };
        if difference.is_nan() { f64::INFINITY } else { difference / size }
    });
    differences.fold(0.0, f64::max)
}

/// The largest size of a finite number among them.
pub(crate) fn largest_size(numbers: &[f64]) -> f64 {
    numbers.iter().map(|x| x.abs()).filter(|x| x.is_finite()).fold(0.0, f64::max)
}
