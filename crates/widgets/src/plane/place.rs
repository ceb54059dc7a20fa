//! Where the parts of the picture lie, and from two numbers to a place and back.

use super::Kind;
use crate::draw::Point;
use crate::draw::mark::{Area, path, rect};
use crate::draw::path::Path;
use maud::{Markup, html};

/// The least and the largest numbers of a query or a key: they are in both layouts.
pub(super) const REACH_QUERY_KEY: [[f32; 2]; 2] = [[-1.15, -0.95], [2.65, 2.6]];

/// The least and the largest numbers of a value.
pub(super) const REACH_VALUE: [[f32; 2]; 2] = [[0.15, -0.85], [2.05, 1.4]];

/// A part of the picture in which two numbers are a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    /// Where it lies.
    pub area: Area,
    /// How long one is.
    unit: f64,
    /// The numbers in its middle.
    middle: [f64; 2],
}

impl Plane {
    /// The plane of queries and keys, or that of values, in one of the layouts.
    pub(super) fn of(kind: Kind, narrow: bool) -> Self {
        let plane = |x, y, width, height, unit, middle| Self {
            area: Area { x, y, width, height },
            unit,
            middle,
        };
        match (kind == Kind::Value, narrow) {
            (false, false) => plane(1.0, 40.0, 340.0, 322.0, 83.0, [0.76, 0.84]),
            (true, false) => plane(572.0, 40.0, 257.0, 322.0, 124.0, [1.1, 0.24]),
            (false, true) => plane(1.0, 20.0, 344.0, 264.0, 70.0, [0.76, 0.8]),
            (true, true) => plane(172.0, 312.0, 173.0, 176.0, 72.0, [1.1, 0.3]),
        }
    }

    /// Where two numbers are.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> Point {
        let (middle_x, middle_y) = self.area.middle();
        (middle_x + (x - self.middle[0]) * self.unit, middle_y - (y - self.middle[1]) * self.unit)
    }

    /// Where a vector of the toy ends.
    pub(super) fn point(&self, numbers: [f32; 2]) -> Point {
        self.place(numbers.map(f64::from))
    }

    /// The two numbers of a place.
    pub(super) fn numbers(&self, (x, y): Point) -> [f32; 2] {
        let (middle_x, middle_y) = self.area.middle();
        [
            ((x - middle_x) / self.unit + self.middle[0]) as f32,
            ((middle_y - y) / self.unit + self.middle[1]) as f32,
        ]
    }

    /// Paper with a line at each whole number, and stronger ones at zero.
    pub(super) fn paper(&self) -> Markup {
        let Area { x, y, .. } = self.area;
        let (right, bottom) = (self.area.right(), self.area.bottom());
        let (mut grid, mut zero) = (Path::default(), Path::default());
        for number in -9..=9 {
            let (at_x, at_y) = self.place([f64::from(number); 2]);
            let lines = if number == 0 { &mut zero } else { &mut grid };
            if x < at_x && at_x < right {
                *lines = std::mem::take(lines).jump((at_x, y)).line((at_x, bottom));
            }
            if y < at_y && at_y < bottom {
                *lines = std::mem::take(lines).jump((x, at_y)).line((right, at_y));
            }
        }
        html! {
            (rect(self.area, "fill-bg line-edge"))
            (path(&grid, "line-hair"))
            (path(&zero, "line-edge thin"))
        }
    }

    /// The part of the plane that lies on the far side of the origin: where `direction` is
    /// answered with a score below zero.
    pub(super) fn behind(&self, direction: [f64; 2]) -> Vec<Point> {
        let origin = self.place([0.0; 2]);
        // Down is up in the picture.
        let depth = |(x, y): Point| (x - origin.0) * direction[0] - (y - origin.1) * direction[1];
        let Area { x, y, .. } = self.area;
        let (right, bottom) = (self.area.right(), self.area.bottom());
        let corners = [(x, y), (right, y), (right, bottom), (x, bottom)];
        let mut inside = Vec::new();
        for (at, from) in corners.iter().enumerate() {
            let to = corners[(at + 1) % corners.len()];
            let (here, there) = (depth(*from), depth(to));
            if here < 0.0 {
                inside.push(*from);
            }
            if (here < 0.0) != (there < 0.0) {
                let part = here / (here - there);
                inside.push((from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part));
            }
        }
        inside
    }

    /// The two ends of the line through the origin in a direction, at the edges of the plane.
    pub(super) fn through(&self, [x, y]: [f64; 2]) -> Option<(Point, Point)> {
        let (from_x, from_y) = self.place([0.0; 2]);
        let Area { x: left, y: top, .. } = self.area;
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
        let sides = [(x, left, self.area.right(), from_x), (-y, top, self.area.bottom(), from_y)];
        for (along, low, high, from) in sides {
            if along.abs() > 1e-9 {
                let (one, other) = ((low - from) / along, (high - from) / along);
                least = least.max(one.min(other));
                most = most.min(one.max(other));
            }
        }
        let at = |far: f64| (from_x + x * far, from_y - y * far);
        (least < most && least.is_finite() && most.is_finite()).then(|| (at(least), at(most)))
    }
}

/// Small boxes along a line, which labels keep off.
pub(super) fn along(from: Point, to: Point) -> impl Iterator<Item = Area> {
    let steps = ((to.0 - from.0).hypot(to.1 - from.1) / 9.0).ceil().max(1.0);
    (0..=steps as usize).map(move |step| {
        let part = step as f64 / steps;
        let (x, y) = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
        Area::new(x - 2.0, y - 2.0, 4.0, 4.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_leads_back_to_its_numbers_and_all_numbers_are_in_both_layouts() {
        for (kind, [least, most]) in [(Kind::Key, REACH_QUERY_KEY), (Kind::Value, REACH_VALUE)] {
            for narrow in [false, true] {
                let plane = Plane::of(kind, narrow);
                for corner in [least, most] {
                    let (x, y) = plane.point(corner);
                    assert!(plane.area.x + 5.0 < x && x < plane.area.right() - 5.0, "{corner:?}");
                    assert!(plane.area.y + 5.0 < y && y < plane.area.bottom() - 5.0, "{corner:?}");
                    let [back_x, back_y] = plane.numbers((x, y));
                    assert!((back_x - corner[0]).abs() < 1e-5 && (back_y - corner[1]).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn behind_is_a_part_of_the_plane_and_nothing_in_front_is_in_it() {
        let plane = Plane::of(Kind::Key, false);
        let (x, y) = plane.place([0.0; 2]);
        for direction in [[1.0, 0.0], [0.0, 1.0], [-0.6, 0.8], [-1.0, -1.0]] {
            let behind = plane.behind(direction);
            assert!((3..=5).contains(&behind.len()), "{behind:?}");
            for (at_x, at_y) in behind {
                assert!((at_x - x) * direction[0] - (at_y - y) * direction[1] < 1e-6);
            }
            let (from, to) = plane.through(direction).unwrap();
            assert!((from.0 - to.0).hypot(from.1 - to.1) > 100.0);
        }
    }
}
