//! What the knobs make of the logits: the same steps as the listing `ch04-sampling`.

use attention::sampling::{top_k, top_p};
use attention::{entropy, softmax, softmax_with_temperature};
use burn::tensor::{DType, Device, Tensor, TensorData};

/// One distribution over all tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The share of each token, in the order of the logits; 0 for one that was left out.
    pub shares: Vec<f64>,
    /// How spread out they are, in nats.
    pub entropy: f64,
}

impl Column {
    /// From one row of shares, `[1, vocabulary]`.
    fn new(shares: Tensor<2>) -> Self {
        let entropy = entropy(shares.clone(), 1).expect("there is a token").into_scalar();
        Self { shares: shares.into_data().iter().collect(), entropy }
    }

    /// The place of the largest share.
    ///
    /// # Panics
    /// If there are no shares.
    pub fn largest(&self) -> usize {
        let by_share = |a: &usize, b: &usize| self.shares[*b].total_cmp(&self.shares[*a]);
        (0..self.shares.len()).min_by(by_share).expect("there is a token")
    }

    /// The entropy in bits.
    pub fn bits(&self) -> f64 {
        self.entropy / std::f64::consts::LN_2
    }

    /// To how many tokens with equal shares this amounts.
    pub fn effective(&self) -> f64 {
        self.entropy.exp()
    }
}

/// The three distributions that the widget shows side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// At temperature 1.
    pub base: Column,
    /// At the chosen temperature.
    pub warm: Column,
    /// At the chosen temperature, after top-k and then top-p.
    pub kept: Column,
    /// Which tokens the filters keep.
    pub stays: Vec<bool>,
}

impl Shares {
    /// Computes all three. `keep` is how many tokens top-k keeps, `percent` how much top-p keeps.
    /// In f64, for in f32 a sum over a whole vocabulary loses digits.
    ///
    /// # Panics
    /// If there are no logits, or a knob stands where it cannot.
    pub fn new(logits: &[f32], temperature: f32, keep: Option<usize>, percent: usize) -> Self {
        let numbers: Vec<f64> = logits.iter().copied().map(f64::from).collect();
        let data = TensorData::new(numbers, [1, logits.len()]);
        let logits = Tensor::<2>::from_data(data, (&Device::flex(), DType::F64));

        let base = Column::new(softmax(logits.clone(), 1));
        let warm = softmax_with_temperature(logits.clone(), f64::from(temperature), 1);
        let warm = Column::new(warm.expect("a temperature of the slider"));
        if keep.is_none() && percent == 100 {
            let (kept, stays) = (warm.clone(), vec![true; warm.shares.len()]);
            return Self { base, warm, kept, stays };
        }
        let mut kept = logits / temperature;
        if let Some(k) = keep {
            kept = top_k(kept, k).expect("k is at least 1");
        }
        kept = top_p(kept, percent as f64 / 100.0).expect("p is above 0 and at most 1");
        let stays = kept.to_data().iter::<f64>().map(f64::is_finite).collect();
        Self { base, warm, kept: Column::new(softmax(kept, 1)), stays }
    }

    /// How many tokens the filters keep.
    pub fn stay(&self) -> usize {
        self.stays.iter().filter(|stays| **stays).count()
    }
}
