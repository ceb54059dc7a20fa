//! Bands: the pieces of a mask that can be counted without looking at every pair.

use std::ops::Range;

/// Further than anything in a text, and small enough to be added to a place.
pub(crate) const FAR: i64 = i64::MAX / 4;

/// The pairs of a query and a key whose place, key and distance lie in three ranges, where the
/// distance is a multiple of `step`. In a drawing of the mask it is a bar, a stripe along the
/// diagonal, or where they cross.
///
/// Two bands overlap in a band. That is what makes masks easy to compose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Band {
    /// Where the queries stand, counted in keys.
    pub places: Range<i64>,
    pub keys: Range<i64>,
    /// The place of the query less that of the key.
    distances: Range<i64>,
    step: i64,
}

impl Band {
    /// Every pair of `seq_q` queries and `seq_k` keys. The last query stands beside the last key.
    pub(crate) fn all(seq_q: usize, seq_k: usize) -> Band {
        let (seq_q, seq_k) = (seq_q as i64, seq_k as i64);
        Band { places: seq_k - seq_q..seq_k, keys: 0..seq_k, distances: -FAR..FAR, step: 1 }
    }

    /// The part with queries in these places.
    pub(crate) fn at(&self, places: Range<i64>) -> Band {
        Band { places: common(&self.places, &places), ..self.clone() }
    }

    /// The part with these keys.
    pub(crate) fn of(&self, keys: Range<i64>) -> Band {
        Band { keys: common(&self.keys, &keys), ..self.clone() }
    }

    /// The part with these distances, as far as they are multiples of `step`, which is not zero.
    pub(crate) fn within(&self, distances: Range<i64>, step: i64) -> Band {
        self.and(&Band { distances, step, ..self.clone() })
    }

    /// The pairs that are in both.
    pub(crate) fn and(&self, other: &Band) -> Band {
        Band {
            places: common(&self.places, &other.places),
            keys: common(&self.keys, &other.keys),
            distances: common(&self.distances, &other.distances),
            step: common_multiple(self.step, other.step),
        }
    }

    /// Whether the query at `place` sees `key`.
    #[inline]
    pub(crate) fn sees(&self, place: i64, key: i64) -> bool {
        let distance = place - key;
        holds(&self.distances, distance)
            && holds(&self.keys, key)
            && holds(&self.places, place)
            && (self.step == 1 || distance % self.step == 0)
    }

    /// How many pairs there are, in a time that does not depend on it.
    ///
    /// At a distance `d`, the pairs with a place before `end` and a key from `start` on are
    /// `end - start - d`, or none. The sums of that over the distances, for both ends of both
    /// ranges, make up the count.
    pub(crate) fn count(&self) -> u64 {
        let Band { places, keys, distances, step } = self;
        if places.is_empty() || keys.is_empty() {
            return 0;
        }
        let first = distances.start + (-distances.start).rem_euclid(*step);
        let sum = |end: i64, start: i64| {
            let limit = end - start;
            let span = (distances.end.min(limit) - first).max(0);
            let terms = i128::from((span as u64).div_ceil(*step as u64));
            // The sum of `limit - first`, `limit - first - step`, and so on.
            terms * i128::from(limit - first) - i128::from(*step) * (terms * (terms - 1) / 2)
        };
        let from_first = sum(places.end, keys.start) - sum(places.start, keys.start);
        let after_last = sum(places.end, keys.end) - sum(places.start, keys.end);
        (from_first - after_last) as u64
    }
}

/// `range.contains(number)` with one comparison: a number before the start wraps round. The range
/// must not end before it starts.
#[inline]
fn holds(range: &Range<i64>, number: i64) -> bool {
    let [length, from_start] = [range.end, number].map(|it| it.wrapping_sub(range.start) as u64);
    from_start < length
}

fn common(left: &Range<i64>, right: &Range<i64>) -> Range<i64> {
    let start = left.start.max(right.start);
    start..left.end.min(right.end).max(start)
}

/// The least common multiple, or [`FAR`] where that is less.
fn common_multiple(left: i64, right: i64) -> i64 {
    let (mut divisor, mut rest) = (left, right);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (left / divisor).saturating_mul(right).min(FAR)
}
