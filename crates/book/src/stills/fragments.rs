//! Where numbers lie: the fragments that threads of a warp hold for a tensor core, and the swizzle of
//! tiles in shared memory. The rules are those of `crates/kernels`, whose own text a test compares.

use maud::{Markup, html};
use widgets::draw::mark::{Area, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::{NARROW, Point, WIDE};

use super::frame::{Still, table};

/// The thread that holds row `row` and column `column` of `A`, 16 × 16 (PTX ISA, mma.m16n8k16).
fn thread_of_left(row: usize, column: usize) -> usize {
    row % 8 * 4 + column % 8 / 2
}

/// The thread that holds row `row` and column `column` of `B`, 16 × 8.
fn thread_of_right(row: usize, column: usize) -> usize {
    column * 4 + row % 8 / 2
}

/// The thread that holds row `row` and column `column` of `C`, 16 × 8.
fn thread_of_sum(row: usize, column: usize) -> usize {
    row % 8 * 4 + column / 2
}

/// Where chunk `chunk` of row `row` lies in that row.
fn place(row: usize, chunk: usize) -> usize {
    chunk ^ (row % 8)
}

/// The thread whose numbers stand out.
const SHOWN: usize = 5;

const CELL: f64 = 20.0;

/// Which thread holds which numbers of the three matrices.
pub(super) fn layout() -> Still {
    let says = format!(
        "Each box is two neighbours, with the thread that holds them. Thread {SHOWN} has the boxes \
         that stand out: its part of C lies as its part of the left half of A does, so sums become a \
         left factor where they are."
    );
    let label = format!("Matrices A, B and C of one product, with the thread of each pair. {says}");
    let matrices = [
        Matrix {
            name: "A: queries, or weights",
            columns: 16,
            upright: false,
            thread: thread_of_left,
        },
        Matrix { name: "B: keys, or values", columns: 8, upright: true, thread: thread_of_right },
        Matrix { name: "C: scores, or sums", columns: 8, upright: false, thread: thread_of_sum },
    ];
    let wide = html! {
        @for (matrix, x) in matrices.iter().zip([6.0, 386.0, 606.0]) { (matrix.drawn((x, 0.0))) }
    };
    let narrow = html! {
        @for (matrix, at) in matrices.iter().zip([(6.0, 0.0), (6.0, 362.0), (178.0, 362.0)]) {
            (matrix.drawn(at))
        }
    };
    let rows: Vec<[String; 3]> = matrices
        .iter()
        .map(|matrix| {
            let held: Vec<String> =
                matrix.held(SHOWN).map(|(row, column)| format!("({row}, {column})")).collect();
            [matrix.name.to_owned(), format!("16 × {}", matrix.columns), held.join(" ")]
        })
        .collect();
    let caption = format!("What thread {SHOWN} holds: row and column");
    Still {
        question: "Which thread holds which number?",
        layouts: [
            svg((WIDE, 350.0), "img", &label, wide),
            svg((NARROW, 712.0), "img", &label, narrow),
        ],
        says,
        numbers: table(&caption, &["matrix", "shape", "numbers"], &rows),
    }
}

/// A matrix of sixteen rows whose numbers threads hold in pairs.
struct Matrix {
    name: &'static str,
    columns: usize,
    /// Whether the two of a pair stand one above the other.
    upright: bool,
    thread: fn(usize, usize) -> usize,
}

impl Matrix {
    /// Where the numbers of a thread are.
    fn held(&self, thread: usize) -> impl Iterator<Item = (usize, usize)> {
        let places = (0..16).flat_map(|row| (0..self.columns).map(move |column| (row, column)));
        places.filter(move |&(row, column)| (self.thread)(row, column) == thread)
    }

    fn drawn(&self, (left, top): Point) -> Markup {
        let (down, right) = if self.upright { (2, 1) } else { (1, 2) };
        html! {
            (text((left, top + 16.0), self.name, "small strong"))
            // What stands out comes last: its edge lies over its neighbours'.
            @for (row, column) in self.pairs(down, right) {
                    @let thread = (self.thread)(row, column);
                    @let area = Area::new(
                        left + column as f64 * CELL,
                        top + 26.0 + row as f64 * CELL,
                        right as f64 * CELL,
                        down as f64 * CELL,
                    );
                    @let class = if thread == SHOWN { "fill-lit line-accent lit" } else { "line-hair" };
                    (rect(area, class))
                    (text((area.middle().0, area.middle().1 + 4.0), &thread.to_string(), "mid least"))
            }
        }
    }

    /// The first place of each pair, those of the shown thread last.
    fn pairs(&self, down: usize, right: usize) -> Vec<(usize, usize)> {
        let rows = (0..16).step_by(down);
        let mut pairs: Vec<(usize, usize)> = rows
            .flat_map(|row| (0..self.columns).step_by(right).map(move |column| (row, column)))
            .collect();
        pairs.sort_by_key(|&(row, column)| (self.thread)(row, column) == SHOWN);
        pairs
    }
}

/// Rows of eight chunks, as they are and as the kernel stores them.
pub(super) fn swizzle() -> Still {
    let says = "A column of places is four banks. As they are, the chunks 0 of eight rows lie in one \
                column, and are read one after another. With the swizzle they lie in eight columns, \
                and are read at once."
        .to_owned();
    let label = format!("Eight rows of eight chunks, without the swizzle and with it. {says}");
    let size = |cell: f64| 8.0 * cell;
    let wide = html! {
        (grid("as they are", (30.0, 0.0), 30.0, |_, chunk| chunk))
        (grid("with the swizzle", (460.0, 0.0), 30.0, place))
    };
    let narrow = html! {
        (grid("as they are", (4.0, 0.0), 20.0, |_, chunk| chunk))
        (grid("with the swizzle", (182.0, 0.0), 20.0, place))
    };
    let rows: Vec<[String; 3]> = (0..8)
        .map(|row| {
            let there = (0..8).find(|&at| place(row, at) == 0).unwrap_or(0);
            [row.to_string(), "0 to 3".to_owned(), format!("{} to {}", 4 * there, 4 * there + 3)]
        })
        .collect();
    Still {
        question: "In which banks does the first chunk of each row lie?",
        layouts: [
            svg((WIDE, 30.0 + size(30.0)), "img", &label, wide),
            svg((NARROW, 30.0 + size(20.0)), "img", &label, narrow),
        ],
        says,
        numbers: table("Banks of chunk 0", &["row", "as they are", "with the swizzle"], &rows),
    }
}

/// Eight rows of places. In each stands the chunk that lies there.
fn grid(name: &str, (left, top): Point, cell: f64, at: impl Fn(usize, usize) -> usize) -> Markup {
    html! {
        (text((left, top + 16.0), name, "small strong"))
        @for shown in [false, true] {
            // The rule is its own inverse.
            @for (row, place) in places().filter(|&(row, place)| (at(row, place) == 0) == shown) {
                @let chunk = at(row, place);
                @let area = Area::new(
                    left + place as f64 * cell,
                    top + 26.0 + row as f64 * cell,
                    cell,
                    cell,
                );
                (rect(area, if shown { "fill-lit line-accent lit" } else { "line-hair" }))
                (text((area.middle().0, area.middle().1 + 4.0), &chunk.to_string(), "mid least"))
            }
        }
    }
}

/// Rows and places of eight chunks each.
fn places() -> impl Iterator<Item = (usize, usize)> {
    (0..8).flat_map(|row| (0..8).map(move |place| (row, place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_holds_as_many_numbers_as_the_instruction_says() {
        for thread in 0..32 {
            let count = |columns, of: fn(usize, usize) -> usize| {
                let matrix = Matrix { name: "", columns, upright: false, thread: of };
                matrix.held(thread).count()
            };
            assert_eq!(count(16, thread_of_left), 8);
            assert_eq!(count(8, thread_of_right), 4);
            assert_eq!(count(8, thread_of_sum), 4);
        }
        // Two C side by side are an A.
        for (row, column) in (0..16).flat_map(|row| (0..16).map(move |column| (row, column))) {
            assert_eq!(thread_of_left(row, column), thread_of_sum(row, column % 8));
        }
    }

    #[test]
    fn the_rules_are_those_of_the_kernels() {
        let tile = include_str!("../../../kernels/src/shared_tile.rs");
        assert!(tile.contains("row * chunks + (chunk ^ (row % 8))"), "the swizzle has changed");
        let forward = include_str!("../../../kernels/src/tensor_core_forward.rs");
        assert!(forward.contains("+ plane_row + lane / 4;"), "the rows of threads have changed");
        assert!(forward.contains("lane % 4 * 2;"), "the columns of threads have changed");
        for row in 0..8 {
            let mut places: Vec<usize> = (0..8).map(|chunk| place(row, chunk)).collect();
            places.sort_unstable();
            assert_eq!(places, (0..8).collect::<Vec<_>>());
        }
        let mut first: Vec<usize> = (0..8).map(|row| place(row, 0)).collect();
        first.sort_unstable();
        assert_eq!(first, (0..8).collect::<Vec<_>>(), "chunks 0 lie in different eighths");
    }
}
