//! What both layouts of the large picture share: a part that can be pointed at and pressed, and
//! the drawings that follow from the model's numbers.

use maud::{Markup, html};

use super::State;
use super::glyph;
use super::part::Part;
use super::shape::Setup;
use crate::draw::mark::{Area, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::role::{Role, heat_fill};
use crate::draw::{Point, coordinate};
use crate::show::{share, word};

/// The picture in one state.
pub(super) struct Pieces<'a> {
    /// What it is drawn from.
    pub(super) setup: &'a Setup,
    /// What is chosen.
    pub(super) state: &'a State,
}

impl Pieces<'_> {
    /// The drawing: parts as a group of radio buttons, one tab stop, and arrows move.
    pub(super) fn drawing(&self, size: (f64, f64), marks: Markup) -> Markup {
        let texts: String = self.setup.tokens.iter().map(|(text, _)| text.as_str()).collect();
        let label = format!(
            "{}, a decoder-only transformer: from the tokens of “{texts}” to the next one, “{}”",
            self.setup.model,
            word(&self.setup.next[0].0)
        );
        let marks = html! {
            g role="radiogroup" aria-label="The parts, in the order in which a token meets them"
                data-keys="parts" { (marks) }
        };
        svg(size, "group", &label, marks)
    }

    fn class(&self, part: Part) -> &'static str {
        if self.state.here() == Some(part) { "piece here" } else { "piece" }
    }

    /// A part, and the place where it can be pointed at and pressed.
    pub(super) fn piece(&self, part: Part, area: Area, body: Markup) -> Markup {
        let about = part.about(self.setup);
        let stop = self.state.part.unwrap_or(Part::Tokens) == part;
        html! {
            g class=(self.class(part)) role="radio" tabindex=(if stop { "0" } else { "-1" })
                aria-checked=(self.state.part == Some(part)) aria-label={ (about.name) ", " (about.shape) }
                data-look=(part.id()) data-event="part" data-value=(part.id()) {
                (spot(area)) (body) (rect(area, "hit")) (rounded(area.grown(1.0), 6.0, "ring"))
            }
        }
    }

    /// Another drawing of a part that has its own already: for the pointer alone.
    pub(super) fn twin(&self, part: Part, area: Area, body: Markup) -> Markup {
        html! {
            g class=(self.class(part)) aria-hidden="true" data-look=(part.id()) data-event="part"
                data-value=(part.id()) { (spot(area)) (body) (rect(area, "hit")) }
        }
    }

    /// How the tokens are printed.
    pub(super) fn words(&self) -> Vec<String> {
        self.setup.tokens.iter().map(|(text, _)| word(text)).collect()
    }

    /// The likeliest next token.
    pub(super) fn next(&self) -> String {
        word(&self.setup.next[0].0)
    }

    /// “29 more”.
    pub(super) fn others(&self) -> usize {
        self.setup.shape.layers - 1
    }

    /// The query heads, those that share keys side by side.
    pub(super) fn query_heads(&self, at: Point, height: f64, role: Role) -> Markup {
        let shape = &self.setup.shape;
        glyph::heads(at, height, shape.kv_heads, shape.sharing(), role)
    }

    /// The key or value heads.
    pub(super) fn shared_heads(&self, at: Point, height: f64, role: Role) -> Markup {
        glyph::heads(at, height, self.setup.shape.kv_heads, 1, role)
    }

    /// The squares of scores: all, and without what comes later.
    pub(super) fn square(&self, area: Area, masked: bool) -> Markup {
        let tokens = self.setup.tokens.len();
        html! {
            (rect(area, "fill-bg"))
            @if masked { (path(&glyph::hidden(area, tokens), "line-edge thin")) }
            (path(&glyph::grid(area, tokens), "line-edge thin"))
        }
    }

    /// The map of the head, in heat.
    pub(super) fn map(&self, area: Area) -> Markup {
        let cell = area.width / self.setup.tokens.len() as f64;
        html! {
            (rect(area, "fill-bg"))
            @for (row, keys) in self.setup.map.weights.iter().enumerate() {
                @for (key, weight) in keys.iter().enumerate() {
                    @let corner = (area.x + key as f64 * cell, area.y + row as f64 * cell);
                    (rect(Area::new(corner.0, corner.1, cell, cell), &format!("{} line-panel thin", heat_fill(*weight))))
                }
            }
            (rect(area, "line-edge part"))
        }
    }

    /// The likeliest next tokens, each with its share as a bar and in digits.
    pub(super) fn likely(&self, (x, y): Point, gap: f64, whole: f64) -> Markup {
        html! {
            @for (at, (token, chance)) in self.setup.next.iter().enumerate() {
                @let y = y + at as f64 * gap;
                @let (loud, ink) = if at == 0 { ("strong", "fill-ink") } else { ("small", "fill-edge") };
                @let width = (f64::from(*chance) * whole).max(1.0);
                (text((x, y), &word(token), &format!("end {loud}")))
                (rect(Area::new(x + 6.0, y - 10.0, width, 12.0), ink))
                (text((x + 11.0 + width, y), &share(*chance), if at == 0 { "strong" } else { "small muted" }))
            }
        }
    }
}

/// What lights up behind a part.
fn spot(area: Area) -> Markup {
    rounded(area, 5.0, "spot")
}

/// A token in its box. The last one is the one that everything happens to.
pub(super) fn token(area: Area, word: &str, last: bool) -> Markup {
    let (x, y) = area.middle();
    let class = if last { "mid strong" } else { "mid small" };
    html! {
        (rounded(area, 5.0, if last { "fill-bg line-ink lit" } else { "fill-bg line-edge part" }))
        (text((x, y + 4.5), word, class))
    }
}

/// A line between parts, with round corners.
pub(super) fn wire(points: &[Point]) -> Markup {
    path(&Path::bent(points, 7.0), "line-edge part")
}

/// The same, ending in an arrow's head.
pub(super) fn arrow(points: &[Point], class: &str) -> Markup {
    let [.., before, end] = *points else { return html! {} };
    path(&Path::bent(points, 7.0).head(before, end, 6.0), class)
}

/// “W” with its index “O”.
pub(super) fn output_matrix((x, y): Point, class: &str) -> Markup {
    html! {
        text x=(coordinate(x)) y=(coordinate(y)) class=(class) { "W" tspan dy="3" class="least" { "O" } }
    }
}
