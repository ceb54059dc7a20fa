//! The picture: query heads above, what is kept below, and a line from each head to what it reads.
//! Beneath it, what a layer keeps of each token in every way to share.

use maud::{Markup, html};

use super::{Kind, State, divisors};
use crate::draw::label::width;
use crate::draw::mark::{Area, circle, gliding, moved, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::{NARROW, WIDE};
use crate::show::grouped;

/// Where the rows of the picture stand.
const QUERIES: f64 = 36.0;
const KEPT: f64 = 128.0;
const BOX: f64 = 34.0;
const BARS: f64 = 194.0;
const PITCH: f64 = 21.0;

/// How much room the names of the bars take, and the numbers behind them.
const NAMES: f64 = 74.0;
const NUMBERS: f64 = 56.0;

/// The picture for so much width.
fn drawing(state: &State, across: f64, label: &str) -> Markup {
    let kinds: Vec<Kind> = divisors(state.heads).map(Kind::Grouped).chain([Kind::Latent]).collect();
    let height = BARS + 12.0 + kinds.len() as f64 * PITCH;
    let marks = html! {
        (text((0.0, 11.0), "query heads: each asks for itself", "small muted"))
        (lines(state, across))
        (queries(state, across))
        (boxes(state, across))
        (text((0.0, BARS), "what a layer keeps of each token, in numbers", "small muted"))
        @for (place, kind) in kinds.iter().enumerate() {
            (bar(state, *kind, across, BARS + 8.0 + place as f64 * PITCH))
        }
    };
    svg((across, height), "img", label, marks)
}

/// The two layouts, wide and narrow.
pub(super) fn both(state: &State, label: &str) -> [Markup; 2] {
    [WIDE, NARROW].map(|across| drawing(state, across, label))
}

/// The middle of one of `count` places beside each other.
fn middle(place: u64, count: u64, across: f64) -> f64 {
    (place as f64 + 0.5) * across / count as f64
}

fn read_by(state: &State, head: u64) -> u64 {
    state.read_by(head).unwrap_or_default()
}

/// A line from each query head to what it reads, and the followed one on top.
fn lines(state: &State, across: f64) -> Markup {
    let way = |head: u64| {
        let from = (middle(head, state.heads, across), QUERIES + 16.0);
        let to = (middle(read_by(state, head), state.boxes(), across), KEPT);
        Path::falling(from, to)
    };
    html! {
        @for head in 0..state.heads { (path(&way(head), "line-edge part reads move")) }
        (path(&way(state.head), "line-query follows move"))
    }
}

fn queries(state: &State, across: f64) -> Markup {
    let radius = (across / state.heads as f64 / 2.0 - 1.5).min(16.0);
    let followed = read_by(state, state.head);
    html! {
        @for head in 0..state.heads {
            @let x = middle(head, state.heads, across);
            @let (fill, ink) = match head {
                _ if head == state.head => ("fill-query", "strong mid on-fill"),
                _ if read_by(state, head) == followed => ("tint-query line-query lit", "strong mid"),
                _ => ("fill-bg line-query", "mid"),
            };
            (circle((x, QUERIES), radius, fill))
            @let name = format!("q{head}");
            @let name = if width(&name, 11.5) > radius * 2.0 { head.to_string() } else { name };
            (text((x, QUERIES + 4.0), &name, &format!("least {ink}")))
        }
    }
}

/// What is kept: a key and a value side by side for each head that has its own, or one latent.
/// There are as many boxes as query heads; those that are not kept are not seen.
fn boxes(state: &State, across: f64) -> Markup {
    let (count, followed) = (state.boxes(), read_by(state, state.head));
    let half = (across / state.heads as f64 / 2.0 - 1.5).min(24.0);
    let latent = state.kind == Kind::Latent;
    html! {
        @for place in 0..state.heads {
            @let there = place < count;
            @let x = middle(place.min(count - 1), count, across);
            @let edge = if place == followed { "lit" } else { "thin" };
            (moved((x, KEPT), if there { "stored move" } else { "stored move gone" }, html! {
                (rounded(Area::new(-half, 0.0, half, BOX), 3.0, &format!("tint-key line-key {edge}")))
                (rounded(Area::new(0.0, 0.0, half, BOX), 3.0, &format!("tint-value line-value {edge}")))
                @if latent {
                    (rounded(Area::new(-half, 0.0, half * 2.0, BOX), 3.0, "fill-bg line-ink lit"))
                }
                @let one = if latent { "" } else { "K" };
                (text((-half / 2.0, BOX / 2.0 + 4.0), one, "least mid strong"))
                (text((half / 2.0, BOX / 2.0 + 4.0), if latent { "" } else { "V" }, "least mid strong"))
                (text((0.0, BOX / 2.0 + 4.0), if latent { "c" } else { "" }, "mid strong"))
            }))
        }
        @let what = if latent { "kept: one latent, which all read" } else { "kept: keys and values" };
        (gliding((0.0, KEPT + BOX + 14.0), what, "small muted"))
    }
}

/// What one way to share keeps of a token, as a bar beside the others.
fn bar(state: &State, kind: Kind, across: f64, y: f64) -> Markup {
    let numbers = |kind: Kind| kind.numbers(state.heads).unwrap_or_default();
    let kinds = divisors(state.heads).map(Kind::Grouped).chain([Kind::Latent]);
    let most = kinds.map(numbers).max().unwrap_or(1).max(1);
    let length = (across - NAMES - NUMBERS) * numbers(kind) as f64 / most as f64;
    let here = kind == state.kind;
    let name = match kind {
        Kind::Grouped(few) => format!("{}, {few}", kind.name(state.heads)),
        Kind::Latent => kind.name(state.heads).to_owned(),
    };
    let strong = if here { "strong" } else { "" };
    html! {
        (text((NAMES - 8.0, y + 13.0), &name, &format!("small end {strong}")))
        (rect(Area::new(NAMES, y + 2.0, length.max(1.0), 15.0), if here { "fill-ink" } else { "fill-hair line-edge" }))
        (text((NAMES + length + 6.0, y + 13.0), &grouped(numbers(kind)), &format!("small {strong}")))
    }
}
