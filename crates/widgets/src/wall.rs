//! The wall: every head of the model as a thumbnail of its map, a row for each head and a column
//! for each layer. It shows all at once, and chooses one.

use maud::{Markup, PreEscaped, html};

use crate::draw::label::width;
use crate::draw::mark::{Area, moved, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::{Point, coordinate};
use crate::gallery::Sentence;
use crate::grid::{self, Cell};
use crate::machine::Refusal;
use crate::parts::places_stepper;

/// From one thumbnail to the next: right, and down.
const PITCH: Point = (27.0, 26.0);

/// A thumbnail's side.
const SIDE: f64 = 22.0;

/// Room for the numbers of heads and layers.
const LEFT: f64 = 52.0;
const TOP: f64 = 18.0;

/// The side of the map in the loupe, and the room around it.
const LARGE: f64 = 132.0;
const ROOM: f64 = 8.0;

/// The shades of a thumbnail: from which weight on, and which heat. What is below the first stays
/// paper.
const LEVELS: [(f32, u8); 5] = [(0.06, 10), (0.17, 25), (0.35, 45), (0.55, 65), (0.78, 90)];

/// A head on the wall that has a name: where it is, its letter and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Its layer, from 0.
    pub layer: usize,
    /// Its place in the layer, from 0.
    pub head: usize,
    /// What it does.
    pub label: &'a str,
}

/// The head that is pointed at, under a loupe.
#[derive(Debug, Clone, Copy)]
pub struct Loupe<'a> {
    /// Its layer and its place in the layer.
    pub head: Cell,
    /// Its weights: a row for each query, up to its own place.
    pub weights: &'a [Vec<f32>],
    /// The row that is framed.
    pub query: usize,
}

/// All maps of one sentence, drawn once.
#[derive(Debug, Clone, Default)]
pub struct Wall {
    layers: usize,
    heads: usize,
    maps: String,
}

impl Wall {
    /// The maps of every head on a sentence.
    pub fn new(sentence: &Sentence) -> Self {
        let Sentence { layers, heads, .. } = *sentence;
        // In units of one cell of a map, so that nearly all numbers are short.
        let scale = (SIDE / sentence.tokens.len() as f64 * 1000.0).round() / 1000.0;
        let mut levels = Levels::default();
        for head in 0..heads {
            for layer in 0..layers {
                let (x, y) = corner(layer, head);
                levels.add(&sentence.weights(layer, head), (x / scale, y / scale));
            }
        }
        let maps = html! { g transform=(format!("scale({scale:.3})")) { (levels.drawn()) } };
        Self { layers, heads, maps: maps.into_string() }
    }

    /// The wall with one head chosen: `(layer, head)`. It says the events `wall`, with layer and
    /// head, and `wall-key`, and `look` with the head that is pointed at.
    pub fn view(&self, chosen: Cell, named: &[Named<'_>], loupe: Option<&Loupe<'_>>) -> Markup {
        let size = (LEFT + self.layers as f64 * PITCH.0, TOP + self.heads as f64 * PITCH.1);
        let label = format!(
            "All {} heads: a row for each of the {} heads, a column for each of the {} layers",
            self.layers * self.heads,
            self.heads,
            self.layers
        );
        let marks = html! {
            g aria-hidden="true" { (self.numbers(chosen)) (self.papers()) }
            g class="wall-maps" aria-hidden="true" { (PreEscaped(&self.maps)) }
            g aria-hidden="true" {
                @for (place, named) in named.iter().enumerate() {
                    @let (x, y) = corner(named.layer, named.head);
                    (rect(Area::new(x - 1.0, y - 1.0, SIDE + 2.0, SIDE + 2.0), "line-accent part"))
                    (text((x + SIDE - 1.5, y + 10.0), &letter(place).to_string(), "end least strong ink-accent wall-letter"))
                }
                @let (x, y) = corner(chosen.0, chosen.1);
                @let frame = Area::new(x - 2.0, y - 2.0, SIDE + 4.0, SIDE + 4.0);
                (rect(frame, "line-panel rail move"))
                (rect(frame, "line-ink bold move"))
            }
            (self.cells(chosen, named))
            g class="loupe" aria-hidden="true" {
                @if let Some(loupe) = loupe { (under(loupe, size, &name(loupe.head, named))) }
            }
        };
        html! { div class="wall" { (svg(size, "grid", &label, marks)) } }
    }

    /// The numbers of layers and heads, at the edges.
    fn numbers(&self, chosen: Cell) -> Markup {
        let class = |here: bool| if here { "strong" } else { "muted" };
        html! {
            (text((LEFT - 8.0, TOP - 6.0), "layer", "end small muted"))
            @for layer in 0..self.layers {
                @let (x, _) = corner(layer, 0);
                (text((x + SIDE / 2.0, TOP - 6.0), &layer.to_string(), &format!("mid small {}", class(layer == chosen.0))))
            }
            @for head in 0..self.heads {
                @let (_, y) = corner(0, head);
                @let number = if head == 0 { "head 0".to_owned() } else { head.to_string() };
                (text((LEFT - 8.0, y + SIDE / 2.0 + 4.0), &number, &format!("end small {}", class(head == chosen.1))))
            }
        }
    }

    fn papers(&self) -> Markup {
        let corners =
            (0..self.heads).flat_map(|head| (0..self.layers).map(move |layer| corner(layer, head)));
        let papers = corners.fold(Path::default(), |papers, corner| {
            papers.jump(corner).across(SIDE).down(SIDE).across(-SIDE).closed()
        });
        path(&papers, "fill-bg")
    }

    /// What can be pressed: one tab stop, and arrows move.
    fn cells(&self, chosen: Cell, named: &[Named<'_>]) -> Markup {
        html! {
            g data-keys="wall-key" {
                @for head in 0..self.heads {
                    g role="row" { @for layer in 0..self.layers {
                        @let (x, y) = corner(layer, head);
                        @let here = (layer, head) == chosen;
                        rect class="hit wall-cell" x=(coordinate(x - 2.0)) y=(coordinate(y - 2.0))
                            width=(coordinate(PITCH.0)) height=(coordinate(PITCH.1)) role="gridcell"
                            tabindex=(if here { "0" } else { "-1" }) aria-selected=(here)
                            aria-label=(name((layer, head), named)) data-event="wall"
                            data-value=(format!("{layer},{head}"))
                            data-look=(format!("{layer},{head}")) {}
                    } }
                }
            }
        }
    }
}

/// What a head is called: where it is, and what it does.
fn name((layer, head): Cell, named: &[Named<'_>]) -> String {
    let named = named.iter().find(|named| (named.layer, named.head) == (layer, head));
    let what = named.map_or(String::new(), |named| format!(": {}", named.label));
    format!("layer {layer}, head {head}{what}")
}

/// A head's map, large, beside its thumbnail: on the side that has room, and within the wall.
fn under(loupe: &Loupe<'_>, wall: Point, name: &str) -> Markup {
    let (where_, what) = name.split_once(": ").unwrap_or((name, ""));
    let lines = if what.is_empty() { 1.0 } else { 2.0 };
    let across = LARGE.max(width(what, 12.0)) + 2.0 * ROOM;
    let high = LARGE + 2.0 * ROOM + 17.0 * lines;
    let (left, top) = corner(loupe.head.0, loupe.head.1);
    let right = left + SIDE + ROOM;
    let x = if right + across <= wall.0 { right } else { left - ROOM - across };
    let y = (top + SIDE / 2.0 - high / 2.0).min(wall.1 - high).max(0.0);
    let cell = LARGE / loupe.weights.len().max(1) as f64;
    let mut levels = Levels::default();
    levels.add(loupe.weights, (0.0, 0.0));
    let row = Area::new(0.0, loupe.query as f64 * cell, (loupe.query + 1) as f64 * cell, cell);
    let map = html! {
        (rect(Area::new(0.0, 0.0, LARGE, LARGE), "fill-panel"))
        g class="wall-maps" transform=(format!("scale({cell:.3})")) { (levels.drawn()) }
        (rect(row, "line-query lit"))
        (text((0.0, LARGE + 16.0), where_, "strong"))
        (text((0.0, LARGE + 33.0), what, "small"))
    };
    html! {
        (rounded(Area::new(x, y, across, high), 5.0, "fill-bg line-ink"))
        (moved((x + ROOM, y + ROOM), "", map))
    }
}

/// One map in units of its cells.
pub(crate) fn map(weights: &[Vec<f32>]) -> Markup {
    let mut levels = Levels::default();
    levels.add(weights, (0.0, 0.0));
    html! { g class="wall-maps" { (levels.drawn()) } }
}

/// The head that a key leads to from `(layer, head)`, on a wall of this size.
///
/// # Errors
/// [`Refusal::Ignored`] when the key means nothing to a grid.
pub fn step((layer, head): Cell, key: &str, layers: usize, heads: usize) -> Result<Cell, Refusal> {
    let (head, layer) = grid::step((head, layer), key, heads, layers)?;
    Ok((layer, head))
}

/// Buttons that move by one layer or one head: what a finger can hit where thumbnails are small.
pub fn steppers((layer, head): Cell, layers: usize, heads: usize) -> Markup {
    html! {
        div class="wall-steps needs-script" {
            (places_stepper("Layer", "layer", layer, layers))
            (places_stepper("Head", "head", head, heads))
        }
    }
}

/// The letter of the head with the name at `place`.
pub fn letter(place: usize) -> char {
    char::from(b'A' + (place % 26) as u8)
}

fn corner(layer: usize, head: usize) -> Point {
    (LEFT + layer as f64 * PITCH.0, TOP + head as f64 * PITCH.1)
}

/// Maps in units of one cell: a line for each run of cells of about the same weight, and a path for
/// each shade.
#[derive(Default)]
struct Levels([Path; LEVELS.len()]);

impl Levels {
    /// Adds the map whose upper left corner is `at`.
    fn add(&mut self, weights: &[Vec<f32>], at: Point) {
        for (shade, path) in self.0.iter_mut().enumerate() {
            let [rows, columns] = [false, true].map(|down| runs(weights, shade, down));
            let down = columns.len() < rows.len();
            let runs = if down { columns } else { rows };
            let mut last: Option<(usize, usize)> = None;
            for Run { row, column, length } in runs {
                *path =
                    match last {
                        None if down => std::mem::take(path)
                            .jump((at.0 + column as f64 + 0.5, at.1 + row as f64)),
                        None => std::mem::take(path)
                            .jump((at.0 + column as f64, at.1 + row as f64 + 0.5)),
                        Some((x, y)) => std::mem::take(path)
                            .shift((column as f64 - x as f64, row as f64 - y as f64)),
                    };
                let end = if down { (column, row + length) } else { (column + length, row) };
                *path = match down {
                    true => std::mem::take(path).down(length as f64),
                    false => std::mem::take(path).across(length as f64),
                };
                last = Some(end);
            }
        }
    }

    fn drawn(&self) -> Markup {
        html! {
            @for ((_, heat), lines) in LEVELS.iter().zip(&self.0) {
                (path(lines, &format!("glow-{heat}")))
            }
        }
    }
}

/// Cells of one shade, side by side or one below the other: where they begin, and how many.
struct Run {
    row: usize,
    column: usize,
    length: usize,
}

/// All runs of a shade in a map, along its rows, or `down` its columns.
fn runs(weights: &[Vec<f32>], shade: usize, down: bool) -> Vec<Run> {
    let side = weights.len();
    let has = |row: usize, column: usize| {
        weights[row].get(column).is_some_and(|weight| level(*weight) == Some(shade))
    };
    let mut runs: Vec<Run> = Vec::new();
    for line in 0..side {
        let mut open = false;
        for at in 0..side {
            let (row, column) = if down { (at, line) } else { (line, at) };
            let here = has(row, column);
            match runs.last_mut() {
                Some(run) if here && open => run.length += 1,
                _ if here => runs.push(Run { row, column, length: 1 }),
                _ => {}
            }
            open = here;
        }
    }
    runs
}

/// The place of a weight's shade in [`LEVELS`].
fn level(weight: f32) -> Option<usize> {
    LEVELS.iter().rposition(|(from, _)| weight >= *from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_joins_cells_of_the_same_shade() {
        let weights = vec![vec![1.0], vec![0.9, 0.1], vec![0.02, 0.49, 0.49]];
        let mut levels = Levels::default();
        levels.add(&weights, (10.0, 20.0));
        let drawn = levels.drawn().into_string();
        for (shade, line) in [(90, "M10.5 20v2"), (10, "M11 21.5h1"), (45, "M11 22.5h2"), (25, "")]
        {
            let path = format!("<path d=\"{line}\" class=\"glow-{shade}\">");
            assert!(drawn.contains(&path), "{path} is not in {drawn}");
        }
        levels.add(&[vec![1.0], vec![0.0, 1.0]], (0.0, 0.0));
        let drawn = levels.drawn().into_string();
        assert!(drawn.contains("M10.5 20v2M0 .5h1m0 1h1"), "{drawn}");
    }

    #[test]
    fn keys_move_over_the_wall_as_it_is_drawn() {
        assert_eq!(step((13, 8), "ArrowLeft", 30, 9), Ok((12, 8)));
        assert_eq!(step((13, 8), "ArrowDown", 30, 9), Ok((13, 8)));
        assert_eq!(step((13, 8), "ArrowUp", 30, 9), Ok((13, 7)));
        assert_eq!(step((13, 8), "Home", 30, 9), Ok((0, 8)));
        assert_eq!(step((13, 8), "x", 30, 9), Err(Refusal::Ignored));
    }
}
