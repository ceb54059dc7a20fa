//! The book's words: one table, the page made from it, and the links that lead there.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::Problem;
use crate::contents::{self, Page};
use crate::link::Link;

/// Where the terms are defined, from the book's root.
pub const FILE: &str = "src/glossary.toml";

/// The page of the glossary, from the source folder.
pub const PAGE: &str = "glossary.md";

/// A word that the book uses in one sense.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The word itself, as it stands inside a sentence.
    pub name: String,
    /// Other words for it, such as those of the literature: a search for one finds the term.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it means: a sentence or two.
    pub definition: String,
    /// Where the book introduces it: `ch01#the-idea`. The chapter may come later.
    pub place: String,
}

/// All terms, by key: `attention-weight`.
pub type Glossary = BTreeMap<String, Term>;

/// Reads the terms under `root`.
///
/// # Errors
/// When the file cannot be read or is not what it should be.
pub fn read(root: &Path) -> Result<Glossary> {
    let path = root.join(FILE);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{FILE} is not a table of terms"))
}

/// The key of a term's tag, and the words that it shows if they are not the term's own name:
/// `key` or `key|shown words`.
pub fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once('|') {
        Some((key, shown)) => (key.trim(), Some(shown.trim())),
        None => (name, None),
    }
}

/// A term in a text: a link to the glossary, which `book.js` shows on hover and focus.
///
/// # Errors
/// When there is no such term.
pub fn link(glossary: &Glossary, name: &str) -> Result<String, String> {
    let (key, shown) = split(name);
    let term = glossary.get(key).ok_or_else(|| format!("there is no term `{key}` in {FILE}"))?;
    Ok(maud::html! {
        a class="term" href={ (PAGE) "#term-" (key) } data-tip=(term.definition) {
            (shown.unwrap_or(&term.name))
        }
    }
    .into_string())
}

/// The glossary. A term links to its chapter once that is among the `pages`.
pub fn page(glossary: &Glossary, pages: &[Page]) -> String {
    let mut terms: Vec<(&String, &Term)> = glossary.iter().collect();
    terms.sort_by_key(|(_, term)| term.name.to_lowercase());
    maud::html! {
        dl class="glossary" {
            @for (key, term) in terms {
                div id={ "term-" (key) } {
                    dt { (term.name) }
                    dd {
                        (term.definition)
                        @if !term.aliases.is_empty() {
                            " Also called: " (term.aliases.join(", ")) "."
                        }
                        @if let Some((page, link)) = contents::find(pages, &term.place) {
                            " " a class="places" href=(link) { (page.title) }
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

/// The glossary's links to chapters that are there, to be checked like those of a chapter.
pub fn links(text: &str, glossary: &Glossary, pages: &[Page]) -> Vec<Link> {
    let link = |(key, term): (&String, &Term)| {
        let (_, destination) = contents::find(pages, &term.place)?;
        let start = text.find(&format!("\n[{key}]")).unwrap_or(0);
        let offset = text[start..].find("\nplace").map_or(start, |at| start + at + 1);
        let message = format!("the link to `{destination}` leads nowhere");
        let problem = Problem::at(Path::new(FILE), text, offset, message);
        Some(Link { destination, problem })
    };
    glossary.iter().filter_map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_the_book() -> Glossary {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
    }

    #[test]
    fn a_term_shows_its_name_or_other_words() {
        let glossary = of_the_book();
        let plain = link(&glossary, "query").unwrap();
        assert!(plain.contains("href=\"glossary.md#term-query\"") && plain.ends_with(">query</a>"));
        let shown = link(&glossary, "query|Queries").unwrap();
        assert!(shown.ends_with(">Queries</a>"), "{shown}");
        assert!(link(&glossary, "quarry").unwrap_err().contains("no term `quarry`"));
    }

    #[test]
    fn a_term_links_to_its_chapter_once_that_is_there() {
        let glossary = of_the_book();
        assert!(!page(&glossary, &[]).contains("<a"));
        let there = Page {
            path: "ch01-spotlight.md".into(),
            file: "src/ch01-spotlight.md".into(),
            title: "Spotlight".into(),
            text: String::new(),
        };
        assert!(page(&glossary, &[there]).contains("href=\"ch01-spotlight.md#the-idea\""));
    }

    #[test]
    fn other_words_for_a_term_stand_beside_it() {
        let page = page(&of_the_book(), &[]);
        assert!(page.contains("Also called: MLP."), "{page}");
    }

    #[test]
    fn definitions_are_whole_sentences_without_digits() {
        for (key, term) in of_the_book() {
            let Term { definition, .. } = &term;
            assert!(definition.ends_with('.'), "{key}: {definition}");
            assert!(!definition.contains(|c: char| c.is_ascii_digit()), "{key}: {definition}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(key.chars().all(plain), "{key} is no plain key");
        }
    }
}
