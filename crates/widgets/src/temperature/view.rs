//! The temperature as HTML. Each share is printed; its bar only repeats it.

use std::ops::Range;

use maud::{Markup, html};

use super::{Column, LARGEST_LOGIT, NAME, P_STEP, Shares, TEMPERATURES, TOY, Temperature, logit};
use crate::parts::{Slider, actions, menu};
use crate::show::{grouped, number, share, significant, word};

/// How many tokens of a whole vocabulary have a line of their own.
const LINES: usize = 12;

/// The whole widget.
pub fn whole(widget: &Temperature) -> Markup {
    let state = &widget.state;
    let found = widget.tokens().map(|(named, logits)| {
        (named, logits, Shares::new(logits, state.temperature(), state.top_k, state.top_p))
    });
    html! {
        div class={ "view " (NAME) } {
            (controls(widget))
            @match &found {
                Some((named, logits, shares)) => {
                    p class="status" role="status" { (status(widget, named, shares)) }
                    (tokens(widget, named, logits, shares))
                    (summary(widget, shares))
                }
                None => p class="status" role="status" { (waiting(widget)) }
            }
        }
    }
}

fn controls(widget: &Temperature) -> Markup {
    let (setup, state) = (&widget.setup, &widget.state);
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
            @if state.source == TOY { (logits(widget)) }
            (actions(&widget.address()))
        }
    }
}

/// A field for each made-up logit.
fn logits(widget: &Temperature) -> Markup {
    let (setup, state) = (&widget.setup, &widget.state);
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
fn status(widget: &Temperature, named: &[String], shares: &Shares) -> String {
    let state = &widget.state;
    let first = shares.own.largest();
    let token = named.get(first).map_or("?".into(), |token| word(token));
    let (own, warm) = (&shares.own, &shares.warm);
    let has = |column: &Column| share(column.shares[first] as f32);
    let temperature = state.temperature();
    let mut text = if temperature == 1.0 {
        let effective = significant(own.effective());
        format!(
            "Temperature 1.00: “{token}” has {}. In effect the choice is among {effective} tokens.",
            has(own)
        )
    } else {
        format!(
            "Temperature {temperature:.2}: “{token}” has {}, and {} at 1.00. In effect the choice is \
             among {} tokens, and among {} at 1.00.",
            has(warm),
            has(own),
            significant(warm.effective()),
            significant(own.effective()),
        )
    };
    if state.top_k.is_some() || state.top_p < 100 {
        text += &format!(
            " The filters keep {} of {} tokens, and “{token}” then has {}.",
            grouped(shares.stay() as u64),
            grouped(shares.own.shares.len() as u64),
            has(&shares.kept)
        );
    }
    text
}

fn waiting(widget: &Temperature) -> Markup {
    html! {
        @match widget.readings.problem() {
            Some(problem) => {
                "The model's logits could not be loaded: " (problem) ". Choose another text, or try again. "
                button type="button" data-event="source" data-value=(widget.state.source) { "Try again" }
            }
            None => "Loading the model's logits…",
        }
    }
}

/// Token, logit, and its share in each of the three distributions.
fn tokens(widget: &Temperature, named: &[String], logits: &[f32], shares: &Shares) -> Markup {
    let lines = named.len().min(LINES);
    let text = widget.prompt(&widget.state.source).map_or(&widget.setup.toy_text, |it| &it.text);
    let others = logits.len() - lines;
    html! {
        div class="scroll" {
            table class="weights bars" {
                caption { "Shares after “" (text) "”; the bars run from 0 to 1" }
                (head(widget, html! { th scope="col" { "Token" } th scope="col" { "Logit" } }))
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
        (cell(together(&shares.own)))
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
fn summary(widget: &Temperature, shares: &Shares) -> Markup {
    let columns = [&shares.own, &shares.warm, &shares.kept];
    let all = shares.own.shares.len();
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "How spread out they are" }
                (head(widget, html! { th scope="col" { span class="unseen" { "Measure" } } }))
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
fn head(widget: &Temperature, first: Markup) -> Markup {
    html! {
        thead {
            tr {
                (first)
                th scope="col" { "T = 1" }
                th scope="col" { "T = " (format!("{:.2}", widget.state.temperature())) }
                th scope="col" { "Filtered" }
            }
        }
    }
}

/// A probability in percent, as top-p is given: `0.90`.
fn percent(percent: usize) -> String {
    format!("{:.2}", percent as f64 / 100.0)
}
