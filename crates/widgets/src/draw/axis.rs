//! A scale drawn: a line, its ticks and their numbers.

use maud::{Markup, html};

use super::mark::{line, text};
use super::scale::Scale;

/// The ticks of a horizontal axis at `y`, with a number below each.
pub fn below(scale: &Scale, y: f64, ticks: &[f64], number: impl Fn(f64) -> String) -> Markup {
    html! {
        @for tick in ticks {
            @let x = scale.place(*tick);
            (line((x, y), (x, y + 5.0), "line-edge"))
            (text((x, y + 18.0), &number(*tick), "mid small muted"))
        }
    }
}

/// The ticks of a vertical axis at `x`, with a number left of each.
pub fn beside(scale: &Scale, x: f64, ticks: &[f64], number: impl Fn(f64) -> String) -> Markup {
    html! {
        @for tick in ticks {
            @let y = scale.place(*tick);
            (line((x - 5.0, y), (x, y), "line-edge"))
            (text((x - 8.0, y + 4.0), &number(*tick), "end small muted"))
        }
    }
}

/// Faint lines across a plot, one a tick of its vertical scale.
pub fn rules(scale: &Scale, [left, right]: [f64; 2], ticks: &[f64]) -> Markup {
    html! {
        @for tick in ticks {
            @let y = scale.place(*tick);
            (line((left, y), (right, y), "line-hair"))
        }
    }
}
