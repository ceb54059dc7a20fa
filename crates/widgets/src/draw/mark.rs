//! Single marks. A class says what a mark looks like: see `theme/pictures.css`.

use maud::{Markup, html};

use super::path::Path;
use super::{Point, coordinate};

/// A box: the corner at the upper left, then width and height. None is below zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// The left edge.
    pub x: f64,
    /// The upper edge.
    pub y: f64,
    /// From left to right.
    pub width: f64,
    /// From top to bottom.
    pub height: f64,
}

impl Area {
    /// A box from its corner and its size.
    pub fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { x, y, width: width.max(0.0), height: height.max(0.0) }
    }

    /// The right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// The lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// The middle.
    pub fn middle(&self) -> Point {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// The box that is larger by `by` on each side.
    pub fn grown(&self, by: f64) -> Self {
        Self::new(self.x - by, self.y - by, self.width + 2.0 * by, self.height + 2.0 * by)
    }

    /// Whether two boxes share more than an edge.
    pub fn meets(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// A rectangle.
pub fn rect(area: Area, class: &str) -> Markup {
    rounded(area, 0.0, class)
}

/// A rectangle with round corners.
pub fn rounded(area: Area, radius: f64, class: &str) -> Markup {
    html! {
        rect x=(coordinate(area.x)) y=(coordinate(area.y)) width=(coordinate(area.width))
            height=(coordinate(area.height)) rx=[(radius > 0.0).then(|| coordinate(radius))]
            class=(class) {}
    }
}

/// A circle.
pub fn circle((x, y): Point, radius: f64, class: &str) -> Markup {
    html! { circle cx=(coordinate(x)) cy=(coordinate(y)) r=(coordinate(radius.max(0.0))) class=(class) {} }
}

/// A path.
pub fn path(path: &Path, class: &str) -> Markup {
    html! { path d=(path) class=(class) {} }
}

/// A path of this width. Where its class is `move`, the width can move as the path can.
pub fn stroke(path: &Path, width: f64, class: &str) -> Markup {
    html! { path d=(path) stroke-width=(coordinate(width.max(0.0))) class=(class) {} }
}

/// A straight line.
pub fn line(from: Point, to: Point, class: &str) -> Markup {
    path(&Path::new(from).line(to), class)
}

/// A text on its base line. It starts there, unless its class is `mid` or `end`.
pub fn text((x, y): Point, text: &str, class: &str) -> Markup {
    html! { text x=(coordinate(x)) y=(coordinate(y)) class=[named(class)] { (text) } }
}

/// A text that glides to a new place: its place is a transform, which can move.
pub fn gliding((x, y): Point, text: &str, class: &str) -> Markup {
    let place = format!("translate({} {})", coordinate(x), coordinate(y));
    html! { text transform=(place) class={ (class) " move" } { (text) } }
}

/// Marks that belong together, in a place of their own.
pub fn moved((x, y): Point, class: &str, marks: Markup) -> Markup {
    let place = format!("translate({} {})", coordinate(x), coordinate(y));
    html! { g transform=(place) class=[named(class)] { (marks) } }
}

fn named(class: &str) -> Option<&str> {
    (!class.is_empty()).then_some(class)
}
