//! The score matrix as HTML.

use maud::{Markup, html};

use super::picture::{self, Picture};
use super::{MOST, STEP, ScoreMatrix, Show, State};
use crate::draw::picture::{Frame, layouts};
use crate::grid::Cell;
use crate::machine::Machine;
use crate::parts::{
    Grid, Shown, Slider, actions, bar, chip_switch, chips, legend, menu, signed_legend,
};
use crate::show::{shade, shade_signed, share, signed, word};
use crate::square::{Rows, Steps};

/// The whole widget.
pub(super) fn whole(matrix: &ScoreMatrix, state: &State) -> Markup {
    let [before, now] = &matrix.before_and_now(state);
    let (words, order) = (&words(matrix, state), &matrix.order(state));
    let picture = Picture { words, order, state, before, now };
    Frame {
        name: ScoreMatrix::NAME,
        question: html! { "What sums to one: a row or a column?" },
        controls: controls(matrix, state, words),
        picture: layouts(picture.wide(), picture.narrow()),
        says: html! { (status(words, state, before, now)) },
        below: html! {},
        numbers: html! {
            (row_table(matrix, state, before, now))
            (map(matrix, state, now))
            (scale(state, now))
        },
        actions: actions(&matrix.link(state)),
    }
    .view()
}

fn words(matrix: &ScoreMatrix, state: &State) -> Vec<String> {
    matrix.square(state).tokens.iter().map(|token| word(token)).collect()
}

fn controls(matrix: &ScoreMatrix, state: &State, words: &[String]) -> Markup {
    let shows = Show::ALL.map(|show| (show.name().to_owned(), label(show).to_owned()));
    let by = f64::from(state.nudge) * STEP;
    let row = format!("all of “{}”", words[state.query]);
    let pair = format!("“{}” to “{}”", words[state.query], words[state.key]);
    let to = if state.whole_row { &row } else { &pair };
    let in_order = (state.shuffle == 0).then_some("true");
    html! {
        (menu("Whose scores", "scores", &matrix.squares.menu(), &state.scores))
        (chips("Show", ScoreMatrix::NAME, "show", &shows, state.show.name()))
        div class="chips" {
            (chip_switch("Causal mask", "mask", state.mask))
            @if matrix.may_shuffle(state) {
                button type="button" class="chip" data-event="shuffle" { "Shuffle the words" }
                button type="button" class="chip" data-event="in-order" aria-disabled=[in_order] { "In order" }
            }
        }
        @if words.len() > picture::CELLS {
            (Slider {
                label: "Row",
                event: "row",
                min: 0.0,
                max: (words.len() - 1) as f64,
                step: 1.0,
                value: state.query as f64,
                shown: &words[state.query],
                spoken: &format!("the row of {}", words[state.query]),
            }.slide())
        }
        (Slider {
            label: &format!("Add to {to}"),
            event: "nudge",
            min: -f64::from(MOST) * STEP,
            max: f64::from(MOST) * STEP,
            step: STEP,
            value: by,
            shown: &signed(by as f32, 1),
            spoken: &format!("{} added to the scaled score of {to}", signed(by as f32, 1)),
        }.slide())
        (chip_switch("Whole row", "whole-row", state.whole_row))
    }
}

fn label(show: Show) -> &'static str {
    match show {
        Show::Raw => "Raw scores",
        Show::Scaled => "Scaled and masked",
        Show::Shares => "Shares",
    }
}

/// One sentence on the chosen row, and one on what the reader did to it.
fn status(words: &[String], state: &State, before: &Steps, steps: &Steps) -> String {
    let (query, key) = (state.query, state.key);
    let token = |place: usize| format!("“{}”", words[place]);
    let row = match state.show {
        Show::Raw => &steps.raw[query],
        Show::Scaled => &steps.scaled[query],
        Show::Shares => &steps.weights[query],
    };
    let first = highest(row);
    let mut text = match state.show {
        Show::Raw => format!(
            "{}: the highest raw score is {}, for {}.",
            token(query),
            signed(row[first], 2),
            token(first)
        ),
        Show::Scaled => format!(
            "{}: the highest scaled score is {}, for {}.",
            token(query),
            signed(row[first], 2),
            token(first)
        ),
        Show::Shares => format!(
            "{} gives most to {}, {}. Its row sums to {}, and the column of {} to {}.",
            token(query),
            token(first),
            share(row[first]),
            share(row.iter().sum()),
            token(first),
            share(column_sum(&steps.weights, first))
        ),
    };
    if state.shuffle > 0 && !state.mask {
        text += " The words are shuffled: rows and columns change their places, and no share does.";
    } else if state.shuffle > 0 {
        text += " The words are shuffled, and the mask goes by places: now others are hidden.";
    }
    if state.nudge == 0 {
        return text;
    }
    let by = signed(state.nudge as f32 * STEP as f32, 1);
    let (was, is) = (before.weights[query][key], steps.weights[query][key]);
    let moved = before.weights[query].iter().zip(&steps.weights[query]);
    let moved = moved.map(|(was, is)| (was - is).abs()).fold(0.0, f32::max);
    text += &if state.whole_row {
        format!(" With {by} on the whole row, no share moves by more than {}.", share(moved))
    } else if steps.scaled[query][key].is_infinite() {
        format!(" {} is hidden from {}: adding {by} changes nothing.", token(key), token(query))
    } else {
        format!(
            " With {by} for {}, its share goes from {} to {}; the other rows stay.",
            token(key),
            share(was),
            share(is)
        )
    };
    text
}

/// The place of the largest number, the first of several.
fn highest(row: &[f32]) -> usize {
    let later = |best, place| if row[place] > row[best] { place } else { best };
    (0..row.len()).fold(0, later)
}

/// What a key collects from all rows.
pub(super) fn column_sum(weights: &Rows, column: usize) -> f32 {
    weights.iter().map(|row| row[column]).sum()
}

/// The chosen query's row, all steps side by side.
fn row_table(matrix: &ScoreMatrix, state: &State, before: &Steps, steps: &Steps) -> Markup {
    let words = words(matrix, state);
    let query = state.query;
    let changed = state.nudge != 0;
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "The row of “" (words[query]) "”, " (matrix.square(state).whose) }
                thead {
                    tr {
                        th scope="col" { "Token" }
                        th scope="col" { "Raw" }
                        th scope="col" { "Scaled" }
                        @if changed { th scope="col" { "Share before" } }
                        th scope="col" { "Share" }
                        th scope="col" class="bars" aria-hidden="true" {}
                    }
                }
                tbody {
                    @for key in matrix.order(state).words().iter().copied() {
                        @let word = &words[key];
                        @let weight = steps.weights[query][key];
                        tr {
                            th scope="row" { (word) }
                            td { (signed(steps.raw[query][key], 2)) }
                            td { (signed(steps.scaled[query][key], 2)) }
                            @if changed { td { (share(before.weights[query][key])) } }
                            td class=(shade(weight)) { (share(weight)) }
                            td class="bars" aria-hidden="true" { (bar(weight)) }
                        }
                    }
                }
                tfoot {
                    tr {
                        th scope="row" { "Sum" }
                        td {} td {}
                        @if changed { td { (share(before.weights[query].iter().sum())) } }
                        td { (share(steps.weights[query].iter().sum())) }
                        td class="bars" aria-hidden="true" {}
                    }
                }
            }
        }
    }
}

/// Every query against every key. Shares have their sums beside and below them.
fn map(matrix: &ScoreMatrix, state: &State, steps: &Steps) -> Markup {
    let words = words(matrix, state);
    let (what, order) = (label(state.show), matrix.order(state));
    let mut labels: Vec<String> = order.words().iter().map(|word| words[*word].clone()).collect();
    if state.show == Show::Shares {
        labels.push("sum".to_owned());
    }
    let grid = Grid {
        label: &format!(
            "{what}, {}: a row for each token that looks, a column for each that is looked at",
            matrix.square(state).whose
        ),
        corner: "looks at",
        rows: &labels,
        columns: &labels,
        stop: order.place(state.cell),
        chosen: Some(order.place_of(state.query)),
        keys: "key",
        press: "cell",
    };
    let largest = largest(shown(state, steps));
    // A cell has room for five characters: −12.9, −162.
    let decimals = if largest < 99.95 { 1 } else { 0 };
    grid.view(|row, column| match state.show {
        Show::Raw | Show::Scaled => {
            let (row, column) = order.word((row, column));
            let score = shown(state, steps)[row][column];
            Shown {
                text: signed(score, decimals),
                class: if score.is_finite() {
                    shade_signed(score, largest)
                } else {
                    "hidden-key".to_owned()
                },
                name: format!("{} to {}: {}", words[row], words[column], signed(score, 2)),
            }
        }
        Show::Shares => {
            let is_hidden = state.mask && column > row && column < words.len();
            sum_or_share(&words, &steps.weights, order.word((row, column)), is_hidden)
        }
    })
}

fn sum_or_share(words: &[String], weights: &Rows, (row, column): Cell, is_hidden: bool) -> Shown {
    let sum = |name: String, sum: f32| Shown {
        text: share(sum),
        class: "sum".to_owned(),
        name: format!("{name}: {}", share(sum)),
    };
    match (words.get(row), words.get(column)) {
        (Some(query), Some(key)) if is_hidden => {
            Shown::share(None, format!("{query} cannot look at {key}: the mask hides it"))
        }
        (Some(query), Some(key)) => {
            let weight = weights[row][column];
            Shown::share(Some(weight), format!("{query} looks at {key}: {}", share(weight)))
        }
        (Some(query), None) => sum(format!("sum of the row of {query}"), weights[row].iter().sum()),
        (None, Some(key)) => {
            sum(format!("sum of the column of {key}"), column_sum(weights, column))
        }
        (None, None) => sum("sum of all".to_owned(), weights.iter().flatten().sum()),
    }
}

/// The numbers that the matrix shows.
pub(super) fn shown<'s>(state: &State, steps: &'s Steps) -> &'s Rows {
    match state.show {
        Show::Raw => &steps.raw,
        Show::Scaled => &steps.scaled,
        Show::Shares => &steps.weights,
    }
}

/// The scores that are finite.
fn finite(rows: &Rows) -> impl Iterator<Item = f32> {
    rows.iter().flatten().copied().filter(|score| score.is_finite())
}

/// The size of the largest number.
pub(super) fn largest(rows: &Rows) -> f32 {
    finite(rows).map(f32::abs).fold(0.0, f32::max)
}

fn scale(state: &State, steps: &Steps) -> Markup {
    let rows = shown(state, steps);
    if state.show == Show::Shares {
        return legend("Each row sums to one, up to rounding. A column sums to anything.");
    }
    let (lowest, highest) = (
        finite(rows).fold(f32::INFINITY, f32::min),
        finite(rows).fold(f32::NEG_INFINITY, f32::max),
    );
    let hidden = if state.mask && state.show == Show::Scaled {
        " −∞ is a later token, hidden."
    } else {
        ""
    };
    signed_legend(
        largest(rows),
        &format!(
            "Lowest {}, highest {}. Scores may have either sign and do not sum to anything.{hidden}",
            signed(lowest, 2),
            signed(highest, 2)
        ),
    )
}
