//! What a mask consists of, to draw it and to count it.

use std::ops::Range;

use crate::mask_band::Band;
use crate::random_keys::{Pair, RandomKeys};

/// How many keys are drawn before they are counted. All at once would not fit in memory.
const DRAWN: usize = 1024;

/// Bands and random keys. A pair is visible if it is in a band or drawn.
#[derive(Debug)]
pub(crate) struct Parts {
    /// All pairs of the text.
    pub all: Band,
    /// No pair is in two of them.
    pub bands: Vec<Band>,
    /// It may draw what a band has already.
    pub random: RandomKeys,
}

impl Parts {
    /// The rows from the first query to the last: `true` where it may look.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Vec<bool>> {
        self.all.places.clone().map(|place| {
            let pairs: Vec<Pair> = self.all.keys.clone().map(|key| (place, key)).collect();
            let mut row = self.in_bands(&pairs, &(place..place + 1));
            for (_, key) in self.random.draw(place..place + 1) {
                row[key as usize] = true;
            }
            row
        })
    }

    /// How many pairs are visible here, in the other mask, and in both.
    pub(crate) fn counts(&self, other: &Parts) -> [u64; 3] {
        let crossings =
            self.bands.iter().flat_map(|one| other.bands.iter().map(|two| one.and(two)));
        let both: Vec<Band> = crossings.collect();
        let bands = [&self.bands, &other.bands, &both];
        let mut counts = bands.map(|bands| bands.iter().map(Band::count).sum());

        let keys = self.random.keys.max(other.random.keys);
        if let Some(queries) = DRAWN.checked_div(keys) {
            let Range { start, end } = self.all.places;
            let queries = queries.max(1);
            for first in (start..end).step_by(queries) {
                self.count_drawn(other, first..end.min(first + queries as i64), &mut counts);
            }
        }
        counts
    }

    /// Adds to the counts what the random keys give to these places beyond the bands.
    fn count_drawn(&self, other: &Parts, places: Range<i64>, counts: &mut [u64; 3]) {
        let (pairs, by) = self.drawn(other, &places);
        let [left, right] = [self, other].map(|parts| parts.in_bands(&pairs, &places));
        for ((by, left), right) in by.iter().zip(left).zip(right) {
            let seen = [left || by[0], right || by[1]];
            counts[0] += u64::from(seen[0] && !left);
            counts[1] += u64::from(seen[1] && !right);
            counts[2] += u64::from(seen[0] && seen[1] && !(left && right));
        }
    }

    /// What the random keys of both draw for these places, each pair once, and which of them did.
    fn drawn(&self, other: &Parts, places: &Range<i64>) -> (Vec<Pair>, Vec<[bool; 2]>) {
        let same = self.random == other.random;
        let mut pairs = self.random.draw(places.clone());
        let mut by = vec![[true, same]; pairs.len()];
        if same {
            return (pairs, by);
        }
        for (place, key) in other.random.draw(places.clone()) {
            let row = (place - places.start) as usize * self.random.keys;
            match pairs[row..row + self.random.keys].iter().position(|ours| ours.1 == key) {
                Some(at) => by[row + at][1] = true,
                None => {
                    pairs.push((place, key));
                    by.push([false, true]);
                }
            }
        }
        (pairs, by)
    }

    /// Which of the pairs, in these places, are in a band.
    fn in_bands(&self, pairs: &[Pair], places: &Range<i64>) -> Vec<bool> {
        let mut found = vec![false; pairs.len()];
        let near = |band: &&Band| band.places.start < places.end && places.start < band.places.end;
        for band in self.bands.iter().filter(near) {
            for ((place, key), found) in pairs.iter().zip(&mut found) {
                *found |= band.sees(*place, *key);
            }
        }
        found
    }
}
