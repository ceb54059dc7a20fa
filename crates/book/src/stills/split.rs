//! Four warps that share out a tile: by keys, or by queries.

use inputs::flash::{BLOCK, HEAD_DIM};
use maud::{Markup, html};
use widgets::draw::mark::{Area, path, rect, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::role::Role;
use widgets::draw::{NARROW, Point, WIDE};

use widgets::show::grouped;

use super::frame::{Still, table};

/// Warps of a block, as in the kernels of the papers.
const WARPS: usize = 4;

/// A tile's side, and the width of an output beside it, in units: as wide as its numbers.
const SIDE: f64 = 128.0;
const OUTPUT: f64 = SIDE * HEAD_DIM as f64 / BLOCK as f64;

/// The picture.
pub(super) fn still() -> Still {
    let numbers = WARPS * BLOCK * HEAD_DIM;
    let says = format!(
        "With the keys shared out, each of {WARPS} warps has a part of every row's output: \
         {} numbers that must be added up. With the queries shared out each warp has \
         whole rows, and there is nothing to add.",
        grouped(numbers as u64)
    );
    let share = BLOCK / WARPS;
    let rows = [
        ["split-K".to_owned(), format!("{BLOCK} queries, {share} keys"), grouped(numbers as u64)],
        ["split-Q".to_owned(), format!("{share} queries, {BLOCK} keys"), "0".to_owned()],
    ];
    let label = format!("A tile of scores, shared out over {WARPS} warps in two ways. {says}");
    let half = WIDE / 2.0;
    let wide = html! { (panel(true, (0.0, 0.0))) (panel(false, (half, 0.0))) };
    let narrow = html! { (panel(true, (0.0, 0.0))) (panel(false, (0.0, HEIGHT + 12.0))) };
    Still {
        question: "What must warps tell each other?",
        layouts: [
            svg((WIDE, HEIGHT), "img", &label, wide),
            svg((NARROW, 2.0 * HEIGHT + 12.0), "img", &label, narrow),
        ],
        says,
        numbers: table("One tile of scores", &["split", "a warp has", "numbers to add up"], &rows),
    }
}

const HEIGHT: f64 = 212.0;

fn panel(by_keys: bool, (left, top): Point) -> Markup {
    let (x, y) = (left + 8.0, top + 46.0);
    let part = SIDE / WARPS as f64;
    let after = x + SIDE + 56.0;
    let (title, ends) = match by_keys {
        true => ("Version 1, split-K: keys shared out", "parts of all rows, to be added"),
        false => ("Version 2, split-Q: queries shared out", "whole rows, done"),
    };
    html! {
        (text((left + 8.0, top + 16.0), title, "strong"))
        (text((x + SIDE / 2.0, y - 8.0), "scores", "mid small muted"))
        (path(&Path::arrow((x + SIDE + 12.0, y + SIDE / 2.0), (after - 12.0, y + SIDE / 2.0), 8.0), "line-ink part"))
        @for warp in 0..WARPS {
            @let at = warp as f64 * part;
            @let area = if by_keys { Area::new(x + at, y, part, SIDE) } else { Area::new(x, y + at, SIDE, part) };
            (rect(area, "fill-bg line-ink part"))
            (text((area.middle().0, area.middle().1 + 4.0), &format!("w{}", warp + 1), "mid small"))
            @let class = format!("{} {} part", Role::Output.tint(), Role::Output.line());
            @if by_keys {
                // One behind the other, each as high as all rows.
                @let shift = (WARPS - 1 - warp) as f64 * 12.0;
                (rect(Area::new(after + shift, y + shift * 0.5 - 9.0, OUTPUT, SIDE), &class))
            } @else {
                @let area = Area::new(after, y + at, OUTPUT, part);
                (rect(area, &class))
                (text((area.middle().0, area.middle().1 + 4.0), &format!("w{}", warp + 1), "mid small"))
            }
        }
        (text((x, y + SIDE + 26.0), ends, "small"))
    }
}
