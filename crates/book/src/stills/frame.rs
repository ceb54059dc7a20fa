//! A picture that stays still, in the frame that the widgets have too.

use maud::{Markup, html};
use widgets::draw::picture::layouts;

use crate::prerender::Prerendered;

/// A picture in its frame.
pub(super) struct Still {
    /// The question that it answers.
    pub(super) question: &'static str,
    /// The picture where there is room, and on a phone.
    pub(super) layouts: [Markup; 2],
    /// What it shows, in a sentence or two.
    pub(super) says: String,
    /// The tables.
    pub(super) numbers: Markup,
}

impl Still {
    pub(super) fn prerendered(self, name: &'static str) -> Prerendered {
        let [wide, narrow] = self.layouts;
        let view = html! {
            div class={ "view drawn still " (name) } {
                div class="head" { p class="question" { (self.question) } }
                div class="drawing" { (layouts(wide, narrow)) }
                p class="status" { (self.says) }
                details class="numbers" {
                    summary { "The numbers" }
                    (self.numbers)
                }
            }
        };
        Prerendered::still(name, view.into_string())
    }
}

/// A table with one name a row.
pub(super) fn table<R: AsRef<[String]>>(caption: &str, headings: &[&str], rows: &[R]) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="group" aria-label=(caption) {
            table class="weights" {
                caption { (caption) }
                thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (at, cell) in row.as_ref().iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
