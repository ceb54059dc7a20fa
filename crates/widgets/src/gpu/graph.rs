//! Times over lengths as lines, both axes in powers. The table has the same numbers.

use maud::{Markup, html};

use super::results::{Results, Way};
use crate::show::grouped;

/// The drawing's size and the place of its axes.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 272.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 180.0;

/// The graph of one mask, for these lengths. Nothing if nothing was timed.
pub(super) fn draw(results: &Results, causal: bool, lengths: &[usize]) -> Markup {
    let line = |way| points(results, way, causal, lengths);
    let lines = Way::BOTH.map(|way| (way, line(way)));
    let times = || lines.iter().flat_map(|(_, points)| points).map(|(_, ms)| *ms);
    let (least, most) =
        times().fold((f64::INFINITY, 0.0_f64), |(low, high), ms| (low.min(ms), high.max(ms)));
    if most <= 0.0 {
        return html! {};
    }
    // Whole powers of ten around all times.
    let (low, high) = (least.log10().floor(), most.log10().ceil().max(least.log10().floor() + 1.0));
    let up = |ms: f64| BOTTOM - (ms.log10() - low) / (high - low) * (BOTTOM - TOP);
    let along = |place: usize| {
        LEFT + 14.0 + (RIGHT - LEFT - 28.0) * place as f64 / (lengths.len().max(2) - 1) as f64
    };
    html! {
        svg class="graph" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
            aria-label="Milliseconds over tokens, one line for standard and one for flash; the numbers are in the table" {
            @for power in low as i32..=high as i32 {
                @let y = up(10_f64.powi(power));
                line class="rule" x1=(LEFT) x2=(RIGHT) y1=(one(y)) y2=(one(y)) {}
                text class="tick" x=(LEFT - 6.0) y=(one(y + 4.0)) text-anchor="end" { (power_of_ten(power)) }
            }
            text class="tick" x="4" y=(one(HEIGHT - 6.0)) { "ms" }
            @for (place, tokens) in lengths.iter().enumerate() {
                text class="tick" x=(one(along(place))) y=(one(BOTTOM + 18.0)) text-anchor="middle" { (tokens) }
            }
            text class="tick" x=(RIGHT) y=(one(HEIGHT - 6.0)) text-anchor="end" { "tokens" }
            @for (way, points) in &lines {
                @let places: Vec<(f64, f64)> = points.iter().map(|(place, ms)| (along(*place), up(*ms))).collect();
                polyline class={ "line " (way.name()) } points=(joined(&places)) {}
                @for (x, y) in &places { (mark(*way, *x, *y)) }
                @if let Some((x, y)) = places.last() {
                    text class="name" x=(one(x + 9.0)) y=(one(name_height(*way, *y, &lines, up))) { (way.name()) }
                }
            }
        }
    }
}

/// A way's times: the place of the length, and milliseconds.
fn points(results: &Results, way: Way, causal: bool, lengths: &[usize]) -> Vec<(usize, f64)> {
    let ms = |tokens: &usize| results.ms(way, causal, *tokens).filter(|ms| *ms > 0.0);
    lengths.iter().enumerate().filter_map(|(place, tokens)| Some((place, ms(tokens)?))).collect()
}

/// A square for standard, a dot for flash: the shape tells them apart, and the colour repeats it.
fn mark(way: Way, x: f64, y: f64) -> Markup {
    let class = format!("mark {}", way.name());
    match way {
        Way::Standard => html! {
            rect class=(class) x=(one(x - 3.5)) y=(one(y - 3.5)) width="7" height="7" {}
        },
        Way::Flash => html! { circle class=(class) cx=(one(x)) cy=(one(y)) r="4" {} },
    }
}

/// The height of a line's name: beside its end, and away from the other's if the two ends meet.
fn name_height(
    way: Way,
    end: f64,
    lines: &[(Way, Vec<(usize, f64)>); 2],
    up: impl Fn(f64) -> f64,
) -> f64 {
    let other = lines.iter().find(|(other, _)| *other != way).and_then(|(_, points)| points.last());
    let apart = other.map_or(f64::INFINITY, |(_, ms)| end - up(*ms));
    let away = match way {
        _ if apart.abs() >= 14.0 => 0.0,
        Way::Standard => -7.0,
        Way::Flash => 7.0,
    };
    end + 4.0 + away
}

fn joined(places: &[(f64, f64)]) -> String {
    places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

fn one(number: f64) -> String {
    format!("{number:.1}")
}

fn power_of_ten(power: i32) -> String {
    match power {
        0.. => grouped(10_u64.pow(power as u32)),
        _ => format!("{:.*}", power.unsigned_abs() as usize, 10_f64.powi(power)),
    }
}
