//! Chapter 3: how the score matrix grows, and where it begins to cost more than the projections.

use anyhow::{Context, Result, bail};
use attention::cost::{Kind, Shape};
use attention::presets::preset;
use attention::units::Bytes;
use maud::{Markup, html};
use widgets::draw::mark::{Area, circle, line, stroke, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::scale::Scale;
use widgets::draw::{NARROW, Point, WIDE, axis};
use widgets::show::grouped;

use super::frame::{Still, table};

/// Tokens at the ends of the first panel: powers of two.
const POWERS: [u32; 2] = [7, 17];

/// Tokens at the right end of the second panel.
const LONG: f64 = 2048.0;

/// The work of a layer for one token, in multiplications: in the four projections, and in both
/// products with the score matrix for each key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Work {
    pub(crate) projections: f64,
    pub(crate) each_key: f64,
}

impl Work {
    /// From a model's sizes.
    ///
    /// # Errors
    /// When its heads are not plain ones that share keys.
    pub(crate) fn new(shape: &Shape) -> Result<Self> {
        let Kind::Grouped { kv_heads, head_dim } = shape.kind else { bail!("its heads differ") };
        let (queries, keys) = (shape.heads * head_dim, kv_heads * head_dim);
        Ok(Self {
            projections: (2 * shape.d_model * (queries + keys)) as f64,
            each_key: (2 * queries) as f64,
        })
    }

    /// The length at which both cost the same, when the whole matrix is computed.
    pub(crate) fn level(self) -> f64 {
        self.projections / self.each_key
    }
}

/// Bytes of one head's matrix, at 16 bits a number.
fn matrix(tokens: f64) -> f64 {
    2.0 * tokens * tokens
}

pub(super) fn still() -> Result<Still> {
    let shape = &preset("SmolLM2-135M").context("the library has its sizes")?.shape;
    let work = Work::new(shape)?;
    let heads = (shape.layers * shape.heads) as f64;
    let level = work.level();
    let says = format!(
        "First: each doubling of the text makes four times the matrix; the upper line is all {heads} \
         heads of SmolLM2. Second: the projections of a token cost the same in any text, the two \
         products with the matrix grow with it, and at {} tokens they are level.",
        grouped(level as u64)
    );
    let sizes: Vec<Vec<String>> = (POWERS[0]..=POWERS[1])
        .map(|power| {
            let tokens = 1_u64 << power;
            let one = matrix(tokens as f64);
            let bytes = [one, one * heads].map(|it| Bytes(it as u64).to_string());
            [grouped(tokens)].into_iter().chain(bytes).collect()
        })
        .collect();
    let works: Vec<Vec<String>> = [128.0, 256.0, 512.0, level, 1024.0, 2048.0]
        .iter()
        .map(|tokens| {
            let numbers = [*tokens, work.projections, work.each_key * tokens];
            numbers.iter().map(|it| grouped(*it as u64)).collect()
        })
        .collect();
    let panel = |x: f64, y: f64, width: f64| Area::new(x, y, width, 200.0);
    let drawn = |size: Point, first: Area, second: Area| {
        svg(size, "img", &says, html! { (memory(first, heads)) (working(second, work)) })
    };
    Ok(Still {
        question: "How fast does the score matrix grow, and when does it matter?",
        layouts: [
            drawn((WIDE, 270.0), panel(52.0, 28.0, 280.0), panel(500.0, 28.0, 240.0)),
            drawn((NARROW, 546.0), panel(52.0, 28.0, 222.0), panel(40.0, 304.0, 218.0)),
        ],
        numbers: html! {
            (table("Bytes of the score matrix, at 16 bits a number", &["Tokens", "One head", "All heads"], &sizes))
            (table("Multiplications in a layer for one token", &["Tokens", "Projections", "Matrix"], &works))
        },
        says,
    })
}

fn memory(plot: Area, heads: f64) -> Markup {
    let [first, last] = POWERS.map(|power| f64::from(1_u32 << power));
    let across = Scale::logarithmic([first, last], [plot.x, plot.right()]);
    let up = Scale::logarithmic([matrix(first), matrix(last) * heads], [plot.bottom(), plot.y]);
    let units =
        [("MiB", 20), ("GiB", 30), ("TiB", 40)].map(|(name, power)| (name, 2_f64.powi(power)));
    let curve = |times: f64| {
        let ends =
            [first, last].map(|tokens| (across.place(tokens), up.place(matrix(tokens) * times)));
        stroke(
            &Path::new(ends[0]).line(ends[1]),
            2.5,
            if times > 1.0 { "line-accent" } else { "line-ink" },
        )
    };
    let end = |times: f64| up.place(matrix(last) * times) + 4.0;
    html! {
        (text((plot.x - 52.0, plot.y - 14.0), "memory of the matrix", "small strong"))
        @for (name, bytes) in units {
            (axis::rules(&up, [plot.x, plot.right()], &[bytes]))
            (axis::beside(&up, plot.x, &[bytes], |_| format!("1 {name}")))
        }
        (axis::below(&across, plot.bottom(), &[128.0, 1024.0, 8192.0, 65536.0], |it| {
            if it < 1024.0 { format!("{it}") } else { format!("{}K", it / 1024.0) }
        }))
        (text((plot.middle().0, plot.bottom() + 36.0), "tokens", "mid small muted"))
        (curve(1.0)) (curve(heads))
        (text((plot.right() + 6.0, end(1.0)), "one head", "small"))
        (text((plot.right() + 6.0, end(heads)), &format!("all {heads}"), "small ink-accent"))
    }
}

fn working(plot: Area, work: Work) -> Markup {
    let across = Scale::linear([0.0, LONG], [plot.x, plot.right()]);
    let up = Scale::linear([0.0, work.each_key * LONG], [plot.bottom(), plot.y]);
    let at = |tokens: f64, amount: f64| (across.place(tokens), up.place(amount));
    let rising = [at(0.0, 0.0), at(LONG, work.each_key * LONG)];
    let level = work.level();
    let met = at(level, work.projections);
    html! {
        (text((plot.x - 30.0, plot.y - 14.0), "million multiplications a token, one layer", "small strong"))
        (axis::rules(&up, [plot.x, plot.right()], &[1e6, 2e6]))
        (axis::beside(&up, plot.x, &[0.0, 1e6, 2e6], |it| format!("{}", it / 1e6)))
        (axis::below(&across, plot.bottom(), &[0.0, level, LONG], |it| grouped(it as u64)))
        (text((plot.middle().0, plot.bottom() + 36.0), "tokens", "mid small muted"))
        (line((met.0, plot.bottom()), met, "line-edge part dashed"))
        (stroke(&Path::new(at(0.0, work.projections)).line(at(LONG, work.projections)), 2.5, "line-ink"))
        (stroke(&Path::new(rising[0]).line(rising[1]), 2.5, "line-accent"))
        (circle(met, 4.5, "fill-accent line-panel part"))
        (text((plot.right() + 6.0, at(LONG, work.projections).1 + 4.0), "projections", "small"))
        (text((plot.right() + 6.0, rising[1].1 + 4.0), "matrix", "small ink-accent"))
    }
}
