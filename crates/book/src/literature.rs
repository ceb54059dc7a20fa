//! Values that the book takes from others: one table, each value with its work and place.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::bibliography::{self, Works};

/// The table of values, as text.
const TABLE: &str = include_str!("../literature.toml");

/// The works, as BibTeX.
const WORKS: &str = include_str!("../../../src/references.bib");

/// Works and values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Literature {
    /// Works by key: `vaswani2017`.
    #[serde(skip)]
    pub work: Works,
    /// Values by fact name.
    pub quoted: BTreeMap<String, QuotedValue>,
}

/// A value that the book did not compute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotedValue {
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
    /// If a table in the repository is broken: a test would have said so.
    pub fn of_the_book() -> Self {
        let mut literature: Self =
            toml::from_str(TABLE).expect("crates/book/literature.toml is a table");
        literature.work = bibliography::parse(WORKS).expect("src/references.bib is BibTeX");
        for (name, quoted) in &literature.quoted {
            assert!(literature.work.contains_key(&quoted.source), "{name} has no source");
        }
        literature
    }

    /// The values' names, each with the key of its work.
    pub fn sources(&self) -> impl Iterator<Item = (String, String)> {
        self.quoted.iter().map(|(name, quoted)| (name.clone(), quoted.source.clone()))
    }
}
