//! The scale as HTML. Each weight is printed; shade only repeats it.

use maud::{Markup, html};

use super::bells::Bells;
use super::{
    DRAWS, HEADS, KEYS, LARGEST_POWER, Line, QUERIES, Row, STUCK, Saturation, Scale, Side, State,
};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Slider, actions};
use crate::show::{number, shade, share};

/// The whole widget.
pub(super) fn whole(widget: &Scale, state: &State) -> Markup {
    let draw = widget.draw(state);
    let row = &draw.rows[state.power as usize];
    let bells = Bells { draw, power: state.power as usize };
    Frame {
        name: Scale::NAME,
        question: html! { "Why are scores divided by the root of d?" },
        controls: controls(state),
        picture: layouts(bells.wide(), bells.narrow()),
        says: html! { (status(state.head_dim(), row)) },
        below: html! {},
        numbers: html! {
            div class="pictures" {
                (keys(state.head_dim(), row))
                (measures(row))
            }
            (dimensions(widget, state))
        },
        actions: actions(&widget.link(state)),
    }
    .view()
}

fn controls(state: &State) -> Markup {
    html! {
        (Slider {
            label: "Dimension d",
            event: "power",
            min: 0.0,
            max: f64::from(LARGEST_POWER),
            step: 1.0,
            value: f64::from(state.power),
            shown: &state.head_dim().to_string(),
            spoken: &format!("{} numbers in a query and a key", state.head_dim()),
        }.slide())
        (Slider {
            label: "Draw",
            event: "draw",
            min: 1.0,
            max: DRAWS as f64,
            step: 1.0,
            value: state.draw as f64,
            shown: &state.draw.to_string(),
            spoken: &format!("draw {}", state.draw),
        }.slide())
    }
}

/// One sentence: what the scale changes in this row.
fn status(head_dim: usize, row: &Row) -> String {
    let (key, raw) = row.raw.largest();
    let (_, scaled) = row.scaled.largest();
    format!(
        "Dimension {head_dim}: without the scale the largest weight is {}, on key {}, and with it \
         {}. In effect the query looks at {:.1} keys without, and at {:.1} with.",
        share(raw),
        key + 1,
        share(scaled),
        row.raw.effective(),
        row.scaled.effective()
    )
}

/// One query's row, key by key.
fn keys(head_dim: usize, row: &Row) -> Markup {
    let sides = [&row.raw, &row.scaled];
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "One query and its " (KEYS) " keys, at dimension " (head_dim) }
                thead {
                    tr {
                        td {}
                        th scope="colgroup" colspan="2" { "Without scale" }
                        th scope="colgroup" colspan="2" { "With scale" }
                    }
                    tr {
                        th scope="col" { "Key" }
                        @for _ in sides {
                            th scope="col" { "Score" }
                            th scope="col" { "Weight" }
                        }
                    }
                }
                tbody {
                    @for key in 0..KEYS {
                        tr {
                            th scope="row" { (key + 1) }
                            @for side in sides {
                                td { (number(side.scores[key], 2)) }
                                td class=(shade(side.weights[key])) { (share(side.weights[key])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The same row in a few numbers.
fn measures(row: &Row) -> Markup {
    type Measure = fn(&Side) -> String;
    let measures: [(&str, Measure); 5] = [
        ("Spread of the scores", |side| format!("{:.2}", side.spread)),
        ("Largest weight", |side| share(side.largest().1)),
        ("Entropy, bits", |side| format!("{:.2}", side.bits)),
        ("Keys in effect", |side| format!("{:.1}", side.effective())),
        ("Slopes, norm", |side| format!("{:.4}", side.slopes)),
    ];
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "That row in short" }
                thead {
                    tr {
                        th scope="col" { span class="unseen" { "Measure" } }
                        th scope="col" { "Without" }
                        th scope="col" { "With" }
                    }
                }
                tbody {
                    @for (name, measure) in measures {
                        tr {
                            th scope="row" { (name) }
                            td { (measure(&row.raw)) }
                            td { (measure(&row.scaled)) }
                        }
                    }
                }
            }
        }
    }
}

/// All rows at all dimensions.
fn dimensions(widget: &Scale, state: &State) -> Markup {
    let cells = |of: Saturation| {
        html! {
            td class=(shade(of.largest)) { (share(of.largest)) }
            td { (format!("{:.3}", of.slope)) }
            td { (share(of.stuck)) }
        }
    };
    html! {
        // Wider than a phone, so it must be reachable to be scrolled by keys.
        div class="scroll" tabindex="0" role="group" aria-label="All dimensions" {
            table class="weights" {
                caption { "Draw " (state.draw) ": " (HEADS * QUERIES) " such rows at each dimension" }
                thead {
                    tr {
                        td colspan="2" {}
                        th scope="colgroup" colspan="3" { "Without scale" }
                        th scope="colgroup" colspan="3" { "With scale" }
                    }
                    tr {
                        th scope="col" { "d" }
                        th scope="col" { "Spread" }
                        @for _ in 0..2 {
                            th scope="col" { "Largest" }
                            th scope="col" { "Slope" }
                            th scope="col" { "Stuck" }
                        }
                    }
                }
                tbody {
                    @for Line { head_dim, spread, raw, scaled } in &widget.draw(state).lines {
                        @let here = *head_dim == state.head_dim();
                        tr class=[here.then_some("here")] aria-current=[here.then_some("true")] {
                            th scope="row" { (head_dim) }
                            td { (format!("{spread:.1}")) }
                            (cells(*raw))
                            (cells(*scaled))
                        }
                    }
                }
            }
        }
        p class="legend" {
            "Largest: the largest weight of a row, the mean. Slope: that of this weight, the median. "
            "Stuck: the part of the rows in which one key has more than " (share(STUCK)) "."
        }
    }
}
