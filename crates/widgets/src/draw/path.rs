//! Lines that bend, as the `d` of an SVG path.

use std::fmt;

use maud::Render;

use super::mark::Area;
use super::{Point, coordinate};

/// How far along its way a beam keeps its first direction.
const REACH: f64 = 0.62;

/// A line that is drawn piece by piece.
///
/// ```
/// use widgets::draw::path::Path;
///
/// assert_eq!(Path::new((0.0, 1.5)).line((4.0, 2.0)).closed().to_string(), "M0 1.5L4 2Z");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// A path that begins here.
    pub fn new(from: Point) -> Self {
        Self::default().jump(from)
    }

    /// Straight lines through all these points.
    pub fn through(points: impl IntoIterator<Item = Point>) -> Self {
        points.into_iter().fold(Self::default(), |path, point| match path.0.is_empty() {
            true => path.jump(point),
            false => path.line(point),
        })
    }

    /// Straight lines through all these points, with round corners.
    ///
    /// ```
    /// use widgets::draw::path::Path;
    ///
    /// let path = Path::bent(&[(0.0, 0.0), (20.0, 0.0), (20.0, 30.0)], 4.0);
    /// assert_eq!(path.to_string(), "M0 0L16 0Q20 0 20 4L20 30");
    /// ```
    pub fn bent(points: &[Point], radius: f64) -> Self {
        let mut path = Self::default();
        for (at, point) in points.iter().enumerate() {
            path = match (at.checked_sub(1).map(|before| points[before]), points.get(at + 1)) {
                (None, _) => path.jump(*point),
                (_, None) => path.line(*point),
                (Some(before), Some(after)) => {
                    let near = |other: Point| toward(*point, other, radius);
                    path.line(near(before)).push('Q', &[*point, near(*after)])
                }
            };
        }
        path
    }

    /// Goes on somewhere else, without a line.
    #[must_use]
    pub fn jump(self, to: Point) -> Self {
        self.push('M', &[to])
    }

    /// A straight line.
    #[must_use]
    pub fn line(self, to: Point) -> Self {
        self.push('L', &[to])
    }

    /// A level line, so far to the right.
    #[must_use]
    pub fn across(mut self, by: f64) -> Self {
        self.0.push('h');
        self.0 += &coordinate(by);
        self
    }

    /// A line straight down, so far.
    #[must_use]
    pub fn down(mut self, by: f64) -> Self {
        self.0.push('v');
        self.0 += &coordinate(by);
        self
    }

    /// Goes on somewhere else, so far from the last place, without a line.
    #[must_use]
    pub fn shift(self, by: Point) -> Self {
        self.push('m', &[by])
    }

    /// Whether nothing has been drawn.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A cubic curve: two points that pull, and where it ends.
    #[must_use]
    pub fn curve(self, first: Point, second: Point, to: Point) -> Self {
        self.push('C', &[first, second, to])
    }

    /// Back to where the last piece began.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.0.push('Z');
        self
    }

    fn push(mut self, command: char, points: &[Point]) -> Self {
        self.0.push(command);
        for (at, (x, y)) in points.iter().enumerate() {
            if at > 0 {
                self.0.push(' ');
            }
            self.0 += &coordinate(*x);
            self.0.push(' ');
            self.0 += &coordinate(*y);
        }
        self
    }

    /// From one point down (or up) to another, upright at both ends.
    pub fn falling(from: Point, to: Point) -> Self {
        let reach = (to.1 - from.1) * REACH;
        Self::new(from).curve((from.0, from.1 + reach), (to.0, to.1 - reach), to)
    }

    /// From one point across to another, level at both ends.
    pub fn crossing(from: Point, to: Point) -> Self {
        let reach = (to.0 - from.0) * REACH;
        Self::new(from).curve((from.0 + reach, from.1), (to.0 - reach, to.1), to)
    }

    /// From one point down to another, upright at both ends, by two bends of this radius with a
    /// straight line between them: however far it goes, it bends no more sharply. Where there is
    /// too little height for such bends, they are smaller.
    pub fn swerving_down(from: Point, to: Point, radius: f64) -> Self {
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let way = Swerve::new(x.abs(), y, radius);
        let side = |(across, along): Point| (across * x.signum(), along);
        way.drawn(from, side, |(across, along)| (to.0 - across * x.signum(), to.1 - along))
    }

    /// From one point right to another, level at both ends, as [`Path::swerving_down`].
    pub fn swerving_right(from: Point, to: Point, radius: f64) -> Self {
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let way = Swerve::new(y.abs(), x, radius);
        let side = |(across, along): Point| (along, across * y.signum());
        way.drawn(from, side, |(across, along)| (to.0 - along, to.1 - across * y.signum()))
    }

    /// A band between two edges that both go down: `from` and `to` are left and right, and how far
    /// down each is.
    pub fn ribbon_down(from: ([f64; 2], f64), to: ([f64; 2], f64)) -> Self {
        let ([left, right], top) = from;
        let ([end_left, end_right], bottom) = to;
        let reach = (bottom - top) * 0.5;
        Self::new((left, top))
            .curve((left, top + reach), (end_left, bottom - reach), (end_left, bottom))
            .line((end_right, bottom))
            .curve((end_right, bottom - reach), (right, top + reach), (right, top))
            .closed()
    }

    /// A band between two edges that both go right: `from` and `to` are top and bottom, and how
    /// far right each is.
    pub fn ribbon_right(from: ([f64; 2], f64), to: ([f64; 2], f64)) -> Self {
        let ([top, bottom], left) = from;
        let ([end_top, end_bottom], right) = to;
        let reach = (right - left) * 0.5;
        Self::new((left, top))
            .curve((left + reach, top), (right - reach, end_top), (right, end_top))
            .line((right, end_bottom))
            .curve((right - reach, end_bottom), (left + reach, bottom), (left, bottom))
            .closed()
    }

    /// A straight arrow, whose head has sides of about `head`.
    pub fn arrow(from: Point, to: Point, head: f64) -> Self {
        Self::new(from).line(to).head(from, to, head)
    }

    /// The open head of an arrow that comes from `from` and ends at `to`.
    #[must_use]
    pub fn head(self, from: Point, to: Point, head: f64) -> Self {
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let length = x.hypot(y);
        if length == 0.0 {
            return self;
        }
        let (x, y) = (x / length * head, y / length * head);
        let side = |turn: f64| (to.0 - x * 0.85 - turn * y * 0.5, to.1 - y * 0.85 + turn * x * 0.5);
        self.jump(side(1.0)).line(to).line(side(-1.0))
    }

    /// Slanting lines over a box, `gap` apart: what is out of reach. No pattern, and so no id.
    pub fn hatching(area: Area, gap: f64) -> Self {
        let Area { x, y, width, height } = area;
        let mut path = Self::default();
        let mut sum = gap;
        while sum < width + height {
            let (left, right) = ((sum - height).max(0.0), sum.min(width));
            path = path.jump((x + left, y + sum - left)).line((x + right, y + sum - right));
            sum += gap;
        }
        path
    }

    /// The outline of a box, as a path that can bend into another one.
    pub fn outline(area: Area) -> Self {
        let (right, bottom) = (area.right(), area.bottom());
        Self::through([(area.x, area.y), (right, area.y), (right, bottom), (area.x, bottom)])
            .closed()
    }
}

/// The place that lies `by` from one point on the way to another, and at most half of that way.
fn toward(from: Point, to: Point, by: f64) -> Point {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let length = x.hypot(y);
    let share = if length > 0.0 { (by / length).min(0.5) } else { 0.0 };
    (from.0 + x * share, from.1 + y * share)
}

/// One bend of a way that goes `along`, moves `across`, and goes along again: a part of a circle,
/// as a curve that begins at zero. The other bend is the same, turned around.
struct Swerve {
    first: Point,
    second: Point,
    end: Point,
}

impl Swerve {
    fn new(across: f64, along: f64, radius: f64) -> Self {
        let radius = radius.min(along / 2.0).max(0.0);
        // The line touches both circles, whose middles are so far apart.
        let (x, y) = (across - 2.0 * radius, along);
        let apart = x.hypot(y).max(1e-9);
        let line = (apart * apart - 4.0 * radius * radius).max(0.0).sqrt();
        let turn = (2.0 * radius).atan2(line) + x.atan2(y);
        let turn = turn.max(0.0);
        // How far a cubic curve is pulled to follow a circle.
        let pull = 4.0 / 3.0 * (turn / 4.0).tan() * radius;
        let end = (radius * (1.0 - turn.cos()), radius * turn.sin());
        Self {
            first: (0.0, pull),
            second: (end.0 - pull * turn.sin(), end.1 - pull * turn.cos()),
            end,
        }
    }

    /// The way from `from`: `out` turns a place so far from its beginning into a step, and `back`
    /// gives the place that lies so far before its end.
    fn drawn(
        &self,
        from: Point,
        out: impl Fn(Point) -> Point,
        back: impl Fn(Point) -> Point,
    ) -> Path {
        let place = |at: Point| {
            let (x, y) = out(at);
            (from.0 + x, from.1 + y)
        };
        Path::new(from)
            .curve(place(self.first), place(self.second), place(self.end))
            .line(back(self.end))
            .curve(back(self.second), back(self.first), back((0.0, 0.0)))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Render for Path {
    fn render_to(&self, buffer: &mut String) {
        *buffer += &self.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beam_is_upright_at_both_ends() {
        let beam = Path::falling((10.0, 0.0), (50.0, 100.0)).to_string();
        assert_eq!(beam, "M10 0C10 62 50 38 50 100");
        let beam = Path::crossing((0.0, 10.0), (100.0, 50.0)).to_string();
        assert_eq!(beam, "M0 10C62 10 38 50 100 50");
    }

    #[test]
    fn a_way_that_swerves_is_upright_at_both_ends_and_bends_evenly() {
        let numbers = |path: Path| -> Vec<f64> {
            let text = path.to_string();
            let parts = text.split(['M', 'C', 'L', ' ']).filter(|part| !part.is_empty());
            parts.map(|part| part.parse().unwrap()).collect()
        };
        for across in [-400.0, -80.0, -3.0, 0.0, 3.0, 90.0, 700.0] {
            let path = numbers(Path::swerving_down((500.0, 10.0), (500.0 + across, 130.0), 40.0));
            let [x, y, pull, _, .., last_pull, _, end_x, end_y] = path[..] else {
                panic!("{path:?}")
            };
            assert_eq!((x, y, pull), (500.0, 10.0, 500.0));
            assert_eq!((end_x, end_y, last_pull), (500.0 + across, 130.0, 500.0 + across));
            // Where the line begins, the curve has its direction.
            let [from, begins, ends] = [4, 6, 8].map(|at| (path[at], path[at + 1]));
            let turn = (begins.0 - from.0) * (ends.1 - begins.1)
                - (begins.1 - from.1) * (ends.0 - begins.0);
            assert!(turn.abs() < 6.0, "{turn}: {path:?}");
        }
        let level = numbers(Path::swerving_right((0.0, 0.0), (100.0, -50.0), 30.0));
        assert_eq!((level[3], level[level.len() - 2]), (0.0, 100.0));
        assert_eq!(level[level.len() - 1], -50.0);
    }

    #[test]
    fn hatching_stays_in_its_box() {
        let area = Area::new(10.0, 20.0, 30.0, 40.0);
        let path = Path::hatching(area, 7.0).to_string();
        let numbers: Vec<f64> = path
            .split(['M', 'L', ' '])
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().unwrap())
            .collect();
        assert_eq!(numbers.len() % 4, 0);
        for point in numbers.chunks(2) {
            assert!((10.0..=40.0).contains(&point[0]), "{path}");
            assert!((20.0..=60.0).contains(&point[1]), "{path}");
        }
    }

    #[test]
    fn an_arrow_to_where_it_starts_has_no_head() {
        assert_eq!(Path::arrow((1.0, 1.0), (1.0, 1.0), 6.0).to_string(), "M1 1L1 1");
        let arrow = Path::arrow((0.0, 0.0), (10.0, 0.0), 4.0).to_string();
        assert_eq!(arrow, "M0 0L10 0M6.6 2L10 0L6.6 -2");
    }
}
