//! Rotary positions: where a token stands, as an angle.

use burn::tensor::{Device, Tensor, TensorData};

/// Rotary position embedding (Su et al., *RoFormer: Enhanced Transformer with Rotary Position
/// Embedding*, 2021, section 3.2).
///
/// Each query and key is cut into pairs of numbers, and each pair is turned, like the hand of a
/// clock, by an angle that grows with the token's position. The first pair turns fastest. The
/// dot product of a query and a key then depends on how far apart they stand, and not on where.
#[derive(Debug, Clone)]
pub struct Rope {
    head_dim: usize,
    base: f32,
}

impl Rope {
    /// Rotary positions for heads of `head_dim` numbers, which must be even.
    pub fn new(head_dim: usize, base: f32) -> Self {
        Rope { head_dim, base }
    }

    /// Turns `x`, `[batch, heads, seq, head_dim]`, whose first token stands at `first`.
    ///
    /// Pair `i` is made of the neighbours `x[2i]` and `x[2i + 1]`, as in the paper, and turns by
    /// `position · base^(-2i / head_dim)`. (Other files of this model pair `x[i]` with
    /// `x[i + head_dim / 2]`: a GGUF file has the rows of the query and key matrices in another
    /// order to make up for it, and the scores are the same.)
    ///
    /// # Panics
    /// If the last dimension of `x` is not `head_dim`.
    pub fn rotate(&self, x: Tensor<4>, first: usize) -> Tensor<4> {
        let [batch, heads, seq, head_dim] = x.dims();
        let pairs = head_dim / 2;
        let (cos, sin) = self.angles(first, seq, &x.device());

        let x = x.reshape([batch, heads, seq, pairs, 2]);
        let even = x.clone().narrow(4, 0, 1);
        let odd = x.narrow(4, 1, 1);
        let turned_even = even.clone() * cos.clone() - odd.clone() * sin.clone();
        let turned_odd = even * sin + odd * cos;
        Tensor::cat(vec![turned_even, turned_odd], 4).reshape([batch, heads, seq, head_dim])
    }

    /// The cosine and the sine of each angle, `[1, 1, seq, head_dim / 2, 1]`.
    fn angles(&self, first: usize, seq: usize, device: &Device) -> (Tensor<5>, Tensor<5>) {
        let pairs = self.head_dim / 2;
        // In f64: at position 8000, an f32 angle is off by some 1e-4.
        let angle = |position: usize, pair: usize| {
            let exponent = -2.0 * pair as f64 / self.head_dim as f64;
            position as f64 * f64::from(self.base).powf(exponent)
        };
        let table = |part: fn(f64) -> f64| {
            let numbers: Vec<f32> = (first..first + seq)
                .flat_map(|position| (0..pairs).map(move |pair| part(angle(position, pair)) as f32))
                .collect();
            Tensor::from_data(TensorData::new(numbers, [1, 1, seq, pairs, 1]), device)
        };
        (table(f64::cos), table(f64::sin))
    }
}
