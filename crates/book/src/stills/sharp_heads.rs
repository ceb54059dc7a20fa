//! The translator's heads: how sharp each looks, and how many translations change without its
//! choice.

use anyhow::Result;
use maud::{Markup, html};
use widgets::draw::axis;
use widgets::draw::label::{Label, place};
use widgets::draw::mark::{Area, circle, line, text};
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, Point, WIDE};
use widgets::show::share;

use super::frame::{Still, table};
use crate::uniform_heads::{UniformHead, measured};

/// The picture.
pub(super) fn still() -> Result<Still> {
    let measured = measured()?;
    let heads = &measured.heads;
    let idle = heads.iter().filter(|head| head.changed == 0);
    let sharpest = idle.clone().map(|head| head.sharpness).fold(0.0, f32::max);
    Ok(Still {
        question: "Is a sharp head one that is needed?",
        layouts: [drawing(heads, WIDE), drawing(heads, NARROW)],
        says: format!(
            "Each mark is a head of the cross-attention. {} of {} change none of {} translations \
             when they are made uniform, among them one whose rows give {} to one word in the mean.",
            idle.count(),
            heads.len(),
            measured.right,
            share(sharpest)
        ),
        numbers: numbers(heads),
    })
}

fn drawing(heads: &[UniformHead], width: f64) -> Markup {
    let (left, top, bottom) = (36.0, 30.0, 250.0);
    let most = heads.iter().map(|head| head.changed).max().unwrap_or(0).max(1) as f64;
    let across = Scale::linear([0.4, 1.0], [left, width - 14.0]);
    let up = Scale::linear([0.0, most], [bottom, top]);
    let at = |head: &UniformHead| -> Point {
        (across.place(f64::from(head.sharpness)), up.place(head.changed as f64))
    };
    let ticks = up.ticks(4);
    let names: Vec<String> =
        heads.iter().map(|head| format!("{}.{}", head.layer, head.head)).collect();
    let labels: Vec<Label<'_>> = heads
        .iter()
        .zip(&names)
        .map(|(head, text)| Label { text, size: 13.0, at: at(head), gap: 9.0 })
        .collect();
    let taken: Vec<Area> = heads
        .iter()
        .map(|head| {
            let (x, y) = at(head);
            Area::new(x - 6.0, y - 6.0, 12.0, 12.0)
        })
        .collect();
    let placed = place(
        &labels,
        Area::new(left + 4.0, top - 14.0, width - left - 6.0, bottom - top + 10.0),
        &taken,
    );
    let marks = html! {
        (text((2.0, 14.0), "Translations that change without its choice", "small muted"))
        (axis::rules(&up, [left, width - 8.0], &ticks))
        (axis::beside(&up, left, &ticks, |tick| format!("{tick:.0}")))
        (line((left, bottom), (width - 8.0, bottom), "line-ink part"))
        (axis::below(&across, bottom, &[0.4, 0.6, 0.8, 1.0], |tick| share(tick as f32)))
        (text((width - 8.0, bottom + 36.0), "largest weight of a row, in the mean", "end small muted"))
        @for head in heads {
            (circle(at(head), 5.0, if head.changed == 0 { "fill-panel line-ink part" } else { "fill-accent line-panel" }))
        }
        @for ((head, name), placed) in heads.iter().zip(&names).zip(placed) {
            (text(placed.start, name, if head.changed == 0 { "halo" } else { "strong halo" }))
        }
    };
    let said: Vec<String> = heads
        .iter()
        .map(|head| {
            format!(
                "layer {}, head {}: {}, {} change",
                head.layer,
                head.head,
                share(head.sharpness),
                head.changed
            )
        })
        .collect();
    let label = format!(
        "The heads of the cross-attention: the largest weight of a row in the mean, and the \
         translations that change when the head is made uniform. {}",
        said.join("; ")
    );
    svg((width, bottom + 44.0), "img", &label, marks)
}

fn numbers(heads: &[UniformHead]) -> Markup {
    let rows: Vec<Vec<String>> = heads
        .iter()
        .map(|head| {
            let name = format!("layer {}, head {}", head.layer, head.head);
            vec![name, share(head.sharpness), head.changed.to_string()]
        })
        .collect();
    let columns = ["Head", "Largest weight of a row, mean", "Translations that change"];
    table("The heads of the translator's cross-attention", &columns, &rows)
}
