//! The temperature as HTML. Each share is printed; its bar only repeats it.

use std::ops::Range;

use maud::{Markup, html};

use super::{Column, LARGEST_LOGIT, P_STEP, Shares, State, TEMPERATURES, TOY, Temperature, logit};
use crate::machine::Machine;
use crate::parts::{Slider, actions, menu};
use crate::show::{grouped, number, share, significant, word};

/// How many tokens of a whole vocabulary have a line of their own.
const LINES: usize = 12;

/// The whole widget.
pub(super) fn whole(widget: &Temperature, state: &State) -> Markup {
    let found = widget.tokens(state).map(|(named, logits)| {
        (named, logits, Shares::new(logits, state.temperature(), state.top_k, state.top_p))
    });
    html! {
        div class={ "view " (Temperature::NAME) } {
            (controls(widget, state))
            @match &found {
                Some((named, logits, shares)) => {
                    p class="status" role="status" { (status(state, named, shares)) }
                    (tokens(widget, state, named, logits, shares))
                    (summary(state, shares))
                }
                None => p class="status" role="status" { (waiting(widget, state)) }
            }
        }
    }
}

fn controls(widget: &Temperature, state: &State) -> Markup {
    let setup = &widget.setup;
    let mut sources = vec![(TOY.to_owned(), format!("Made up: {} …", setup.toy_text))];
    sources.extend(
        setup.prompts.iter().map(|it| (it.name.clone(), format!("SmolLM2: {} …", it.text))),
    );
    let temperature = format!("{:.2}", state.temperature());
    let all = widget.all(&state.source);
    let top_k = state.top_k.map_or("all".to_owned(), |k| k.to_string());
    let top_p = percent(state.top_p);
    html! {
        div class="controls needs-script" {
            (menu("What comes next?", "source", &sources, &state.source))
            div class="wide" { (Slider {
                label: "Temperature",
                event: "temperature",
                min: 0.0,
                max: (TEMPERATURES.len() - 1) as f64,
                step: 1.0,
                value: state.step as f64,
                shown: &temperature,
                spoken: &format!("temperature {temperature}"),
            }.view()) }
            (Slider {
                label: "Top-k",
                event: "top-k",
                min: 1.0,
                max: all as f64,
                step: 1.0,
                value: state.top_k.unwrap_or(all) as f64,
                shown: &top_k,
                spoken: &match state.top_k {
                    Some(1) => "1 token stays".to_owned(),
                    Some(k) => format!("{k} tokens stay"),
                    None => "all tokens stay".to_owned(),
                },
            }.view())
            (Slider {
                label: "Top-p",
                event: "top-p",
                min: P_STEP as f64,
                max: 100.0,
                step: P_STEP as f64,
                value: state.top_p as f64,
                shown: &top_p,
                spoken: &format!("a probability of {top_p} stays"),
            }.view())
            @if state.source == TOY { (logits(widget, state)) }
            (actions(&widget.link(state)))
        }
    }
}

/// A field for each made-up logit.
fn logits(widget: &Temperature, state: &State) -> Markup {
    let setup = &widget.setup;
    html! {
        fieldset class="logits wide" {
            legend { "The logits, to edit" }
            @for (place, (token, typed)) in setup.toy.iter().zip(&state.typed).enumerate() {
                @let wrong = logit(typed).is_none();
                label {
                    span { "“" (token) "”" }
                    input type="text" name={ "logit-" (place) } data-event={ "logit-" (place) }
                        value=(typed) size="5" maxlength="12" autocomplete="off"
                        aria-invalid=(if wrong { "true" } else { "false" });
                    @if wrong {
                        span class="wrong" {
                            "Not a number from −" (LARGEST_LOGIT) " to " (LARGEST_LOGIT) ": "
                            (state.logits[place]) " still counts."
                        }
                    }
                }
            }
        }
    }
}

/// What the knobs have done, in words.
fn status(state: &State, named: &[String], shares: &Shares) -> String {
    let first = shares.base.largest();
    let token = named.get(first).map_or("?".into(), |token| word(token));
    let (base, warm) = (&shares.base, &shares.warm);
    let has = |column: &Column| share(column.shares[first] as f32);
    let temperature = state.temperature();
    let mut text = if temperature == 1.0 {
        let effective = significant(base.effective());
        format!(
            "Temperature 1.00: “{token}” has {}. In effect the choice is among {effective} tokens.",
            has(base)
        )
    } else {
        format!(
            "Temperature {temperature:.2}: “{token}” has {}, and {} at 1.00. In effect the choice is \
             among {} tokens, and among {} at 1.00.",
            has(warm),
            has(base),
            significant(warm.effective()),
            significant(base.effective()),
        )
    };
    if state.top_k.is_some() || state.top_p < 100 {
        text += &format!(
            " The filters keep {} of {} tokens, and “{token}” then has {}.",
            grouped(shares.stay() as u64),
            grouped(shares.base.shares.len() as u64),
            has(&shares.kept)
        );
    }
    text
}

fn waiting(widget: &Temperature, state: &State) -> Markup {
    html! {
        @match widget.logits.problem() {
            Some(problem) => {
                "The model's logits could not be loaded: " (problem) ". Choose another text, or try again. "
                button type="button" data-event="source" data-value=(state.source) { "Try again" }
            }
            None => "Loading the model's logits…",
        }
    }
}

/// Token, logit, and its share in each of the three distributions.
fn tokens(
    widget: &Temperature,
    state: &State,
    named: &[String],
    logits: &[f32],
    shares: &Shares,
) -> Markup {
    let lines = named.len().min(LINES);
    let text = widget.prompt(&state.source).map_or(&widget.setup.toy_text, |it| &it.text);
    let others = logits.len() - lines;
    html! {
        div class="scroll" {
            table class="weights bars" {
                caption { "Shares after “" (text) "”; the bars run from 0 to 1" }
                (head(state, html! { th scope="col" { "Token" } th scope="col" { "Logit" } }))
                tbody {
                    @for (place, token) in named.iter().take(lines).enumerate() {
                        tr {
                            th scope="row" { (word(token)) }
                            td { (number(logits[place], 2)) }
                            (cells(shares, place..place + 1))
                        }
                    }
                    @if others > 0 {
                        tr {
                            th scope="row" { (grouped(others as u64)) " others" }
                            td { "–" }
                            (cells(shares, lines..logits.len()))
                        }
                    }
                }
            }
        }
    }
}

/// What the tokens in `places` have together in each of the three distributions.
fn cells(shares: &Shares, places: Range<usize>) -> Markup {
    let together = |column: &Column| column.shares[places.clone()].iter().sum::<f64>();
    html! {
        (cell(together(&shares.base)))
        (cell(together(&shares.warm)))
        @if shares.stays[places.clone()].contains(&true) {
            (cell(together(&shares.kept)))
        } @else {
            td class="hidden-key" { "out" }
        }
    }
}

/// A share and its bar.
fn cell(weight: f64) -> Markup {
    html! {
        td {
            (share(weight as f32))
            svg class="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
                rect class="share-all" width="100" height="8" {}
                rect class="share-part" width=(format!("{:.1}", weight * 100.0)) height="8" {}
            }
        }
    }
}

/// The three distributions in one number each.
fn summary(state: &State, shares: &Shares) -> Markup {
    let columns = [&shares.base, &shares.warm, &shares.kept];
    let all = shares.base.shares.len();
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "How spread out they are" }
                (head(state, html! { th scope="col" { span class="unseen" { "Measure" } } }))
                tbody {
                    tr {
                        th scope="row" { "Entropy, bits" }
                        @for column in columns { td { (format!("{:.2}", column.bits())) } }
                    }
                    tr {
                        th scope="row" { "Tokens in effect" }
                        @for column in columns { td { (significant(column.effective())) } }
                    }
                    tr {
                        th scope="row" { "Tokens left" }
                        @for count in [all, all, shares.stay()] { td { (grouped(count as u64)) } }
                    }
                }
            }
        }
    }
}

/// The head of a table: `first` columns, then the three distributions.
fn head(state: &State, first: Markup) -> Markup {
    html! {
        thead {
            tr {
                (first)
                th scope="col" { "T = 1" }
                th scope="col" { "T = " (format!("{:.2}", state.temperature())) }
                th scope="col" { "Filtered" }
            }
        }
    }
}

/// A probability in percent, as top-p is given: `0.90`.
fn percent(percent: usize) -> String {
    format!("{:.2}", percent as f64 / 100.0)
}
