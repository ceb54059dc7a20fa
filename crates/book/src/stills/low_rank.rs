//! Chapter 2: the singular values of the two circuits of a head. What lies behind its last one is
//! nothing at all.

use anyhow::Result;
use inputs::heads;
use maud::{Markup, html};
use widgets::draw::mark::{Area, line, rect, stroke, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, Point, WIDE, axis};
use widgets::show::share;

use super::frame::{Still, table};
use crate::circuits::{Circuits, rank};
use crate::memoised_model::MemoisedModel;

pub(super) fn still(model: &MemoisedModel) -> Result<Still> {
    let (layer, head) = heads::NOUN;
    let circuits = Circuits::read(model.config(), layer, head)?;
    let size = model.config().d_model;
    let says = format!(
        "Layer {layer}, head {head}. Both products are {size} by {size}, and from number {} on \
         their singular values are zero: the head can tell apart so many directions, and no more.",
        rank(&circuits.qk) + 1
    );
    let relative = |values: &[f64], at: usize| values[at] / values[0];
    let places = [1, 2, 4, 8, 16, 32, 48, 64].into_iter().filter(|at| *at <= circuits.qk.len());
    let mut rows: Vec<Vec<String>> = places
        .map(|at| {
            let both = [&circuits.qk, &circuits.ov].map(|it| share(relative(it, at - 1) as f32));
            [at.to_string()].into_iter().chain(both).collect()
        })
        .collect();
    let nothing = "0".to_owned();
    rows.push(vec![format!("{} to {size}", circuits.qk.len() + 1), nothing.clone(), nothing]);
    Ok(Still {
        question: "How many directions of the hidden state can one head use?",
        layouts: [
            curves(&circuits, size, &says, (WIDE, 250.0)),
            curves(&circuits, size, &says, (NARROW, 240.0)),
        ],
        numbers: table(
            "Singular values, each as a part of the largest",
            &["Number", "W_Q W_Kᵀ", "W_V W_O"],
            &rows,
        ),
        says,
    })
}

fn curves(circuits: &Circuits, size: usize, says: &str, frame: Point) -> Markup {
    let plot = Area::new(40.0, 26.0, frame.0 - 52.0, frame.1 - 26.0 - 40.0);
    let across = Scale::linear([0.0, size as f64], [plot.x, plot.right()]);
    let up = Scale::linear([0.0, 1.0], [plot.bottom(), plot.y]);
    let kept = circuits.qk.len();
    let curve = |values: &[f64]| {
        let points = values
            .iter()
            .enumerate()
            .map(|(at, value)| (across.place(at as f64 + 1.0), up.place(value / values[0])));
        let drop = [kept, size].map(|at| (across.place(at as f64), plot.bottom()));
        Path::through(points.chain(drop))
    };
    let edge = across.place(kept as f64);
    svg(
        frame,
        "img",
        says,
        html! {
            (text((0.0, 13.0), "singular value, as a part of the largest", "small strong"))
            (rect(Area::new(plot.x, plot.y, edge - plot.x, plot.height), "fill-lit"))
            (axis::rules(&up, [plot.x, plot.right()], &[0.5, 1.0]))
            (axis::beside(&up, plot.x, &[0.0, 0.5, 1.0], |it| share(it as f32)))
            (axis::below(&across, plot.bottom(), &[kept as f64, size as f64 / 3.0, size as f64], |it| format!("{it:.0}")))
            (text((plot.middle().0, frame.1 - 6.0), "number of the direction", "mid small muted"))
            (line((edge, plot.y), (edge, plot.bottom()), "line-edge part dashed"))
            (stroke(&curve(&circuits.qk), 2.5, "line-query round"))
            (stroke(&curve(&circuits.ov), 2.5, "line-value round dashed"))
            (text((edge + 10.0, plot.y + 16.0), "W_Q W_Kᵀ, solid: what it attends to", "small ink-query"))
            (text((edge + 10.0, plot.y + 36.0), "W_V W_O, dashed: what it carries", "small ink-value"))
            (text((edge + 10.0, plot.bottom() - 14.0), &format!("the other {} are zero", size - kept), "small muted"))
        },
    )
}
