//! Pictures that stand still: drawn once, when the book is built, from what the crates compute.
//!
//! They speak the drawn language of the widgets, stand in the same frame, and weigh nothing in the
//! page but themselves. `{{figure ring-attention}}` puts one into a chapter.

mod absorbed;
mod cuts;
mod growth;
mod kinds;
mod ring;
mod shared_blocks;

use anyhow::Result;
use maud::{Markup, html};
use widgets::draw::picture::layouts;

use crate::highlight::inert;

/// A picture, and all that stands around it.
struct Still {
    /// A class for its style sheet, and the name of its tag.
    name: &'static str,
    /// What the picture answers.
    question: &'static str,
    /// For wide pages and for phones.
    layouts: [Markup; 2],
    /// What it shows, in a sentence or two.
    says: String,
    /// The same as a table.
    numbers: Markup,
}

/// The pictures by name.
const ALL: [(&str, fn() -> Result<Still>); 6] = [
    (growth::NAME, growth::still),
    (cuts::NAME, cuts::still),
    (kinds::NAME, kinds::still),
    (absorbed::NAME, absorbed::still),
    (shared_blocks::NAME, shared_blocks::still),
    (ring::NAME, ring::still),
];

/// The picture of this name as HTML, or none.
///
/// # Errors
/// When what it draws cannot be computed.
pub(crate) fn drawing(name: &str) -> Option<Result<String>> {
    let (_, still) = ALL.iter().find(|(known, _)| *known == name)?;
    Some(still().map(|still| format!("\n\n{}\n\n", inert(&still.view().into_string()))))
}

impl Still {
    fn view(self) -> Markup {
        let [wide, narrow] = self.layouts;
        html! {
            figure class="widget" {
                div class={ "view drawn " (self.name) } {
                    div class="head" { p class="question" { (self.question) } }
                    div class="drawing" { (layouts(wide, narrow)) }
                    p class="status" { (self.says) }
                    details class="numbers" {
                        summary { "The numbers" }
                        (self.numbers)
                    }
                }
            }
        }
    }
}

/// A table: its caption, the names of its columns, and its rows, each with its name first.
fn table(caption: &str, columns: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="group" aria-label=(caption) {
            table class="weights" {
                caption { (caption) }
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (at, cell) in row.iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use scraper::{Html, Selector};

    use super::*;

    fn select(html: &Html, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        html.select(&selector).map(|it| it.text().collect()).collect()
    }

    #[test]
    fn each_has_a_question_a_label_two_layouts_and_its_numbers() {
        for (name, _) in ALL {
            let drawn = drawing(name).unwrap().unwrap();
            let html = Html::parse_fragment(&drawn);
            assert!(select(&html, ".question")[0].ends_with('?'), "{name}");
            assert_eq!(select(&html, ".drawing svg[role=img]").len(), 2, "{name}");
            let cells = select(&html, ".numbers td").concat();
            assert!(cells.contains(|c: char| c.is_ascii_digit()), "{name}: {cells}");
            for forbidden in [" id=", " style=", "NaN", "\n\n<svg"] {
                assert!(!drawn.trim().contains(forbidden), "{name}: {forbidden}");
            }
        }
        assert!(drawing("none").is_none());
    }
}
