//! The training of an induction head as HTML.

use induction::message::{EachHead, Point as Measured};
use induction::{HEADS, LAYERS, STEPS};
use maud::{Markup, html};

use super::circuit::{self, Circuit};
use super::plots;
use super::{Induction, LONGEST, Phase, RATES, SEEDS, SEQ, State, WORKS};
use crate::draw::picture::{Frame, layouts, svg};
use crate::draw::{NARROW, Point, WIDE};
use crate::machine::Machine;
use crate::parts::{Grid, Shown, Slider, actions, legend, menu, switch};
use crate::show::{number, shade, share};

/// How many steps lie between two lines of the table.
const LINES: u32 = 25;

/// The whole widget.
pub(super) fn whole(widget: &Induction, state: &State) -> Markup {
    Frame {
        name: Induction::NAME,
        question: html! { "How do two heads copy a new word?" },
        controls: controls(widget),
        picture: html! { (picture(widget, state)) (scrubber(widget, state)) },
        says: html! { (status(widget, state)) },
        below: html! {
            div class="beginning needs-script" { (beginning(state)) }
            (heads(widget, state))
            (copy(widget, state))
        },
        numbers: html! {
            (log(widget))
            div class="needs-script" { (map_menu(state)) }
            (map(widget, state))
            (legend("Each row of the map sums to one. An empty cell is a later letter, hidden by the mask."))
        },
        actions: actions(&widget.link(state)),
    }
    .view()
}

fn controls(widget: &Induction) -> Markup {
    html! {
        @if widget.phase == Phase::Running {
            button type="button" data-event="pause" { "Pause" }
        } @else {
            button type="button" data-event="train" disabled[widget.phase == Phase::Done] {
                @if widget.phase == Phase::Paused { "Train on" } @else { "Train" }
            }
        }
    }
}

/// What a training of one's own begins with.
fn beginning(state: &State) -> Markup {
    let rates: Vec<_> =
        RATES.iter().enumerate().map(|(at, rate)| (at.to_string(), rate.to_string())).collect();
    html! {
        (Slider {
            label: "Seed",
            event: "seed",
            min: 0.0,
            max: f64::from(SEEDS - 1),
            step: 1.0,
            value: f64::from(state.seed),
            shown: &state.seed.to_string(),
            spoken: &format!("seed {}", state.seed),
        }.slide())
        (menu("Learning rate", "rate", &rates, &state.rate.to_string()))
    }
}

fn map_menu(state: &State) -> Markup {
    let heads: Vec<_> = (0..LAYERS * HEADS)
        .map(|at| (at.to_string(), format!("layer {}, head {}", at / HEADS, at % HEADS)))
        .collect();
    menu("Map of", "head", &heads, &(state.head.0 * HEADS + state.head.1).to_string())
}

/// The circuit, the curves and the maps of its two heads, all at one point of the training.
fn picture(widget: &Induction, state: &State) -> Markup {
    let at = widget.at(state);
    let letters: Vec<String> = widget.progress.word.chars().map(String::from).collect();
    let heads = widget.frames.heads(widget.points());
    let maps = [0, 1].map(|layer| widget.frames.map(at, layer, heads[layer]));
    let weight = |layer: usize, row: usize, column: usize| {
        let place = row * (row + 1) / 2 + column;
        let weight = maps[layer].and_then(|map| map.get(place)).copied();
        f64::from(weight.unwrap_or(0)) / 100.0
    };
    let circuit = Circuit { letters: &letters, weight: &weight, heads };
    let map = |layer: usize, corner: Point, cell: f64| {
        plots::Map { layer, head: heads[layer], weights: maps[layer], at: corner, cell }.draw()
    };
    let label = circuit.described();
    let (above, curves) = (circuit::Plan::wide(), plots::Plan::wide(248.0));
    let top = above.bottom() + 14.0;
    let wide = html! {
        (circuit.draw(&above))
        (plots::curves(&curves, widget.points(), at))
        (map(0, (430.0, top), 9.0))
        (map(1, (640.0, top), 9.0))
    };
    let height = curves.bottom().max(top + 182.0);
    let (over, drawn) = (circuit::Plan::narrow(), plots::Plan::narrow(228.0));
    let below = drawn.bottom() + 8.0;
    let narrow = html! {
        (circuit.draw(&over))
        (plots::curves(&drawn, widget.points(), at))
        (map(0, (2.0, below), 7.4))
        (map(1, (182.0, below), 7.4))
    };
    layouts(
        svg((WIDE, height), "group", &label, wide),
        svg((NARROW, below + 150.0), "group", &label, narrow),
    )
}

/// The slider over the points of the training.
fn scrubber(widget: &Induction, state: &State) -> Markup {
    let at = widget.at(state);
    let step = widget.points().get(at).map_or(0, |point| point.step).to_string();
    let slider = Slider {
        label: "Step",
        event: "at",
        min: 0.0,
        max: widget.points().len().saturating_sub(1) as f64,
        step: 1.0,
        value: at as f64,
        shown: &step,
        spoken: &format!("step {step}"),
    };
    html! { div class="needs-script" { (slider.slide()) } }
}

/// What the training has come to, in a sentence or two.
fn status(widget: &Induction, state: &State) -> String {
    if let Phase::Failed(reason) = &widget.phase {
        return format!("The training stopped: {reason}. Press Train to begin again.");
    }
    let Some(last) = widget.points().last() else {
        return "The trainer is being loaded…".to_owned();
    };
    let at = widget.at(state);
    if at + 1 < widget.points().len() {
        return earlier(widget, at);
    }
    let (head, score) = best(&last.induction, 1);
    let percent = (100.0 * last.accuracy).round();
    let so_far = format!(
        "loss {}, {percent} % of the letters right; the best induction score is {} (layer 1, head {head}).",
        number(last.loss, 2),
        share(score)
    );
    let record = &widget.record;
    let mut text = match widget.phase {
        Phase::Recorded => format!(
            "A recorded training, seed {}, learning rate {}, after {} steps: {so_far}",
            record.seed, record.learning_rate, last.step
        ),
        Phase::Running => format!("Step {} of {STEPS}: {so_far}", last.step),
        Phase::Paused => format!("Paused at step {}: {so_far}", last.step),
        _ => format!("Done after {} steps: {so_far}", last.step),
    };
    if let Some(found) = widget.answer(state).filter(|found| found.cut.concat().contains(&true)) {
        text += &format!(
            " Without {}: loss {}, {} % right.",
            cut_out(state),
            number(found.loss, 2),
            (100.0 * found.accuracy).round()
        );
    } else if let Some(step) = turn(widget.points()) {
        text += &format!(" A head of layer 1 passed {} at step {step}.", share(WORKS));
    }
    text
}

/// What the model could do at an earlier point, and how far its two heads were.
fn earlier(widget: &Induction, at: usize) -> String {
    let point = &widget.points()[at];
    let (previous, matching) = (best(&point.previous, 0).1, best(&point.induction, 1).1);
    let so_far = match matching {
        low if low < 0.12 => "Nobody looks for the notes yet, so writing them earns nothing.",
        middle if middle < 0.6 => "Both halves grow, each making the other worth more.",
        _ => "The two halves work.",
    };
    format!(
        "Step {}: loss {}, {} % of the letters right; looking one back {}, induction {}. {so_far}",
        point.step,
        number(point.loss, 2),
        (100.0 * point.accuracy).round(),
        share(previous),
        share(matching)
    )
}

/// The heads that are cut out, in words.
fn cut_out(state: &State) -> String {
    let cut = state.cut.concat();
    let names: Vec<String> = (0..cut.len())
        .filter(|at| cut[*at])
        .map(|at| format!("layer {} head {}", at / HEADS, at % HEADS))
        .collect();
    names.join(", ")
}

/// The first step at which a head of layer 1 works as an induction head.
fn turn(points: &[Measured]) -> Option<u32> {
    points.iter().find(|point| best(&point.induction, 1).1 > WORKS).map(|point| point.step)
}

/// The head of a layer with the highest score, and the score.
pub(super) fn best(scores: &EachHead<f32>, layer: usize) -> (usize, f32) {
    let scores = scores[layer].into_iter().enumerate();
    scores.max_by(|a, b| a.1.total_cmp(&b.1)).expect("a layer has heads")
}

/// The curves as numbers.
fn log(widget: &Induction) -> Markup {
    let last = widget.points().last().map_or(0, |point| point.step);
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "How the training goes, over " (STEPS) " steps" }
                thead {
                    tr {
                        th scope="col" { "Step" }
                        th scope="col" { "Loss" }
                        th scope="col" { "Right" }
                        th scope="col" { "Previous token" }
                        th scope="col" { "Induction" }
                    }
                }
                tbody {
                    @for point in widget.points() {
                        @if point.step.is_multiple_of(LINES) || point.step == last {
                            @let previous = best(&point.previous, 0).1;
                            @let matching = best(&point.induction, 1).1;
                            tr {
                                th scope="row" { (point.step) }
                                td { (number(point.loss, 2)) }
                                td { (share(point.accuracy)) }
                                td class=(shade(previous)) { (share(previous)) }
                                td class=(shade(matching)) { (share(matching)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where the chosen head looks on a word that is said twice.
fn map(widget: &Induction, state: &State) -> Markup {
    let (layer, head) = state.head;
    let letters: Vec<String> = widget.progress.word.chars().map(String::from).collect();
    let map = &widget.progress.maps[layer][head];
    let grid = Grid {
        label: &format!(
            "Layer {layer}, head {head}, on a word said twice: a row for each letter that looks, a column for each that is looked at"
        ),
        corner: "looks at",
        rows: &letters,
        columns: &letters,
        stop: state.cell,
        chosen: None,
        keys: "key",
        press: "cell",
    };
    html! {
        div class="map-of" {
            p class="map-name" { "Layer " (layer) ", head " (head) }
            (grid.view(|row, column| {
                let name = format!("{} (place {row}) looks at {} (place {column})", letters[row], letters[column]);
                if column > row {
                    return Shown::share(None, format!("{name}: not allowed, it comes later"));
                }
                let weight = map[row * (row + 1) / 2 + column];
                let mut shown = Shown::share(Some(weight), format!("{name}: {}", share(weight)));
                if row >= SEQ / 2 && column + SEQ / 2 == row + 1 {
                    shown.class += " stripe";
                    shown.name += ", what came after it before";
                }
                shown
            }))
        }
    }
}

/// What each head does, what it is worth, and a switch to cut it out.
fn heads(widget: &Induction, state: &State) -> Markup {
    let last = widget.points().last();
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "What each head does, and the loss without it" }
                thead {
                    tr {
                        th scope="col" { "Head" }
                        th scope="col" { "Previous token" }
                        th scope="col" { "Induction" }
                        th scope="col" { "Loss without it" }
                        th scope="col" class="needs-script" { "Cut out" }
                    }
                }
                tbody {
                    @for (layer, head) in (0..LAYERS * HEADS).map(|at| (at / HEADS, at % HEADS)) {
                        @let scores = last.map(|it| [it.previous[layer][head], it.induction[layer][head]]);
                        tr class=[(state.head == (layer, head)).then_some("chosen")] {
                            th scope="row" { (layer) "." (head) }
                            @for score in scores.unwrap_or_default() {
                                td class=(shade(score)) { (share(score)) }
                            }
                            td { (widget.rest.as_ref().map_or("–".to_owned(), |rest| number(rest.loss[layer][head], 2))) }
                            td class="needs-script" {
                                (switch(
                                    &format!("{layer}.{head}"),
                                    &format!("cut-{}", layer * HEADS + head),
                                    state.cut[layer][head],
                                ))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A text of the reader's, and how the model goes on.
fn copy(widget: &Induction, state: &State) -> Markup {
    let problem = induction::problem(&state.typed);
    html! {
        div class="copy" {
            label class="wide needs-script" {
                span { "Begin to say a word again" }
                input type="text" name="text" data-event="text" value=(state.typed) maxlength=(LONGEST)
                    autocomplete="off" autocapitalize="none" spellcheck="false"
                    aria-invalid=(if problem.is_some() { "true" } else { "false" });
                @if let Some(problem) = &problem { span class="wrong" { "Not a text for this model: " (problem) "." } }
            }
            @match widget.answer(state) {
                Some(found) => {
                    p class="continued" { (found.text) mark { (found.added) } }
                    div class="scroll" tabindex="0" role="group" aria-label="How sure it was" {
                        table class="weights" {
                            caption { "How sure it was of each new letter" }
                            tr { th scope="row" { "Letter" } @for letter in found.added.chars() { td { (letter) } } }
                            tr { th scope="row" { "Share" } @for it in &found.shares { td class=(shade(*it)) { (share(*it)) } } }
                        }
                    }
                },
                None => p class="continued" {
                    (state.typed)
                    " … "
                    span class="waits" { (match widget.phase {
                        _ if problem.is_some() => "",
                        Phase::Recorded | Phase::Failed(_) => "(the model that answers is the one that you train: press Train)",
                        Phase::Running => "(the model answers when its training rests)",
                        _ => "(a moment)",
                    }) }
                },
            }
        }
    }
}
