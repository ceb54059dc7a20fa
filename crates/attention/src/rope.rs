//! Rotary positions: where a token stands, as an angle.

use burn::tensor::{Tensor, TensorData};

use crate::Error;
use crate::scaled_dot_product::not_empty;

/// Rotary position embedding (Su et al., *RoFormer: Enhanced Transformer with Rotary Position
/// Embedding*, 2021, section 3.2).
///
/// Each query and key is cut into pairs of numbers, and each pair is turned, like the hand of a
/// clock, by an angle that grows with the token's position. The first pair turns fastest. The
/// dot product of a query and a key then depends on how far apart they stand, and not on where.
///
/// ```
/// use attention::Rope;
/// use burn::tensor::{Device, Tensor};
///
/// // One pair: each step turns it by one radian.
/// let rope = Rope::new(2, 10_000.0)?;
/// let x = Tensor::<4>::from_data([[[[1.0_f32, 0.0], [1.0, 0.0]]]], &Device::flex());
/// let turned = rope.rotate(x, 0)?.into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(turned, [1.0, 0.0, 1_f32.cos(), 1_f32.sin()]);
/// # Ok::<(), attention::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rope {
    head_dim: usize,
    base: f32,
    pairing: Pairing,
}

/// Which two numbers of a head make a pair.
///
/// Model files come in both ways. Who reorders the rows of the query and the key matrix alike
/// changes one into the other, and no score changes: a dot product does not mind the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// The neighbours `x[2i]` and `x[2i + 1]`, as in the paper and in GGUF files of Llama models.
    Interleaved,
    /// `x[i]` and `x[i + head_dim / 2]`, as in most other files of Llama models.
    HalfSplit,
}

impl Rope {
    /// Rotary positions for heads of `head_dim` numbers, paired as neighbours. Pair `i` turns by
    /// `position · base^(-2i / head_dim)`; the paper's base is 10,000.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when `head_dim` is zero or odd, or `base` is not a finite number above
    /// zero.
    pub fn new(head_dim: usize, base: f32) -> Result<Self, Error> {
        let out_of_range = |name, value, must_be| Err(Error::OutOfRange { name, value, must_be });
        if head_dim == 0 || !head_dim.is_multiple_of(2) {
            let must_be = "even and above zero, as rotary positions turn pairs of numbers";
            return out_of_range("head_dim", head_dim.to_string(), must_be);
        }
        if !base.is_finite() || base <= 0.0 {
            let must_be = "finite and above zero, such as 10000";
            return out_of_range("the base of the rotary positions", base.to_string(), must_be);
        }
        Ok(Rope { head_dim, base, pairing: Pairing::Interleaved })
    }

    /// The same angles for pairs made in another way.
    #[must_use]
    pub fn with_pairing(self, pairing: Pairing) -> Self {
        Rope { pairing, ..self }
    }

    /// Turns `x`, `[batch, heads, seq, head_dim]`, whose first token stands at position `first`:
    /// 0 for a whole text, and the number of tokens before it for a later part.
    ///
    /// # Errors
    /// [`Error::Shape`] when the last dimension of `x` is not `head_dim`, and [`Error::Empty`]
    /// when another one is zero.
    pub fn rotate(&self, x: Tensor<4>, first: usize) -> Result<Tensor<4>, Error> {
        self.check(x.dims())?;
        let [batch, heads, seq, head_dim] = x.dims();
        let pairs = head_dim / 2;
        let (cut, axis) = match self.pairing {
            Pairing::Interleaved => ([batch, heads, seq, pairs, 2], 4),
            Pairing::HalfSplit => ([batch, heads, seq, 2, pairs], 3),
        };
        let cos = self.angles(f64::cos, first, seq, &x).unsqueeze_dim(axis);
        let sin = self.angles(f64::sin, first, seq, &x).unsqueeze_dim(axis);

        let x = x.reshape(cut);
        let left = x.clone().narrow(axis, 0, 1);
        let right = x.narrow(axis, 1, 1);
        let turned_left = left.clone() * cos.clone() - right.clone() * sin.clone();
        let turned_right = left * sin + right * cos;
        let turned: Tensor<5> = Tensor::cat(vec![turned_left, turned_right], axis);
        Ok(turned.reshape([batch, heads, seq, head_dim]))
    }

    /// The cosine or the sine of each angle, `[1, 1, seq, head_dim / 2]`, on the device of `like`
    /// and in its type of numbers.
    fn angles(
        &self,
        part: fn(f64) -> f64,
        first: usize,
        seq: usize,
        like: &Tensor<4>,
    ) -> Tensor<4> {
        let pairs = self.head_dim / 2;
        // In f64: at position 8000, an f32 angle is off by some 1e-4.
        let angle = |step: usize, pair: usize| {
            let exponent = -2.0 * pair as f64 / self.head_dim as f64;
            (first as f64 + step as f64) * f64::from(self.base).powf(exponent)
        };
        let numbers: Vec<f64> =
            (0..seq).flat_map(|step| (0..pairs).map(move |pair| part(angle(step, pair)))).collect();
        let numbers = TensorData::new(numbers, [1, 1, seq, pairs]);
        Tensor::from_data(numbers, (&like.device(), like.dtype()))
    }

    fn check(&self, shape: [usize; 4]) -> Result<(), Error> {
        let tensor = "the tensor to rotate";
        if shape[3] != self.head_dim {
            let must_be = format!("[batch, heads, seq, {}]", self.head_dim);
            return Err(Error::Shape { tensor, shape: shape.to_vec(), must_be });
        }
        not_empty(tensor, shape)
    }
}
