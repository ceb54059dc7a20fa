//! What the causal mask alone leaves open: padding on the left, and a second text in the row.

use attention::Mask;
use maud::{Markup, html};
use widgets::draw::mark::{Area, path, rounded, text};
use widgets::draw::path::Path;
use widgets::draw::picture::svg;
use widgets::draw::role::Role;
use widgets::draw::{NARROW, WIDE};

use super::frame::{Still, table};

/// A row of positions, each of a text, or padding.
struct Case {
    title: &'static str,
    /// The text that stands at each position, `None` for padding.
    texts: &'static [Option<usize>],
    /// What is written at each position.
    letters: &'static str,
    note: &'static str,
}

const CASES: [Case; 3] = [
    Case {
        title: "one text",
        texts: &[Some(0), Some(0), Some(0), Some(0), Some(0), Some(0)],
        letters: "aaaaaa",
        note: "nothing is open",
    },
    Case {
        title: "padding on the left",
        texts: &[None, None, Some(0), Some(0), Some(0), Some(0)],
        letters: "··aaaa",
        note: "needs a padding mask",
    },
    Case {
        title: "two texts in one row",
        texts: &[Some(0), Some(0), Some(0), Some(1), Some(1), Some(1)],
        letters: "aaabbb",
        note: "needs a document mask",
    },
];

/// What becomes of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pair {
    /// Hidden by the causal mask.
    Hidden,
    /// Visible, and of one text.
    Meant,
    /// Visible, and of two texts, or padding.
    Open,
}

impl Case {
    fn pair(&self, query: usize, key: usize) -> Pair {
        let seq = self.texts.len();
        match (self.texts[query], self.texts[key]) {
            _ if !Mask::Causal.grid(seq, seq).sees(query, key) => Pair::Hidden,
            (Some(one), Some(other)) if one == other => Pair::Meant,
            _ => Pair::Open,
        }
    }

    fn count(&self, wanted: Pair) -> usize {
        let seq = self.texts.len();
        (0..seq * seq).filter(|at| self.pair(at / seq, at % seq) == wanted).count()
    }
}

/// The picture.
pub(super) fn still() -> Still {
    let open: Vec<String> =
        CASES.iter().map(|case| format!("{} {}", case.title, case.count(Pair::Open))).collect();
    Still {
        question: "What does the causal mask alone leave open?",
        layouts: [wide(), narrow()],
        says: format!("Crossed cells are visible and should not be: {}.", open.join(", ")),
        numbers: numbers(),
    }
}

fn described() -> String {
    let said = CASES.iter().map(|case| {
        let (meant, open) = (case.count(Pair::Meant), case.count(Pair::Open));
        format!("{}: {meant} pairs are meant to be visible, {open} are open by mistake", case.title)
    });
    said.collect::<Vec<_>>().join("; ")
}

fn wide() -> Markup {
    let marks = html! {
        @for (at, case) in CASES.iter().enumerate() { (grid(case, (40.0 + at as f64 * 280.0, 44.0), 26.0)) }
    };
    svg((WIDE, 228.0), "img", &described(), marks)
}

fn narrow() -> Markup {
    let marks = html! {
        @for (at, case) in CASES.iter().enumerate() { (grid(case, (70.0, 44.0 + at as f64 * 222.0), 25.0)) }
    };
    svg((NARROW, 44.0 + 2.0 * 222.0 + 178.0), "img", &described(), marks)
}

fn grid(case: &Case, (x, y): (f64, f64), cell: f64) -> Markup {
    let seq = case.texts.len();
    let letters: Vec<String> = case.letters.chars().map(String::from).collect();
    html! {
        (text((x, y - 26.0), case.title, "strong"))
        @for (at, letter) in letters.iter().enumerate() {
            @let middle = (at as f64 + 0.5) * cell;
            (text((x + middle, y - 6.0), letter, "mid small ink-key"))
            (text((x - 8.0, y + middle + 4.0), letter, "end small ink-query"))
        }
        @for query in 0..seq {
            @for key in 0..seq {
                @let area = Area::new(x + key as f64 * cell, y + query as f64 * cell, cell - 1.5, cell - 1.5);
                @match case.pair(query, key) {
                    Pair::Hidden => (rounded(area, 2.0, "fill-hair line-hair")),
                    Pair::Meant => (rounded(area, 2.0, &format!("{} {}", Role::Query.tint(), Role::Query.line()))),
                    Pair::Open => {
                        (rounded(area, 2.0, "fill-lit line-accent part"))
                        (path(&cross(area), "line-accent part"))
                    }
                }
            }
        }
        (text((x, y + seq as f64 * cell + 16.0), case.note, "small muted"))
    }
}

fn cross(area: Area) -> Path {
    let inner = area.grown(-6.0);
    Path::new((inner.x, inner.y))
        .line((inner.right(), inner.bottom()))
        .jump((inner.right(), inner.y))
        .line((inner.x, inner.bottom()))
}

fn numbers() -> Markup {
    let columns = ["Row of positions", "Visible, as meant", "Visible by mistake", "Hidden"];
    let rows: Vec<Vec<String>> = CASES
        .iter()
        .map(|case| {
            let counts =
                [Pair::Meant, Pair::Open, Pair::Hidden].map(|it| case.count(it).to_string());
            [vec![case.title.to_owned()], counts.to_vec()].concat()
        })
        .collect();
    table("Pairs of positions under the causal mask alone", &columns, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_triangles() {
        let counts =
            CASES.map(|case| [Pair::Meant, Pair::Open, Pair::Hidden].map(|it| case.count(it)));
        // 6 · 7 / 2 visible: of one text of 6, of 4 among them, of two texts of 3.
        assert_eq!(counts, [[21, 0, 15], [10, 11, 15], [12, 9, 15]]);
    }
}
