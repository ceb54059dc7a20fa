//! What the book takes from others: figures and works, each in one table with its source.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The tables, as text.
const TABLE: &str = include_str!("../literature.toml");

/// Works and figures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Literature {
    /// Works by key: `vaswani2017`.
    pub work: BTreeMap<String, Work>,
    /// Figures by fact name.
    pub figure: BTreeMap<String, Figure>,
}

/// A work that the book cites.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Who wrote it, as a text cites them: `Vaswani et al.`
    pub authors: String,
    /// Its title.
    pub title: String,
    /// When it appeared.
    pub year: u16,
    /// Where to read it.
    pub url: String,
}

/// A figure that the book did not compute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// As it is printed.
    pub value: String,
    /// What it counts or measures.
    pub unit: String,
    /// The work that it comes from, by key.
    pub source: String,
    /// Where in the work: a section, table or page.
    pub place: String,
}

impl Literature {
    /// The tables of this book.
    ///
    /// # Panics
    /// If the table in the repository is broken: a test would have said so.
    pub fn of_the_book() -> Self {
        let literature: Self =
            toml::from_str(TABLE).expect("crates/book/literature.toml is a table");
        for (name, figure) in &literature.figure {
            assert!(literature.work.contains_key(&figure.source), "{name} has no source");
        }
        literature
    }
}
