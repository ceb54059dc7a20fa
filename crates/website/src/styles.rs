//! Inline styles, moved into a style sheet: the pages' policy allows none in the text.

use std::collections::BTreeMap;

use crate::sha256;

/// The name of the style sheet in the built book.
pub const FILE: &str = "hoisted.css";

/// Every inline style of the book, each as a class.
#[derive(Debug, Default)]
pub struct Sheet(BTreeMap<String, String>);

impl Sheet {
    /// The class that does what `style`, an attribute's value, did. `None` when it did nothing.
    /// The same style has the same class on every page.
    pub fn class(&mut self, style: &str) -> Option<String> {
        let declarations = declarations(style);
        if declarations.is_empty() {
            return None;
        }
        // An inline style wins over every rule, and so must the class.
        let body = declarations.iter().map(|one| format!("{one}!important;")).collect::<String>();
        let class = format!("s-{}", &sha256(body.as_bytes())[..8]);
        self.0.insert(class.clone(), body);
        Some(class)
    }

    /// Takes in what another page needs.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The style sheet's text.
    pub fn css(&self) -> String {
        self.0.iter().map(|(class, body)| format!(".{class}{{{body}}}\n")).collect()
    }
}

/// A style sheet without its comments, which are for those who write it. One that begins with
/// `/*!` stays: it names a licence.
pub fn without_comments(css: &str) -> String {
    let (mut bare, mut rest) = (String::new(), css);
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        bare += before;
        // A comment ends with `*/`, and a string with the quote that began it.
        let comment = from.starts_with("/*");
        let (skip, end) = if comment { (2, "*/") } else { (1, &from[..1]) };
        let length = match from[skip..].find(end) {
            _ if !comment && end == "/" => 1,
            Some(length) => skip + length + end.len(),
            None => from.len(),
        };
        if !comment || from.starts_with("/*!") {
            bare += &from[..length];
        }
        rest = &from[length..];
    }
    bare + rest
}

/// The declarations of a style, without white space around them and without `!important`.
/// A `;` in quotes or parentheses does not end one.
fn declarations(style: &str) -> Vec<String> {
    let (mut quote, mut depth) = (None, 0);
    let parts = style.split(|c| {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) => {}
        }
        c == ';' && quote.is_none() && depth == 0
    });
    let bare = parts.map(|part| part.trim().trim_end_matches("!important").trim_end());
    bare.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_strings_and_addresses_stay() {
        let css = "/*! c */\n/* a */p{content:\"/* b */\"}/* it's */i{src:url(a/b*c)}q{content:'\\201c'}/* open";
        let bare = "/*! c */\np{content:\"/* b */\"}i{src:url(a/b*c)}q{content:'\\201c'}";
        assert_eq!(without_comments(css), bare);
        assert_eq!(without_comments(""), "");
    }

    #[test]
    fn one_style_is_one_class() {
        let mut sheet = Sheet::default();
        let first = sheet.class("height:1em; top : 2px").unwrap();
        assert_eq!(sheet.class("height:1em;top : 2px;"), Some(first.clone()));
        let other = sheet.class("height:2em").unwrap();
        assert_ne!(first, other);
        let css = sheet.css();
        assert!(css.contains(&format!(".{first}{{height:1em!important;top : 2px!important;}}")));
        assert_eq!(css.lines().count(), 2);
    }

    #[test]
    fn a_style_without_declarations_is_no_class() {
        assert_eq!(Sheet::default().class(" ; "), None);
    }

    #[test]
    fn a_semicolon_in_quotes_or_parentheses_ends_nothing() {
        let style = "background:url(data:image/png;base64,xx);content:';';color:red !important";
        let expected = ["background:url(data:image/png;base64,xx)", "content:';'", "color:red"];
        assert_eq!(declarations(style), expected);
    }
}
