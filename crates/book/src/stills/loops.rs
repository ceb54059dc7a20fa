//! The loops of the first version and of the second: which tiles come after each other, and what
//! that moves.

use anyhow::Result;
use maud::{Markup, html};
use widgets::draw::mark::{Area, circle, path, rect, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::role::Role;
use widgets::draw::{NARROW, Point, WIDE};

use widgets::show::grouped;

use super::frame::{Still, table};
use crate::flash_traffic::{keys_outside, tiles};
use inputs::flash::{BLOCK, HEAD_DIM, SEQ};

/// Blocks a side in the picture.
const SIDE: usize = 4;
const CELL: f64 = 40.0;

/// One order of the loops.
struct Order {
    title: &'static str,
    stays: &'static str,
    travels: &'static str,
    keys_outside: bool,
    moved: String,
}

impl Order {
    /// The tiles in their order: row, column.
    fn tiles(&self) -> impl Iterator<Item = (usize, usize)> {
        let turned = self.keys_outside;
        (0..SIDE * SIDE).map(move |at| match turned {
            true => (at % SIDE, at / SIDE),
            false => (at / SIDE, at % SIDE),
        })
    }
}

/// The picture.
pub(super) fn still() -> Result<Still> {
    let orders = [
        Order {
            title: "Version 1: keys outside",
            stays: "stays: a block of keys and values",
            travels: "at each tile: queries, and m, l, O both ways",
            keys_outside: true,
            moved: keys_outside(BLOCK).moved().in_gb(),
        },
        Order {
            title: "Version 2: queries outside",
            stays: "stays: a block of queries, with m, l, O",
            travels: "at each tile: keys and values",
            keys_outside: false,
            moved: tiles(SEQ, BLOCK, false)?.moved().in_gb(),
        },
    ];
    let says = format!(
        "For a head of {HEAD_DIM}, {} tokens and tiles of {BLOCK} by {BLOCK} the first order moves {}, and the \
         second {}.",
        grouped(SEQ as u64),
        orders[0].moved,
        orders[1].moved
    );
    let rows = orders
        .each_ref()
        .map(|order| [order.title, order.stays, order.travels, &order.moved].map(str::to_owned));
    let label =
        format!("Tiles of the score matrix in the order in which they are worked on. {says}");
    let half = WIDE / 2.0;
    let wide = html! { (panel(&orders[0], (0.0, 0.0))) (panel(&orders[1], (half, 0.0))) };
    let narrow =
        html! { (panel(&orders[0], (0.0, 0.0))) (panel(&orders[1], (0.0, HEIGHT + 14.0))) };
    Ok(Still {
        question: "Which block stays on the chip, and which ones come by?",
        layouts: [
            svg((WIDE, HEIGHT), "img", &label, wide),
            svg((NARROW, 2.0 * HEIGHT + 14.0), "img", &label, narrow),
        ],
        says,
        numbers: table("The two orders", &["order", "stays", "travels", "moved"], &rows),
    })
}

const HEIGHT: f64 = 274.0;

/// One order: keys above, queries at the left, and the way through the tiles.
fn panel(order: &Order, (left, top): Point) -> Markup {
    let (x, y) = (left + 44.0, top + 58.0);
    let middle = |(row, column): (usize, usize)| {
        (x + (column as f64 + 0.5) * CELL, y + (row as f64 + 0.5) * CELL)
    };
    let way: Vec<Point> = order.tiles().map(middle).collect();
    let last = way.len() - 1;
    let side = |role: Role, stays: bool| {
        format!("{} {}", role.tint(), if stays { "line-ink lit" } else { "line-edge part" })
    };
    html! {
        (text((left + 6.0, top + 16.0), order.title, "strong"))
        @for at in 0..SIDE {
            @let first = at == 0;
            (rect(Area::new(x + at as f64 * CELL + 2.0, y - 28.0, CELL - 4.0, 22.0), &side(Role::Key, order.keys_outside && first)))
            (text((x + (at as f64 + 0.5) * CELL, y - 12.5), "K, V", "mid least"))
            (rect(Area::new(x - 34.0, y + at as f64 * CELL + 2.0, 28.0, CELL - 4.0), &side(Role::Query, !order.keys_outside && first)))
            (text((x - 20.0, y + (at as f64 + 0.5) * CELL + 4.0), "Q", "mid least"))
            @for column in 0..SIDE {
                (rect(Area::new(x + column as f64 * CELL, y + at as f64 * CELL, CELL, CELL), "line-edge"))
            }
        }
        (path(&Path::through(way.iter().copied()).head(way[last - 1], way[last], 8.0), "line-accent lit round"))
        (circle(way[0], 4.5, "fill-accent"))
        (text((left + 6.0, top + 236.0), order.stays, "small"))
        (text((left + 6.0, top + 252.0), order.travels, "small"))
        (text((left + 6.0, top + 268.0), &format!("moved: {}", order.moved), "small strong"))
    }
}
