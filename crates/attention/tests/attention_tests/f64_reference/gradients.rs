//! Gradients in f64: the chain rule written out, and differences of the loss.

use attention::{Flash, FlashGradients, TileOptions, flash_attention, flash_backward};
use burn::tensor::{Device, Tensor, TensorData};

use super::{Random, dot, largest_error, softmax};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub heads: usize,
    pub seq_q: usize,
    pub seq_k: usize,
    pub head_dim: usize,
    pub value_dim: usize,
    pub block_q: usize,
    pub block_k: usize,
    pub causal: bool,
    pub scale: Option<f32>,
    pub seed: u64,
}

/// Query, key, value and the gradient of the output: `[heads, seq, width]` each.
pub(crate) type Data = [Vec<f64>; 4];
/// The gradients of query, key and value.
pub(crate) type Gradients = [Vec<f64>; 3];

impl Case {
    pub(crate) fn options(&self) -> TileOptions {
        TileOptions {
            block_q: self.block_q,
            block_k: self.block_k,
            causal: self.causal,
            scale: self.scale,
            keep_steps: false,
        }
    }

    pub(crate) fn data(&self) -> Data {
        let mut random = Random::new(self.seed);
        let mut part = |seq, width| random.array([1, self.heads, seq, width]).numbers;
        [
            part(self.seq_q, self.head_dim),
            part(self.seq_k, self.head_dim),
            part(self.seq_k, self.value_dim),
            part(self.seq_q, self.value_dim),
        ]
    }

    fn scale_f64(&self) -> f64 {
        self.scale.map_or(1.0 / (self.head_dim as f64).sqrt(), f64::from)
    }

    /// The weights of one query: zero where it may not look.
    pub(crate) fn weights(&self, query: &[f64], key: &[f64], head: usize, i: usize) -> Vec<f64> {
        let seen = if self.causal { i + self.seq_k - self.seq_q + 1 } else { self.seq_k };
        let d = self.head_dim;
        let query = &query[(head * self.seq_q + i) * d..][..d];
        let scores: Vec<f64> = (0..seen)
            .map(|j| dot(query, &key[(head * self.seq_k + j) * d..][..d]) * self.scale_f64())
            .collect();
        let mut weights = softmax(&scores);
        weights.resize(self.seq_k, 0.0);
        weights
    }

    /// The loss: the output, weighed by the output's gradient, summed.
    pub(crate) fn loss(&self, [query, key, value, gradient]: &Data) -> f64 {
        let v = self.value_dim;
        let mut loss = 0.0;
        for head in 0..self.heads {
            for i in 0..self.seq_q {
                let weights = self.weights(query, key, head, i);
                for (j, weight) in weights.iter().enumerate() {
                    for c in 0..v {
                        loss += weight
                            * value[(head * self.seq_k + j) * v + c]
                            * gradient[(head * self.seq_q + i) * v + c];
                    }
                }
            }
        }
        loss
    }

    /// The chain rule, written out over every entry of the weights.
    pub(crate) fn chain_rule(&self, data: &Data) -> Gradients {
        self.gradients_and_sizes(data).0
    }

    /// The chain rule, and beside each number the sum of the sizes of all that was added up and
    /// taken off to make it.
    pub(crate) fn gradients_and_sizes(
        &self,
        [query, key, value, gradient]: &Data,
    ) -> (Gradients, Gradients) {
        let (d, v) = (self.head_dim, self.value_dim);
        let mut of = [query, key, value].map(|data| vec![0.0; data.len()]);
        let mut sizes = of.clone();
        for head in 0..self.heads {
            for i in 0..self.seq_q {
                let weights = self.weights(query, key, head, i);
                let row = head * self.seq_q + i;
                let of_weights: Vec<f64> = (0..self.seq_k)
                    .map(|j| {
                        let column = head * self.seq_k + j;
                        (0..v).map(|c| gradient[row * v + c] * value[column * v + c]).sum()
                    })
                    .collect();
                let mean: f64 = weights.iter().zip(&of_weights).map(|(w, g)| w * g).sum();
                for j in 0..self.seq_k {
                    let column = head * self.seq_k + j;
                    let of_score = weights[j] * (of_weights[j] - mean) * self.scale_f64();
                    let size = weights[j] * (of_weights[j].abs() + mean.abs()) * self.scale_f64();
                    for c in 0..v {
                        let term = weights[j] * gradient[row * v + c];
                        of[2][column * v + c] += term;
                        sizes[2][column * v + c] += term.abs();
                    }
                    for c in 0..d {
                        of[0][row * d + c] += of_score * key[column * d + c];
                        of[1][column * d + c] += of_score * query[row * d + c];
                        sizes[0][row * d + c] += size * key[column * d + c].abs();
                        sizes[1][column * d + c] += size * query[row * d + c].abs();
                    }
                }
            }
        }
        (of, sizes)
    }

    /// How much the loss changes when one number changes, measured.
    pub(crate) fn differences(&self, data: &Data) -> Gradients {
        let step = 1e-5;
        [0, 1, 2].map(|which| {
            (0..data[which].len())
                .map(|place| {
                    let moved = |by: f64| {
                        let mut data = data.clone();
                        data[which][place] += by;
                        self.loss(&data)
                    };
                    (moved(step) - moved(-step)) / (2.0 * step)
                })
                .collect()
        })
    }

    pub(crate) fn tensors(&self, data: &Data) -> [Tensor<4>; 4] {
        let shapes = [
            [1, self.heads, self.seq_q, self.head_dim],
            [1, self.heads, self.seq_k, self.head_dim],
            [1, self.heads, self.seq_k, self.value_dim],
            [1, self.heads, self.seq_q, self.value_dim],
        ];
        [0, 1, 2, 3].map(|which| {
            let floats: Vec<f32> = data[which].iter().map(|x| *x as f32).collect();
            Tensor::from_data(TensorData::new(floats, shapes[which]), &Device::flex())
        })
    }

    pub(crate) fn run(&self, data: &Data) -> (Flash, FlashGradients) {
        let [query, key, value, gradient] = self.tensors(data);
        let options = self.options();
        let flash = flash_attention(query.clone(), key.clone(), value.clone(), &options).unwrap();
        let gradients = flash_backward(query, key, value, &flash, gradient, &options).unwrap();
        (flash, gradients)
    }
}

fn floats(tensor: &Tensor<4>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// The gradients that flash attention computed.
pub(crate) fn numbers(gradients: &FlashGradients) -> Gradients {
    [floats(&gradients.query), floats(&gradients.key), floats(&gradients.value)]
}

/// The largest difference over all three gradients.
pub(crate) fn largest_difference(got: &Gradients, expected: &Gradients) -> f64 {
    let pairs = got.iter().zip(expected);
    pairs.map(|(got, expected)| largest_error(got, expected)).fold(0.0, f64::max)
}
