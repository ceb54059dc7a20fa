//! The plane as HTML: three parts side by side, from where to look to what to take.

use maud::{Markup, html};

use super::{Answer, Kind, Mark, PlaneWidget, State, WORDS, arrows, blend, pieces};
use crate::draw::mark::{Area, circle, text};
use crate::draw::picture::{Frame, layouts, svg};
use crate::draw::{NARROW, Point, WIDE};
use crate::machine::Machine;
use crate::parts::{actions, chips};
use crate::show::{number, share};

/// What all parts of the picture need.
pub(super) struct Scene<'a> {
    /// What the reader has chosen.
    pub state: &'a State,
    /// What follows from it.
    pub answer: Answer,
    /// The word whose key is followed.
    pub look: usize,
}

/// The whole widget.
pub(super) fn whole(widget: &PlaneWidget, state: &State) -> Markup {
    let answer = Answer::new(state);
    let look = state.look.unwrap_or_else(|| answer.most());
    let scene = Scene { state, answer, look };
    let words = WORDS.iter().enumerate();
    let options: Vec<_> =
        words.map(|(place, word)| (place.to_string(), (*word).to_owned())).collect();
    Frame {
        name: PlaneWidget::NAME,
        question: html! { "What do query, key and value do?" },
        controls: chips("Who asks?", PlaneWidget::NAME, "ask", &options, &state.ask.to_string()),
        picture: layouts(wide(&scene), narrow(&scene)),
        says: says(&scene),
        below: html! {},
        numbers: numbers(&scene),
        actions: actions(&widget.link(state)),
    }
    .view()
}

fn wide(scene: &Scene<'_>) -> Markup {
    let head = |x: f64, name: &str, what: &str| {
        html! { (text((x, 12.0), name, "strong")) (text((x, 29.0), what, "small muted")) }
    };
    let marks = html! {
        (head(0.0, "Where to look", "drop each key onto the query’s line"))
        (head(358.0, "How much", "scores become shares"))
        (head(572.0, "What to take", "the values, mixed in these shares"))
        (arrows::view(scene, false))
        (pieces::view(scene, Area::new(358.0, 44.0, 196.0, 318.0), false))
        (blend::view(scene, false))
    };
    svg((WIDE, 364.0), "group", &described(scene), marks)
}

fn narrow(scene: &Scene<'_>) -> Markup {
    let marks = html! {
        (text((0.0, 12.0), "Where to look:", "strong"))
        (text((120.0, 12.0), "drop keys onto the query’s line", "small muted"))
        (text((0.0, 304.0), "How much", "strong"))
        (text((172.0, 304.0), "What to take", "strong"))
        (arrows::view(scene, true))
        (pieces::view(scene, Area::new(0.0, 312.0, 160.0, 178.0), true))
        (blend::view(scene, true))
    };
    svg((NARROW, 490.0), "group", &described(scene), marks)
}

/// The picture in words.
fn described(scene: &Scene<'_>) -> String {
    let shares = WORDS.iter().zip(&scene.answer.shares);
    let shares: Vec<String> =
        shares.map(|(word, weight)| format!("{word} {}", share(*weight as f32))).collect();
    format!(
        "The query of {} among the keys; the shares: {}; the output at {}, inside the values",
        WORDS[scene.state.ask],
        shares.join(", "),
        pair(scene.answer.output, 2)
    )
}

/// One sentence: how far the key reaches, and what that makes.
fn says(scene: &Scene<'_>) -> Markup {
    let Scene { state, answer, look } = scene;
    let shown = |value: f64| number(value as f32, 2);
    html! {
        "The query of " b { (WORDS[state.ask]) } " meets the key of " b { (WORDS[*look]) }
        ", which reaches " (shown(answer.along[*look])) " along it. Times the query’s length, "
        (shown(answer.length)) ", that is " (shown(answer.raw[*look])) "; divided by √2, a score of "
        (shown(answer.scores[*look])) ". Its share: " b { (share(answer.shares[*look] as f32)) } "."
    }
}

fn numbers(scene: &Scene<'_>) -> Markup {
    let Scene { state, answer, .. } = scene;
    let shown = |value: f64| number(value as f32, 3);
    let points = |numbers: [f32; 2]| pair(numbers.map(f64::from), 2);
    html! {
        div class="scroll" tabindex="0" role="group" aria-label="All numbers" {
            table class="weights" {
                caption {
                    (WORDS[state.ask]) " asks with (" (points(state.query[state.ask])) "); its output is ("
                    (pair(answer.output, 3)) ")"
                }
                thead {
                    tr {
                        @for head in ["Word", "Query", "Key", "Along", "Score", "÷ √2", "Share", "Value"] {
                            th scope="col" { (head) }
                        }
                    }
                }
                tbody {
                    @for (word, name) in WORDS.iter().enumerate() {
                        tr {
                            th scope="row" { (name) }
                            td { (points(state.query[word])) }
                            td { (points(state.key[word])) }
                            td { (shown(answer.along[word])) }
                            td { (shown(answer.raw[word])) }
                            td { (shown(answer.scores[word])) }
                            td { (format!("{:.3}", answer.shares[word])) }
                            td { (points(state.value[word])) }
                        }
                    }
                }
            }
        }
    }
}

fn pair([x, y]: [f64; 2], decimals: usize) -> String {
    format!("{}, {}", number(x as f32, decimals), number(y as f32, decimals))
}

/// A point that can be dragged, or moved by arrow keys.
pub(super) fn handle(scene: &Scene<'_>, mark: Mark, at: Point, body: Markup) -> Markup {
    let kind = match mark.kind {
        Kind::Query => "Query",
        Kind::Key => "Key",
        Kind::Value => "Value",
    };
    let numbers = scene.state.at(mark);
    html! {
        g tabindex="0" role="slider" aria-roledescription="point to move"
            aria-label={ (kind) " of " (WORDS[mark.word]) } aria-valuenow=(numbers[0])
            aria-valuetext=(pair(numbers.map(f64::from), 2)) data-drag="move"
            data-value=(mark.name()) data-keys={ "nudge-" (mark.name()) } {
            (circle(at, 14.0, "hit move"))
            (body)
            (circle(at, 12.5, "ring move"))
        }
    }
}
