//! The shares at every temperature of the slider: what the first picture draws.

use super::TEMPERATURES;

/// How many tokens the picture tells apart. Of a whole vocabulary the last one stands for all
/// others.
pub const SHOWN: usize = 6;

/// The shares of a few tokens at one temperature, and how spread out all shares are.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// The share of each token that is told apart; of a whole vocabulary the last one is what all
    /// others have together.
    pub shown: Vec<f64>,
    /// The entropy of all shares, in bits.
    pub bits: f64,
}

impl Spread {
    /// The shares at a temperature above zero. There must be a logit, and `alone` of them are
    /// told apart.
    pub fn new(logits: &[f32], alone: usize, temperature: f32) -> Self {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exponent =
            |logit: f32| (f64::from(logit) - f64::from(largest)) / f64::from(temperature);
        let (mut total, mut weighted, mut shown) = (0.0, 0.0, Vec::with_capacity(SHOWN));
        for (place, &logit) in logits.iter().enumerate() {
            let exponent = exponent(logit);
            let power = exponent.exp();
            total += power;
            weighted += power * exponent;
            if place < alone {
                shown.push(power);
            }
        }
        shown.iter_mut().for_each(|power| *power /= total);
        if alone < logits.len() {
            shown.push((1.0 - shown.iter().sum::<f64>()).max(0.0));
        }
        let nats = (total.ln() - weighted / total).max(0.0);
        Self { shown, bits: nats / std::f64::consts::LN_2 }
    }

    /// To how many tokens with equal shares this amounts.
    pub fn effective(&self) -> f64 {
        self.bits.exp2()
    }
}

/// How many tokens are told apart: a few of a whole vocabulary, as far as they have names.
pub fn alone(named: usize, logits: usize) -> usize {
    if logits <= SHOWN { logits } else { named.min(SHOWN - 1) }
}

/// The shares at each of [`TEMPERATURES`].
pub fn curves(logits: &[f32], alone: usize) -> Vec<Spread> {
    TEMPERATURES.iter().map(|temperature| Spread::new(logits, alone, *temperature)).collect()
}
