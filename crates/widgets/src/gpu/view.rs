//! The run as HTML: each time is printed, and the graph repeats it.

use maud::{Markup, html};

use super::graph;
use super::results::{Check, Outcome, Results, Way};
use super::run::{End, HEADS, LENGTHS, Run};
use super::{Gpu, HEAD_DIM, Size, State};
use crate::machine::Machine;
use crate::parts::{Slider, actions, switch};
use crate::show::{grouped, significant};

/// The whole widget.
pub(super) fn whole(widget: &Gpu, state: &State) -> Markup {
    let results = widget.results();
    let lengths = &LENGTHS[..=state.longest];
    html! {
        div class={ "view " (Gpu::NAME) } {
            (controls(widget, state))
            (progress(widget))
            p class="status" role="status" { (status(widget, state)) }
            p class="device" { (device(results)) }
            (graph::draw(results, state.causal, lengths))
            (times(results, state.causal, lengths))
            (checks(results))
        }
    }
}

fn controls(widget: &Gpu, state: &State) -> Markup {
    let tokens = grouped(state.tokens() as u64);
    let (event, words) =
        if widget.is_running() { ("cancel", "Cancel") } else { ("run", "Run it on your GPU") };
    html! {
        div class="controls needs-script" {
            (Slider {
                label: "Longest text, in tokens",
                event: "longest",
                min: 0.0,
                max: (LENGTHS.len() - 1) as f64,
                step: 1.0,
                value: state.longest as f64,
                shown: &tokens,
                spoken: &format!("up to {tokens} tokens"),
            }.view())
            (switch("Causal: a token sees none that comes later", "causal", state.causal))
            p class="actions wide" { button type="button" class="go" data-event=(event) { (words) } }
            (actions(&widget.link(state)))
        }
    }
}

/// How far a run has come. Room is kept for it, so that nothing moves when it begins.
fn progress(widget: &Gpu) -> Markup {
    let (done, all) = widget.run().filter(|_| widget.is_running()).map_or((0, 1), Run::progress);
    html! {
        div class="run-progress needs-script" {
            @if widget.is_running() {
                progress max=(all) value=(done) aria-label="Progress of the run" { (done) " of " (all) }
            }
        }
    }
}

/// One or two sentences: what is going on, or what came out.
fn status(widget: &Gpu, state: &State) -> String {
    let Some(run) = widget.run() else { return recorded(widget, state) };
    let Some(end) = &run.end else {
        let (done, all) = run.progress();
        return format!("Step {} of {all}: {}.", done + 1, run.doing());
    };
    let result = || result(&run.results, state.causal, "Here");
    match end {
        End::Cancelled if run.results.checks.is_empty() => recorded(widget, state),
        End::Done => result(),
        End::Cancelled => format!("Cancelled. {}", result()),
        End::TimeUp => format!("Stopped: a run takes a minute and a half at most. {}", result()),
        End::NoCard(reason) => format!("No run here: {reason}. What is shown is the recorded run."),
        End::Lost(reason) => format!("The browser lost the card: {reason}. {}", result()),
        End::Failed(reason) => format!("The run failed: {reason}. {}", result()),
        End::Wrong(check) => format!(
            "The result of {} attention on this card is wrong, by {}, where {} is allowed. So \
             nothing is timed. Another browser or driver may do better.",
            check.way.name(),
            error(check.error),
            error(Check::BOUND)
        ),
    }
}

fn recorded(widget: &Gpu, state: &State) -> String {
    let results = &widget.recorded;
    format!("Recorded, not from your card. {}", result(results, state.causal, "There"))
}

/// What the longest text that both ways managed says.
fn result(results: &Results, causal: bool, place: &str) -> String {
    let both = LENGTHS.iter().rev().find_map(|&tokens| {
        let ms = |way| results.ms(way, causal, tokens);
        Some((tokens, ms(Way::Standard)?, ms(Way::Flash)?))
    });
    let mut words = match both {
        None => "No length was timed with both ways.".to_owned(),
        Some((tokens, standard, flash)) => {
            let (faster, times) = match standard >= flash {
                true => ("flash", standard / flash),
                false => ("standard", flash / standard),
            };
            format!(
                "{place}, at {} tokens, standard takes {} ms and flash {} ms: {faster} is {} times \
                 as fast.",
                grouped(tokens as u64),
                significant(standard),
                significant(flash),
                significant(times)
            )
        }
    };
    if let Some(largest) = results.largest_error() {
        words += &format!(" Largest error against the processor: {}.", error(largest));
    }
    words
}

/// Where the results come from.
fn device(results: &Results) -> Markup {
    let software = results.adapter.is_software();
    html! {
        @match &results.date {
            Some(date) => {
                "Recorded on " (date) " with " (results.adapter.name())
                @if let Some(browser) = &results.browser { ", in " (browser) }
                "."
            }
            None => { "Measured here, now, with " (results.adapter.name()) "." }
        }
        @if software {
            " This is a software GPU: the processor plays the card. It shows that the kernels are \
             right, and its times say nothing about a real card."
        }
    }
}

fn times(results: &Results, causal: bool, lengths: &[usize]) -> Markup {
    let mask = if causal { "Causal" } else { "Full" };
    html! {
        div class="scroll" {
            table class="weights" {
                caption {
                    (mask) " attention, " (HEADS) " heads of " (HEAD_DIM) ", f32, medians in ms"
                }
                thead {
                    tr {
                        th scope="col" { "Tokens" }
                        th scope="col" { "Standard" }
                        th scope="col" { "Flash" }
                        th scope="col" { "Ratio" }
                        th scope="col" { "Scores" }
                    }
                }
                tbody {
                    @for &tokens in lengths {
                        @let ms = |way| results.ms(way, causal, tokens);
                        tr {
                            th scope="row" { (grouped(tokens as u64)) }
                            @for way in Way::BOTH { td { (outcome(results.outcome(way, causal, tokens))) } }
                            td {
                                @match (ms(Way::Standard), ms(Way::Flash)) {
                                    (Some(standard), Some(flash)) => (significant(standard / flash)),
                                    _ => "–",
                                }
                            }
                            td { (megabytes(Size { heads: HEADS, kv_heads: HEADS, tokens }.score_bytes())) }
                        }
                    }
                }
            }
        }
        p class="legend" {
            "Ratio: how many times as long standard takes. Scores: the bytes of the matrix that \
             standard writes and flash does not."
        }
    }
}

fn outcome(outcome: Option<Outcome>) -> String {
    match outcome {
        Some(Outcome::Ms(ms)) => significant(ms),
        Some(Outcome::TooLarge(_)) => "too large".to_owned(),
        Some(Outcome::NoMemory) => "no memory".to_owned(),
        Some(Outcome::TooSlow) => "too slow".to_owned(),
        None => "–".to_owned(),
    }
}

fn checks(results: &Results) -> Markup {
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "Largest error against the processor, of at most " (error(Check::BOUND)) }
                thead {
                    tr {
                        th scope="col" { "Kernels" }
                        th scope="col" { "Full" }
                        th scope="col" { "Causal" }
                    }
                }
                tbody {
                    @for way in Way::BOTH {
                        tr {
                            th scope="row" { (way.name()) }
                            @for causal in [false, true] {
                                @let check = results.checks.iter().find(|it| (it.way, it.causal) == (way, causal));
                                td { (check.map_or("–".to_owned(), |check| error(check.error))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn error(error: f64) -> String {
    format!("{error:.1e}")
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", significant(bytes as f64 / 1e6))
}
