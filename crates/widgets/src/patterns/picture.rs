//! The picture: which pairs a pattern leaves and which tiles must be computed for them, and how far
//! it reaches through the layers.

use attention::MaskGrid;
use maud::{Markup, html};

use super::State;
use crate::draw::mark::{Area, circle, path, rect, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::{NARROW, Point, WIDE};
use crate::show::grouped;

/// How many queries and keys a tile has.
const TILE: usize = 4;

/// How much of a tile a pattern leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    /// All of it: computed, and no mask is needed.
    Full,
    /// Some of it: computed, and then masked.
    Partial,
    /// Nothing: skipped.
    Empty,
}

/// What a pattern leaves over a short text.
pub(super) struct Picture<'a> {
    state: &'a State,
    mask: MaskGrid,
}

/// Where the cone is: the middle of its corner points, and how far apart tokens and layers are.
struct Cone {
    left: f64,
    top: f64,
    across: f64,
    down: f64,
    /// How large a token is.
    size: f64,
    /// Where the names of the layers end.
    names: f64,
}

impl<'a> Picture<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self { state, mask: state.grid(state.tokens) }
    }

    fn tokens(&self) -> usize {
        self.state.tokens
    }

    /// The tiles from the left and from above: row, column, pairs in it, and what is left of them.
    fn tiles(&self) -> Vec<(Area, usize, Fill)> {
        let count = self.tokens().div_ceil(TILE);
        let span = |at: usize| at * TILE..((at + 1) * TILE).min(self.tokens());
        let mut tiles = Vec::new();
        for row in 0..count {
            for column in 0..count {
                let pairs = span(row).len() * span(column).len();
                let sees = |query| span(column).filter(|key| self.mask.sees(query, *key)).count();
                let left: usize = span(row).map(sees).sum();
                let fill = match left {
                    0 => Fill::Empty,
                    left if left == pairs => Fill::Full,
                    _ => Fill::Partial,
                };
                let area = Area::new(
                    (column * TILE) as f64,
                    (row * TILE) as f64,
                    span(column).len() as f64,
                    span(row).len() as f64,
                );
                tiles.push((area, pairs, fill));
            }
        }
        tiles
    }

    fn seen(&self) -> usize {
        let pairs =
            (0..self.tokens()).flat_map(|query| (0..self.tokens()).map(move |key| (query, key)));
        pairs.filter(|(query, key)| self.mask.sees(*query, *key)).count()
    }

    pub(super) fn wide(&self) -> Markup {
        let side = 228.0;
        let down = 196.0 / self.state.layers as f64;
        let across = 258.0 / (self.tokens() - 1) as f64;
        let cone = Cone {
            left: 564.0,
            top: 38.0,
            across,
            down,
            size: (across * 0.36).min(6.0),
            names: 550.0,
        };
        let marks = html! {
            (self.square((0.0, 20.0), side))
            (self.bars((254.0, 44.0), 222.0, 58.0))
            (text((cone.left, 13.0), "what the last token is made from", "small muted"))
            (self.cone(&cone))
        };
        self.drawing((WIDE, 270.0), marks)
    }

    pub(super) fn narrow(&self) -> Markup {
        let down = 92.0 / self.state.layers as f64;
        let across = 274.0 / (self.tokens() - 1) as f64;
        let cone = Cone {
            left: 62.0,
            top: 206.0,
            across,
            down,
            size: (across * 0.36).min(5.0),
            names: 52.0,
        };
        let marks = html! {
            (self.square((0.0, 18.0), 140.0))
            (self.bars((164.0, 30.0), 178.0, 44.0))
            (text((0.0, 191.0), "what the last token is made from", "small muted"))
            (self.cone(&cone))
        };
        self.drawing((NARROW, 326.0), marks)
    }

    fn drawing(&self, size: Point, marks: Markup) -> Markup {
        svg(size, "img", &self.described(), marks)
    }

    /// The numbers in words: the picture's name for who cannot see it.
    fn described(&self) -> String {
        let [full, partial, empty] = self.counts();
        let reached = self.reached();
        let reach: Vec<String> = reached[1..]
            .iter()
            .map(|row| row.iter().filter(|reached| **reached).count().to_string())
            .collect();
        format!(
            "A square of {n} by {n} pairs in tiles of {TILE} by {TILE}: {full} full, {partial} partial \
             and {empty} empty. {} pairs are seen, and {} computed in tiles. Beside it how many tokens \
             the last one reaches, layer by layer: {}.",
            self.seen(),
            self.computed(),
            reach.join(", "),
            n = self.tokens()
        )
    }

    /// Tiles that are full, partial and empty.
    fn counts(&self) -> [usize; 3] {
        let tiles = self.tiles();
        [Fill::Full, Fill::Partial, Fill::Empty]
            .map(|fill| tiles.iter().filter(|(_, _, other)| *other == fill).count())
    }

    /// Pairs in the tiles that are not empty.
    fn computed(&self) -> usize {
        let tiles = self.tiles();
        tiles.iter().filter(|(_, _, fill)| *fill != Fill::Empty).map(|(_, pairs, _)| pairs).sum()
    }

    /// The pairs that are left, and the tiles over them.
    fn square(&self, (x, y): Point, side: f64) -> Markup {
        let cell = side / self.tokens() as f64;
        let mut pairs = Path::default();
        for query in 0..self.tokens() {
            for key in (0..self.tokens()).filter(|key| self.mask.sees(query, *key)) {
                let (left, top) = (x + key as f64 * cell + 1.0, y + query as f64 * cell + 1.0);
                let (right, bottom) = (left + cell - 2.0, top + cell - 2.0);
                pairs = pairs
                    .jump((left, top))
                    .line((right, top))
                    .line((right, bottom))
                    .line((left, bottom))
                    .closed();
            }
        }
        let [full, partial, empty] = self.counts();
        let tiles: Vec<(Area, Fill)> = self
            .tiles()
            .into_iter()
            .map(|(tile, _, fill)| {
                let Area { x: left, y: top, width, height } = tile;
                let area = Area::new(x + left * cell, y + top * cell, width * cell, height * cell);
                (area.grown(-1.0), fill)
            })
            .collect();
        html! {
            (text((x, y - 7.0), "a row a query, a column a key", "small muted"))
            @for (area, fill) in &tiles {
                @match fill {
                    Fill::Full => (rect(*area, "tint-query")),
                    Fill::Partial => (rect(*area, "tint-key")),
                    Fill::Empty => (path(&Path::hatching(*area, 7.0), "line-hair")),
                }
            }
            (path(&pairs, "fill-accent"))
            @for (area, fill) in &tiles {
                @match fill {
                    Fill::Full => (rect(*area, "line-query bold")),
                    Fill::Partial => (rect(*area, "line-key part")),
                    Fill::Empty => (rect(*area, "line-edge dotted")),
                }
            }
            (text((x, y + side + 16.0), &format!("tiles: {full} full, {partial} partial, {empty} empty"), "small strong"))
        }
    }

    /// Pairs seen, pairs computed because their tile is, and all pairs.
    fn bars(&self, (x, y): Point, length: f64, pitch: f64) -> Markup {
        let all = self.tokens() * self.tokens();
        let bars = [
            ("pairs seen", self.seen(), "fill-accent"),
            ("computed in tiles", self.computed(), "fill-key"),
            ("all pairs", all, "fill-edge"),
        ];
        html! {
            @for (at, (name, pairs, class)) in bars.into_iter().enumerate() {
                @let top = y + at as f64 * pitch;
                (text((x, top), name, "small"))
                (text((x + length, top), &grouped(pairs as u64), "end strong"))
                (rect(Area::new(x, top + 6.0, length, 14.0), "fill-bg line-hair"))
                (rect(Area::new(x, top + 6.0, length * pairs as f64 / all as f64, 14.0), &format!("{class} move")))
            }
        }
    }

    /// Which tokens the last one reaches, from the last layer down to the text.
    fn reached(&self) -> Vec<Vec<bool>> {
        let n = self.tokens();
        let mut rows = vec![(0..n).map(|token| token + 1 == n).collect::<Vec<bool>>()];
        for _ in 0..self.state.layers {
            let above = &rows[rows.len() - 1];
            let row =
                (0..n).map(|key| (0..n).any(|query| above[query] && self.mask.sees(query, key)));
            rows.push(row.collect());
        }
        rows
    }

    /// The reach as a cone: each layer's tokens, and lines to those that they see in the one below.
    fn cone(&self, cone: &Cone) -> Markup {
        let reached = self.reached();
        let place = |row: usize, token: usize| {
            (cone.left + token as f64 * cone.across, cone.top + row as f64 * cone.down)
        };
        let mut lines = Path::default();
        for (row, above) in reached.iter().enumerate().take(self.state.layers) {
            for query in (0..self.tokens()).filter(|query| above[*query]) {
                for key in (0..self.tokens()).filter(|key| self.mask.sees(query, *key)) {
                    lines = lines.jump(place(row, query)).line(place(row + 1, key));
                }
            }
        }
        let name = |row: usize| match row {
            row if row == self.state.layers => "the text".to_owned(),
            row => format!("layer {}", self.state.layers - row),
        };
        html! {
            (path(&lines, "line-value thin"))
            @for (row, tokens) in reached.iter().enumerate() {
                (text((cone.names, place(row, 0).1 + 4.0), &name(row), "end least muted"))
                @for (token, here) in tokens.iter().enumerate() {
                    (circle(place(row, token), cone.size, if *here { "fill-value" } else { "fill-bg line-edge" }))
                }
            }
            @let count = reached.last().map_or(0, |row| row.iter().filter(|it| **it).count());
            @let bottom = cone.top + self.state.layers as f64 * cone.down;
            (text((cone.left, bottom + 22.0), &format!("it reaches {count} of {} tokens", self.tokens()), "small strong ink-value"))
        }
    }
}
