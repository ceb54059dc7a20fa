//! The score matrix as HTML.

use maud::{Markup, html};

use super::{MOST, STEP, ScoreMatrix, Show, State};
use crate::machine::Machine;
use crate::parts::{
    Grid, Shown, Slider, actions, bar, choice, legend, menu, signed_legend, switch,
};
use crate::show::{shade, shade_signed, share, signed, word};
use crate::square::{Rows, Steps};

/// The whole widget.
pub(super) fn whole(matrix: &ScoreMatrix, state: &State) -> Markup {
    let before = matrix.square(state).steps(state.mask());
    let steps = matrix.raised(state).steps(state.mask());
    html! {
        div class={ "view " (ScoreMatrix::NAME) } {
            (controls(matrix, state))
            p class="status" role="status" { (status(matrix, state, &before, &steps)) }
            div class="pictures" {
                (row_table(matrix, state, &before, &steps))
                (map(matrix, state, &steps))
            }
            (scale(state, &steps))
        }
    }
}

fn words(matrix: &ScoreMatrix, state: &State) -> Vec<String> {
    matrix.square(state).tokens.iter().map(|token| word(token)).collect()
}

fn controls(matrix: &ScoreMatrix, state: &State) -> Markup {
    let words = words(matrix, state);
    let shows = Show::ALL.map(|show| (show.name(), label(show)));
    let by = f64::from(state.nudge) * STEP;
    let pair = format!("“{}” to “{}”", words[state.query], words[state.key]);
    html! {
        div class="controls needs-script" {
            (menu("Whose scores", "scores", &matrix.squares.menu(), &state.scores))
            (choice("What does the matrix show?", ScoreMatrix::NAME, "show", &shows, state.show.name()))
            (switch("Hide later tokens (causal mask)", "mask", state.mask))
            (switch("Add to the whole row", "whole-row", state.whole_row))
            div class="wide" {
                (Slider {
                    label: &format!("Add to the scaled score of {}", if state.whole_row { format!("all of “{}”", words[state.query]) } else { pair }),
                    event: "nudge",
                    min: -f64::from(MOST) * STEP,
                    max: f64::from(MOST) * STEP,
                    step: STEP,
                    value: by,
                    shown: &signed(by as f32, 1),
                    spoken: &format!("{} added to the scaled score", signed(by as f32, 1)),
                }.view())
            }
            (actions(&matrix.link(state)))
        }
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
fn status(matrix: &ScoreMatrix, state: &State, before: &Steps, steps: &Steps) -> String {
    let words = words(matrix, state);
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

fn column_sum(weights: &Rows, column: usize) -> f32 {
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
                    @for (key, word) in words.iter().enumerate() {
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
    let what = label(state.show);
    let mut labels = words.clone();
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
        stop: state.cell,
        chosen: Some(state.query),
        keys: "key",
        press: "cell",
    };
    let largest = largest(shown(state, steps));
    // A cell has room for five characters: −12.9, −162.
    let decimals = if largest < 99.95 { 1 } else { 0 };
    grid.view(|row, column| match state.show {
        Show::Raw | Show::Scaled => {
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
        Show::Shares => sum_or_share(state, &words, &steps.weights, row, column),
    })
}

fn sum_or_share(
    state: &State,
    words: &[String],
    weights: &Rows,
    row: usize,
    column: usize,
) -> Shown {
    let sum = |name: String, sum: f32| Shown {
        text: share(sum),
        class: "sum".to_owned(),
        name: format!("{name}: {}", share(sum)),
    };
    match (words.get(row), words.get(column)) {
        (Some(query), Some(key)) if state.mask && column > row => {
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

fn shown<'s>(state: &State, steps: &'s Steps) -> &'s Rows {
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

fn largest(rows: &Rows) -> f32 {
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
