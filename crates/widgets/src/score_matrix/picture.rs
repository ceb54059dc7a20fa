//! The picture: the matrix, each of its rows as one bar of length 1 that is cut by keys, and below
//! its columns what each key collects.

use maud::{Markup, html};

use super::order::Order;
use super::view::{column_sum, largest, shown};
use super::{Show, State};
use crate::draw::label::fitted;
use crate::draw::label::width;
use crate::draw::mark::{Area, line, moved, rect, rounded, text};
use crate::draw::picture::svg;
use crate::draw::role::{heat_fill, heat_ink};
use crate::draw::{NARROW, WIDE};
use crate::show::{shade_signed, share, signed};
use crate::square::Steps;

/// Up to so many tokens, each cell is a mark of its own, which can be pressed.
pub(super) const CELLS: usize = 16;

/// What the picture shows.
pub(super) struct Picture<'a> {
    /// The words as they are printed.
    pub words: &'a [String],
    /// Where each of them stands.
    pub order: &'a Order,
    /// What the reader has chosen.
    pub state: &'a State,
    /// The numbers without what the reader has added.
    pub before: &'a Steps,
    /// The numbers with it.
    pub now: &'a Steps,
}

/// Where things are.
struct Plan {
    /// The corner of the matrix.
    left: f64,
    top: f64,
    /// From one cell to the next: right, and down.
    pitch: (f64, f64),
    /// The matrix's lower right corner.
    right: f64,
    bottom: f64,
    /// How tall the largest sum of a column is.
    sums: f64,
    /// Where the bars of all rows begin, and how long 1 is.
    bars: Option<(f64, f64)>,
    /// Where the bar of the chosen row begins: left, top, and how long 1 is.
    row: (f64, f64, f64),
}

impl Plan {
    fn wide(seq: usize) -> Self {
        let pitch = ((312.0 / seq as f64).min(64.0), (228.0 / seq as f64).min(40.0));
        let (left, top) = (92.0, 22.0);
        let bottom = top + pitch.1 * seq as f64;
        let bars = (seq <= CELLS).then_some((452.0, 340.0));
        let right = left + pitch.0 * seq as f64;
        Self {
            left,
            top,
            pitch,
            right,
            bottom,
            sums: 52.0,
            bars,
            row: (452.0, bottom + 28.0, 340.0),
        }
    }

    fn narrow(seq: usize) -> Self {
        let pitch = ((272.0 / seq as f64).min(62.0), (180.0 / seq as f64).min(32.0));
        let (left, top) = (66.0, 18.0);
        let bottom = top + pitch.1 * seq as f64;
        let right = left + pitch.0 * seq as f64;
        let row = (0.0, bottom + 98.0, NARROW);
        Self { left, top, pitch, right, bottom, sums: 38.0, bars: None, row }
    }

    /// The corner of the cell at a row and a column.
    fn corner(&self, (row, column): (usize, usize)) -> (f64, f64) {
        (self.left + column as f64 * self.pitch.0, self.top + row as f64 * self.pitch.1)
    }
}

/// What stands in a cell.
struct Cell {
    text: String,
    fill: String,
    ink: String,
    name: String,
}

impl Picture<'_> {
    fn seq(&self) -> usize {
        self.words.len()
    }

    /// Whether the mask hides a key from a query.
    fn is_hidden(&self, query: usize, key: usize) -> bool {
        self.state.mask && self.order.place_of(key) > self.order.place_of(query)
    }

    fn sums_are_shown(&self) -> bool {
        self.state.show == Show::Shares
    }

    pub(super) fn wide(&self) -> Markup {
        let plan = Plan::wide(self.seq());
        let heading = html! {
            (text((plan.row.0, 13.0), "each row as one bar, cut by keys", "small muted"))
            (text((WIDE, 13.0), "its sum", "end small muted"))
        };
        let height = plan.bottom + 84.0;
        self.drawing(
            &plan,
            (WIDE, height),
            if plan.bars.is_some() {
                heading
            } else {
                html! {}
            },
        )
    }

    pub(super) fn narrow(&self) -> Markup {
        let plan = Plan::narrow(self.seq());
        self.drawing(&plan, (NARROW, plan.row.1 + 54.0), html! {})
    }

    fn drawing(&self, plan: &Plan, size: (f64, f64), heading: Markup) -> Markup {
        let label = "The matrix, with a row for each token that looks and a column for each that is \
                     looked at; each row as one bar; and the sums of the columns";
        let marks = html! {
            (heading)
            @if self.seq() <= CELLS { (self.cells(plan)) } @else { (self.dense(plan)) }
            (self.frames(plan))
            g role="img" aria-label=(self.described()) {
                (self.labels(plan))
                (self.columns(plan))
                @if let Some((from, length)) = plan.bars { (self.rows(plan, from, length)) }
                (self.row(plan))
            }
        };
        svg(size, "group", label, marks)
    }

    /// The sums in words: the picture's name for who cannot see it.
    fn described(&self) -> String {
        let query = self.state.query;
        let given = |key: &usize| {
            let weight = self.now.weights[query][*key];
            format!("{} to “{}”", share(weight), self.words[*key])
        };
        let row: Vec<String> = self.order.words().iter().map(given).collect();
        let mut said = format!(
            "The row of “{}” as one bar of length 1: {}.",
            self.words[query],
            row.join(", ")
        );
        if self.sums_are_shown() {
            let sum = |key: &usize| {
                format!("“{}” {}", self.words[*key], share(column_sum(&self.now.weights, *key)))
            };
            let sums: Vec<String> = self.order.words().iter().map(sum).collect();
            said += &format!(" The columns collect: {}.", sums.join(", "));
        }
        said
    }

    fn cell(&self, query: usize, key: usize, largest: f32) -> Cell {
        let (from, to) = (&self.words[query], &self.words[key]);
        if self.is_hidden(query, key) && self.state.show != Show::Raw {
            let text = if self.sums_are_shown() { "" } else { "−∞" };
            return Cell {
                text: text.to_owned(),
                fill: "fill-panel line-edge thin dotted".to_owned(),
                ink: "muted".to_owned(),
                name: format!("{from} cannot look at {to}: the mask hides it"),
            };
        }
        let number = shown(self.state, self.now)[query][key];
        if self.sums_are_shown() {
            return Cell {
                text: share(number),
                fill: heat_fill(number),
                ink: heat_ink(number),
                name: format!("{from} looks at {to}: {}", share(number)),
            };
        }
        let shade = shade_signed(number, largest);
        Cell {
            text: signed(number, usize::from(largest < 99.95)),
            fill: shade.replacen("shade", "heat", 1),
            ink: shade.replacen("shade", "on-heat", 1),
            name: format!("{from} to {to}: {}", signed(number, 2)),
        }
    }

    /// The cells, each a mark of its own that keeps its words and glides where they go.
    fn cells(&self, plan: &Plan) -> Markup {
        let largest = largest(shown(self.state, self.now));
        let (width_of, height) = (plan.pitch.0 - 1.5, plan.pitch.1 - 1.5);
        let chosen = (self.state.query, self.state.key);
        html! {
            g role="grid" aria-label="A row for each token that looks, a column for each that is looked at"
                data-keys="walk" {
                @for query in 0..self.seq() {
                    g role="row" aria-rowindex=(self.order.place_of(query) + 1) {
                        @for key in 0..self.seq() {
                            @let (row, column) = self.order.place((query, key));
                            @let (x, y) = plan.corner((row, column));
                            @let cell = self.cell(query, key, largest);
                            @let fits = width(&cell.text, 12.0) + 3.0 <= width_of && height >= 15.0;
                            g class="move" transform=(format!("translate({x:.1} {y:.1})"))
                                role="gridcell" aria-colindex=(column + 1) aria-label=(cell.name)
                                aria-selected=((query, key) == chosen)
                                tabindex=(if (query, key) == chosen { "0" } else { "-1" })
                                data-event="cell" data-value=(format!("{row},{column}")) {
                                (rounded(Area::new(0.0, 0.0, width_of, height), 3.0, &cell.fill))
                                (text((width_of / 2.0, height / 2.0 + 4.5), if fits { &cell.text } else { "" }, &format!("mid {} {}", if width_of < 40.0 { "small" } else { "" }, cell.ink)))
                                (rounded(Area::new(-1.0, -1.0, width_of + 2.0, height + 2.0), 4.0, "ring"))
                            }
                        }
                    }
                }
            }
        }
    }

    /// The matrix of a long text: a row of it is chosen by the slider.
    fn dense(&self, plan: &Plan) -> Markup {
        let largest = largest(shown(self.state, self.now));
        let (width, height) = (plan.pitch.0 * 0.94, plan.pitch.1 * 0.94);
        html! {
            g role="img" aria-label="The whole matrix, as shades" {
                (rect(Area::new(plan.left, plan.top, plan.right - plan.left, plan.bottom - plan.top), "fill-bg"))
                @for query in 0..self.seq() { @for key in 0..self.seq() {
                    @let cell = self.cell(query, key, largest);
                    @if !self.is_hidden(query, key) && !cell.fill.ends_with("-0") {
                        @let (x, y) = plan.corner((query, key));
                        (rect(Area::new(x, y, width, height), &cell.fill))
                    }
                } }
            }
        }
    }

    /// What is chosen, framed: the row, and in it the cell.
    fn frames(&self, plan: &Plan) -> Markup {
        let (row, column) = self.order.place((self.state.query, self.state.key));
        let (x, y) = plan.corner((row, column));
        let whole =
            Area::new(plan.left - 3.0, y - 2.5, plan.right - plan.left + 4.5, plan.pitch.1 + 3.5);
        let cell = Area::new(x - 1.0, y - 1.0, plan.pitch.0 + 0.5, plan.pitch.1 + 0.5);
        html! {
            (rounded(whole, 4.0, "line-query lit move inert"))
            (rounded(cell, 3.0, "line-ink bold move inert"))
        }
    }

    /// The words beside the rows and above the columns.
    fn labels(&self, plan: &Plan) -> Markup {
        let chosen = |here: bool, ink: &str| {
            if here { format!("strong {ink}") } else { String::new() }
        };
        let room = plan.left - 10.0;
        html! {
            @for word in 0..self.seq() {
                @let (x, y) = plan.corner((self.order.place_of(word), self.order.place_of(word)));
                @let (is_query, is_key) = (word == self.state.query, word == self.state.key);
                @let row = if plan.pitch.1 >= 13.0 || is_query { fitted(&self.words[word], 13.0, room) } else { String::new() };
                (moved((plan.left - 8.0, y + plan.pitch.1 / 2.0 + 4.0), "move", text((0.0, 0.0), &row, &format!("end {}", chosen(is_query, "ink-query")))))
                @let column = if plan.pitch.0 >= 16.0 { fitted(&self.words[word], 13.0, plan.pitch.0 - 3.0) } else { String::new() };
                (moved((x + plan.pitch.0 / 2.0, plan.top - 7.0), "move", text((0.0, 0.0), &column, &format!("mid {}", chosen(is_key, "ink-key")))))
            }
        }
    }

    /// What each key collects, as bars that hang from the columns. Scores have no such sums.
    fn columns(&self, plan: &Plan) -> Markup {
        let top = plan.bottom + 7.0;
        let sums: Vec<f32> =
            (0..self.seq()).map(|key| column_sum(&self.now.weights, key)).collect();
        let most = f64::from(sums.iter().copied().fold(1.5, f32::max));
        let tall = |sum: f64| plan.sums * (sum / most).clamp(0.0, 1.0);
        let one = top + tall(1.0);
        let class = if self.sums_are_shown() { "move" } else { "move gone" };
        let instead = if self.sums_are_shown() { "move gone" } else { "move" };
        html! {
            g class=(instead) {
                (text(((plan.left + plan.right) / 2.0, top + 24.0), "sums of scores mean nothing", "mid small muted"))
            }
            g class=(class) {
                (text((plan.left - 8.0, top + 13.0), "columns", "end small muted"))
                (text((plan.left - 8.0, top + 27.0), "collect", "end small muted"))
                @for (key, sum) in sums.iter().enumerate() {
                    @let (x, _) = plan.corner((0, self.order.place_of(key)));
                    @let height = tall(f64::from(*sum));
                    @let digits = if plan.pitch.0 >= 27.0 { share(*sum) } else { String::new() };
                    @let (fill, ink) = if key == self.state.key { ("fill-key", "strong ink-key") } else { ("tint-key line-key", "") };
                    g class="move" transform=(format!("translate({x:.1} {top:.1})")) {
                        (rect(Area::new(plan.pitch.0 * 0.15, 0.0, plan.pitch.0 * 0.7, height), &format!("{fill} move")))
                        (text((plan.pitch.0 / 2.0, plan.sums + 15.0), &digits, &format!("mid {ink}")))
                    }
                }
                (line((plan.left - 4.0, one), (plan.right + 3.0, one), "line-ink thin dashed move"))
                (text((plan.right + 6.0, one + 4.0), "1", "small muted"))
            }
        }
    }

    /// Every row as a bar of length 1.
    fn rows(&self, plan: &Plan, from: f64, length: f64) -> Markup {
        let height = (plan.pitch.1 * 0.62).min(24.0);
        html! {
            @for query in 0..self.seq() {
                @let (_, y) = plan.corner((self.order.place_of(query), 0));
                @let sum: f32 = self.now.weights[query].iter().sum();
                g class="move" transform=(format!("translate({from:.1} {:.1})", y + (plan.pitch.1 - height) / 2.0)) {
                    (self.pieces(&self.now.weights[query], length, height))
                    @let frame = Area::new(-2.0, -2.0, length + 4.0, height + 4.0);
                    (rounded(frame, 3.0, if query == self.state.query { "line-query lit" } else { "line-query lit gone" }))
                    (text((WIDE - from, height / 2.0 + 4.5), &share(sum), "end"))
                }
            }
        }
    }

    /// The pieces of a bar, in the order in which their keys stand.
    fn pieces(&self, weights: &[f32], length: f64, height: f64) -> Markup {
        let starts = self.starts(weights, length);
        html! {
            @for (key, weight) in weights.iter().enumerate() {
                @let area = Area::new(starts[key], 0.0, f64::from(*weight) * length, height);
                (rect(area, &format!("{} line-panel thin move", heat_fill(*weight))))
            }
            (rect(Area::new(0.0, 0.0, length, height), "line-edge thin"))
        }
    }

    /// Where the piece of each key begins in a bar.
    fn starts(&self, weights: &[f32], length: f64) -> Vec<f64> {
        let mut starts = vec![0.0; weights.len()];
        let mut at = 0.0;
        for key in self.order.words() {
            starts[*key] = at;
            at += f64::from(weights[*key]) * length;
        }
        starts
    }

    /// The chosen row as a bar, large, with the words in its pieces; and what it was before the
    /// reader added something.
    fn row(&self, plan: &Plan) -> Markup {
        let (left, top, length) = plan.row;
        let (query, height) = (self.state.query, 32.0);
        let weights = &self.now.weights[query];
        let starts = self.starts(weights, length);
        let was = if self.state.nudge == 0 { "move gone" } else { "move" };
        let whose = fitted(&self.words[query], 13.0, 120.0);
        html! {
            (text((left, top - 9.0), &format!("the row of “{whose}”: 1.00"), "strong ink-query"))
            g class=(was) {
                (moved((left, top - 5.0), "", self.pieces(&self.before.weights[query], length, 5.0)))
                (text((left + length, top - 9.0), "thin: before", "end small muted"))
            }
            g transform=(format!("translate({left:.1} {:.1})", top + 2.0)) {
                (self.pieces(weights, length, height))
                @for (key, weight) in weights.iter().enumerate() {
                    @let wide = f64::from(*weight) * length;
                    @let area = Area::new(starts[key], 0.0, wide, height);
                    @let chosen = if key == self.state.key && wide > 0.0 { "line-ink bold move" } else { "line-ink bold move gone" };
                    (rect(area, chosen))
                    @let middle = starts[key] + wide / 2.0;
                    @let word = if wide > 14.0 { fitted(&self.words[key], 13.0, wide - 6.0) } else { String::new() };
                    (moved((middle, 20.0), "move", text((0.0, 0.0), &word, &format!("mid strong {}", heat_ink(*weight)))))
                    @let digits = if wide >= 25.0 { share(*weight) } else { String::new() };
                    (moved((middle, height + 16.0), "move", text((0.0, 0.0), &digits, if key == self.state.key { "mid strong ink-key" } else { "mid" })))
                }
            }
        }
    }
}
