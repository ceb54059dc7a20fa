//! Chapter 1: on what the heads of each layer spend the attention of one query, on average.

use anyhow::Result;
use maud::{Markup, html};
use widgets::draw::mark::{Area, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, Point, WIDE, axis};
use widgets::show::share;

use super::frame::{Still, table};
use crate::memoised_model::MemoisedModel;
use crate::sentences;

const IT: usize = 7;
const CAT: usize = 1;

/// What a column is cut into, from the bottom: the name, and the class of its part.
const PARTS: [(&str, &str); 4] = [
    ("The, the first", "fill-edge"),
    ("it, itself", "fill-query"),
    ("cat", "fill-key"),
    ("five others", "fill-hair"),
];

pub(super) fn still(model: &MemoisedModel) -> Result<Still> {
    let maps = sentences::read(model, "cat")?.forward.attention();
    let layers: Vec<[f64; 4]> = maps
        .iter()
        .map(|layer| {
            let mean = |key: usize| {
                layer.iter().map(|map| f64::from(map[IT][key])).sum::<f64>() / layer.len() as f64
            };
            let [first, itself, cat] = [0, IT, CAT].map(mean);
            [first, itself, cat, 1.0 - first - itself - cat]
        })
        .collect();
    let over_all =
        |part: usize| layers.iter().map(|layer| layer[part]).sum::<f64>() / layers.len() as f64;
    let says = format!(
        "A column is the attention of “it” in a layer, the mean of its heads. Over all layers {} \
         of it goes to the first token, and {} to “cat”.",
        share(over_all(0) as f32),
        share(over_all(2) as f32)
    );
    let rows: Vec<Vec<String>> = layers
        .iter()
        .enumerate()
        .map(|(layer, parts)| {
            let shown = parts.iter().map(|part| share(*part as f32));
            [layer.to_string()].into_iter().chain(shown).collect()
        })
        .collect();
    Ok(Still {
        question: "Where does the attention of “it” go, layer by layer?",
        layouts: [
            columns(&layers, &says, (WIDE, 280.0), 5),
            columns(&layers, &says, (NARROW, 260.0), 10),
        ],
        numbers: table(
            "The attention of “it” in each layer, the mean of its heads",
            &["Layer", "The", "it", "cat", "Others"],
            &rows,
        ),
        says,
    })
}

fn columns(layers: &[[f64; 4]], says: &str, size: Point, every: usize) -> Markup {
    let plot = Area::new(36.0, 10.0, size.0 - 36.0 - 106.0, size.1 - 10.0 - 40.0);
    let across = Scale::linear([0.0, layers.len() as f64], [plot.x, plot.right()]);
    let up = Scale::linear([0.0, 1.0], [plot.bottom(), plot.y]);
    let ticks: Vec<f64> = (0..layers.len()).step_by(every).map(|it| it as f64 + 0.5).collect();
    let wide = (across.place(1.0) - across.place(0.0)) * 0.86;
    let last = layers.last().expect("a model has layers");
    svg(
        size,
        "img",
        says,
        html! {
            (axis::beside(&up, plot.x, &[0.0, 0.5, 1.0], |it| share(it as f32)))
            (axis::below(&across, plot.bottom(), &ticks, |it| format!("{:.0}", it - 0.5)))
            (text((plot.middle().0, size.1 - 6.0), "layer", "mid small muted"))
            @for (layer, parts) in layers.iter().enumerate() {
                @for (at, (_, class)) in PARTS.iter().enumerate() {
                    @let [low, high] = ends(parts, at).map(|end| up.place(end));
                    (rect(Area::new(across.place(layer as f64), high, wide, low - high), class))
                }
            }
            @for ((name, _), y) in PARTS.iter().zip(apart(last, &up)) {
                (text((plot.right() + 6.0, y), name, "small"))
            }
        },
    )
}

/// Where a part of a column begins and ends.
fn ends(parts: &[f64; 4], at: usize) -> [f64; 2] {
    let low: f64 = parts[..at].iter().sum();
    [low, low + parts[at]]
}

/// The base lines of the names: beside their parts of the last column, and a line apart.
fn apart(last: &[f64; 4], up: &Scale) -> Vec<f64> {
    let mut below = f64::INFINITY;
    (0..last.len())
        .map(|at| {
            let [low, high] = ends(last, at);
            below = (up.place((low + high) / 2.0) + 4.0).min(below - 16.0);
            below
        })
        .collect()
}
