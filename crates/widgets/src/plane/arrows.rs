//! Where to look: the keys, dropped onto the line of the query that asks.

use maud::{Markup, html};

use super::place::{Plane, along};
use super::view::{Scene, handle};
use super::{Kind, Mark, WORDS};
use crate::draw::Point;
use crate::draw::label::{self, Label};
use crate::draw::mark::{Area, circle, gliding, line, path, stroke};
use crate::draw::path::Path;
use crate::show::number;

/// What a strong letter of 13 takes: as much as a plain one of this size.
const BOLD: f64 = 14.0;

/// The plane of queries and keys.
pub(super) fn view(scene: &Scene<'_>, narrow: bool) -> Markup {
    let plane = Plane::of(Kind::Key, narrow);
    let (state, answer) = (scene.state, &scene.answer);
    let origin = plane.place([0.0; 2]);
    let query = state.query[state.ask].map(f64::from);
    let direction = match answer.length {
        length if length > 0.0 => query.map(|it| it / length),
        _ => [0.0; 2],
    };
    let keys = state.key.map(|key| plane.point(key));
    let queries = state.query.map(|query| plane.point(query));
    let feet = answer.along.map(|far| plane.place(direction.map(|it| it * far)));
    let foot = feet[scene.look];
    let whole_line = plane.through(direction).unwrap_or((origin, origin));
    let edge = plane.through([-direction[1], direction[0]]).unwrap_or((origin, origin));
    let reach = number(answer.along[scene.look] as f32, 2);
    let asks = format!("{} asks", WORDS[state.ask]);
    let names = labels(&plane, origin, &keys, &queries, &feet, scene, [&asks, &reach]);
    let behind = Path::through(plane.behind(direction)).closed();
    html! {
        (plane.paper())
        (path(&behind, if answer.length > 0.0 { "behind fill-hair" } else { "behind fill-hair gone" }))
        (line(whole_line.0, whole_line.1, "line-query part dashed move"))
        (line(edge.0, edge.1, "line-edge part dotted move"))
        @for (word, at) in queries.iter().enumerate() {
            @let asking = word == state.ask;
            g class=[asking.then_some("gone")] data-event=[(!asking).then_some("ask")] data-value=[(!asking).then_some(word)] {
                (circle(*at, 13.0, if asking { "" } else { "hit" }))
                (arrow(origin, *at, 8.0, 1.5))
                (gliding(names[5 + word], WORDS[word], "small ink-query on-paper"))
            }
        }
        @for (word, foot) in feet.iter().enumerate() {
            (line(keys[word], *foot, "line-key part dotted move"))
            (circle(*foot, if word == scene.look { 4.5 } else { 3.0 }, "fill-key move"))
        }
        (stroke(&Path::new(origin).line(foot), 7.0, "line-query round shadow move"))
        @for (word, at) in keys.iter().enumerate() {
            (line(origin, *at, if word == scene.look { "line-key bold move" } else { "line-key part move" }))
        }
        @for (word, at) in keys.iter().enumerate() {
            @let class = if word == scene.look { "fill-key line-key lit move" } else { "tint-key line-key lit move" };
            g data-look=(word) {
                (handle(scene, Mark { kind: Kind::Key, word }, *at, path(&tag(*at), class)))
                (gliding(names[1 + word], WORDS[word], "strong ink-key on-paper"))
            }
        }
        (arrow(origin, queries[state.ask], 13.0, 4.0))
        (handle(scene, Mark { kind: Kind::Query, word: state.ask }, queries[state.ask], html! {}))
        (gliding(names[0], &asks, "strong ink-query on-paper"))
        (gliding(names[9], &reach, "small strong ink-query on-paper"))
        (circle(origin, 2.5, "fill-ink"))
        (below_zero(&plane, &keys, direction))
    }
}

/// Where the words stand: that of the query that asks, of the keys, of the other queries, and how
/// far the key reaches that is followed.
fn labels(
    plane: &Plane,
    origin: Point,
    keys: &[Point; 4],
    queries: &[Point; 4],
    feet: &[Point; 4],
    scene: &Scene<'_>,
    [asks, reach]: [&str; 2],
) -> Vec<Point> {
    let asking = scene.state.ask;
    let label = |text, at: Point, size, gap| Label { text, size, at, gap };
    let mut labels = vec![label(asks, queries[asking], BOLD, 12.0)];
    labels.extend(WORDS.iter().zip(keys).map(|(word, at)| label(word, *at, BOLD, 13.0)));
    labels.extend(WORDS.iter().zip(queries).map(|(word, at)| label(word, *at, 12.0, 8.0)));
    // The word that asks has its label already.
    labels[5 + asking] = label("", queries[asking], 12.0, 8.0);
    labels.push(label(reach, feet[scene.look], 13.0, 10.0));
    let dot = |at: &Point| Area::new(at.0 - 7.0, at.1 - 7.0, 14.0, 14.0);
    let mut taken: Vec<Area> = keys.iter().chain(feet).map(dot).collect();
    for at in keys.iter().chain(queries) {
        taken.extend(along(origin, *at));
    }
    for (key, foot) in keys.iter().zip(feet) {
        taken.extend(along(*key, *foot));
    }
    let placed = label::place(&labels, plane.area.grown(-4.0), &taken);
    placed.iter().map(|placed| placed.start).collect()
}

/// Says in a corner on the far side that scores are below zero there.
fn below_zero(plane: &Plane, keys: &[Point; 4], direction: [f64; 2]) -> Markup {
    let Area { x, y, .. } = plane.area;
    let (right, bottom) = (plane.area.right(), plane.area.bottom());
    let origin = plane.place([0.0; 2]);
    let depth = |(x, y): Point| (x - origin.0) * direction[0] - (y - origin.1) * direction[1];
    let free = |corner: Point| {
        keys.iter().map(|key| (key.0 - corner.0).hypot(key.1 - corner.1)).fold(f64::MAX, f64::min)
    };
    let corners = [(x, y), (right, y), (right, bottom), (x, bottom)];
    let behind = corners.into_iter().filter(|corner| depth(*corner) < 0.0);
    let best = behind.max_by(|one, other| free(*one).total_cmp(&free(*other)));
    let at = best.unwrap_or((x, bottom));
    let left =
        if at.0 > x + 1.0 { at.0 - 8.0 - label::width("scores below 0", 11.5) } else { x + 8.0 };
    let down = if at.1 > y + 1.0 { at.1 - 8.0 } else { y + 17.0 };
    gliding((left, down), "scores below 0", if best.is_some() { "least" } else { "least gone" })
}

/// An arrow with a filled head.
fn arrow(from: Point, to: Point, head: f64, width: f64) -> Markup {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let length = x.hypot(y);
    let (x, y) = if length > 0.0 { (x / length, y / length) } else { (1.0, 0.0) };
    let head = head.min(length * 0.8);
    let base = (to.0 - x * head, to.1 - y * head);
    let side = |turn: f64| (base.0 - turn * y * head * 0.45, base.1 + turn * x * head * 0.45);
    html! {
        (stroke(&Path::new(from).line(base), width, "line-query move"))
        (path(&Path::through([to, side(1.0), side(-1.0)]).closed(), "fill-query move"))
    }
}

/// The mark of a key: a tag, whose tip is right.
fn tag((x, y): Point) -> Path {
    let size = 7.0;
    Path::through([
        (x - size, y - size * 0.72),
        (x + size * 0.35, y - size * 0.72),
        (x + size * 1.1, y),
        (x + size * 0.35, y + size * 0.72),
        (x - size, y + size * 0.72),
    ])
    .closed()
}
