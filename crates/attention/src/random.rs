//! Random numbers that are the same on every machine.

use burn::tensor::{Device, Tensor, TensorData};

/// A generator of integers: SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom
/// Number Generators*, 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator whose numbers follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next integer, each of the `2^64` as likely.
    #[inline]
    pub fn integer(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer below `bound`.
    ///
    /// # Panics
    /// When `bound` is zero: no integer is below it.
    #[inline]
    pub fn below(&mut self, bound: usize) -> usize {
        (self.integer() % bound as u64) as usize
    }

    /// A number from 0 up to, but not including, 1.
    pub fn share(&mut self) -> f32 {
        // 24 bits fit an f32 exactly.
        (self.integer() >> 40) as f32 / (1 << 24) as f32
    }

    /// A number from -1 up to, but not including, 1.
    pub fn number(&mut self) -> f32 {
        2.0 * self.share() - 1.0
    }

    /// A number with mean 0 and variance 1, each as likely from `-sqrt(3)` to `sqrt(3)`.
    ///
    /// ```
    /// let mut random = attention::random::Random::new(1);
    /// let numbers: Vec<f32> = (0..10_000).map(|_| random.unit()).collect();
    /// let variance = numbers.iter().map(|x| x * x).sum::<f32>() / 10_000.0;
    /// assert!((variance - 1.0).abs() < 0.02);
    /// ```
    pub fn unit(&mut self) -> f32 {
        self.number() * 3.0_f32.sqrt()
    }

    /// A tensor of numbers with mean 0 and variance 1, `[batch, heads, seq, head_dim]`.
    pub fn unit_tensor(&mut self, shape: [usize; 4]) -> Tensor<4> {
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| self.unit()).collect();
        Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
    }

    /// A tensor of numbers from -1 to 1, `[batch, heads, seq, head_dim]`.
    pub fn tensor(&mut self, shape: [usize; 4]) -> Tensor<4> {
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| self.number()).collect();
        Tensor::from_data(TensorData::new(numbers, shape), &Device::flex())
    }
}
