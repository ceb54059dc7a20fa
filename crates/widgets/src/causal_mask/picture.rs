//! The picture: what each token may see, the next token that it is to say, and how much of its
//! look the mask takes away; and beside it the two ways to lay a mask over unequal lengths.

use attention::Mask;
use burn::tensor::Device;
use maud::{Markup, html};

use super::view::Weights;
use super::{Pass, State};
use crate::draw::label::fitted;
use crate::draw::label::width;
use crate::draw::mark::{Area, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::role::{heat_fill, heat_ink};
use crate::draw::{NARROW, WIDE, coordinate};
use crate::show::share;

/// Up to so many tokens, each cell can be pressed.
const CELLS: usize = 16;

/// The lengths of the two small masks: queries and keys.
const UNEQUAL: (usize, usize) = (2, 5);

/// Where things are.
struct Plan {
    left: f64,
    top: f64,
    /// From one cell to the next: right, and down.
    pitch: (f64, f64),
    right: f64,
    bottom: f64,
    /// Where the next tokens stand, and how much room they have.
    next: (f64, f64),
    /// Where the bars of what is taken begin, and how long 1 is.
    taken: (f64, f64),
    /// How far below the middle of its row such a bar lies.
    below: f64,
    /// Whether the words above the columns are slanted.
    slanted: bool,
}

/// The picture of one way to read a text.
pub(super) struct Picture<'a> {
    pub weights: &'a Weights,
    pub state: &'a State,
}

impl Picture<'_> {
    fn seq(&self) -> usize {
        self.weights.words.len()
    }

    fn plan(&self, left: f64, room: (f64, f64), cell: (f64, f64)) -> Plan {
        let seq = self.seq() as f64;
        let pitch = ((room.0 / seq).min(cell.0), (room.1 / seq).min(cell.1));
        let slanted = self.weights.words.iter().any(|word| width(word, 13.0) > pitch.0 - 3.0);
        let top = if slanted && self.seq() <= CELLS { 58.0 } else { 22.0 };
        let (right, bottom) = (left + seq * pitch.0, top + seq * pitch.1);
        let next = (right + 12.0, 86.0);
        Plan {
            left,
            top,
            pitch,
            right,
            bottom,
            next,
            taken: (right + 112.0, 80.0),
            below: 0.0,
            slanted,
        }
    }

    pub(super) fn wide(&self) -> Markup {
        let plan = self.plan(92.0, (300.0, 230.0), (58.0, 38.0));
        let beside = html! {
            (text((plan.taken.0, plan.top - 8.0), "the mask takes", "small muted"))
        };
        let at = (692.0, 26.0);
        let height = (plan.bottom + 8.0).max(214.0);
        let masks = html! {
            (alignment((at.0, at.1), true))
            (alignment((at.0, at.1 + 104.0), false))
        };
        self.drawing(&plan, (WIDE, height), html! { (beside) (masks) })
    }

    pub(super) fn narrow(&self) -> Markup {
        let plan = self.plan(62.0, (200.0, 190.0), (40.0, 36.0));
        let (next, room) = (plan.right + 8.0, NARROW - plan.right - 8.0);
        let plan = Plan { next: (next, room), taken: (next, room.min(76.0)), below: 8.0, ..plan };
        let y = plan.bottom + 26.0;
        let masks = html! { (alignment((20.0, y), true)) (alignment((204.0, y), false)) };
        self.drawing(&plan, (NARROW, y + 70.0), masks)
    }

    fn drawing(&self, plan: &Plan, size: (f64, f64), beside: Markup) -> Markup {
        let label = "The tokens that are read, from left to right and from above; a cell for each \
                     pair; and the next token that each is to say";
        let marks = html! {
            (text((plan.next.0, plan.top - 8.0), "next token", "small ink-output"))
            (self.cells(plan))
            (stairs(plan, self.seq()))
            (self.frame(plan))
            g role="img" aria-label=(self.described()) {
                (self.labels(plan))
                @for query in 0..self.seq() { (self.row(plan, query)) }
            }
            (beside)
        };
        svg(size, "group", label, marks)
    }

    /// The chosen row in words: the picture's name for who cannot see it.
    fn described(&self) -> String {
        let query = self.state.query;
        let words = &self.weights.words;
        let next = match words.get(query + 1) {
            Some(next) => format!("It is to say “{next}” next."),
            None => "Nothing follows it here.".to_owned(),
        };
        format!(
            "“{}” may see {} of {} tokens with the mask, and gave {} to later ones without. {next}",
            words[query],
            query + 1,
            words.len(),
            share(self.weights.future[query])
        )
    }

    fn is_read(&self, token: usize) -> bool {
        self.state.pass != Pass::OneByOne || token < self.state.read
    }

    /// How a cell looks, and what it is called.
    fn cell(&self, query: usize, key: usize) -> (String, String, String, String) {
        let (from, to) = (&self.weights.words[query], &self.weights.words[key]);
        let Some(weight) = self.weights.seen(self.state, query, key) else {
            let unread = !self.is_read(query.max(key));
            let (class, why) = match unread {
                true => ("fill-panel line-edge thin dotted", "not read yet"),
                false => ("fill-hair line-hair", "out of reach, it comes later"),
            };
            return (
                String::new(),
                class.to_owned(),
                String::new(),
                format!("{from} to {to}: {why}"),
            );
        };
        let name = format!("{from} looks at {to}: {}", share(weight));
        (share(weight), heat_fill(weight), heat_ink(weight), name)
    }

    fn cells(&self, plan: &Plan) -> Markup {
        let (wide, height) = (plan.pitch.0 - 1.5, plan.pitch.1 - 1.5);
        let small = self.seq() <= CELLS;
        html! {
            g role=(if small { "grid" } else { "img" }) aria-label="A row for each token that looks, a column for each that is looked at"
                data-keys=[small.then_some("walk")] {
                @for query in 0..self.seq() {
                    g role=[small.then_some("row")] {
                        @for key in 0..self.seq() {
                            @let (digits, fill, ink, name) = self.cell(query, key);
                            @let area = Area::new(plan.left + key as f64 * plan.pitch.0, plan.top + query as f64 * plan.pitch.1, wide.max(0.5), height.max(0.5));
                            @if small {
                                @let chosen = (query, key) == self.state.cell;
                                @let fits = width(&digits, 12.0) + 2.0 <= wide && height >= 15.0;
                                g role="gridcell" aria-label=(name) aria-selected=(chosen)
                                    tabindex=(if chosen { "0" } else { "-1" })
                                    data-event="cell" data-value=(format!("{query},{key}")) {
                                    (rounded(area, 3.0, &format!("{fill} move")))
                                    (text((area.middle().0, area.middle().1 + 4.5), if fits { &digits } else { "" }, &format!("mid small {ink}")))
                                    (rounded(area.grown(1.0), 4.0, "ring"))
                                }
                            } @else {
                                (rect(area, &fill))
                            }
                        }
                    }
                }
            }
        }
    }

    /// The row that is looked at.
    fn frame(&self, plan: &Plan) -> Markup {
        let y = plan.top + self.state.query as f64 * plan.pitch.1;
        let area =
            Area::new(plan.left - 3.0, y - 2.5, plan.right - plan.left + 4.5, plan.pitch.1 + 3.5);
        rounded(area, 4.0, "line-query lit move inert")
    }

    fn labels(&self, plan: &Plan) -> Markup {
        html! {
            @for (place, word) in self.weights.words.iter().enumerate() {
                @let middle = plan.top + (place as f64 + 0.5) * plan.pitch.1;
                @let here = place == self.state.query;
                @let row = if plan.pitch.1 >= 13.0 || here { fitted(word, 13.0, plan.left - 10.0) } else { String::new() };
                (text((plan.left - 8.0, middle + 4.5), &row, if here { "end strong ink-query" } else { "end" }))
                @let x = plan.left + (place as f64 + 0.5) * plan.pitch.0;
                @if plan.slanted && self.seq() <= CELLS {
                    text transform=(format!("translate({} {}) rotate(-40)", coordinate(x - 2.0), coordinate(plan.top - 6.0))) { (fitted(word, 13.0, 66.0)) }
                } @else if !plan.slanted {
                    (text((x, plan.top - 8.0), word, "mid"))
                }
            }
        }
    }

    /// What stands beside a row: the token that it is to say, and what the mask takes from it.
    fn row(&self, plan: &Plan, query: usize) -> Markup {
        if plan.pitch.1 < 13.0 {
            return html! {};
        }
        let middle = plan.top + (query as f64 + 0.5) * plan.pitch.1;
        let here = query == self.state.query;
        let next = self.weights.words.get(query + 1).map_or("", String::as_str);
        let next = if next.is_empty() {
            "(none)".to_owned()
        } else {
            format!("→ {}", fitted(next, 13.0, plan.next.1 - 20.0))
        };
        let class = if self.is_read(query) { "" } else { " gone" };
        let taken = self.weights.future[query];
        let bar = f64::from(taken) * plan.taken.1;
        let tall = if plan.below > 0.0 { 5.0 } else { (plan.pitch.1 * 0.5).min(16.0) };
        let y = middle - tall / 2.0 + plan.below;
        html! {
            g class={ "move" (class) } {
                (text((plan.next.0, middle + 4.5 - plan.below * 0.5), &next, if here { "strong ink-output" } else { "ink-output" }))
                (rect(Area::new(plan.taken.0, y, bar, tall), "fill-query move"))
                @if plan.below == 0.0 {
                    (text((plan.taken.0 + bar + 6.0, middle + 4.5), &share(taken), if here { "strong" } else { "" }))
                }
            }
        }
    }
}

/// The edge between what a row may see and its future.
fn stairs(plan: &Plan, seq: usize) -> Markup {
    let mut points = Vec::new();
    for step in 0..seq {
        let x = plan.left + (step + 1) as f64 * plan.pitch.0 - 0.75;
        points.push((x, plan.top + step as f64 * plan.pitch.1 - 0.75));
        points.push((x, plan.top + (step + 1) as f64 * plan.pitch.1 - 0.75));
    }
    path(&Path::through(points), "line-ink part inert")
}

/// A mask over fewer queries than keys: its triangle begins in the upper left, or ends in the
/// lower right, as that of the library does.
fn alignment((x, y): (f64, f64), upper_left: bool) -> Markup {
    let (queries, keys) = UNEQUAL;
    let cell = 25.0;
    let hidden: Vec<bool> = Mask::Causal
        .hidden(queries, keys, &Device::flex())
        .map(|hidden| hidden.into_data().iter().collect())
        .unwrap_or_default();
    let hides = |query: usize, key: usize| match upper_left {
        true => key > query,
        false => hidden.get(query * keys + key).copied().unwrap_or(false),
    };
    let (title, note) = match upper_left {
        true => ("top-left", "sees too little"),
        false => ("bottom-right", "the ends meet"),
    };
    let all: Vec<(usize, usize)> =
        (0..queries).flat_map(|query| (0..keys).map(move |key| (query, key))).collect();
    let seen = all.iter().filter(|(query, key)| !hides(*query, *key)).count();
    html! {
        g role="img" aria-label=(format!("A mask over {queries} queries and {keys} keys, {title}: {seen} pairs are left")) {
            (text((x, y - 7.0), title, "small strong"))
            (text((x + cell * keys as f64, y - 7.0), "keys", "end small ink-key"))
            @for (query, key) in all {
                @let area = Area::new(x + key as f64 * cell, y + query as f64 * cell, cell - 1.5, cell - 1.5);
                (rounded(area, 2.0, if hides(query, key) { "fill-hair line-hair" } else { "tint-query line-query" }))
            }
            (text((x - 6.0, y + cell * queries as f64 / 2.0 + 4.0), "q", "end small ink-query"))
            (text((x, y + cell * queries as f64 + 13.0), note, "least muted"))
        }
    }
}
