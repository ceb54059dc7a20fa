//! Small drawings that stand for a part, in the large picture and in the small ones.

use maud::{Markup, html};

use crate::draw::Point;
use crate::draw::mark::{Area, circle, path, rect, rounded, text};
use crate::draw::path::Path;
use crate::draw::role::Role;

/// The outline of a box with `rows - 1` lines across.
pub(super) fn table(area: Area, rows: usize) -> Path {
    lines(Path::outline(area), area, rows, false)
}

/// The outline of a box with `columns - 1` lines down.
pub(super) fn strip(area: Area, columns: usize) -> Path {
    lines(Path::outline(area), area, columns, true)
}

/// A square of `side` times `side` cells.
pub(super) fn grid(area: Area, side: usize) -> Path {
    lines(table(area, side), area, side, true)
}

fn lines(path: Path, area: Area, parts: usize, down: bool) -> Path {
    (1..parts).fold(path, |path, at| {
        let share = at as f64 / parts as f64;
        let (x, y) = (area.x + share * area.width, area.y + share * area.height);
        match down {
            true => path.jump((x, area.y)).line((x, area.bottom())),
            false => path.jump((area.x, y)).line((area.right(), y)),
        }
    })
}

/// A stair of `side` steps: what a token may see.
pub(super) fn stair(area: Area, side: usize) -> Path {
    let step = |at: usize| at as f64 / side as f64;
    let (x, y) = (|at| area.x + step(at) * area.width, |at| area.y + step(at) * area.height);
    let stairs = (0..side).flat_map(|at| [(x(at + 1), y(at)), (x(at + 1), y(at + 1))]);
    let path = Path::through([(area.x, area.y)].into_iter().chain(stairs));
    path.line((area.x, area.bottom())).closed()
}

/// A stroke through each cell above the diagonal: what is hidden.
pub(super) fn hidden(area: Area, side: usize) -> Path {
    let cell = area.width / side as f64;
    let cells = (0..side).flat_map(|row| (row + 1..side).map(move |column| (row, column)));
    cells.fold(Path::default(), |path, (row, column)| {
        let (x, y) = (area.x + column as f64 * cell, area.y + row as f64 * cell);
        path.jump((x + 1.0, y + cell - 1.0)).line((x + cell - 1.0, y + 1.0))
    })
}

/// Shares as bars that stand side by side, `1.00` as high as the box. None is lower than a line.
pub(super) fn bars(area: Area, shares: &[f32]) -> Path {
    let pitch = area.width / shares.len().max(1) as f64;
    shares.iter().enumerate().fold(Path::default(), |path, (at, share)| {
        let height = (f64::from(*share) * area.height).max(1.0);
        let x = area.x + at as f64 * pitch;
        let [left, right] = [x, x + pitch - 1.4];
        let top = area.bottom() - height;
        let low = area.bottom();
        path.jump((left, low)).line((left, top)).line((right, top)).line((right, low)).closed()
    })
}

/// How wide a set of heads is.
pub(super) const HEADS: f64 = 41.6;

/// Heads as upright bars, in groups that share keys and values.
pub(super) fn heads((x, y): Point, height: f64, groups: usize, each: usize, role: Role) -> Markup {
    let (apart, between) = (3.4, 1.0);
    let group = (HEADS - apart * (groups - 1) as f64) / groups as f64;
    let width = (group - between * (each - 1) as f64) / each as f64;
    let left = |head: usize| {
        let (group_at, at) = (head / each, head % each);
        x + group_at as f64 * (group + apart) + at as f64 * (width + between)
    };
    html! {
        @for head in 0..groups * each {
            (rect(Area::new(left(head), y, width, height), role.fill()))
        }
    }
}

/// A matrix that makes queries, keys or values, with the letter of what it makes.
pub(super) fn letter(role: Role, letter: &str, area: Area) -> Markup {
    let (x, y) = area.middle();
    html! {
        (rounded(area, 4.0, &format!("{} {} part", role.tint(), role.line())))
        (text((x, y + 5.0), letter, "mid strong slanted"))
    }
}

/// A short word in a round frame.
pub(super) fn pill((x, y): Point, word: &str) -> Markup {
    html! {
        (rounded(Area::new(x - 19.0, y - 9.0, 38.0, 18.0), 9.0, "fill-bg line-edge part"))
        (text((x, y + 4.0), word, "least mid"))
    }
}

/// A plus in a circle.
pub(super) fn plus((x, y): Point, radius: f64, class: &str) -> Markup {
    let arm = radius * 0.55;
    let cross = Path::new((x - arm, y)).line((x + arm, y)).jump((x, y - arm)).line((x, y + arm));
    html! {
        (circle((x, y), radius, class))
        (path(&cross, class))
    }
}

/// A box with its corners cut off.
pub(super) fn octagon(area: Area, cut: Point) -> Path {
    let Area { x, y, .. } = area;
    let (right, bottom) = (area.right(), area.bottom());
    Path::through([
        (x, y + cut.1),
        (x + cut.0, y),
        (right - cut.0, y),
        (right, y + cut.1),
        (right, bottom - cut.1),
        (right - cut.0, bottom),
        (x + cut.0, bottom),
        (x, bottom - cut.1),
    ])
    .closed()
}

/// Short strokes on one side of a rail, one for each of the other layers. `along` says how far
/// apart they are, `out` how far they reach.
pub(super) fn ticks(from: Point, count: usize, along: Point, out: Point) -> Path {
    (0..count).fold(Path::default(), |path, at| {
        let (x, y) = (from.0 + at as f64 * along.0, from.1 + at as f64 * along.1);
        path.jump((x, y)).line((x + out.0, y + out.1))
    })
}
