//! The temperature as HTML. Each share is printed; its bar only repeats it.

use std::ops::Range;

use maud::{Markup, html};

use super::cuts::Cuts;
use super::rings::Rings;
use super::{
    Column, LARGEST_LOGIT, P_STEP, Shares, State, TEMPERATURES, TOY, Temperature, curves, logit,
};
use crate::draw::picture::{Frame, layouts};
use crate::machine::Machine;
use crate::parts::{Slider, actions, menu};
use crate::show::{grouped, number, share, significant, word};

/// How many tokens of a whole vocabulary have a line of their own.
const LINES: usize = 12;

/// The whole widget.
pub(super) fn whole(widget: &Temperature, state: &State) -> Markup {
    let tokens = widget.tokens(state).zip(widget.curves(state));
    let Some(((named, logits), curves)) = tokens else { return waiting_frame(widget, state) };
    let shares = Shares::new(logits, state.temperature(), state.top_k, state.top_p);
    let alone = curves::alone(named.len(), logits.len());
    let mut names: Vec<String> = named.iter().take(alone).map(|token| word(token)).collect();
    if alone < logits.len() {
        names.push(format!("{} others", grouped((logits.len() - alone) as u64)));
    }
    let rings = Rings {
        names: &names,
        logits: &logits[..alone],
        curves,
        step: state.step,
        vocabulary: logits.len(),
        look: state.look,
    };
    Frame {
        name: Temperature::NAME,
        question: html! { "What does the temperature do to the shares?" },
        controls: sources(widget, state),
        picture: picture(state, &rings),
        says: html! { (status(state, named, &shares)) },
        below: cut(widget, state, &Cuts::new(state, named, &shares)),
        numbers: html! {
            (tokens_table(widget, state, named, logits, &shares))
            (summary(state, &shares))
            @if state.source == TOY { (logits_fields(widget, state)) }
        },
        actions: actions(&widget.link(state)),
    }
    .view()
}

/// The frame without a picture: the logits are on their way, or did not come.
fn waiting_frame(widget: &Temperature, state: &State) -> Markup {
    Frame {
        name: Temperature::NAME,
        question: html! { "What does the temperature do to the shares?" },
        controls: html! { (sources(widget, state)) (temperature(state)) },
        picture: html! {},
        says: waiting(widget, state),
        below: html! {},
        numbers: html! {},
        actions: actions(&widget.link(state)),
    }
    .view()
}

fn sources(widget: &Temperature, state: &State) -> Markup {
    let setup = &widget.setup;
    let mut sources = vec![(TOY.to_owned(), format!("Made up: {} …", setup.toy_text))];
    sources.extend(
        setup.prompts.iter().map(|it| (it.name.clone(), format!("SmolLM2: {} …", it.text))),
    );
    menu("What comes next?", "source", &sources, &state.source)
}

/// The slider of the temperature. Its thumb hangs on the line in the picture.
fn temperature(state: &State) -> Markup {
    let temperature = format!("{:.2}", state.temperature());
    let slider = Slider {
        label: "Temperature",
        event: "temperature",
        min: 0.0,
        max: (TEMPERATURES.len() - 1) as f64,
        step: 1.0,
        value: state.step as f64,
        shown: &temperature,
        spoken: &format!("temperature {temperature}"),
    };
    html! { div class="hanging needs-script" { (slider.slide()) } }
}

/// The bars at one temperature, the curves at every one, and the slider below them.
fn picture(state: &State, rings: &Rings<'_>) -> Markup {
    html! {
        div class="rings" {
            div class="at-one" { (layouts(rings.bars_wide(), rings.bars_narrow())) }
            div class="at-all" { (layouts(rings.curves_wide(), rings.curves_narrow())) }
            (temperature(state))
        }
    }
}

/// The cuts: their sliders and their picture.
fn cut(widget: &Temperature, state: &State, cuts: &Cuts<'_>) -> Markup {
    let all = widget.all(&state.source);
    let top_k = state.top_k.map_or("all".to_owned(), |k| k.to_string());
    let top_p = percent(state.top_p);
    html! {
        p class="question" { "Where do top-k and top-p cut?" }
        div class="choices needs-script" {
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
            }.slide())
            (Slider {
                label: "Top-p",
                event: "top-p",
                min: P_STEP as f64,
                max: 100.0,
                step: P_STEP as f64,
                value: state.top_p as f64,
                shown: &top_p,
                spoken: &format!("a probability of {top_p} stays"),
            }.slide())
        }
        div { (layouts(cuts.wide(), cuts.narrow())) }
    }
}

/// A field for each made-up logit.
fn logits_fields(widget: &Temperature, state: &State) -> Markup {
    let setup = &widget.setup;
    html! {
        fieldset class="logits wide needs-script" {
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
fn tokens_table(
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
