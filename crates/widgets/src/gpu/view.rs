//! The run as HTML: each time is printed, and the graph repeats it.

use maud::{Markup, html};

use super::figures::{Check, Figures, Outcome, Way};
use super::graph;
use super::run::{End, HEADS, LENGTHS, Run};
use super::{Gpu, HEAD_DIM, NAME, Size};
use crate::parts::{Slider, actions, switch};
use crate::show::{grouped, significant};

/// The whole widget.
pub fn whole(widget: &Gpu) -> Markup {
    let figures = widget.figures();
    let lengths = &LENGTHS[..=widget.state.longest];
    html! {
        div class={ "view " (NAME) } {
            (controls(widget))
            (progress(widget))
            p class="status" role="status" { (status(widget)) }
            p class="device" { (device(figures)) }
            (graph::draw(figures, widget.state.causal, lengths))
            (times(figures, widget.state.causal, lengths))
            (checks(figures))
        }
    }
}

fn controls(widget: &Gpu) -> Markup {
    let tokens = grouped(widget.state.tokens() as u64);
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
                value: widget.state.longest as f64,
                shown: &tokens,
                spoken: &format!("up to {tokens} tokens"),
            }.view())
            (switch("Causal: a token sees none that comes later", "causal", widget.state.causal))
            p class="actions wide" { button type="button" class="go" data-event=(event) { (words) } }
            (actions(&widget.address()))
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
fn status(widget: &Gpu) -> String {
    let Some(run) = widget.run() else { return recorded(widget) };
    let Some(end) = &run.end else {
        let (done, all) = run.progress();
        return format!("Step {} of {all}: {}.", done + 1, run.doing());
    };
    let result = || result(&run.figures, widget.state.causal, "Here");
    match end {
        End::Cancelled if run.figures.checks.is_empty() => recorded(widget),
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

fn recorded(widget: &Gpu) -> String {
    let figures = &widget.setup.recorded;
    format!("Recorded, not from your card. {}", result(figures, widget.state.causal, "There"))
}

/// What the longest text that both ways managed says.
fn result(figures: &Figures, causal: bool, place: &str) -> String {
    let both = LENGTHS.iter().rev().find_map(|&tokens| {
        let ms = |way| figures.ms(way, causal, tokens);
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
    if let Some(largest) = figures.largest_error() {
        words += &format!(" Largest error against the processor: {}.", error(largest));
    }
    words
}

/// Where the figures come from.
fn device(figures: &Figures) -> Markup {
    let software = figures.adapter.is_software();
    html! {
        @match &figures.date {
            Some(date) => {
                "Recorded on " (date) " with " (figures.adapter.name())
                @if let Some(browser) = &figures.browser { ", in " (browser) }
                "."
            }
            None => { "Measured here, now, with " (figures.adapter.name()) "." }
        }
        @if software {
            " This is a software GPU: the processor plays the card. It shows that the kernels are \
             right, and its times say nothing about a real card."
        }
    }
}

fn times(figures: &Figures, causal: bool, lengths: &[usize]) -> Markup {
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
                        @let ms = |way| figures.ms(way, causal, tokens);
                        tr {
                            th scope="row" { (grouped(tokens as u64)) }
                            @for way in Way::BOTH { td { (outcome(figures.outcome(way, causal, tokens))) } }
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

fn checks(figures: &Figures) -> Markup {
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
                                @let check = figures.checks.iter().find(|it| (it.way, it.causal) == (way, causal));
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
