//! The wall: every head of the model as a thumbnail of its map, a row for each head and a column
//! for each layer. It shows all at once, and chooses one.

use maud::{Markup, PreEscaped, html};

use crate::draw::mark::{Area, path, rect, text};
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
        let scale = coordinate((SIDE / sentence.tokens.len() as f64 * 100.0).round() / 100.0);
        let maps = html! {
            @for head in 0..heads { @for layer in 0..layers {
                @let (x, y) = corner(layer, head);
                g transform={ "translate(" (coordinate(x)) " " (coordinate(y)) ")scale(" (scale) ")" } {
                    (thumbnail(&sentence.weights(layer, head)))
                }
            } }
        };
        Self { layers, heads, maps: maps.into_string() }
    }

    /// The wall with one head chosen: `(layer, head)`. It says the events `wall`, with layer and
    /// head, and `wall-key`.
    pub fn view(&self, chosen: (usize, usize), named: &[Named<'_>]) -> Markup {
        let size = (LEFT + self.layers as f64 * PITCH.0, TOP + self.heads as f64 * PITCH.1);
        let label = format!(
            "All {} heads: a row for each of the {} heads, a column for each of the {} layers",
            self.layers * self.heads,
            self.heads,
            self.layers
        );
        let marks = html! {
            g aria-hidden="true" { (self.numbers(chosen)) }
            (self.papers())
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
        };
        html! { div class="wall" { (svg(size, "grid", &label, marks)) } }
    }

    /// The numbers of layers and heads, at the edges.
    fn numbers(&self, chosen: (usize, usize)) -> Markup {
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
        let papers = corners.fold(Path::default(), |papers, (x, y)| {
            let (right, bottom) = (x + SIDE, y + SIDE);
            papers.jump((x, y)).line((right, y)).line((right, bottom)).line((x, bottom)).closed()
        });
        path(&papers, "fill-bg")
    }

    /// What can be pressed: one tab stop, and arrows move.
    fn cells(&self, chosen: (usize, usize), named: &[Named<'_>]) -> Markup {
        let name = |layer, head| {
            let named = named.iter().find(|named| (named.layer, named.head) == (layer, head));
            let what = named.map_or(String::new(), |named| format!(": {}", named.label));
            format!("layer {layer}, head {head}{what}")
        };
        html! {
            g data-keys="wall-key" {
                @for head in 0..self.heads {
                    g role="row" { @for layer in 0..self.layers {
                        @let (x, y) = corner(layer, head);
                        @let here = (layer, head) == chosen;
                        rect class="hit wall-cell" x=(coordinate(x - 2.0)) y=(coordinate(y - 2.0))
                            width=(coordinate(PITCH.0)) height=(coordinate(PITCH.1)) role="gridcell"
                            tabindex=(if here { "0" } else { "-1" }) aria-selected=(here)
                            aria-label=(name(layer, head)) data-event="wall"
                            data-value=(format!("{layer},{head}")) {}
                    } }
                }
            }
        }
    }
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

/// A map in units of one cell: a line for each run of cells of about the same weight.
fn thumbnail(weights: &[Vec<f32>]) -> Markup {
    let mut levels = LEVELS.map(|(_, heat)| (heat, Path::default()));
    for (row, keys) in weights.iter().enumerate() {
        let y = row as f64 + 0.5;
        let mut from = 0;
        while from < keys.len() {
            let shade = level(keys[from]);
            let run = keys[from..].iter().take_while(|weight| level(**weight) == shade).count();
            if let Some(shade) = shade {
                let path = &mut levels[shade].1;
                *path = std::mem::take(path).jump((from as f64, y)).across(run as f64);
            }
            from += run;
        }
    }
    html! {
        @for (heat, lines) in &levels {
            @if !lines.is_empty() { (path(lines, &format!("glow-{heat}"))) }
        }
    }
}

/// The place of a weight's shade in [`LEVELS`].
fn level(weight: f32) -> Option<usize> {
    LEVELS.iter().rposition(|(from, _)| weight >= *from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_joins_cells_of_the_same_shade() {
        let weights = vec![vec![1.0], vec![0.9, 0.1], vec![0.02, 0.49, 0.49]];
        let drawn = thumbnail(&weights).into_string();
        assert!(drawn.contains(r#"<path d="M0 .5h1M0 1.5h1" class="glow-90">"#), "{drawn}");
        assert!(drawn.contains(r#"<path d="M1 1.5h1" class="glow-10">"#), "{drawn}");
        assert!(drawn.contains(r#"<path d="M1 2.5h2" class="glow-45">"#), "{drawn}");
        assert!(!drawn.contains("glow-25"), "{drawn}");
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
