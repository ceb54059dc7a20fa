//! What to take: the values, mixed in the shares. The output lies inside their hull.

use maud::{Markup, html};

use super::place::{Plane, along};
use super::view::{Scene, handle};
use super::{Kind, Mark, WORDS};
use crate::draw::Point;
use crate::draw::label::{self, Label};
use crate::draw::mark::{Area, circle, gliding, path, stroke};
use crate::draw::path::Path;
use crate::show::share;

/// The plane of values and the output.
pub(super) fn view(scene: &Scene<'_>, narrow: bool) -> Markup {
    let plane = Plane::of(Kind::Value, narrow);
    let (state, answer) = (scene.state, &scene.answer);
    let values = state.value.map(|value| plane.point(value));
    let output = plane.place(answer.output);
    let size = if narrow { 0.75 } else { 1.0 };
    let radius = |word: usize| (4.0 + 19.0 * answer.shares[word].sqrt()) * size;
    let names: [String; 4] = [0, 1, 2, 3].map(|word| match narrow {
        true => WORDS[word].to_owned(),
        false => format!("{} {}", WORDS[word], share(answer.shares[word] as f32)),
    });
    let of = format!("output of {}", WORDS[state.ask]);
    // Strong letters of 12 take as much as plain ones of 13.
    let mut labels = vec![Label { text: &of, size: 13.0, at: output, gap: 15.0 }];
    for (word, name) in names.iter().enumerate() {
        labels.push(Label { text: name, size: 13.0, at: values[word], gap: radius(word) + 5.0 });
    }
    let mut taken: Vec<Area> = (0..WORDS.len())
        .map(|word| Area::new(values[word].0, values[word].1, 0.0, 0.0).grown(radius(word)))
        .collect();
    taken.push(Area::new(output.0 - 10.0, output.1 - 10.0, 20.0, 20.0));
    values.iter().for_each(|value| taken.extend(along(*value, output)));
    let placed = label::place(&labels, plane.area.grown(-3.0), &taken);
    html! {
        (plane.paper())
        (path(&Path::through(hull(&values)).closed(), "tint-value line-value part dashed hull"))
        @for (word, value) in values.iter().enumerate() {
            @let class = if word == scene.look { "line-value round move" } else { "line-value round shadow move" };
            (stroke(&Path::new(*value).line(output), 1.0 + 9.0 * answer.shares[word], class))
        }
        @for (word, value) in values.iter().enumerate() {
            g data-look=(word) {
                (handle(scene, Mark { kind: Kind::Value, word }, *value, html! {
                    (circle(*value, radius(word), if word == scene.look { "tint-value line-value rim move" } else { "tint-value line-value lit move" }))
                    (circle(*value, 2.5, "fill-value move"))
                }))
                (gliding(placed[1 + word].start, &names[word], "small strong ink-value on-paper"))
            }
        }
        (path(&diamond(output, 10.0 * size), "fill-output line-bg lit move"))
        (gliding(placed[0].start, &of, "small strong ink-output on-paper"))
    }
}

fn diamond((x, y): Point, size: f64) -> Path {
    Path::through([(x, y - size), (x + size, y), (x, y + size), (x - size, y)]).closed()
}

/// The corners of the smallest convex shape around all points.
fn hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let turn = |from: Point, over: Point, to: Point| {
        (over.0 - from.0) * (to.1 - from.1) - (over.1 - from.1) * (to.0 - from.0)
    };
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut corners: Vec<Point> = Vec::new();
        for point in points {
            while let [.., from, over] = corners[..] {
                if turn(from, over, point) > 0.0 {
                    break;
                }
                corners.pop();
            }
            corners.push(point);
        }
        corners.pop();
        corners
    };
    let mut corners = half(&mut sorted.iter().copied());
    corners.extend(half(&mut sorted.iter().rev().copied()));
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hull_leaves_out_what_lies_inside() {
        let square = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (1.0, 2.0), (2.0, 0.0)];
        let mut corners = hull(&square);
        corners.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
        assert_eq!(corners, [(0.0, 0.0), (0.0, 4.0), (4.0, 0.0), (4.0, 4.0)]);
    }
}
