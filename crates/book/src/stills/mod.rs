//! Pictures that stay as they are: each answers one question, and its table says the same. They
//! are drawn when the book is built, and no script of the page takes part.
//!
//! A module a picture. `{{figure growth}}` puts one into a chapter.

mod absorbed;
mod all_heads;
mod cuts;
mod first_token;
mod growth;
mod kinds;
mod low_rank;
mod masks;
mod party;
mod pattern_growth;
mod ring;
mod scatter;
mod shapes;
mod shared_blocks;
mod spreads;

use anyhow::Result;
use maud::{Markup, html};
use widgets::draw::picture::layouts;

use crate::memoised_model::MemoisedModel;
use crate::prerender::Prerendered;

pub(crate) use growth::Work;

/// Every picture of this kind. One that shows the model says so where there is none.
///
/// # Errors
/// When the model cannot be read.
pub(crate) fn all(model: Option<&MemoisedModel>) -> Result<Vec<Prerendered>> {
    Ok(vec![
        party::still().prerendered(),
        of_the_model("all-heads", model, all_heads::still)?,
        of_the_model("first-token", model, first_token::still)?,
        of_the_model("shapes", model, shapes::still)?,
        of_the_model("low-rank", model, low_rank::still)?,
        growth::still()?.prerendered(),
        masks::still()?.prerendered(),
        of_the_model("spreads", model, spreads::still)?,
        pattern_growth::still()?.prerendered(),
        cuts::still()?.prerendered(),
        kinds::still()?.prerendered(),
        absorbed::still()?.prerendered(),
        shared_blocks::still()?.prerendered(),
        ring::still()?.prerendered(),
    ])
}

fn of_the_model(
    name: &'static str,
    model: Option<&MemoisedModel>,
    still: impl FnOnce(&MemoisedModel) -> Result<Still>,
) -> Result<Prerendered> {
    let missing = || html! { p class="missing" { "(This picture needs the model.)" } };
    Ok(match model {
        Some(model) => still(model)?.prerendered(),
        None => Prerendered::still(name, missing().into_string()),
    })
}

/// A picture in its frame.
struct Still {
    /// What the text calls it.
    name: &'static str,
    /// The question that it answers.
    question: &'static str,
    /// The picture where there is room, and on a phone.
    layouts: [Markup; 2],
    /// What it shows, in a sentence or two.
    says: String,
    /// The tables.
    numbers: Markup,
}

impl Still {
    fn prerendered(self) -> Prerendered {
        let [wide, narrow] = self.layouts;
        let view = html! {
            div class={ "view drawn still " (self.name) } {
                div class="head" { p class="question" { (self.question) } }
                div class="drawing" { (layouts(wide, narrow)) }
                p class="status" { (self.says) }
                details class="numbers" {
                    summary { "The numbers" }
                    (self.numbers)
                }
            }
        };
        Prerendered::still(self.name, view.into_string())
    }
}

/// A table with one name a row.
fn table(caption: &str, headings: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="group" aria-label=(caption) {
            table class="weights" {
                caption { (caption) }
                thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
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

    /// Each picture is there, says what it shows, and has its numbers in a table.
    #[test]
    fn each_has_a_label_and_a_table() {
        let path = smollm2::locate().unwrap_or_else(|error| panic!("{error}"));
        let model = MemoisedModel::open(&path).unwrap();
        for still in all(Some(&model)).unwrap() {
            let html = Html::parse_fragment(&still.html(None));
            let count = |selector: &str| html.select(&Selector::parse(selector).unwrap()).count();
            let name = still.name;
            assert_eq!(count("svg[role=img][aria-label]"), 2, "{name}");
            assert!(count("details table td") > 3, "{name}");
            assert_eq!(count(".question"), 1, "{name}");
            let cells = html.select(&Selector::parse(".numbers td").unwrap());
            let cells: String = cells.flat_map(|cell| cell.text()).collect();
            assert!(cells.contains(|c: char| c.is_ascii_digit()), "{name}: {cells}");
            assert!(!cells.contains("NaN"), "{name}: {cells}");
            assert_eq!(count("[id], [style]"), 0, "{name}");
        }
    }

    #[test]
    fn without_the_model_a_picture_of_it_says_so() {
        let stills = all(None).unwrap();
        let missing = stills.iter().filter(|it| it.html(None).contains("needs the model"));
        assert_eq!(missing.count(), 5);
    }
}
