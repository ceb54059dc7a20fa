//! All tiles of one attention, and what they come to beside plain and standard attention.

use attention::flash::{Flash, Step, TileOptions, flash_attention};
use attention::traffic::{Sizes, Traffic, standard_formula};
use attention::{Error, Mask, scaled_dot_product_attention};
use burn::tensor::Tensor;

use super::{Numbers, State};

/// Bytes of a number here.
const FLOAT: usize = size_of::<f32>();

/// The tiled function, run to its end with a step for each tile, and what it is compared with.
#[derive(Debug, Clone)]
pub struct Work {
    /// What the tiled function gave.
    pub flash: Flash,
    /// Every scaled score, `[seq, seq]` row by row, `-inf` where it is hidden: to show those of a
    /// tile. They come from plain attention, for the tiled function forgets them.
    pub scores: Vec<f32>,
    /// What standard attention moves and computes.
    pub standard: Traffic,
    /// How far the output is from that of plain attention.
    pub difference: Difference,
    /// The smallest and the largest of the scores that are not hidden.
    pub between: [f32; 2],
    /// The largest sum `l` that a query has after any tile.
    pub largest_total: f32,
}

/// Two outputs compared, number by number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The largest distance, in floating-point numbers that lie between.
    pub ulps: u32,
    /// The largest distance as a part of the largest number.
    pub relative: f32,
}

impl Work {
    /// Runs the tiled function on the numbers, as the state asks.
    ///
    /// # Errors
    /// Those of the library, for sizes that do not fit.
    pub fn new(numbers: &Numbers, state: &State) -> Result<Self, Error> {
        let [query, key, value] = numbers.tensors(state.seq);
        let mask = if state.causal { Mask::Causal } else { Mask::Full };
        let plain = scaled_dot_product_attention(query.clone(), key.clone(), value.clone(), mask)?;
        let standard = standard_formula(&Sizes::of(&query, &key, &value));
        let options = TileOptions {
            block_q: state.block_q,
            block_k: state.block_k,
            causal: state.causal,
            keep_steps: true,
            ..Default::default()
        };
        let flash = flash_attention(query, key, value, &options)?;
        let difference = Difference::between(&list(&flash.output), &list(&plain.output));
        let scores = list(&plain.scores);
        let finite = scores.iter().copied().filter(|score| score.is_finite());
        let between = finite
            .fold([f32::MAX, f32::MIN], |[low, high], score| [low.min(score), high.max(score)]);
        let totals = flash.steps.iter().flat_map(|step| list(&step.softmax.total));
        let largest_total = totals.filter(|total| total.is_finite()).fold(1.0, f32::max);
        Ok(Work { flash, scores, standard, difference, between, largest_total })
    }

    /// Bytes and operations up to a step; at the last tile of a row of tiles, with the output that
    /// is then written.
    pub fn so_far(&self, step: usize) -> Traffic {
        let Step { tile, traffic, output, .. } = &self.flash.steps[step];
        let mut traffic = *traffic;
        if self.is_last_of_row(step) {
            let [.., values] = output.dims();
            traffic.writes([1, 1, tile.queries.len(), values], FLOAT);
            traffic.writes([1, 1, tile.queries.len(), 1], FLOAT);
        }
        traffic
    }

    /// Whether a tile is the last of its queries.
    pub fn is_last_of_row(&self, step: usize) -> bool {
        let row = |at: usize| self.flash.steps.get(at).map(|step| step.tile.row);
        row(step + 1) != row(step)
    }

    /// How many tiles are skipped, up to a step.
    pub fn skipped(&self, step: usize) -> usize {
        self.flash.steps[..=step].iter().filter(|step| step.tile.skipped).count()
    }

    /// What a step did to each of its queries.
    pub fn rows(&self, step: usize) -> Vec<Row> {
        let now = &self.flash.steps[step];
        let before = step.checked_sub(1).map(|before| &self.flash.steps[before]);
        // A block of queries starts with nothing behind it.
        let before = before.filter(|before| before.tile.row == now.tile.row);
        let kept = before.map(|before| list(&before.softmax.correction(&now.softmax)));
        let (largest, total) = (list(&now.softmax.largest), list(&now.softmax.total));
        let output = list(&now.output);
        let mixed = list(&now.softmax.normalise(now.output.clone()));
        let width = output.len() / largest.len();
        let row = |at: usize| Row {
            query: now.tile.queries.start + at,
            largest: largest[at],
            kept: kept.as_ref().map(|kept| kept[at]),
            total: total[at],
            output: output[at * width..(at + 1) * width].to_vec(),
            mixed: mixed[at * width..(at + 1) * width].to_vec(),
        };
        (0..largest.len()).map(row).collect()
    }
}

/// A query after a tile.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which query, from 0.
    pub query: usize,
    /// `m`.
    pub largest: f32,
    /// What the older sums were multiplied by in this tile: one where `m` stayed. `None` in the
    /// first tile.
    pub kept: Option<f32>,
    /// `l`.
    pub total: f32,
    /// `O`, not divided yet: `[value_dim]`.
    pub output: Vec<f32>,
    /// `O / l`: `[value_dim]`.
    pub mixed: Vec<f32>,
}

impl Difference {
    fn between(flash: &[f32], plain: &[f32]) -> Self {
        let largest = plain.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        let pairs = || flash.iter().zip(plain);
        let apart = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        Self {
            ulps: pairs().map(|(a, b)| ulps(*a, *b)).max().unwrap_or(0),
            relative: if apart == 0.0 { 0.0 } else { apart / largest },
        }
    }
}

/// How many steps from one floating-point number to the next lead from `one` to `other`.
fn ulps(one: f32, other: f32) -> u32 {
    // Read as integers, numbers of one sign are in order; those below zero are mirrored.
    let place = |number: f32| {
        let bits = i64::from(number.to_bits() & 0x7fff_ffff);
        if number.is_sign_negative() { -bits } else { bits }
    };
    u32::try_from(place(one).abs_diff(place(other))).unwrap_or(u32::MAX)
}

fn list(tensor: &Tensor<4>) -> Vec<f32> {
    tensor.to_data().iter().collect()
}

#[cfg(test)]
mod tests {
    use super::ulps;

    #[test]
    fn neighbours_are_one_apart() {
        assert_eq!(ulps(1.0, 1.0), 0);
        assert_eq!(ulps(1.0, f32::from_bits(1.0_f32.to_bits() + 1)), 1);
        assert_eq!(ulps(0.0, -0.0), 0);
        assert_eq!(ulps(f32::from_bits(1), -f32::from_bits(1)), 2);
    }
}
