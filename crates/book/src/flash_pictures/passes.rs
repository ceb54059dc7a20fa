//! Three passes over a row, two, one: how often a softmax that does not overflow reads its scores.

use inputs::flash::{KEY, QUERY};
use maud::{Markup, html};
use widgets::draw::mark::{Area, line, path, rect, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::{NARROW, WIDE};

use super::{Still, table};

/// A way to compute a row, and what each of its passes ends with.
const WAYS: [(&str, &[&str]); 3] = [
    ("safe softmax", &["the maximum m", "the sum l", "weights and output"]),
    ("online softmax", &["m and l, corrected on the way", "weights and output"]),
    ("flash attention", &["m, l and O, corrected on the way"]),
];

/// The query whose row is read: the one that the text follows.
const ROW: usize = 2;

/// The row's scores, with the usual scale.
fn scores() -> [f32; 4] {
    let query = QUERY[ROW];
    KEY.map(|key| (query[0] * key[0] + query[1] * key[1]) / (query.len() as f32).sqrt())
}

/// The picture.
pub(super) fn picture() -> Still {
    let passes = |at: usize| WAYS[at].1.len();
    let says = format!(
        "A safe softmax reads its row {} times, the online softmax {} times, and flash attention \
         once. The bars are the scores of query {ROW} in the example below.",
        passes(0),
        passes(1)
    );
    let rows: Vec<[String; 3]> = WAYS
        .iter()
        .flat_map(|(way, passes)| {
            passes
                .iter()
                .enumerate()
                .map(|(at, ends)| [(*way).to_owned(), (at + 1).to_string(), (*ends).to_owned()])
        })
        .collect();
    Still {
        question: "How often must a row of scores be read?",
        wide: drawn(WIDE, &says),
        narrow: drawn(NARROW, &says),
        says,
        numbers: table("Passes over a row", ["way", "pass", "ends with"], &rows),
    }
}

const STRIP: f64 = 150.0;

fn drawn(width: f64, says: &str) -> Markup {
    let label = format!("Three ways, a strip of scores for each pass. {says}");
    if width == WIDE {
        let column = width / 3.0;
        let marks = html! {
            @for (at, (way, passes)) in WAYS.iter().enumerate() {
                @let x = at as f64 * column + 6.0;
                (text((x, 16.0), way, "strong"))
                @for (pass, ends) in passes.iter().enumerate() {
                    (strip((x, 30.0 + pass as f64 * 84.0), ends))
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
            @for (pass, ends) in passes.iter().enumerate() {
                (strip((6.0, top + 30.0 + pass as f64 * 84.0), ends))
            }
        }
    };
    svg((width, y), "img", &label, marks)
}

/// The row as bars, an arrow along it, and what is known at its end.
fn strip((x, y): (f64, f64), ends: &str) -> Markup {
    let scores = scores();
    let largest = scores.iter().fold(0.0_f32, |most, score| most.max(*score));
    let cell = STRIP / scores.len() as f64;
    let base = y + 38.0;
    html! {
        @for (at, score) in scores.iter().enumerate() {
            @let height = f64::from(score / largest) * 34.0;
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
        // The text: the first tile ends with m = 1.41, and the second brings 4.95.
        assert!((scores[0] - 1.4142).abs() < 1e-3 && (scores[2] - 4.9497).abs() < 1e-3);
    }
}
