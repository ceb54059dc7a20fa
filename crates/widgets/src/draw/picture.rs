//! The frame that all pictures share: a question, what can be chosen, the picture itself, a
//! sentence that says what it shows, and behind "The numbers" the tables.

use maud::{Markup, html};

use super::coordinate;

/// A picture in its frame. What it has not, it leaves empty.
#[derive(Debug)]
pub struct Frame<'a> {
    /// The widget's name: a class for its style sheet.
    pub name: &'a str,
    /// The question that the picture answers.
    pub question: Markup,
    /// What stands beside the question, above the picture: the main controls. They are gone without scripts.
    pub controls: Markup,
    /// The picture.
    pub picture: Markup,
    /// What it shows now, for the eye and for the screen reader: the live region.
    pub says: Markup,
    /// What stands below the sentence, and is always there.
    pub below: Markup,
    /// The tables.
    pub numbers: Markup,
    /// Reset, and a link to the widget as it stands: see [`actions`](crate::parts::actions).
    pub actions: Markup,
}

impl Frame<'_> {
    /// The widget's view.
    pub fn view(self) -> Markup {
        html! {
            div class={ "view drawn " (self.name) } {
                div class="head" {
                    p class="question" { (self.question) }
                    div class="choices needs-script" { (self.controls) }
                }
                div class="drawing" { (self.picture) }
                p class="status" role="status" { (self.says) }
                div class="below" { (self.below) }
                details class="numbers" {
                    summary { "The numbers" }
                    (self.numbers)
                }
                div class="taken needs-script" {
                    (self.actions)
                    button type="button" data-save=(self.name) { "Save as SVG" }
                    a href={ "figures/" (self.name) ".html" } { "Open alone" }
                }
            }
        }
    }
}

/// The two layouts of one picture. The style sheet shows the one that fits.
pub fn layouts(wide: Markup, narrow: Markup) -> Markup {
    html! {
        div class="for-wide" { (wide) }
        div class="for-narrow" { (narrow) }
    }
}

/// A drawing of `size`, in units, with a `label` that says what it shows. `role` is `img` for a
/// picture, and `group` where parts of it can be pressed.
pub fn svg((width, height): (f64, f64), role: &str, label: &str, marks: Markup) -> Markup {
    let view = format!("0 0 {} {}", coordinate(width), coordinate(height));
    html! { svg viewBox=(view) role=(role) aria-label=(label) { (marks) } }
}
