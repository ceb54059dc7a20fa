//! Reading a widget's view, for the tests of every widget.

use scraper::{ElementRef, Html, Selector};
use widgets::Widget;

/// Every element that a selector finds.
pub fn all<'h>(html: &'h Html, selector: &str) -> Vec<ElementRef<'h>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

/// All text in an element.
pub fn text(element: &ElementRef<'_>) -> String {
    element.text().collect()
}

/// What a widget shows, parsed.
pub fn view(widget: &dyn Widget) -> Html {
    Html::parse_fragment(&widget.view())
}
