//! Three passes over a row, two, one: how often a softmax that does not overflow reads its scores.

use inputs::flash::{KEY, QUERY};
use maud::{Markup, html};
use widgets::draw::mark::{Area, line, path, rect, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::{NARROW, WIDE};

use super::frame::{Still, table};

/// What a pass computes of each key.
#[derive(Clone, Copy)]
enum Bars {
    /// The score.
    Scores,
    /// Its exponential, taken from the row's maximum.
    Powers,
    /// Its exponential, taken from the largest score so far.
    Running,
    /// Its weight.
    Weights,
}

/// A pass: its bars, and what is known at its end.
type Pass = (Bars, &'static str);

/// A way to compute a row, and its passes.
const WAYS: [(&str, &[Pass]); 3] = [
    (
        "safe softmax",
        &[
            (Bars::Scores, "the maximum m"),
            (Bars::Powers, "the sum l"),
            (Bars::Weights, "weights and output"),
        ],
    ),
    (
        "online softmax",
        &[(Bars::Running, "m and l, corrected on the way"), (Bars::Weights, "weights and output")],
    ),
    ("flash attention", &[(Bars::Running, "m, l and O, corrected on the way")]),
];

impl Bars {
    /// What is drawn of each key, and what it is called.
    fn of(self) -> (&'static str, [f32; 4]) {
        let scores = scores();
        let largest = scores.iter().fold(f32::MIN, |most, score| most.max(*score));
        let powers = scores.map(|score| (score - largest).exp());
        match self {
            Bars::Scores => ("score", scores),
            Bars::Powers => ("exponential", powers),
            Bars::Running => {
                let mut so_far = f32::MIN;
                let running = scores.map(|score| {
                    so_far = so_far.max(score);
                    (score - so_far).exp()
                });
                ("exponential from the largest so far", running)
            }
            Bars::Weights => {
                let sum: f32 = powers.iter().sum();
                ("weight", powers.map(|power| power / sum))
            }
        }
    }
}

/// The query whose row is read: the one that the text follows.
const ROW: usize = 2;

/// The row's scores, with the usual scale.
fn scores() -> [f32; 4] {
    let query = QUERY[ROW];
    KEY.map(|key| (query[0] * key[0] + query[1] * key[1]) / (query.len() as f32).sqrt())
}

/// The picture.
pub(super) fn still() -> Still {
    let times = |at: usize| ["", "once", "twice", "three times"][WAYS[at].1.len()];
    let says = format!(
        "A safe softmax reads its row {}, the online softmax {}, and flash attention {}. The bars are \
         what a pass computes for each of four keys: query {ROW} of the example below.",
        times(0),
        times(1),
        times(2)
    );
    let mut rows: Vec<[String; 5]> = Vec::new();
    for (way, passes) in WAYS {
        for (at, (bars, ends)) in passes.iter().enumerate() {
            let (what, numbers) = bars.of();
            let numbers = numbers.map(|number| format!("{number:.2}")).join(" ");
            let [way, ends, what] = [way, ends, what].map(str::to_owned);
            rows.push([way, (at + 1).to_string(), what, numbers, ends]);
        }
    }
    Still {
        question: "How often must a row of scores be read?",
        layouts: [drawn(WIDE, &says), drawn(NARROW, &says)],
        says,
        numbers: table(
            "Passes over a row",
            &["way", "pass", "bars", "of the four keys", "ends with"],
            &rows,
        ),
    }
}

/// How long a strip is.
const STRIP: f64 = 190.0;

fn drawn(width: f64, says: &str) -> Markup {
    let label = format!("Three ways, a strip of scores for each pass. {says}");
    if width == WIDE {
        let column = width / 3.0;
        let marks = html! {
            @for (way, (name, passes)) in WAYS.iter().enumerate() {
                @let x = way as f64 * column + 6.0;
                (text((x, 16.0), name, "strong"))
                @for (at, pass) in passes.iter().enumerate() {
                    (strip((x, 30.0 + at as f64 * 84.0), *pass))
                }
            }
        };
        return svg((width, 282.0), "img", &label, marks);
    }
    let mut y = 0.0;
    let places: Vec<f64> = WAYS
        .iter()
        .map(|(_, passes)| {
            let here = y;
            y += 34.0 + passes.len() as f64 * 84.0;
            here
        })
        .collect();
    let marks = html! {
        @for ((way, passes), top) in WAYS.iter().zip(&places) {
            (text((6.0, top + 16.0), way, "strong"))
            @for (at, pass) in passes.iter().enumerate() {
                (strip((6.0, top + 30.0 + at as f64 * 84.0), *pass))
            }
        }
    };
    svg((width, y), "img", &label, marks)
}

/// The row as bars, an arrow along it, and what is known at its end.
fn strip((x, y): (f64, f64), (bars, ends): Pass) -> Markup {
    let (_, scores) = bars.of();
    let largest = scores.iter().fold(0.0_f32, |most, score| most.max(*score));
    let cell = STRIP / scores.len() as f64;
    let base = y + 38.0;
    html! {
        @for (at, score) in scores.iter().enumerate() {
            @let height = (f64::from(score / largest) * 34.0).max(1.5);
            (rect(Area::new(x + at as f64 * cell + 3.0, base - height, cell - 6.0, height), "fill-edge"))
        }
        (line((x, base), (x + STRIP, base), "line-edge"))
        (path(&Path::arrow((x, base + 8.0), (x + STRIP, base + 8.0), 7.0), "line-ink part"))
        (text((x, base + 26.0), ends, "small"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_is_that_of_the_listing() {
        let scores = scores();
        // The listing's vectors give two over the root of two, and seven over it.
        let root = std::f32::consts::SQRT_2;
        assert!((scores[0] - 2.0 / root).abs() < 1e-3 && (scores[2] - 7.0 / root).abs() < 1e-3);
    }
}
