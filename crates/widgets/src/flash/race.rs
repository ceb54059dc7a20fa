//! The race: two counters of bytes at one speed of memory. When the tiles have moved so many bytes,
//! standard attention has moved as many; whoever has fewer to move is done first.

use attention::units::Bytes;
use maud::{Markup, html};

use super::State;
use super::work::Work;
use crate::draw::label::width;
use crate::draw::mark::{Area, gliding, rect, text};
use crate::show::grouped;

/// Tokens of the text that races beside the reader's: one of the size that models read.
const TOKENS: usize = 4096;

/// Numbers in a query of that text, and queries and keys in a tile of it.
const HEAD_DIM: usize = 64;
const BLOCK: usize = 128;

/// Bytes of a number of that text.
const HALF: usize = 2;

/// Bytes that the tiles have moved, by what they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Moved {
    query: u64,
    key: u64,
    value: u64,
    output: u64,
}

impl Moved {
    pub(super) fn total(&self) -> u64 {
        self.read() + self.written()
    }

    /// From HBM to SRAM.
    pub(super) fn read(&self) -> u64 {
        self.query + self.key + self.value
    }

    /// From SRAM to HBM.
    pub(super) fn written(&self) -> u64 {
        self.output
    }
}

/// A tile, as far as its bytes go.
struct Cut {
    queries: usize,
    keys: usize,
    skipped: bool,
    first: bool,
    last: bool,
}

/// What these tiles move: `dim` numbers in a query, a key and a value, and `bytes` to a number.
fn moved(tiles: impl Iterator<Item = Cut>, dim: usize, bytes: usize) -> Moved {
    let mut moved = Moved::default();
    for Cut { queries, keys, skipped, first, last } in tiles {
        let rows = |count: usize, width: usize| (count * width * bytes) as u64;
        if first {
            moved.query += rows(queries, dim);
        }
        if !skipped {
            moved.key += rows(keys, dim);
            moved.value += rows(keys, dim);
        }
        if last {
            moved.output += rows(queries, dim + 1);
        }
    }
    moved
}

/// What the tiles up to a step have moved.
pub(super) fn up_to(work: &Work, step: usize) -> Moved {
    let [.., dim] = work.flash.output.dims();
    let tiles = work.flash.steps[..=step].iter().enumerate().map(|(at, step)| Cut {
        queries: step.tile.queries.len(),
        keys: step.tile.keys.len(),
        skipped: step.tile.skipped,
        first: step.tile.column == 0,
        last: work.is_last_of_row(at),
    });
    moved(tiles, dim, size_of::<f32>())
}

/// What the first `part` of the tiles of the long text have moved.
fn long(causal: bool, part: f64) -> Moved {
    let side = TOKENS / BLOCK;
    let done = ((side * side) as f64 * part).round() as usize;
    let tiles = (0..done).map(|at| Cut {
        queries: BLOCK,
        keys: BLOCK,
        skipped: causal && at % side > at / side,
        first: at % side == 0,
        last: at % side == side - 1,
    });
    moved(tiles, HEAD_DIM, HALF)
}

/// The trips of standard attention, in their order: what they carry, and what it is doing then.
const TRIPS: [(&str, &str, &str); 8] = [
    ("Q", "tint-query line-query", "is reading its queries"),
    ("K", "tint-key line-key", "is reading its keys"),
    ("scores", "scores line-edge", "is writing its scores"),
    ("", "scores line-edge", "is reading its scores back"),
    ("", "scores line-edge", "is writing its weights"),
    ("", "scores line-edge", "is reading its weights back"),
    ("V", "tint-value line-value", "is reading its values"),
    ("O", "tint-output line-output", "is writing its output"),
];

/// How many bytes each of the [`TRIPS`] takes.
fn trips(tokens: usize, dim: usize, bytes: usize) -> [u64; 8] {
    let (rows, scores) = ((tokens * dim * bytes) as u64, (tokens * tokens * bytes) as u64);
    [rows, rows, scores, scores, scores, scores, rows, rows]
}

/// What standard attention is doing when it has moved so many bytes.
pub(super) fn standard_is(state: &State, work: &Work, bytes: u64) -> &'static str {
    let [.., dim] = work.flash.output.dims();
    let mut end = 0;
    for (size, (.., doing)) in trips(state.seq, dim, size_of::<f32>()).into_iter().zip(TRIPS) {
        end += size;
        if bytes < end {
            return doing;
        }
    }
    "is done"
}

/// One race: who runs, how far they are, and how far they have to go.
struct Race {
    title: String,
    now: Moved,
    end: u64,
    trips: [u64; 8],
}

/// The two races, each in its lane: where it begins, and how wide it is.
pub(super) fn races(state: &State, work: &Work, lanes: [(f64, f64, f64); 2]) -> Markup {
    let [.., dim] = work.flash.output.dims();
    let part = (state.step + 1) as f64 / work.flash.steps.len() as f64;
    let (queries, keys) = (state.block_q.min(state.seq), state.block_k.min(state.seq));
    let here = Race {
        title: format!("Here: {} tokens, tiles of {queries} × {keys}", state.seq),
        now: up_to(work, state.step),
        end: work.flash.traffic.moved().0,
        trips: trips(state.seq, dim, size_of::<f32>()),
    };
    let there = Race {
        title: format!("A real size: {} tokens, tiles of {BLOCK}", grouped(TOKENS as u64)),
        now: long(state.causal, part),
        end: long(state.causal, 1.0).total(),
        trips: trips(TOKENS, HEAD_DIM, HALF),
    };
    html! {
        @for (race, lane) in [here, there].iter().zip(lanes) { (race.lane(lane)) }
    }
}

/// How high a bar is, how far apart two are, and what stands beside them.
const BAR: f64 = 15.0;
const PITCH: f64 = 20.0;
const NAMES: f64 = 62.0;
const NUMBERS: f64 = 122.0;

impl Race {
    fn lane(&self, (x, y, room): (f64, f64, f64)) -> Markup {
        let standard: u64 = self.trips.iter().sum();
        let scale = (room - NAMES - NUMBERS) / self.end.max(standard).max(1) as f64;
        let Moved { query, key, value, output } = self.now;
        let flash = [(query, TRIPS[0]), (key, TRIPS[1]), (value, TRIPS[6]), (output, TRIPS[7])];
        // Standard attention runs as fast, through its trips one by one.
        let mut left = self.now.total();
        let behind = self.trips.iter().zip(TRIPS).map(|(size, trip)| {
            let done = left.min(*size);
            left -= done;
            (done, trip)
        });
        let behind: Vec<_> = behind.collect();
        html! {
            (text((x, y + 10.0), &self.title, "small strong"))
            (bar((x, y + 16.0), "tiles", &flash, self.end, scale))
            (bar((x, y + 16.0 + PITCH), "standard", &behind, standard, scale))
        }
    }
}

/// A bar of what has been moved in the outline of all that has to be.
fn bar(
    (x, y): (f64, f64),
    name: &str,
    pieces: &[(u64, (&str, &str, &str))],
    end: u64,
    scale: f64,
) -> Markup {
    let start = x + NAMES;
    let now: u64 = pieces.iter().map(|(size, _)| size).sum();
    let mut at = start;
    let placed: Vec<_> = pieces
        .iter()
        .map(|(size, (letter, class, _))| {
            let area = Area::new(at, y, *size as f64 * scale, BAR);
            at = area.right();
            (area, *letter, *class)
        })
        .collect();
    let whole = end as f64 * scale;
    let said = said(now, end);
    html! {
        (text((start - 6.0, y + 12.0), name, "end small"))
        (rect(Area::new(start, y, whole, BAR), "line-edge dashed"))
        @for (area, letter, class) in placed {
            (rect(area, &format!("{class} move")))
            @let hidden = if area.width < width(letter, 12.0) + 3.0 { " gone" } else { "" };
            (gliding((area.x + area.width / 2.0, y + 11.5), letter, &format!("mid least{hidden}")))
        }
        (text((start + whole + 6.0, y + 12.0), &said, "small strong"))
    }
}

fn said(now: u64, end: u64) -> String {
    let whole = Bytes(end).in_gb();
    if now >= end {
        return format!("✓ {whole}");
    }
    let now = Bytes(now).in_gb();
    let unit = whole.rsplit(' ').next().unwrap_or_default();
    let now = now.strip_suffix(unit).map_or(now.as_str(), str::trim_end);
    format!("{now} of {whole}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use attention::flash::{TileOptions, flash_traffic};
    use attention::traffic::{Sizes, standard_formula};

    fn sizes() -> Sizes {
        let (seq_q, seq_k, head_dim, value_dim) = (TOKENS, TOKENS, HEAD_DIM, HEAD_DIM);
        Sizes { seq_q, seq_k, head_dim, value_dim, bytes_per_number: HALF, ..Sizes::one() }
    }

    #[test]
    fn the_long_text_moves_what_the_library_counts() {
        for causal in [false, true] {
            let options =
                TileOptions { block_q: BLOCK, block_k: BLOCK, causal, ..Default::default() };
            let counted = flash_traffic(&sizes(), &options).unwrap();
            assert_eq!(long(causal, 1.0).total(), counted.moved().0);
        }
        let standard: u64 = trips(TOKENS, HEAD_DIM, HALF).iter().sum();
        assert_eq!(standard, standard_formula(&sizes()).moved().0);
    }

    #[test]
    fn a_counter_says_how_far_it_is_and_when_it_is_done() {
        assert_eq!(said(15_400, 28_700), "15.4 of 28.7 kB");
        assert_eq!(said(900, 28_700), "900 B of 28.7 kB");
        assert_eq!(said(28_700, 28_700), "✓ 28.7 kB");
    }
}
