//! The small memory of the picture: the tile of scores, and what each query carries along.

use maud::{Markup, html};

use super::tiles::{Layout, Tiles, span};
use super::work::Row;
use crate::draw::label::{fitted, width};
use crate::draw::mark::{Area, circle, gliding, path, rect, stroke, text};
use crate::draw::path::Path;
use crate::draw::role::{heat, heat_fill, heat_ink};
use crate::draw::scale::Scale;
use crate::show::{number, share};

/// A tile of at most so many rows and columns is drawn cell by cell, and its rows have words.
const FEW: usize = 8;

/// Below this, what a query held has shrunk enough to be seen.
const SHRUNK: f32 = 0.995;

/// A query's row in the picture.
struct Line<'a> {
    at: usize,
    row: &'a Row,
    y: f64,
    height: f64,
}

impl Line<'_> {
    fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }
}

impl Tiles<'_> {
    /// How many queries and keys a whole tile has.
    fn sides(&self) -> (usize, usize) {
        (self.state.block_q.min(self.state.seq), self.state.block_k.min(self.state.seq))
    }

    fn few_rows(&self) -> bool {
        self.sides().0 <= FEW
    }

    /// A score, if it may be seen.
    fn score(&self, query: usize, key: usize) -> Option<f32> {
        let score = self.work.scores[query * self.state.seq + key];
        score.is_finite().then_some(score)
    }

    /// The power of a score: its share of the largest that its query has met so far.
    fn power(&self, row: &Row, key: usize) -> Option<f32> {
        let score = self.score(row.query, key)?;
        Some((score - row.largest).exp()).filter(|power| power.is_finite())
    }

    fn lines(&self, at: &Layout) -> Vec<Line<'_>> {
        let [top, tall] = at.rows;
        let height = tall / self.sides().0 as f64;
        let lines = self.rows.iter().enumerate();
        lines.map(|(at, row)| Line { at, row, y: top + at as f64 * height, height }).collect()
    }

    /// All that is drawn on the chip.
    pub(super) fn chip(&self, at: &Layout) -> Markup {
        let ([top, tall], [left, across]) = (at.rows, at.scores);
        let frame = Area::new(left, top, across, tall);
        let walls = [at.largest[0], at.largest[0] + at.largest[1]];
        let walls = walls
            .into_iter()
            .fold(Path::default(), |path, x| path.jump((x, top)).line((x, top + tall)));
        let lines = self.lines(at);
        html! {
            (self.headings(at))
            (self.keys(at))
            g class=(self.beat()) { (self.scores(at, frame, &lines)) }
            (rect(frame, "line-edge"))
            (path(&walls, "line-hair"))
            (path(&Path::new((at.bars[0], top)).line((at.bars[0], top + tall)), "line-edge part"))
            @for place in 0..self.sides().0 {
                @match lines.get(place) {
                    Some(line) => (self.carried(at, line)),
                    None => g class="gone" {},
                }
            }
        }
    }

    /// Marks of this class appear anew in each step.
    fn beat(&self) -> &'static str {
        if self.state.step.is_multiple_of(2) { "beat-0" } else { "beat-1" }
    }

    fn headings(&self, at: &Layout) -> Markup {
        let (middle, above) = (at.heads[0] + at.heads[1] / 2.0 + 5.0, at.rows[0] - 6.0);
        let center = |[x, across]: [f64; 2]| x + across / 2.0;
        html! {
            (text((at.scores[0] - 6.0, middle), "K", "strong ink-key end"))
            (text((at.bars[0] - 6.0, middle), "V", "strong ink-value end"))
            (text((center(at.output), above), "O", "strong ink-output mid"))
            @if at.narrow {
                (text((at.query[0] - 6.0, above), "Q", "strong ink-query end"))
                (text((at.largest[0] + 2.0, middle), "m", "small"))
            } @else {
                (text((center(at.query), above), "Q", "strong ink-query mid"))
                (text((at.largest[0] + 2.0, middle), "m: largest so far", "small"))
                @let x = at.bars[0] + at.bars[1] + 8.0;
                (text((x, at.heads[0] + 9.0), "length: l", "least muted"))
                (text((x, at.heads[0] + 23.0), "filling: O", "least muted"))
            }
        }
    }

    /// The words or places of the keys in the tile, and the places of its values.
    fn keys(&self, at: &Layout) -> Markup {
        let tile = self.tile();
        let columns = self.sides().1;
        let room = at.scores[1] / columns as f64;
        let y = at.heads[0] + at.heads[1] / 2.0 + 4.0;
        let each = room >= 20.0;
        let middle = |[x, across]: [f64; 2]| x + across / 2.0;
        let shown = if tile.skipped { String::new() } else { span(&tile.keys) };
        let name = |place: usize| {
            let key = tile.keys.start + place;
            match (tile.skipped || key >= tile.keys.end, room >= 44.0) {
                (true, _) => String::new(),
                (_, true) => fitted(&self.words[key], 11.5, room - 2.0),
                _ => key.to_string(),
            }
        };
        html! {
            g class=(self.beat()) {
                @if each {
                    @for place in 0..columns {
                        (text((at.scores[0] + room * (place as f64 + 0.5), y), &name(place), "mid least"))
                    }
                } @else {
                    (text((middle(at.scores), y), &shown, "mid least"))
                }
                @let values = if width(&shown, 11.5) < at.bars[1] - 4.0 { shown.as_str() } else { "" };
                (text((middle(at.bars), y), values, "mid least"))
            }
        }
    }

    /// The scores of the tile in the heat of their powers. What is hidden is hatched.
    fn scores(&self, at: &Layout, frame: Area, lines: &[Line<'_>]) -> Markup {
        let tile = self.tile();
        let columns = self.sides().1;
        let cell = frame.width / columns as f64;
        let hidden = |line: &Line<'_>, key: usize| self.power(line.row, key).is_none();
        let some_hidden = lines.iter().any(|line| tile.keys.clone().any(|key| hidden(line, key)));
        let behind = if some_hidden { "line-edge thin" } else { "gone" };
        let few = self.few_rows() && columns <= FEW;
        let label = if tile.skipped { "strong mid halo-bg" } else { "gone" };
        html! {
            (path(&Path::hatching(frame, 8.0), behind))
            @if few {
                @for place in 0..self.sides().0 * columns {
                    (self.cell(at, cell, lines.get(place / columns), place % columns))
                }
            } @else {
                (self.heat(frame, cell, lines))
            }
            @let (x, y) = frame.middle();
            (text((x, y - 2.0), "skipped:", label))
            (text((x, y + 15.0), "all future", label))
        }
    }

    /// One cell of a small tile, with its score where there is room.
    fn cell(&self, at: &Layout, width: f64, line: Option<&Line<'_>>, column: usize) -> Markup {
        let tile = self.tile();
        let key = tile.keys.start + column;
        let found = line.filter(|_| !tile.skipped && key < tile.keys.end).and_then(|line| {
            Some((line, self.score(line.row.query, key)?, self.power(line.row, key)?))
        });
        let Some((line, score, power)) = found else {
            return html! { rect class="gone" {} text class="gone" {} };
        };
        let area = Area::new(at.scores[0] + column as f64 * width, line.y, width, line.height);
        let digits = match width {
            wide if wide >= 40.0 => number(score, 2),
            wide if wide >= 26.0 => number(score, 1),
            _ => String::new(),
        };
        let (x, y) = area.middle();
        html! {
            (rect(area, &format!("{} line-panel", heat_fill(power))))
            (text((x, y + 4.0), &digits, &format!("mid least {}", heat_ink(power))))
        }
    }

    /// A large tile: for each level of heat one path through all its cells.
    fn heat(&self, frame: Area, cell: f64, lines: &[Line<'_>]) -> Markup {
        let tile = self.tile();
        let mut levels: Vec<Path> = vec![Path::default(); 21];
        for line in lines {
            for key in tile.keys.clone() {
                let Some(power) = self.power(line.row, key) else { continue };
                let level = &mut levels[usize::from(heat(power) / 5)];
                let x = frame.x + (key - tile.keys.start) as f64 * cell;
                *level = std::mem::take(level).jump((x, line.middle())).across(cell);
            }
        }
        let thick = lines.first().map_or(0.0, |line| line.height) + 0.2;
        html! {
            @for (level, path) in levels.iter().enumerate() {
                (stroke(path, thick, &format!("glow-{}", level * 5)))
            }
        }
    }

    /// What a query carries along: its largest score, its sum as a length, and how full it is.
    fn carried(&self, at: &Layout, line: &Line<'_>) -> Markup {
        let Line { row, y, .. } = line;
        let rose = row.kept.is_some_and(|kept| kept < SHRUNK);
        let few = self.few_rows();
        let edge = Path::new((at.query[0], *y)).line((at.output[0] + at.output[1], *y));
        let between = if few && line.at > 0 { "line-hair" } else { "gone" };
        html! {
            g {
                (path(&edge, between))
                @if few {
                    @let word = fitted(&self.words[row.query], 12.0, at.words - 6.0);
                    (text((at.words, line.middle() + 4.5), &word, "small strong end ink-query"))
                }
                (self.largest(at, line, rose))
                (self.bar(at, line, rose))
            }
        }
    }

    fn tall(line: &Line<'_>) -> f64 {
        (line.height * 0.68).min(18.0)
    }

    /// The scores of the tile as dots on a line, and the largest so far as a bar.
    fn largest(&self, at: &Layout, line: &Line<'_>, rose: bool) -> Markup {
        let [low, high] = self.work.between.map(f64::from);
        let [x, across] = at.largest;
        let end = x + across - if at.narrow { 6.0 } else { 42.0 };
        let scale = Scale::linear([low, if high > low { high } else { low + 1.0 }], [x + 6.0, end]);
        let place = |score: f32| scale.place(f64::from(score.clamp(f32::MIN, f32::MAX)));
        let (m, y, tall) = (place(line.row.largest), line.middle(), Self::tall(line));
        let before = line.row.kept.filter(|_| rose).map(|kept| place(line.row.largest + kept.ln()));
        let tile = self.tile();
        let few = self.few_rows() && self.sides().1 <= FEW;
        html! {
            @if few {
                g class=(self.beat()) {
                    @for key in tile.keys.clone() {
                        @let score = self.score(line.row.query, key).filter(|_| !tile.skipped);
                        @match score {
                            Some(score) => (circle((place(score), y), 3.0, "fill-edge")),
                            None => circle class="gone" {},
                        }
                    }
                }
            }
            (path(&Path::new((before.unwrap_or(m), y)).line((m, y)), "line-ink part dotted"))
            (rect(Area::new(m - 1.5, y - tall / 2.0, 3.0, tall), "fill-ink late"))
            @if self.few_rows() && !at.narrow {
                (gliding((m + 6.0, y + 4.0), &number(line.row.largest, 2), "least"))
            }
        }
    }

    /// The sum, a piece for each block of keys that has come by. All older pieces shrink when the
    /// largest score rises.
    fn bar(&self, at: &Layout, line: &Line<'_>, rose: bool) -> Markup {
        let [start, across] = at.bars;
        let scale = across / f64::from(self.work.largest_total);
        let (y, tall) = (line.middle(), Self::tall(line));
        let mut x = start;
        let mut areas = Vec::new();
        for sum in self.pieces(line.row) {
            areas.push(Area::new(x, y - tall / 2.0, sum * scale, tall));
            x += sum * scale;
        }
        let now = if self.few_rows() { self.tile().column } else { 1 };
        let edge = if self.few_rows() { "line-output" } else { "" };
        let said = match (rose, line.row.kept) {
            (true, Some(kept)) if at.narrow => format!("× {}", share(kept)),
            (true, Some(kept)) => format!("old × {}", share(kept)),
            _ if at.narrow => String::new(),
            _ => number(line.row.total, 2),
        };
        html! {
            @for (block, area) in areas.into_iter().enumerate() {
                @let fresh = block == now && !self.tile().skipped;
                (rect(area, &format!("{} {edge} late", if fresh { "fill-output" } else { "tint-output" })))
            }
            @if self.few_rows() {
                (gliding((x + 6.0, y + 4.0), &said, if rose { "least strong" } else { "least muted" }))
            }
        }
    }

    /// The powers of each block of keys, added up. With many rows: those of the older blocks
    /// together, and those of this one.
    fn pieces(&self, row: &Row) -> Vec<f64> {
        let now = self.tile();
        let (block, columns) = (self.state.block_k, self.state.blocks().1);
        let sum = |at: usize| -> f64 {
            let keys = at * block..((at + 1) * block).min(self.state.seq);
            if at > now.column || (at == now.column && now.skipped) {
                return 0.0;
            }
            keys.filter_map(|key| self.power(row, key)).map(f64::from).sum()
        };
        let all: Vec<f64> = (0..columns).map(sum).collect();
        if self.few_rows() {
            return all;
        }
        vec![all[..now.column].iter().sum(), all[now.column]]
    }
}
