//! The step as HTML: the picture, and the same counts as tables.

use maud::{Markup, html};

use super::picture::{self, BROAD, SLIM};
use super::{Decode, Made, State, made};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Slider, actions, back_next, play};
use crate::show::{grouped, share};

/// The whole widget.
pub(super) fn whole(widget: &Decode, state: &State) -> Markup {
    let [wide, narrow] = [BROAD, SLIM].map(|layout| picture::drawing(widget, state, &layout));
    Frame {
        name: Decode::NAME,
        question: html! { "What does a cache save in one step?" },
        controls: controls(widget, state),
        picture: layouts(wide, narrow),
        says: html! { (says(widget, state)) },
        below: html! {},
        numbers: html! {
            (counts(state))
            (weights(widget, state))
        },
        actions: actions(&widget.link(state)),
    }
    .view()
}

fn controls(widget: &Decode, state: &State) -> Markup {
    let (at, last) = (state.step, widget.last());
    let word = &widget.setup.words[at];
    html! {
        (back_next(at, last, "Next token", play("play", at == last)))
        (Slider {
            label: "Token",
            event: "step",
            min: 0.0,
            max: last as f64,
            step: 1.0,
            value: at as f64,
            shown: &format!("{} of {}", at + 1, last + 1),
            spoken: &format!("token {}: {word}", at + 1),
        }.slide())
    }
}

/// One sentence: what is read, and what need not be made again.
fn says(widget: &Decode, state: &State) -> String {
    let word = &widget.setup.words[state.step];
    let [without, with] = made(state.step + 1);
    if state.step == 0 {
        return format!("The model reads “{word}”. Nothing is kept yet: both ways do the same.");
    }
    format!(
        "The model reads “{word}”, token {}. No earlier token sees it, so nothing about them \
         changes: {} kept, and {} need not be made again.",
        state.step + 1,
        match state.step {
            1 => "their key and value are".to_owned(),
            many => format!("their {many} keys and values are"),
        },
        match without.scores - with.scores {
            1 => "one score".to_owned(),
            many => format!("{} scores", grouped(many as u64)),
        }
    )
}

fn counts(state: &State) -> Markup {
    let line = |name: &str, it: Made| {
        html! {
            tr {
                th scope="row" { (name) }
                @for count in [it.keys, it.keys, it.scores, it.keys_so_far, it.scores_so_far] {
                    td { (grouped(count as u64)) }
                }
            }
        }
    };
    let [without, with] = made(state.step + 1);
    html! {
        div class="scroll" tabindex="0" role="group" aria-label="What is made" {
            table class="weights" {
                caption { "Made in this step, and since the first" }
                thead {
                    tr {
                        td {}
                        @for name in ["keys", "values", "scores", "keys so far", "scores so far"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody { (line("without a cache", without)) (line("with a cache", with)) }
            }
        }
    }
}

/// The row of weights that both ways come to.
fn weights(widget: &Decode, state: &State) -> Markup {
    let words = &widget.setup.words;
    html! {
        @if let Some(row) = widget.setup.weights.get(state.step) {
            div class="scroll" tabindex="0" role="group" aria-label="Weights" {
                table class="weights" {
                    caption { "What “" (words[state.step]) "” looks at: " (widget.setup.whose) }
                    thead { tr { @for word in &words[..row.len()] { th scope="col" { (word) } } } }
                    tbody { tr { @for weight in row { td { (share(*weight)) } } } }
                }
            }
        }
    }
}
