//! The still pictures of the pages on flash attention and on cards: drawn when the book is built,
//! from the library's tables of devices, from the sizes of the chapter's example, and from the rules
//! by which kernels place numbers.

mod fragments;
mod levels;
mod loops;
mod passes;
mod split;
mod timelines;

use anyhow::Result;
use maud::{Markup, html};
use widgets::draw::picture::layouts;

/// The names that a page can ask for.
pub const NAMES: [&str; 8] = [
    "memory-levels",
    "passes",
    "flash-loops",
    "warp-split",
    "ping-pong",
    "copies",
    "fragments",
    "swizzle",
];

/// The picture called `name`, as HTML, or `None` where there is none.
///
/// # Errors
/// When a device is not in the library's table.
pub fn drawing(name: &str) -> Result<Option<String>> {
    let still = match name {
        "memory-levels" => levels::picture(),
        "passes" => passes::picture(),
        "flash-loops" => loops::picture()?,
        "warp-split" => split::picture(),
        "ping-pong" => timelines::ping_pong()?,
        "copies" => timelines::copies()?,
        "fragments" => fragments::layout(),
        "swizzle" => fragments::swizzle(),
        _ => return Ok(None),
    };
    Ok(Some(format!("\n\n{}\n\n", still.view().into_string())))
}

/// A picture that does not change.
struct Still {
    /// What it answers.
    question: &'static str,
    /// The picture where there is room.
    wide: Markup,
    /// The picture on a phone.
    narrow: Markup,
    /// What it shows, in a sentence or two.
    says: String,
    /// The same in numbers.
    numbers: Markup,
}

impl Still {
    fn view(&self) -> Markup {
        html! {
            figure class="widget" {
                div class="view drawn still" {
                    div class="head" { p class="question" { (self.question) } }
                    div class="drawing" { (layouts(self.wide.clone(), self.narrow.clone())) }
                    p class="status" { (self.says) }
                    details class="numbers" {
                        summary { "The numbers" }
                        div class="scroll" { (self.numbers) }
                    }
                }
            }
        }
    }
}

/// A table with a caption.
fn table<const N: usize>(caption: &str, head: [&str; N], rows: &[[String; N]]) -> Markup {
    html! {
        table class="weights" {
            caption { (caption) }
            thead { tr { @for cell in head { th scope="col" { (cell) } } } }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_picture_in_two_layouts_with_its_numbers() {
        for name in NAMES {
            let html = drawing(name).unwrap().unwrap_or_else(|| panic!("no {name}"));
            assert_eq!(html.matches("<svg ").count(), 2, "{name}");
            assert_eq!(html.matches("role=\"img\"").count(), 2, "{name}");
            assert!(html.contains("<td>") && html.contains("class=\"question\""), "{name}");
            assert!(!html.contains("NaN") && !html.contains(" id="), "{name}");
        }
        assert!(drawing("nothing").unwrap().is_none());
    }
}
