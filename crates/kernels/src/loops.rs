//! Flash attention in plain loops over slices of `f32`, on one core: what the op does on a CPU.
//!
//! The keys go by once for each query, and a softmax keeps up with them: nothing is kept but a
//! query's maximum, sum and output. `attention::cpu_flash_attention` is the same idea made fast.

use std::ops::Range;

use crate::{FlashOptions, score::LOWEST};

/// The sizes of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub batch: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub seq_q: usize,
    pub seq_k: usize,
    pub head_dim: usize,
}

impl Sizes {
    /// Each query of each head and text: its row in the query, and the first row of the keys and
    /// values that it asks.
    fn rows(self) -> impl Iterator<Item = Row> {
        let Sizes { batch, heads, kv_heads, seq_q, seq_k, .. } = self;
        (0..batch).flat_map(move |text| {
            (0..heads).flat_map(move |head| {
                let kv_head = text * kv_heads + head / (heads / kv_heads);
                (0..seq_q).map(move |query| Row {
                    text,
                    query,
                    at: (text * heads + head) * seq_q + query,
                    keys_at: kv_head * seq_k,
                })
            })
        })
    }

    /// The keys that a query sees.
    fn sight(self, row: &Row, options: &FlashOptions) -> Range<usize> {
        let (before, after) = options.reach(self.seq_q, self.seq_k);
        let length = options.lengths.as_ref().map_or(self.seq_k, |lengths| lengths[row.text]);
        let start = (row.query + self.seq_k).saturating_sub(self.seq_q + before);
        let end = (row.query + self.seq_k + after + 1).saturating_sub(self.seq_q);
        start..end.min(length)
    }
}

struct Row {
    text: usize,
    query: usize,
    at: usize,
    keys_at: usize,
}

/// How a dot product becomes a score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scores {
    pub scale: f32,
    pub soft_cap: Option<f32>,
}

impl Scores {
    fn score(self, dot: f32) -> f32 {
        let score = dot * self.scale;
        self.soft_cap.map_or(score, |cap| cap * (score / cap).tanh())
    }

    /// How much a score grows with its dot product.
    fn slope(self, score: f32) -> f32 {
        self.scale * self.soft_cap.map_or(1.0, |cap| 1.0 - (score / cap).powi(2))
    }
}

/// A softmax that keeps up with the keys as they come by, and the output so far.
pub(crate) struct Running {
    largest: f32,
    total: f32,
    sums: Vec<f32>,
}

impl Running {
    pub(crate) fn new(head_dim: usize) -> Self {
        Running { largest: LOWEST, total: 0.0, sums: vec![0.0; head_dim] }
    }

    pub(crate) fn absorb(&mut self, score: f32, value: &[f32]) {
        let largest = self.largest.max(score);
        let (correction, power) = ((self.largest - largest).exp(), (score - largest).exp());
        self.largest = largest;
        self.total = self.total * correction + power;
        for (sum, number) in self.sums.iter_mut().zip(value) {
            *sum = *sum * correction + power * number;
        }
    }

    /// Writes the output, and returns the log-sum-exp.
    pub(crate) fn finish(self, output: &mut [f32]) -> f32 {
        if self.total == 0.0 {
            output.fill(0.0);
            return f32::NEG_INFINITY;
        }
        for (number, sum) in output.iter_mut().zip(self.sums) {
            *number = sum / self.total;
        }
        self.largest + self.total.ln()
    }
}

/// Output and log-sum-exp.
pub(crate) fn forward(
    sizes: Sizes,
    [query, key, value]: [&[f32]; 3],
    options: &FlashOptions,
) -> (Vec<f32>, Vec<f32>) {
    let d = sizes.head_dim;
    let scores = Scores { scale: options.scale_for(d), soft_cap: options.soft_cap };
    let mut output = vec![0.0; query.len()];
    let mut log_sum_exp = vec![0.0; query.len() / d];
    for row in sizes.rows() {
        let query = row_of(query, row.at, d);
        let mut running = Running::new(d);
        for key_row in sizes.sight(&row, options).map(|key| row.keys_at + key) {
            let score = scores.score(dot(query, row_of(key, key_row, d)));
            running.absorb(score, row_of(value, key_row, d));
        }
        log_sum_exp[row.at] = running.finish(row_of_mut(&mut output, row.at, d));
    }
    (output, log_sum_exp)
}

/// The gradients of query, key and value.
pub(crate) fn backward(
    sizes: Sizes,
    [query, key, value]: [&[f32]; 3],
    [output, log_sum_exp, output_gradient]: [&[f32]; 3],
    options: &FlashOptions,
) -> [Vec<f32>; 3] {
    let d = sizes.head_dim;
    let scores = Scores { scale: options.scale_for(d), soft_cap: options.soft_cap };
    let mut of_query = vec![0.0; query.len()];
    let mut of_key = vec![0.0; key.len()];
    let mut of_value = vec![0.0; value.len()];
    for row in sizes.rows() {
        let gradient = row_of(output_gradient, row.at, d);
        let common = dot(gradient, row_of(output, row.at, d));
        // A query that saw no key has -inf here, which cannot be subtracted.
        let row_log_sum_exp = log_sum_exp[row.at].max(LOWEST);
        let query_row = row_of(query, row.at, d);
        for key_row in sizes.sight(&row, options).map(|key| row.keys_at + key) {
            let score = scores.score(dot(query_row, row_of(key, key_row, d)));
            let weight = (score - row_log_sum_exp).exp();
            add_scaled(row_of_mut(&mut of_value, key_row, d), weight, gradient);
            let weight_gradient = dot(gradient, row_of(value, key_row, d));
            let dot_gradient = weight * (weight_gradient - common) * scores.slope(score);
            add_scaled(row_of_mut(&mut of_query, row.at, d), dot_gradient, row_of(key, key_row, d));
            add_scaled(row_of_mut(&mut of_key, key_row, d), dot_gradient, query_row);
        }
    }
    [of_query, of_key, of_value]
}

/// A decoding step. `places` are the rows of keys and values that each head of each text sees.
pub(crate) fn decode(
    [query, key, value]: [&[f32]; 3],
    scores: Scores,
    head_dim: usize,
    places: impl Iterator<Item = Vec<usize>>,
) -> (Vec<f32>, Vec<f32>) {
    let mut output = vec![0.0; query.len()];
    let rows = query.chunks(head_dim).zip(output.chunks_mut(head_dim)).zip(places);
    let log_sum_exp = rows.map(|((query, output), places)| {
        let mut running = Running::new(head_dim);
        for place in places {
            let score = scores.score(dot(query, row_of(key, place, head_dim)));
            running.absorb(score, row_of(value, place, head_dim));
        }
        running.finish(output)
    });
    let log_sum_exp = log_sum_exp.collect();
    (output, log_sum_exp)
}

fn row_of(matrix: &[f32], row: usize, width: usize) -> &[f32] {
    &matrix[row * width..][..width]
}

fn row_of_mut(matrix: &mut [f32], row: usize, width: usize) -> &mut [f32] {
    &mut matrix[row * width..][..width]
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn add_scaled(sums: &mut [f32], factor: f32, row: &[f32]) {
    for (sum, number) in sums.iter_mut().zip(row) {
        *sum += factor * number;
    }
}
