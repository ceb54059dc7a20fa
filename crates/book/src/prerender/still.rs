//! A picture that stands still: drawn when the book is built, and no script takes part.

use maud::{Markup, html};
use widgets::draw::picture::layouts;

use super::Prerendered;

/// A picture in its frame.
pub(super) struct Still {
    /// What the text calls it.
    pub(super) name: &'static str,
    /// The question that it answers.
    pub(super) question: &'static str,
    /// The picture where there is room.
    pub(super) wide: Markup,
    /// The picture on a phone.
    pub(super) narrow: Markup,
    /// What it shows, in a sentence or two.
    pub(super) says: String,
    /// The tables.
    pub(super) numbers: Markup,
}

impl Still {
    /// The picture as the pages show it.
    pub(super) fn prerendered(self) -> Prerendered {
        let view = html! {
            div class={ "view drawn still " (self.name) } {
                div class="head" { p class="question" { (self.question) } }
                div class="drawing" { (layouts(self.wide, self.narrow)) }
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

/// What stands in a picture's place where there is no model.
pub(super) fn without_model(name: &'static str) -> Prerendered {
    let view = html! { p class="missing" { "(This picture needs the model.)" } };
    Prerendered::still(name, view.into_string())
}

/// A table: its caption, the names of its columns, and its rows, each with its name first.
pub(super) fn table(caption: &str, columns: &[&str], rows: &[Vec<String>]) -> Markup {
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
