//! Colours for code, decided when the book is built: the page needs no script for them.

use std::sync::LazyLock;

use syntect::html::{ClassStyle, ClassedHTMLGenerator};
use syntect::parsing::SyntaxSet;
use syntect::util::LinesWithEndings;

use crate::memo::Memo;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// Code in colour, by the code and its extension.
static COLOURED: LazyLock<Memo<(String, String), String>> = LazyLock::new(Memo::new);

/// `code` as HTML with `hl-` classes. `extension` picks the language: `rs`, `sh`, `json`; an
/// unknown one is plain text.
///
/// The result is safe inside Markdown: line breaks, dollar signs and braces are written as
/// entities, so neither Markdown nor KaTeX nor a tag sees them.
pub(crate) fn highlight(code: &str, extension: &str) -> String {
    let key = (code.to_owned(), extension.to_owned());
    COLOURED.get_or(key, |(code, extension)| colour(code, extension))
}

fn colour(code: &str, extension: &str) -> String {
    let syntax = SYNTAXES
        .find_syntax_by_extension(extension)
        .unwrap_or_else(|| SYNTAXES.find_syntax_plain_text());
    let style = ClassStyle::SpacedPrefixed { prefix: "hl-" };
    let mut html = ClassedHTMLGenerator::new_with_class_style(syntax, &SYNTAXES, style);
    for line in LinesWithEndings::from(code) {
        if html.parse_html_for_line_which_includes_newline(line).is_err() {
            return inert(&maud::PreEscaped(escape(code)).into_string());
        }
    }
    inert(&html.finalize())
}

/// `text` with HTML's own characters escaped.
pub(crate) fn escape(text: &str) -> String {
    maud::html! { (text) }.into_string()
}

/// HTML whose text no later step will read as Markdown, LaTeX or a tag.
pub(crate) fn inert(html: &str) -> String {
    html.replace('\n', "&#10;").replace('$', "&#36;").replace("{{", "&#123;&#123;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_gets_classes_and_stays_on_one_line() {
        let html = highlight("fn main() {\n    let a = \"$1\";\n}\n", "rs");
        assert!(html.contains("hl-"), "{html}");
        assert!(!html.contains('\n') && !html.contains('$'), "{html}");
    }

    #[test]
    fn an_unknown_language_is_plain_text() {
        assert_eq!(highlight("a < b", "nonsense").matches("&lt;").count(), 1);
    }
}
