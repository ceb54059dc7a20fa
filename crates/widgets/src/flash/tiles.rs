//! The picture: a small memory on the chip, a large one beside it, and what travels between them.

use std::ops::Range;

use attention::devices::{DeviceSpec, device};
use attention::flash::TilePlace;
use attention::units::Bytes;
use maud::{Markup, html};

use super::State;
use super::race::{self, up_to};
use super::work::{Row, Work};
use crate::draw::label::width;
use crate::draw::mark::{Area, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::{NARROW, WIDE};

/// The card whose memories stand in the picture.
const CARD: &str = "NVIDIA A100 80GB SXM4";

/// What the picture shows.
pub(super) struct Tiles<'a> {
    pub(super) state: &'a State,
    pub(super) work: &'a Work,
    /// The tokens as they are printed.
    pub(super) words: &'a [String],
    /// What the queries carry after this tile.
    pub(super) rows: &'a [Row],
    /// What the picture shows, in words.
    pub(super) label: &'a str,
}

/// Where the parts of the picture stand. A pair is where a part begins, and how wide it is.
pub(super) struct Layout {
    pub(super) size: (f64, f64),
    pub(super) narrow: bool,
    /// The memory on the chip.
    sram: Area,
    /// Where the rows of a tile begin, and how high they are together.
    pub(super) rows: [f64; 2],
    /// Where the keys and values of a tile lie, and how high they are.
    pub(super) heads: [f64; 2],
    /// Where the queries' words end.
    pub(super) words: f64,
    pub(super) query: [f64; 2],
    pub(super) scores: [f64; 2],
    pub(super) largest: [f64; 2],
    pub(super) bars: [f64; 2],
    pub(super) output: [f64; 2],
    /// The way between the memories.
    bridge: [f64; 2],
    /// The large memory.
    hbm: Area,
    /// The four strips in it: left, top, width together, and how far apart they are.
    strips: [f64; 4],
    /// How high a strip is.
    strip: f64,
    /// The square of all tiles.
    map: Area,
    /// The lanes of the race: left, top and width.
    lanes: [(f64, f64, f64); 2],
}

const fn area(x: f64, y: f64, width: f64, height: f64) -> Area {
    Area { x, y, width, height }
}

/// Where there is room.
pub(super) const BROAD: Layout = Layout {
    size: (WIDE, 424.0),
    narrow: false,
    sram: area(1.0, 1.0, 828.0, 190.0),
    rows: [66.0, 116.0],
    heads: [34.0, 24.0],
    words: 62.0,
    query: [68.0, 30.0],
    scores: [120.0, 216.0],
    largest: [352.0, 124.0],
    bars: [498.0, 190.0],
    output: [790.0, 28.0],
    bridge: [300.0, 250.0],
    hbm: area(1.0, 227.0, 828.0, 130.0),
    strips: [40.0, 260.0, 400.0, 24.0],
    strip: 20.0,
    map: area(478.0, 246.0, 100.0, 100.0),
    lanes: [(0.0, 366.0, 404.0), (430.0, 366.0, 400.0)],
};

/// On a phone.
pub(super) const SLIM: Layout = Layout {
    size: (NARROW, 456.0),
    narrow: true,
    sram: area(1.0, 1.0, 344.0, 166.0),
    rows: [58.0, 104.0],
    heads: [32.0, 20.0],
    words: 58.0,
    query: [62.0, 11.0],
    scores: [80.0, 116.0],
    largest: [200.0, 38.0],
    bars: [242.0, 42.0],
    output: [329.0, 11.0],
    bridge: [40.0, 266.0],
    hbm: area(1.0, 196.0, 344.0, 128.0),
    strips: [24.0, 226.0, 184.0, 23.0],
    strip: 18.0,
    map: area(232.0, 226.0, 90.0, 90.0),
    lanes: [(0.0, 331.0, 346.0), (0.0, 391.0, 346.0)],
};

/// What the strips hold, with the classes of their ink, their ground and their edge.
const STRIPS: [(&str, &str, &str, &str); 4] = [
    ("Q", "ink-query", "tint-query", "line-query"),
    ("K", "ink-key", "tint-key", "line-key"),
    ("V", "ink-value", "tint-value", "line-value"),
    ("O", "ink-output", "tint-output", "line-output"),
];

impl Tiles<'_> {
    /// The picture in a layout.
    pub(super) fn view(&self, at: &Layout) -> Markup {
        let marks = html! {
            (self.bridge(at))
            (rounded(at.sram, 8.0, "fill-bg line-ink lit"))
            (rounded(at.hbm, 8.0, "fill-bg line-edge part"))
            (names(at))
            @for line in 0..4 { (self.strip(at, line)) }
            (self.map(at))
            (self.travellers(at))
            (self.chip(at))
            (race::races(self.state, self.work, at.lanes))
        };
        svg(at.size, "img", self.label, marks)
    }

    pub(super) fn tile(&self) -> &TilePlace {
        &self.work.flash.steps[self.state.step].tile
    }

    /// Whether the tile is the last of its queries: their output is then written.
    fn writes(&self) -> bool {
        self.work.is_last_of_row(self.state.step)
    }

    /// The way between the memories, and what goes over it in this step.
    fn bridge(&self, at: &Layout) -> Markup {
        let [x, across] = at.bridge;
        let (top, bottom) = (at.sram.bottom(), at.hbm.y);
        let sides = Path::new((x, top)).line((x, bottom));
        let sides = sides.jump((x + across, top)).line((x + across, bottom));
        html! {
            (rect(area(x, top, across, bottom - top), "fill-hair"))
            (path(&sides, "line-edge part"))
            (text((x + across / 2.0, (top + bottom) / 2.0 + 5.0), &self.crossing(), "mid small strong"))
        }
    }

    /// What crosses the bridge in this step: `↑ Q K V 3.1 kB`.
    fn crossing(&self) -> String {
        let step = self.state.step;
        let now = up_to(self.work, step);
        let before = step.checked_sub(1).map_or_else(Default::default, |it| up_to(self.work, it));
        let [up, down] = [now.read() - before.read(), now.written() - before.written()];
        let what = match (self.tile().column == 0, self.tile().skipped) {
            (true, false) => "Q K V",
            (true, true) => "Q",
            (false, false) => "K V",
            (false, true) => "",
        };
        let up = (up > 0).then(|| format!("↑ {what} {}", Bytes(up).in_gb()));
        let down = (down > 0).then(|| format!("↓ O {}", Bytes(down).in_gb()));
        let both: Vec<String> = up.into_iter().chain(down).collect();
        if both.is_empty() { "nothing travels".to_owned() } else { both.join("   ") }
    }

    /// How many blocks a strip is cut into.
    fn blocks(&self, line: usize) -> usize {
        let (rows, columns) = self.state.blocks();
        if line == 1 || line == 2 { columns } else { rows }
    }

    /// The places of a block of a strip.
    fn places(&self, line: usize, block: usize) -> Range<usize> {
        let State { seq, block_q, block_k, .. } = *self.state;
        let size = if line == 1 || line == 2 { block_k } else { block_q };
        block * size..((block + 1) * size).min(seq)
    }

    /// Where a block lies in the large memory: as wide as it has tokens.
    fn home(&self, at: &Layout, line: usize, block: usize) -> Area {
        let [x, y, across, pitch] = at.strips;
        let places = self.places(line, block);
        let unit = across / self.state.seq as f64;
        let left = x + unit * places.start as f64;
        let wide = unit * places.len() as f64 - 2.0;
        area(left, y + line as f64 * pitch, wide.max(1.0), at.strip)
    }

    /// How often each block of keys has been read up to now.
    fn reads(&self, block: usize) -> usize {
        let steps = &self.work.flash.steps[..=self.state.step];
        steps.iter().filter(|step| step.tile.column == block && !step.tile.skipped).count()
    }

    /// Queries, keys, values or outputs in the large memory, block by block.
    fn strip(&self, at: &Layout, line: usize) -> Markup {
        let (name, ink, tint, edge) = STRIPS[line];
        let top = at.strips[1] + line as f64 * at.strips[3];
        let now = self.tile().row;
        html! {
            (text((at.strips[0] - 8.0, top + at.strip / 2.0 + 5.0), name, &format!("end strong {ink}")))
            @for block in 0..self.blocks(line) {
                @let home = self.home(at, line, block);
                @let there = line < 3 || block < now || (block == now && self.writes());
                @let (x, y) = home.middle();
                @if line == 3 { (rounded(home, 2.0, &format!("{edge} thin dashed"))) }
                (rounded(home, 2.0, &format!("{tint} {edge} written{}", if there { "" } else { " gone" })))
                @let said = self.block_says(at, line, block, home.width);
                (text((x, y + 4.0), if there { &said } else { "" }, "mid least"))
            }
        }
    }

    /// What a block says, as far as it has room: its tokens, and how often it was read.
    fn block_says(&self, at: &Layout, line: usize, block: usize, room: f64) -> String {
        let span = span(&self.places(line, block));
        let reads = if line == 1 || line == 2 { self.reads(block) } else { 0 };
        let both = format!("{span}  ×{reads}");
        let times = format!("×{reads}");
        let fits = |text: &str| width(text, 11.5) <= room - 2.0;
        match reads {
            0 if fits(&span) && (!at.narrow || line == 0 || line == 3) => span,
            0 => String::new(),
            _ if fits(&both) => both,
            _ if fits(&times) => times,
            _ => String::new(),
        }
    }

    /// The square of all scores, tile by tile: what is done, what is skipped, and the one that is
    /// there now.
    fn map(&self, at: &Layout) -> Markup {
        let unit = at.map.width / self.state.seq as f64;
        let place = |tile: &TilePlace| {
            let long = |places: &Range<usize>| places.len() as f64 * unit;
            let x = at.map.x + tile.keys.start as f64 * unit;
            let y = at.map.y + tile.queries.start as f64 * unit;
            area(x, y, long(&tile.keys), long(&tile.queries))
        };
        let [mut outlines, mut ticks, mut hatching] = [(); 3].map(|()| String::new());
        for (step, it) in self.work.flash.steps.iter().enumerate() {
            let box_of = place(&it.tile);
            outlines += &Path::outline(box_of).to_string();
            if it.tile.skipped {
                hatching += &Path::hatching(box_of, 5.0).to_string();
            } else if step < self.state.step {
                let ((x, y), reach) = (box_of.middle(), box_of.width.min(box_of.height) * 0.2);
                let tick = Path::new((x - reach, y)).line((x - reach * 0.3, y + reach * 0.7));
                ticks += &tick.line((x + reach, y - reach * 0.7)).to_string();
            }
        }
        let now = place(self.tile());
        html! {
            path d=(outlines) class="line-edge dotted thin" {}
            path d=(hatching) class="line-edge thin" {}
            path d=(ticks) class="line-edge part" {}
            (rect(area(now.x + 1.0, now.y + 1.0, (now.width - 2.0).max(1.0), (now.height - 2.0).max(1.0)),
                if self.tile().skipped { "line-ink bold move" } else { "scores line-ink bold move" }))
            (self.map_says(at))
        }
    }

    fn map_says(&self, at: &Layout) -> Markup {
        let scores = format!("{0} × {0} scores,", self.state.seq);
        let Area { x, y, width, .. } = at.map;
        html! {
            @if at.narrow {
                (text((x + width / 2.0, y - 18.0), &scores, "mid least strong"))
                (text((x + width / 2.0, y - 5.0), "never all there", "mid least muted"))
            } @else {
                (text((x + width + 12.0, y + 12.0), &format!("{scores} never all there."), "small strong"))
                @for (at, line) in MAP_SAYS.iter().enumerate() {
                    (text((x + width + 12.0, y + 29.0 + 16.0 * at as f64), line, "small muted"))
                }
            }
        }
    }

    /// The blocks on their way: each lies in its strip, or in the small memory.
    fn travellers(&self, at: &Layout) -> Markup {
        let TilePlace { row, column, skipped, .. } = *self.tile();
        let [top, tall] = at.rows;
        let [head, high] = at.heads;
        let upright = |[x, across]: [f64; 2]| area(x, top, across, tall);
        let level = |[x, across]: [f64; 2]| area(x, head, across, high);
        let places = [upright(at.query), level(at.scores), level(at.bars), upright(at.output)];
        html! {
            @for (line, place) in places.into_iter().enumerate() {
                @let (.., tint, edge) = STRIPS[line];
                @for block in 0..self.blocks(line) {
                    @let here = match line { 0 | 3 => block == row, _ => block == column && !skipped };
                    @let home = !here || (line == 3 && self.writes());
                    @let spot = if home { self.home(at, line, block) } else { place };
                    (rounded(spot, 2.0, &format!("{tint} {edge} part traveller{}", if here { " here" } else { "" })))
                }
            }
        }
    }
}

/// What stands beside the square of all tiles.
const MAP_SAYS: [&str; 5] = [
    "A tile is made on the chip, used",
    "there and forgotten. Standard",
    "attention writes them all here,",
    "reads them back, and does the",
    "same with the weights.",
];

/// Places as a strip has room for them: `4–7`.
pub(super) fn span(places: &Range<usize>) -> String {
    match places.len() {
        1 => places.start.to_string(),
        _ => format!("{}–{}", places.start, places.end - 1),
    }
}

/// The names of the two memories, with their sizes and speeds on one card.
fn names(at: &Layout) -> Markup {
    let card = device(CARD);
    let (chip, speed) = card.map_or_else(Default::default, |card| chip(card, at.narrow));
    let large = card.map_or_else(String::new, |card| large(card, at.narrow));
    let line = |x: f64, y: f64, name: &str, more: &str| {
        html! {
            (text((x, y), name, "strong"))
            (text((x + width(name, 13.0) + 14.0, y), more, "small muted"))
        }
    };
    html! {
        (line(12.0, 20.0, if at.narrow { "SRAM" } else { "SRAM, on the chip" }, &format!("{chip}{speed}")))
        (line(12.0, at.hbm.y + 21.0, "HBM", &large))
    }
}

/// The memory on a card's chip in words, and its speed where it is known.
fn chip(card: &DeviceSpec, narrow: bool) -> (String, String) {
    let Some(chip) = card.on_chip else { return Default::default() };
    let speed = chip.bandwidth.map(|speed| format!("{:.0} TB/s", speed.0 / 1e12));
    let speed = speed.unwrap_or_default();
    match narrow {
        true => ("small, fast: ".to_owned(), format!("about {speed}")),
        false => (
            format!("small and fast: {} on an A100, at about ", chip.bytes.in_gib()),
            format!("{speed} (an estimate)"),
        ),
    }
}

/// A card's memory in words.
fn large(card: &DeviceSpec, narrow: bool) -> String {
    let speed = format!("{:.1} TB/s", card.bandwidth.0 / 1e12);
    match narrow {
        false => format!("large and slow: an A100 reads it at {speed}. ×3: read three times"),
        true => format!("large, slow: {speed}"),
    }
}
