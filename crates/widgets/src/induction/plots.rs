//! The curves of a training with a cursor on them, and the maps of two heads.

use induction::message::Point;
use induction::{DRAWN, LETTERS, STEPS};
use maud::{Markup, html};

use super::SEQ;
use super::view::best;
use crate::draw::coordinate;
use crate::draw::mark::{Area, circle, line, path, rounded, text};
use crate::draw::path::Path;
use crate::draw::role::heat;
use crate::draw::scale::Scale;

/// What the loss axis goes up to, in nats.
const HIGHEST: f64 = 4.0;

/// Where the curves are: two plots, one above the other.
pub(super) struct Plan {
    left: f64,
    width: f64,
    /// Where the loss begins and how tall it is, and the same of the scores.
    loss: (f64, f64),
    scores: (f64, f64),
    narrow: bool,
}

impl Plan {
    pub(super) fn wide(top: f64) -> Self {
        let (loss, scores) = ((top, 62.0), (top + 86.0, 76.0));
        Self { left: 34.0, width: 346.0, loss, scores, narrow: false }
    }

    pub(super) fn narrow(top: f64) -> Self {
        let (loss, scores) = ((top, 38.0), (top + 58.0, 44.0));
        Self { left: 28.0, width: 304.0, loss, scores, narrow: true }
    }

    pub(super) fn bottom(&self) -> f64 {
        self.scores.0 + self.scores.1 + 20.0
    }

    fn steps(&self) -> Scale {
        Scale::linear([0.0, f64::from(STEPS)], [self.left, self.left + self.width])
    }

    /// The step at a place.
    pub(super) fn step(&self, x: f64) -> f64 {
        self.steps().number(x)
    }
}

/// The loss and the scores of two heads over the steps, with a cursor at one point.
pub(super) fn curves(plan: &Plan, points: &[Point], at: usize) -> Markup {
    let across = plan.steps();
    let up = |(top, height): (f64, f64), most: f64| Scale::linear([0.0, most], [top + height, top]);
    let (loss, scores) = (up(plan.loss, HIGHEST), up(plan.scores, 1.0));
    let right = plan.left + plan.width;
    let x = |point: &Point| across.place(f64::from(point.step));
    let curve = |scale: &Scale, of: &dyn Fn(&Point) -> f32| {
        let places = points.iter().map(|point| (x(point), scale.place(sane(of(point)))));
        Path::through(places)
    };
    let previous = |point: &Point| best(&point.previous, 0).1;
    let matching = |point: &Point| best(&point.induction, 1).1;
    let now = points.get(at);
    let cursor = now.map_or(plan.left, x);
    let flips = cursor > plan.left + plan.width * 0.66;
    let guess = loss.place((LETTERS as f64).ln());
    let bottom = plan.scores.0 + plan.scores.1;
    let dots = |point: &Point| {
        [
            (loss.place(sane(point.loss)), "fill-ink"),
            (scores.place(sane(previous(point))), "fill-key"),
            (scores.place(sane(matching(point))), "fill-value"),
        ]
    };
    html! {
        @for (scale, ticks) in [(&loss, [0.0, 2.0, 4.0]), (&scores, [0.0, 0.5, 1.0])] {
            @for tick in ticks {
                @let y = scale.place(tick);
                (line((plan.left, y), (right, y), if tick == 0.0 { "line-edge" } else { "line-hair" }))
                (text((plan.left - 6.0, y + 4.0), &coordinate(tick), "end small muted"))
            }
        }
        (line((plan.left, guess), (right, guess), "line-edge dotted"))
        (text((if flips { plan.left + plan.width * 0.62 } else { right }, guess - 5.0), "a blind guess", "end least muted halo"))
        @if !points.is_empty() {
            (path(&curve(&loss, &|point| point.loss), "line-ink lit round"))
            (path(&curve(&scores, &previous), "line-key lit dashed"))
            (path(&curve(&scores, &matching), "line-value bold round"))
        }
        @for tick in [0, 100, 200, 300] {
            (text((across.place(f64::from(tick)), bottom + 16.0), &tick.to_string(), "mid small muted"))
        }
        (text((plan.left + 4.0, plan.loss.0 - 8.0), "loss, in nats", "small strong halo"))
        (text((plan.left + 4.0, plan.scores.0 - 8.0), "one back (layer 0)", "small strong ink-key halo"))
        (text((plan.left + if plan.narrow { 140.0 } else { 150.0 }, plan.scores.0 - 8.0), "induction (layer 1)", "small strong ink-value halo"))
        @if let Some(point) = now {
            (line((cursor, plan.loss.0 - 3.0), (cursor, bottom + 3.0), "line-ink part move"))
            @for (y, fill) in dots(point) { (circle((cursor, y), 4.0, &format!("{fill} line-bg part move"))) }
            @let (beside, end) = if flips { (-7.0, " end") } else { (7.0, "") };
            (text((cursor + beside, plan.loss.0 + 8.0), &format!("step {}", point.step), &format!("small strong halo{end}")))
        }
        rect x=(coordinate(plan.left)) y=(coordinate(plan.loss.0)) width=(coordinate(plan.width))
            height=(coordinate(bottom - plan.loss.0)) class="hit" data-drag="curves" data-value="" {}
    }
}

/// What a training that went wrong may measure is drawn at the edge.
fn sane(number: f32) -> f64 {
    if number.is_finite() { f64::from(number) } else { HIGHEST }
}

/// The map of one head on a word that is said twice: what it should find is outlined, and the one
/// cell that the circuit uses is framed.
pub(super) struct Map<'a> {
    pub layer: usize,
    pub head: usize,
    /// The weights in hundredths, row by row.
    pub weights: Option<&'a [u8]>,
    /// Its corner, and the size of a cell.
    pub at: (f64, f64),
    pub cell: f64,
}

impl Map<'_> {
    pub(super) fn draw(&self) -> Markup {
        let Map { layer, head, at: (x, y), cell, .. } = *self;
        let side = SEQ as f64 * cell;
        let corner = |row: usize, column: usize| (x + column as f64 * cell, y + row as f64 * cell);
        let outline = |row: usize, column: usize| {
            let (left, top) = corner(row, column);
            Path::outline(Area::new(left - 0.5, top - 0.5, cell + 0.5, cell + 0.5)).to_string()
        };
        let mut levels = vec![Path::default(); 21];
        for (row, column, weight) in self.cells() {
            let (left, top) = corner(row, column);
            let level = &mut levels[usize::from(heat(f32::from(weight) / 100.0)) / 5];
            let (right, bottom) = (left + cell - 0.5, top + cell - 0.5);
            *level = std::mem::take(level)
                .jump((left, top))
                .line((right, top))
                .line((right, bottom))
                .line((left, bottom))
                .closed();
        }
        let stripe: String = match layer {
            0 => (1..DRAWN).map(|row| outline(row, row - 1)).collect(),
            _ => (DRAWN..SEQ).map(|row| outline(row, row + 1 - DRAWN)).collect(),
        };
        let (framed, frame) =
            if layer == 0 { ((1, 0), "line-key bold") } else { ((DRAWN, 1), "line-value bold") };
        let (left, top) = corner(framed.0, framed.1);
        let half = DRAWN as f64 * cell;
        let says = if layer == 0 {
            ["looks one back", "in the first saying"]
        } else {
            ["finds what came", "after it before"]
        };
        html! {
            g role="img" aria-label=(format!("Layer {layer}, head {head}: a row for each letter that looks, on a word said twice")) {
                (path(&Path::new((x, y)).line((x, y + side)).line((x + side, y + side)).closed(), "fill-bg line-hair"))
                (path(&Path::new((x, y + half)).line((x + half, y + half)).line((x + half, y + side)), "line-edge dotted"))
                @for (level, cells) in levels.iter().enumerate() { path d=(cells) class=(format!("heat-{}", level * 5)) {} }
                path d=(stripe) class="line-ink thin" {}
                (rounded(Area::new(left - 2.0, top - 2.0, cell + 3.5, cell + 3.5), 1.5, frame))
                (text((x + side, y + 10.0), &format!("Layer {layer}, head {head}"), "small strong end"))
                (text((x + side, y + 26.0), says[0], "small muted end"))
                (text((x + side, y + 41.0), says[1], "small muted end"))
            }
        }
    }

    /// Row, column and weight of what has a weight.
    fn cells(&self) -> impl Iterator<Item = (usize, usize, u8)> {
        let places = (0..SEQ).flat_map(|row| (0..=row).map(move |column| (row, column)));
        let weights = self.weights.unwrap_or_default().iter().copied();
        places
            .zip(weights)
            .filter(|(_, weight)| *weight > 2)
            .map(|((row, column), weight)| (row, column, weight))
    }
}
