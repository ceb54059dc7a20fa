//! Keys drawn at random, the same on every machine.

use std::ops::Range;

use crate::random::Random;

/// The place of a query, and a key.
pub(crate) type Pair = (i64, i64);

/// Draws some of the keys for each query. Two equal ones draw the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RandomKeys {
    /// How many keys each query gets: fewer than there are, or none.
    pub keys: usize,
    /// How many there are.
    pub seq_k: usize,
    pub seed: u64,
}

impl RandomKeys {
    /// Draws for the queries at these places: `keys` pairs for each, in turn.
    ///
    /// Floyd's method (Bentley, *Programming Pearls: A Sample of Brilliance*, 1987) needs one
    /// random number for each key that is drawn, however many there are to draw from.
    pub(crate) fn draw(self, places: Range<i64>) -> Vec<Pair> {
        let seed = Random::new(self.seed).integer();
        let mut pairs = Vec::new();
        for place in places {
            let mut random = Random::new(seed.wrapping_add(place as u64));
            let row = pairs.len();
            for last in self.seq_k - self.keys..self.seq_k {
                let pair = (place, random.below(last + 1) as i64);
                let twice = pairs[row..].contains(&pair);
                // No draw before this one could give `last`.
                pairs.push(if twice { (place, last as i64) } else { pair });
            }
        }
        pairs
    }
}
