//! How far the causal mask moves each row: the mean of all heads, some heads, and the rule.

use anyhow::{Context, Result};
use maud::{Markup, html};
use widgets::draw::axis;
use widgets::draw::label::{Label, place};
use widgets::draw::mark::{Area, circle, path, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, Point, WIDE};
use widgets::show::share;

use super::frame::{Still, table};
use crate::facts::ch06::moved_by_head;
use crate::memoised_model::MemoisedModel;
use crate::score_matrices::{LONG, MASK_HEADS, UnmaskedText};

/// One line of the picture.
struct Curve {
    name: String,
    /// How the line looks, and its name.
    class: &'static str,
    ink: &'static str,
    rows: Vec<f32>,
}

/// The picture.
pub(super) fn still(model: &MemoisedModel) -> Result<Still> {
    let text = UnmaskedText::read(model, LONG, true)?;
    let curves = curves(&moved_by_head(&text)?, model.config().heads)?;
    let [uniform, mean, ..] = &curves[..] else { anyhow::bail!("there are two curves") };
    let second = text.words.get(1).context("a text has two words")?;
    let says = format!(
        "The mask moves the row of “{second}” by {} in the mean of all heads; uniform attention \
         would lose {}. Single heads need not fall from row to row.",
        share(mean.rows[1]),
        share(uniform.rows[1])
    );
    Ok(Still {
        question: "Which rows does the mask change most?",
        layouts: [drawing(&curves, &text.words, WIDE), drawing(&curves, &text.words, NARROW)],
        says,
        numbers: numbers(&curves, &text.words),
    })
}

/// Uniform attention, the mean of all heads, and the heads that the chapter names.
fn curves(heads: &[Vec<f32>], in_layer: usize) -> Result<Vec<Curve>> {
    let rows = heads.first().context("there are heads")?.len();
    let ahead = |row: usize| (rows - 1 - row) as f32 / rows as f32;
    let mean = |row: usize| heads.iter().map(|of| of[row]).sum::<f32>() / heads.len() as f32;
    let mut curves = vec![
        Curve {
            name: "uniform".to_owned(),
            class: "line-edge lit dashed",
            ink: "muted",
            rows: (0..rows).map(ahead).collect(),
        },
        Curve {
            name: format!("mean of {}", heads.len()),
            class: "line-accent bold",
            ink: "strong ink-accent",
            rows: (0..rows).map(mean).collect(),
        },
    ];
    for named in MASK_HEADS {
        let (layer, head) = named.head;
        curves.push(Curve {
            name: format!("{layer}.{head}"),
            class: "line-ink",
            ink: "",
            rows: heads[layer * in_layer + head].clone(),
        });
    }
    Ok(curves)
}

fn drawing(curves: &[Curve], words: &[String], width: f64) -> Markup {
    let (left, top, bottom) = (34.0, 26.0, 286.0);
    let last = words.len().max(2) - 1;
    let across = Scale::linear([0.0, last as f64], [left + 14.0, width - 24.0]);
    let up = Scale::linear([0.0, 1.0], [bottom, top]);
    let at = |row: usize, moved: f32| (across.place(row as f64), up.place(f64::from(moved)));
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0];
    let narrow = width < 500.0;
    let marks = html! {
        (text((2.0, 12.0), "Moved: the share that lay ahead", "small muted"))
        (axis::rules(&up, [left, width], &ticks))
        (axis::beside(&up, left, &ticks, |tick| share(tick as f32)))
        @for (row, word) in words.iter().enumerate() {
            @let y = bottom + if narrow && row % 2 == 1 { 34.0 } else { 18.0 };
            (text((across.place(row as f64), y), word, "mid small"))
        }
        @for curve in curves {
            (path(&Path::through(curve.rows.iter().enumerate().map(|(row, moved)| at(row, *moved))), &format!("{} round", curve.class)))
        }
        @for curve in &curves[2..] {
            @for (row, moved) in curve.rows.iter().enumerate() { (circle(at(row, *moved), 2.5, "fill-ink")) }
        }
        (names(curves, Area::new(left, top, width - left, bottom - top), at))
    };
    let said: Vec<String> = curves
        .iter()
        .map(|curve| {
            let rows: Vec<String> = curve.rows.iter().map(|moved| share(*moved)).collect();
            format!("{}: {}", curve.name, rows.join(", "))
        })
        .collect();
    let label = format!("How far the mask moves each row of the text. {}", said.join("; "));
    svg((width, bottom + if narrow { 42.0 } else { 26.0 }), "img", &label, marks)
}

/// Each curve's name beside the point that stands highest above the other curves.
fn names(curves: &[Curve], bounds: Area, at: impl Fn(usize, f32) -> Point) -> Markup {
    let apart = |curve: &Curve, row: usize| {
        let others = curves.iter().filter(|other| other.name != curve.name);
        let gaps = others.map(|other| (other.rows[row] - curve.rows[row]).abs());
        gaps.fold(f32::INFINITY, f32::min)
    };
    let points: Vec<Point> = curves
        .iter()
        .map(|curve| {
            let rows = 0..curve.rows.len();
            let row = rows.max_by(|a, b| apart(curve, *a).total_cmp(&apart(curve, *b)));
            let row = row.unwrap_or_default();
            at(row, curve.rows[row])
        })
        .collect();
    let labels: Vec<Label<'_>> = curves
        .iter()
        .zip(&points)
        .map(|(curve, at)| Label { text: &curve.name, size: 13.0, at: *at, gap: 8.0 })
        .collect();
    let mut taken = Vec::new();
    for curve in curves {
        for row in 0..curve.rows.len() {
            let (x, y) = at(row, curve.rows[row]);
            taken.push(Area::new(x - 4.0, y - 4.0, 8.0, 8.0));
            if let Some(next) = curve.rows.get(row + 1) {
                let (right, lower) = at(row + 1, *next);
                for step in 1..6 {
                    let part = f64::from(step) / 6.0;
                    let (x, y) = (x + (right - x) * part, y + (lower - y) * part);
                    taken.push(Area::new(x - 3.0, y - 3.0, 6.0, 6.0));
                }
            }
        }
    }
    let placed = place(&labels, bounds, &taken);
    html! {
        @for (curve, placed) in curves.iter().zip(placed) {
            (text(placed.start, &curve.name, &format!("halo {}", curve.ink)))
        }
    }
}

fn numbers(curves: &[Curve], words: &[String]) -> Markup {
    let columns: Vec<&str> =
        std::iter::once("Row").chain(curves.iter().map(|curve| curve.name.as_str())).collect();
    let rows: Vec<Vec<String>> = words
        .iter()
        .enumerate()
        .map(|(row, word)| {
            let moved = curves.iter().map(|curve| share(curve.rows[row]));
            std::iter::once(word.clone()).chain(moved).collect()
        })
        .collect();
    table("How far the mask moves each row; heads by layer and place", &columns, &rows)
}
