//! Pieces of HTML that widgets share: controls, the grid and its legend.
//!
//! They follow `theme/widgets.js`: what carries `data-event` sends its value, and a grid that
//! carries `data-keys` sends the keys pressed in it under that name.

use maud::{Markup, html};

use crate::grid::Cell;
use crate::show::{shade, shade_signed, share, signed};

/// A labelled range, with its value beside the label.
#[derive(Debug, Clone, Copy)]
pub struct Slider<'a> {
    /// The visible label.
    pub label: &'a str,
    /// The event that it sends, and its name in the form.
    pub event: &'a str,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The distance between two values.
    pub step: f64,
    /// The value it stands at.
    pub value: f64,
    /// The value as it is printed: `1.00`.
    pub shown: &'a str,
    /// The value as it is spoken: `temperature 1.00`.
    pub spoken: &'a str,
}

impl Slider<'_> {
    /// The slider as HTML.
    pub fn view(&self) -> Markup {
        html! {
            label {
                span { (self.label) " " output { (self.shown) } }
                (self.input())
            }
        }
    }

    /// The slider in one line, above or below a picture.
    pub fn slide(&self) -> Markup {
        html! {
            label class="slide grow" {
                span { (self.label) }
                (self.input())
                output { (self.shown) }
            }
        }
    }

    fn input(&self) -> Markup {
        html! {
            input type="range" name=(self.event) min=(self.min) max=(self.max) step=(self.step)
                value=(self.value) autocomplete="off" data-event=(self.event)
                aria-valuetext=(self.spoken);
        }
    }
}

/// A choice of a few above a picture: radio buttons that look like chips, one tab stop. `widget`
/// and `event` name the group, so that no other widget of the page shares it.
pub fn chips(
    label: &str,
    widget: &str,
    event: &str,
    options: &[(String, String)],
    chosen: &str,
) -> Markup {
    html! {
        fieldset class="chips" {
            legend { (label) }
            @for (value, text) in options {
                label class="chip" {
                    input type="radio" name={ (widget) "-" (event) } value=(value)
                        data-event=(event) checked[value == chosen] autocomplete="off";
                    span { (text) }
                }
            }
        }
    }
}

/// A slider over the whole numbers below `count`, which says its `event` and value.
pub fn places(label: &str, event: &str, value: usize, count: usize) -> Markup {
    Slider {
        label,
        event,
        min: 0.0,
        max: count.saturating_sub(1) as f64,
        step: 1.0,
        value: value as f64,
        shown: &value.to_string(),
        spoken: &format!("{event} {value}"),
    }
    .view()
}

/// Two buttons that move a place below `count` by one, with the place between them. They say its
/// `event` with the new value.
pub fn places_stepper(label: &str, event: &str, value: usize, count: usize) -> Markup {
    let button = |sign: &str, word: &str, to: Option<usize>| {
        html! {
            button type="button" aria-label={ (label) " " (word) } aria-disabled=(to.is_none())
                data-event=(event) data-value=(to.unwrap_or(value)) { (sign) }
        }
    };
    let after = Some(value + 1).filter(|next| *next < count);
    html! {
        span class="step" {
            span { (label) }
            (button("‹", "before", value.checked_sub(1)))
            output { (value) }
            (button("›", "after", after))
        }
    }
}

/// A labelled menu. `options` are values with their texts, in order. A value that none of them
/// has leaves the first one chosen.
pub fn menu(label: &str, event: &str, options: &[(String, String)], chosen: &str) -> Markup {
    html! {
        label class="wide" {
            span { (label) }
            select name=(event) data-event=(event) autocomplete="off" {
                @for (value, text) in options {
                    option value=(value) selected[value == chosen] { (text) }
                }
            }
        }
    }
}

/// A choice of a few: radio buttons side by side, one tab stop. `widget` and `event` name the
/// group, so that no other widget of the page shares it.
pub fn choice(
    label: &str,
    widget: &str,
    event: &str,
    options: &[(&str, &str)],
    chosen: &str,
) -> Markup {
    html! {
        fieldset class="wide choice" {
            legend { (label) }
            @for (value, text) in options {
                label {
                    input type="radio" name={ (widget) "-" (event) } value=(value)
                        data-event=(event) checked[*value == chosen] autocomplete="off";
                    span { (text) }
                }
            }
        }
    }
}

/// A labelled checkbox. Its event carries no news but that it was pressed.
pub fn switch(label: &str, event: &str, on: bool) -> Markup {
    html! {
        label class="switch" {
            input type="checkbox" name=(event) data-event=(event) checked[on] autocomplete="off";
            span { (label) }
        }
    }
}

/// Back, and on to the `next` of the places up to the `last`; then what else walks through them.
/// They say `back` and `next`, and at an end they are there and do nothing.
pub fn back_next(at: usize, last: usize, next: &str, more: Markup) -> Markup {
    let button = |event: &str, label: &str, end: usize| {
        html! {
            button type="button" data-event=(event) aria-disabled=[(at == end).then_some("true")] {
                (label)
            }
        }
    };
    html! {
        div class="back-next" {
            (button("back", "Back", 0))
            (button("next", next, last))
            (more)
        }
    }
}

/// A button that plays: pressed, the page sends the `event` now and every 600 ms, until the button
/// stands `at_end` or is pressed again. Where motion is unwanted it is not shown.
pub fn play(event: &str, at_end: bool) -> Markup {
    html! {
        button type="button" class="play" data-play=(event) data-end[at_end] {
            span class="to-play" { "Play" }
            span class="to-pause" { "Pause" }
        }
    }
}

/// A switch that looks like a chip, in a line above a picture.
pub fn chip_switch(label: &str, event: &str, on: bool) -> Markup {
    html! {
        label class="chip" {
            input type="checkbox" name=(event) data-event=(event) checked[on] autocomplete="off";
            span { (label) }
        }
    }
}

/// Reset, and a link to the widget as it stands.
pub fn actions(address: &str) -> Markup {
    html! {
        p class="actions" {
            button type="button" data-event="reset" { "Reset" }
            a class="permalink" href=(address) { "Link to this view" }
        }
    }
}

/// What a cell of a grid shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The printed text.
    pub text: String,
    /// The class: a shade, or `hidden-key` for none.
    pub class: String,
    /// The accessible name: row, column and value.
    pub name: String,
}

impl Shown {
    /// A share, printed and shaded, or an empty cell for a key that may not be seen. `name` says
    /// which cell it is.
    pub fn share(weight: Option<f32>, name: String) -> Self {
        match weight {
            Some(weight) => Self { text: share(weight), class: shade(weight), name },
            None => Self { text: String::new(), class: "hidden-key".to_owned(), name },
        }
    }
}

/// A grid of numbers: one tab stop, moved by arrow keys, with a name for each cell.
pub struct Grid<'a> {
    /// What it shows, for a screen reader.
    pub label: &'a str,
    /// The words in the corner, above the row labels.
    pub corner: &'a str,
    /// The row labels.
    pub rows: &'a [String],
    /// The column labels.
    pub columns: &'a [String],
    /// The cell that Tab comes to.
    pub stop: Cell,
    /// The row that is marked.
    pub chosen: Option<usize>,
    /// The event of a key pressed in the grid. A pressed cell sends `cell` with `row,column`.
    pub keys: &'a str,
    /// The event of a pressed cell.
    pub press: &'a str,
}

impl Grid<'_> {
    /// The grid as HTML; `cell` says what stands in a row and a column.
    pub fn view(&self, cell: impl Fn(usize, usize) -> Shown) -> Markup {
        self.draw(cell, |_, _, shown| html! { (shown.text) })
    }

    /// The same with something else than text in its cells: `inside` draws what is shown.
    pub fn draw(
        &self,
        cell: impl Fn(usize, usize) -> Shown,
        inside: impl Fn(usize, usize, &Shown) -> Markup,
    ) -> Markup {
        self.whole(&cell, &inside)
    }

    /// Compiled once, not once for each grid: the page's module is the smaller for it.
    fn whole(
        &self,
        cell: &dyn Fn(usize, usize) -> Shown,
        inside: &dyn Fn(usize, usize, &Shown) -> Markup,
    ) -> Markup {
        html! {
            div class="scroll" {
                table class="map" role="grid" data-keys=(self.keys) aria-label=(self.label) {
                    thead {
                        tr role="row" {
                            th role="columnheader" scope="col" { span class="corner" { (self.corner) } }
                            @for column in self.columns {
                                th role="columnheader" scope="col" { span { (column) } }
                            }
                        }
                    }
                    tbody {
                        @for (row, label) in self.rows.iter().enumerate() {
                            tr role="row" class=[(self.chosen == Some(row)).then_some("chosen")] {
                                th role="rowheader" scope="row" { (label) }
                                @for column in 0..self.columns.len() {
                                    @let shown = cell(row, column);
                                    td role="gridcell" data-event=(self.press)
                                        data-value=(format!("{row},{column}"))
                                        data-row=(row) data-column=(column)
                                        tabindex=(if self.stop == (row, column) { "0" } else { "-1" })
                                        class=(shown.class) aria-label=(shown.name) { (inside(row, column, &shown)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The scale of shades from nothing to all, and a `note` on how to read the grid.
pub fn legend(note: &str) -> Markup {
    scale(&share(0.0), &share(1.0), note)
}

/// The scale of shades from `least` to `most`, and a `note` on how to read the grid.
pub fn scale(least: &str, most: &str, note: &str) -> Markup {
    html! {
        p class="legend" {
            span class="legend-end" { (least) }
            span class="legend-scale" aria-hidden="true" {
                @for step in 0..=10 { span class=(shade(step as f32 / 10.0)) {} }
            }
            span class="legend-end" { (most) }
            span { (note) }
        }
    }
}

/// The scale of shades of numbers of either sign, from `-largest` to `largest`, and a `note`.
pub fn signed_legend(largest: f32, note: &str) -> Markup {
    html! {
        p class="legend" {
            span class="legend-end" { (signed(-largest, 1)) }
            span class="legend-scale" aria-hidden="true" {
                @for step in -10..=10 { span class=(shade_signed(step as f32, 10.0)) {} }
            }
            span class="legend-end" { (signed(largest, 1)) }
            span { (note) }
        }
    }
}

/// A share as a bar of up to twenty blocks, for the eye alone: the number stands beside it.
pub fn bar(share: f32) -> Markup {
    let blocks = (share.clamp(0.0, 1.0) * 20.0).round() as usize;
    html! { span class="blocks" aria-hidden="true" { ("█".repeat(blocks)) } }
}
