//! The picture: how far scores spread at each dimension, what the softmax makes of one row, and
//! how it answers.

use maud::{Markup, html};

use super::{Draw, KEYS, Line, Row, Side};
use crate::draw::mark::{Area, circle, gliding, line, moved, path, rect, stroke, text};
use crate::draw::path::Path;
use crate::draw::picture::svg;
use crate::draw::role::heat_fill;
use crate::draw::{NARROW, Point, WIDE, axis, scale::Scale};
use crate::show::share;

/// The scores that the bells have room for, above and below zero.
const FAR: f64 = 66.0;

/// How many points an outline of a bell has.
const POINTS: i32 = 24;

/// What the picture shows.
pub(super) struct Bells<'a> {
    /// All dimensions of one draw.
    pub draw: &'a Draw,
    /// The place of the chosen dimension.
    pub power: usize,
}

/// Where the parts lie.
#[derive(Debug, Clone, Copy)]
struct Places {
    size: Point,
    /// The bells: one pair for each dimension.
    bells: Area,
    /// The weights of one row without the scale, and with it.
    weights: [Area; 2],
    /// The slope of a weight over the weight.
    slope: Area,
}

const WIDE_PLACES: Places = Places {
    size: (WIDE, 372.0),
    bells: Area { x: 34.0, y: 30.0, width: 430.0, height: 310.0 },
    weights: [
        Area { x: 500.0, y: 44.0, width: 330.0, height: 62.0 },
        Area { x: 500.0, y: 134.0, width: 330.0, height: 62.0 },
    ],
    slope: Area { x: 540.0, y: 238.0, width: 272.0, height: 100.0 },
};

const NARROW_PLACES: Places = Places {
    size: (NARROW, 426.0),
    bells: Area { x: 36.0, y: 30.0, width: 308.0, height: 160.0 },
    weights: [
        Area { x: 0.0, y: 250.0, width: 164.0, height: 38.0 },
        Area { x: 180.0, y: 250.0, width: 164.0, height: 38.0 },
    ],
    slope: Area { x: 34.0, y: 326.0, width: 292.0, height: 70.0 },
};

impl Places {
    fn column(&self) -> f64 {
        self.bells.width / 10.0
    }

    fn middle(&self, power: usize) -> f64 {
        self.bells.x + (power as f64 + 0.5) * self.column()
    }

    fn scores(&self) -> Scale {
        Scale::linear([-FAR, FAR], [self.bells.bottom(), self.bells.y])
    }
}

/// The dimension, as a power of two, that is nearest to a place in the picture.
pub(super) fn power_at((x, _): Point, narrow: bool) -> u32 {
    let places = if narrow { NARROW_PLACES } else { WIDE_PLACES };
    ((x - places.bells.x) / places.column()).floor().clamp(0.0, 9.0) as u32
}

impl Bells<'_> {
    fn row(&self) -> &Row {
        &self.draw.rows[self.power]
    }

    fn line(&self) -> &Line {
        &self.draw.lines[self.power]
    }

    /// The picture where there is room.
    pub(super) fn wide(&self) -> Markup {
        self.picture(&WIDE_PLACES)
    }

    /// The picture on a phone.
    pub(super) fn narrow(&self) -> Markup {
        self.picture(&NARROW_PLACES)
    }

    fn described(&self) -> String {
        let Line { head_dim, spread, .. } = self.line();
        let [raw, scaled] = [&self.row().raw, &self.row().scaled].map(|side| side.largest().1);
        format!(
            "At dimension {head_dim} the scores spread by {spread:.1} without the scale, and by \
             {:.1} with it. The largest weight of a row is {} without, and {} with.",
            spread / (*head_dim as f32).sqrt(),
            share(raw),
            share(scaled)
        )
    }

    fn picture(&self, places: &Places) -> Markup {
        let [raw, scaled] = [&self.row().raw, &self.row().scaled];
        let marks = html! {
            (text((0.0, 12.0), "How far scores spread", "strong"))
            (self.bells(places))
            (self.weights(raw, places.weights[0], "without"))
            (self.weights(scaled, places.weights[1], if places.size.0 > NARROW { "with the scale" } else { "with" }))
            (self.slope(places))
            @let Area { x, y, width, height } = places.bells;
            rect class="hit" x=(x) y=(y) width=(width) height=(height) data-drag="pull" data-value="" {}
        };
        svg(places.size, "img", &self.described(), marks)
    }

    /// A pair of half bells for each dimension: left as the scores are, right with the scale.
    fn bells(&self, places: &Places) -> Markup {
        let scores = places.scores();
        let (left, right, bottom) = (places.bells.x, places.bells.right(), places.bells.bottom());
        let wide = places.column() * 0.44;
        let chosen = Area::new(left, places.bells.y, places.column(), places.bells.height);
        html! {
            (moved((self.power as f64 * places.column(), 0.0), "move", rect(chosen, "fill-lit")))
            (axis::rules(&scores, [left, right], &[-50.0, 0.0, 50.0]))
            (axis::beside(&scores, left, &[-50.0, 0.0, 50.0], |score| if score < 0.0 { "−50".into() } else { format!("{score:.0}") }))
            @for (power, Line { head_dim, spread, .. }) in self.draw.lines.iter().enumerate() {
                @let x = places.middle(power);
                @let scaled = spread / (*head_dim as f32).sqrt();
                (path(&bell(&scores, x, -wide, f64::from(*spread)), "fill-hair line-edge part"))
                (path(&bell(&scores, x, wide, f64::from(scaled)), "fill-accent line-accent part"))
                (text((x, bottom + 16.0), &head_dim.to_string(), if power == self.power { "mid small strong" } else { "mid small muted" }))
            }
            (text((right, bottom + 29.0), "numbers in a query and a key", "end small muted"))
            (text((left + 8.0, places.bells.y + 14.0), "left: q·k as it is", "small muted halo"))
            (text((left + 8.0, places.bells.y + 30.0), "right: divided by √d", "small ink-accent halo"))
        }
    }

    /// The weights of one row, a bar for each key.
    fn weights(&self, side: &Side, area: Area, name: &str) -> Markup {
        let pitch = area.width / KEYS as f64;
        let (key, largest) = side.largest();
        let words = format!("{name}: {} on one key", share(largest));
        html! {
            (text((area.x, area.y - 8.0), &words, "small strong"))
            @for (at, weight) in side.weights.iter().enumerate() {
                @let high = (area.height * f64::from(*weight)).max(0.5);
                @let bar = Area::new(area.x + at as f64 * pitch + 1.5, area.bottom() - high, pitch - 3.0, high);
                (path(&Path::outline(bar), &format!("{} {} move", heat_fill(*weight), if at == key { "line-ink part" } else { "line-edge" })))
            }
            (line((area.x, area.bottom()), (area.right(), area.bottom()), "line-edge part"))
        }
    }

    /// The slope of a weight over the weight, and where the largest weight of the row stands
    /// without the scale and with it.
    fn slope(&self, places: &Places) -> Markup {
        let area = places.slope;
        let weights = Scale::linear([0.0, 1.0], [area.x, area.right()]);
        let slopes = Scale::linear([0.0, 0.25], [area.bottom(), area.y]);
        let at = |weight: f64| (weights.place(weight), slopes.place(weight * (1.0 - weight)));
        let curve = Path::through((0..=40).map(|step| at(f64::from(step) / 40.0)));
        let row = self.row();
        let [raw, scaled] = [&row.raw, &row.scaled].map(|side| f64::from(side.largest().1));
        let (without, with) = (at(raw), at(scaled));
        let side = |x: f64| if x > area.middle().0 { -9.0 } else { 9.0 };
        let anchor = |x: f64| {
            if x > area.middle().0 { "small strong end halo" } else { "small strong halo" }
        };
        html! {
            (text((area.x - 34.0, area.y - 14.0), "How that weight answers: its slope p(1 − p)", "strong"))
            (axis::beside(&slopes, area.x, &[0.0, 0.25], |tick| if tick == 0.0 { "0".into() } else { share(tick as f32) }))
            (axis::below(&weights, area.bottom(), &[0.0, 0.5, 1.0], |tick| if tick == 0.0 { "0".into() } else { share(tick as f32) }))
            (line((area.x, area.bottom()), (area.right(), area.bottom()), "line-edge part"))
            (stroke(&curve, 2.0, "line-ink round"))
            (path(&Path::new((without.0, area.bottom())).line(without), "line-edge part dashed move"))
            (path(&Path::new((with.0, area.bottom())).line(with), "line-accent part dashed move"))
            (circle(without, 5.5, "fill-edge line-panel part move"))
            (circle(with, 5.5, "fill-accent line-panel part move"))
            (gliding((without.0 + side(without.0), area.bottom() - 8.0), "without", anchor(without.0)))
            (gliding((with.0 + side(with.0), area.middle().1 + 6.0), "with", anchor(with.0)))
        }
    }
}

/// A half of a bell, upright: as wide as `wide` at zero, to the left if that is negative.
fn bell(scores: &Scale, x: f64, wide: f64, spread: f64) -> Path {
    let far = (3.0 * spread).min(FAR);
    let points = (-POINTS..=POINTS).map(|step| {
        let score = far * f64::from(step) / f64::from(POINTS);
        let high = (-0.5 * (score / spread.max(1e-6)).powi(2)).exp();
        (x + wide * high, scores.place(score))
    });
    let ends = [(x, scores.place(far))];
    Path::through([(x, scores.place(-far))].into_iter().chain(points).chain(ends)).closed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_either_picture_is_a_dimension() {
        for (places, narrow) in [(WIDE_PLACES, false), (NARROW_PLACES, true)] {
            for power in 0..10 {
                assert_eq!(power_at((places.middle(power), 80.0), narrow), power as u32);
            }
            assert_eq!(power_at((9e9, 0.0), narrow), 9);
        }
    }
}
