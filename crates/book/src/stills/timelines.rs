//! What is busy when: two groups of warps that take turns on an H100, and copies beside products in
//! the tensor-core kernel on an A100. Lengths come from the rates of the devices.

use anyhow::{Context, Result};
use attention::devices::{Arithmetic, device};
use attention::levels::{A100_MULTIPROCESSORS, a100};
use inputs::flash::{A100, BLOCK, HEAD_DIM};
use maud::{Markup, html};
use widgets::draw::label;
use widgets::draw::mark::{Area, line, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, WIDE};

use super::frame::{Still, table};
use crate::literature::Literature;

/// Something that takes time: when it begins and ends, in microseconds.
struct Bar {
    name: String,
    class: &'static str,
    from: f64,
    to: f64,
}

impl Bar {
    fn new(name: impl Into<String>, class: &'static str, from: f64, length: f64) -> Self {
        Self { name: name.into(), class, from, to: from + length }
    }
}

/// Who is busy, and when.
struct Row {
    name: &'static str,
    bars: Vec<Bar>,
}

/// Products in the accent's colour, all else beside them in grey.
const PRODUCTS: &str = "fill-lit line-accent part";
const OTHER: &str = "fill-bg line-edge part";

/// Multiprocessors of an H100 SXM5.
const H100_MULTIPROCESSORS: f64 = 132.0;

/// How long a group of the picture works: tiles of each.
const TURNS: usize = 3;

/// Products and softmax of two groups on an H100, one after the other and in turns.
pub(super) fn ping_pong() -> Result<Still> {
    let h100 = device("NVIDIA H100 80GB SXM5").context("no H100 in the table")?;
    let exponentials = &Literature::of_the_book().quoted["flash.h100-exponentials"].value;
    // A tile of 128 by 128 scores in a head of 128, in microseconds of one multiprocessor.
    let scores = (BLOCK * BLOCK) as f64;
    let peak = h100.peak(Arithmetic::Fp16)?.0 / H100_MULTIPROCESSORS;
    let products = scores * (4 * BLOCK) as f64 / peak * 1e6;
    let softmax = scores / (exponentials.parse::<f64>()? * 1e12 / H100_MULTIPROCESSORS) * 1e6;
    let turn = products + softmax;
    let alone: Vec<Bar> = (0..TURNS)
        .flat_map(|at| {
            let from = at as f64 * turn;
            [
                Bar::new("products", PRODUCTS, from, products),
                Bar::new("softmax", OTHER, from + products, softmax),
            ]
        })
        .collect();
    // The groups' products follow each other without a gap.
    let group = |first: f64| -> Vec<Bar> {
        (0..TURNS - 1)
            .flat_map(|at| {
                let from = first + at as f64 * 2.0 * products;
                [
                    Bar::new("products", PRODUCTS, from, products),
                    Bar::new("softmax", OTHER, from + products, softmax),
                ]
            })
            .collect()
    };
    let busy = 100.0 * products / turn;
    let says = format!(
        "Products of a tile take {products:.2} microseconds, its exponentials {softmax:.2}. One group \
         alone keeps the matrix units busy for {busy:.0} per cent of the time; two that take turns, all \
         the time."
    );
    let rows = [
        Row { name: "one group", bars: alone },
        Row { name: "group 1 of 2", bars: group(0.0) },
        Row { name: "group 2 of 2", bars: group(products) },
    ];
    Ok(chart("When are the matrix units busy?", &rows, says))
}

/// Copies beside products in the tensor-core kernel, on an A100 with heads of 64.
pub(super) fn copies() -> Result<Still> {
    let a100_40 = device(A100[0]).context("no A100 in the table")?;
    let (queries, keys) = (128.0, 64.0);
    let peak = a100_40.peak(Arithmetic::Fp16)?.0 / A100_MULTIPROCESSORS as f64;
    let product = 2.0 * queries * keys * HEAD_DIM as f64 / peak * 1e6;
    let [_, _, l2, _] = a100();
    let rate = l2.bandwidth.0 / A100_MULTIPROCESSORS as f64;
    let copy = keys * HEAD_DIM as f64 * 2.0 / rate * 1e6;
    let (mut products, mut copying) = (Vec::new(), Vec::new());
    for tile in 0..2 {
        let from = 2.0 * f64::from(tile) * product;
        products.push(Bar::new(format!("scores {}", tile + 1), PRODUCTS, from, product));
        products.push(Bar::new(format!("mix {}", tile + 1), PRODUCTS, from + product, product));
        copying.push(Bar::new(format!("V{}", tile + 1), OTHER, from, copy));
        copying.push(Bar::new(format!("K{}", tile + 2), OTHER, from + product, copy));
    }
    let says = format!(
        "A product of a tile takes {product:.2} microseconds at the full rate of a multiprocessor, and \
         bringing its keys or values from L2 {copy:.2}. The copy that a product needs has begun one \
         product earlier."
    );
    let rows =
        [Row { name: "tensor cores", bars: products }, Row { name: "copies", bars: copying }];
    Ok(chart("What is copied while tiles are multiplied?", &rows, says))
}

fn chart(question: &'static str, rows: &[Row], says: String) -> Still {
    let numbers: Vec<[String; 4]> = rows
        .iter()
        .flat_map(|row| {
            row.bars.iter().map(|bar| {
                [
                    row.name.to_owned(),
                    bar.name.clone(),
                    format!("{:.2}", bar.from),
                    format!("{:.2}", bar.to),
                ]
            })
        })
        .collect();
    Still {
        question,
        layouts: [drawn(rows, WIDE, &says), drawn(rows, NARROW, &says)],
        says,
        numbers: table("Microseconds", &["who", "does", "from", "to"], &numbers),
    }
}

/// A row of bars for each; names stand left where there is room, above where there is not. What does
/// not fit into its bar is told by its class, and by the row of the table.
fn drawn(rows: &[Row], width: f64, says: &str) -> Markup {
    let wide = width == WIDE;
    let (left, pitch, top) = if wide { (110.0, 46.0, 8.0) } else { (4.0, 58.0, 24.0) };
    let end = rows.iter().flat_map(|row| &row.bars).fold(0.0_f64, |most, bar| most.max(bar.to));
    let scale = Scale::linear([0.0, end], [left, width - 8.0]);
    let bottom = top + rows.len() as f64 * pitch;
    let label = format!("Rows of bars along the time. {says}");
    let marks = html! {
        @for (at, row) in rows.iter().enumerate() {
            @let y = top + at as f64 * pitch;
            @if wide {
                (text((left - 10.0, y + 21.0), row.name, "end"))
            } @else {
                (text((left, y - 7.0), row.name, "small"))
            }
            @for bar in &row.bars {
                @let area = Area::new(scale.place(bar.from), y, scale.place(bar.to) - scale.place(bar.from), 32.0);
                (rect(area, bar.class))
                @if let Some(name) = fitting(&bar.name, area.width) {
                    (text((area.middle().0, y + 20.0), name, "mid small"))
                }
            }
        }
        (line((left, bottom), (width - 8.0, bottom), "line-edge"))
        (text((left, bottom + 16.0), "0", "small muted"))
        (text((width - 8.0, bottom + 16.0), &format!("{end:.1} microseconds"), "end small muted"))
    };
    svg((width, bottom + 22.0), "img", &label, marks)
}

/// The name, or its first letter where only that has room.
fn fitting(name: &str, room: f64) -> Option<&str> {
    let fits = |name: &&str| label::width(name, 12.0) + 4.0 <= room;
    [name, &name[..1]].into_iter().find(fits)
}
