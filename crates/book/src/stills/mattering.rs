//! All heads of SmolLM2: how high their scores are, and how much each is missed.

use anyhow::Result;
use maud::{Markup, html};
use widgets::draw::axis;
use widgets::draw::label::{Label, place};
use widgets::draw::mark::{Area, circle, line, path, stroke, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, Point, WIDE};
use widgets::show::{share, signed};

use super::frame::{Still, table};
use crate::every_head::{Ablated, EveryHead, MISSED};

/// From this score on a head has its name in the picture, missed or not.
const HIGH: f64 = 0.7;

/// From this rise on a head has its name in the picture.
const NAMED: f64 = 1.0;

/// A head, its score, and its rise in the draws and in the story.
struct Head<'a> {
    of: &'a Ablated,
    rise: f64,
    story: f64,
}

impl Head<'_> {
    fn is_missed(&self) -> bool {
        self.rise >= MISSED
    }

    fn is_named(&self) -> bool {
        self.rise >= NAMED || self.of.score() >= HIGH
    }

    /// Whether it has a mark of its own, with the shape of its higher score.
    fn is_marked(&self) -> bool {
        self.is_missed() || self.is_named()
    }

    /// Whether the table has it: all others lie together near zero.
    fn is_told(&self) -> bool {
        self.rise.abs() >= 0.1 || self.story.abs() >= 0.1 || self.of.score() >= 0.5
    }
}

/// The picture.
pub(super) fn still() -> Result<Still> {
    let record = EveryHead::read()?;
    let mut heads = Vec::new();
    for of in record.heads() {
        let [rise, story] = record.rise(of)?;
        heads.push(Head { of, rise, story });
    }
    let missed = heads.iter().filter(|head| head.is_missed()).count();
    let high = heads.iter().filter(|head| head.of.score() >= HIGH).count();
    let both = heads.iter().filter(|head| head.of.score() >= HIGH && head.is_missed()).count();
    let story = heads.iter().filter(|head| head.story >= MISSED).count();
    let says = format!(
        "Each mark is a head: a disc where its previous-token score is the higher one, a triangle \
         where its prefix-matching score is. Of {} heads, {missed} are missed by half a nat or more. \
         Of the {high} with a score of {} or more, {both} are. In the story, {story} are.",
        heads.len(),
        share(HIGH as f32),
    );
    Ok(Still {
        question: "Does a head that attends to the right token also matter?",
        layouts: [wide(&heads), narrow(&heads)],
        says,
        numbers: numbers(&heads),
    })
}

/// A plot of scores and rises.
struct Plot {
    across: Scale,
    up: Scale,
    /// Left, right, top and bottom.
    frame: [f64; 4],
}

impl Plot {
    /// A plot in a box, as high as the rises from `least` to `most` want.
    fn new([left, right]: [f64; 2], top: f64, [least, most]: [f64; 2], nat: f64) -> Self {
        let bottom = top + (most - least) * nat;
        Self {
            across: Scale::linear([0.0, 1.0], [left, right]),
            up: Scale::linear([least, most], [bottom, top]),
            frame: [left, right, top, bottom],
        }
    }

    fn at(&self, score: f64, rise: f64) -> Point {
        (self.across.place(score), self.up.place(rise))
    }

    fn axes(&self, ticks: &[f64], below: &str) -> Markup {
        let [left, right, _, bottom] = self.frame;
        let zero = self.up.place(0.0);
        let shown = |tick: f64| if tick == 0.0 { "0".to_owned() } else { signed(tick as f32, 0) };
        html! {
            (axis::rules(&self.up, [left, right], ticks))
            (axis::beside(&self.up, left, ticks, shown))
            (line((left, zero), (right, zero), "line-ink part"))
            (axis::below(&self.across, bottom, &[0.0, 0.5, 1.0], |tick| share(tick as f32)))
            (text((right, bottom + 34.0), below, "end small muted"))
        }
    }

    /// The heads, each at its score and the rise that `rise` gives.
    fn marks(&self, heads: &[Head<'_>], rise: impl Fn(&Head<'_>) -> f64) -> Markup {
        let mut dots = Path::default();
        for head in heads.iter().filter(|head| !head.is_marked()) {
            // Whole units are enough for a dot, and weigh less.
            let (x, y) = self.at(head.of.score(), rise(head));
            dots = dots.jump((x.round(), y.round())).across(0.0);
        }
        html! {
            (stroke(&dots, 4.5, "line-edge round faint"))
            @for head in heads.iter().filter(|head| head.is_marked()) {
                @let at = self.at(head.of.score(), rise(head));
                @let class = if head.is_missed() { "fill-accent line-panel" } else { "fill-panel line-ink part" };
                @if head.of.previous > head.of.prefix {
                    (circle(at, 5.0, class))
                } @else {
                    (path(&triangle(at), class))
                }
            }
        }
    }

    /// The names of the heads that are missed, or that one would expect to be.
    fn names(&self, heads: &[Head<'_>]) -> Markup {
        let [left, right, top, bottom] = self.frame;
        let mut named: Vec<&Head<'_>> = heads.iter().filter(|head| head.is_named()).collect();
        named.sort_by(|one, other| other.rise.total_cmp(&one.rise));
        let at: Vec<Point> = named.iter().map(|head| self.at(head.of.score(), head.rise)).collect();
        let texts: Vec<String> = named
            .iter()
            .map(|head| format!("{} {}", head.of.name, signed(head.rise as f32, 2)))
            .collect();
        let labels: Vec<Label<'_>> = texts
            .iter()
            .zip(&at)
            .map(|(text, at)| Label { text, size: 14.5, at: *at, gap: 10.0 })
            .collect();
        let marked = heads.iter().filter(|head| head.is_marked());
        let marks: Vec<Point> = marked.map(|head| self.at(head.of.score(), head.rise)).collect();
        let taken: Vec<Area> =
            marks.iter().map(|(x, y)| Area::new(x - 6.0, y - 6.0, 12.0, 12.0)).collect();
        let bounds = Area::new(left + 2.0, top - 6.0, right - left - 2.0, bottom - top + 6.0);
        let placed = place(&labels, bounds, &taken);
        html! {
            @for ((label, placed), head) in texts.iter().zip(placed).zip(&named) {
                (text(placed.start, label, if head.is_missed() { "strong halo" } else { "halo" }))
            }
        }
    }
}

fn triangle((x, y): Point) -> Path {
    Path::through([(x, y - 6.0), (x + 5.5, y + 4.5), (x - 5.5, y + 4.5)]).closed()
}

/// The rises that the plot of the draws must have room for: the largest, and a little below none.
fn room(heads: &[Head<'_>]) -> [f64; 2] {
    let most = heads.iter().map(|head| head.rise).fold(1.0, f64::max);
    [-0.6, most.ceil()]
}

fn described(heads: &[Head<'_>]) -> String {
    let missed = heads.iter().filter(|head| head.is_missed());
    let missed: Vec<String> = missed
        .map(|head| format!("layer and head {}, {}", head.of.name, signed(head.rise as f32, 2)))
        .collect();
    format!(
        "A point for each of {} heads: its score to the right, and upwards the rise of the surprise \
         in nats when it is ablated. Most lie near zero. Missed are {}. In the second plot, the \
         story, all lie near zero.",
        heads.len(),
        missed.join("; ")
    )
}

fn wide(heads: &[Head<'_>]) -> Markup {
    let [least, most] = room(heads);
    let ticks: Vec<f64> = (0..=most as i32).map(f64::from).collect();
    let draws = Plot::new([44.0, 560.0], 46.0, [least, most], 52.0);
    let story = Plot::new([622.0, 812.0], 46.0, [least, most], 52.0);
    let marks = html! {
        (text((10.0, 16.0), "Rise of the surprise, in nats", "small muted"))
        (text((44.0, 36.0), "random tokens, the second time", "strong"))
        (text((622.0, 36.0), "a story", "strong"))
        (draws.axes(&ticks, "the higher of its two scores"))
        (story.axes(&ticks, "the same"))
        (draws.marks(heads, |head| head.rise))
        (story.marks(heads, |head| head.story))
        (draws.names(heads))
    };
    svg((WIDE, draws.frame[3] + 42.0), "img", &described(heads), marks)
}

fn narrow(heads: &[Head<'_>]) -> Markup {
    let [least, most] = room(heads);
    let ticks: Vec<f64> = (0..=most as i32).map(f64::from).collect();
    let draws = Plot::new([34.0, 330.0], 46.0, [least, most], 46.0);
    let top = draws.frame[3] + 70.0;
    let story = Plot::new([34.0, 330.0], top, [least, 0.6], 46.0);
    let marks = html! {
        (text((4.0, 16.0), "Rise of the surprise, in nats", "small muted"))
        (text((34.0, 36.0), "random tokens, the second time", "strong"))
        (text((34.0, top - 10.0), "a story, at the same scale", "strong"))
        (draws.axes(&ticks, "the higher of its two scores"))
        (story.axes(&[0.0], "the same"))
        (draws.marks(heads, |head| head.rise))
        (story.marks(heads, |head| head.story))
        (draws.names(heads))
    };
    svg((NARROW, story.frame[3] + 42.0), "img", &described(heads), marks)
}

fn numbers(heads: &[Head<'_>]) -> Markup {
    let mut sorted: Vec<&Head<'_>> = heads.iter().collect();
    sorted.sort_by(|one, other| other.rise.total_cmp(&one.rise));
    let row = |head: &&Head<'_>| {
        vec![
            head.of.name.clone(),
            share(head.of.previous as f32),
            share(head.of.prefix as f32),
            signed(head.rise as f32, 2),
            signed(head.story as f32, 2),
        ]
    };
    let rows: Vec<Vec<String>> = sorted.iter().filter(|head| head.is_told()).map(row).collect();
    let columns = ["Layer.head", "Previous", "Prefix", "Rise, random tokens", "Rise, story"];
    table(
        "Heads with a rise of .1 nats or more in either text, or a score of .5; the others are dots",
        &columns,
        &rows,
    )
}
