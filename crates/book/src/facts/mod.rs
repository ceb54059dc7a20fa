//! The figures of the book: each has a name, and code that computes it.
//!
//! A module a chapter. `cargo xtask facts` lists them all.

mod ch01;
mod ch02;
mod ch03;
mod ch04;
mod ch05;
mod ch06;
mod ch07;
pub(crate) mod ch08;
mod ch09;
mod ch10;
mod fact;
mod gpu;
mod model;
mod weight;

use std::collections::BTreeMap;
use std::panic::Location;

use anyhow::{Context, Result};
use smollm2::Model;

pub use ch07::CAT_TO_CHAT;
pub use fact::Fact;

use crate::gallery::Reading;
use crate::literature::Literature;
use crate::{Problem, measured};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The figure.
    Known(Fact),
    /// The figure needs the model's weights, and they were not there.
    NeedsModel,
}

/// All facts, by name, and the line of code that adds each.
#[derive(Debug, Clone, Default)]
pub struct Facts(BTreeMap<String, (Entry, &'static Location<'static>)>);

/// What the model has to say: itself, and the gallery as it read it.
pub struct Measured<'m> {
    /// The model, to ask more.
    pub model: &'m Model,
    /// The gallery.
    pub readings: &'m [Reading],
}

impl Measured<'_> {
    /// The gallery's sentence called `name`.
    ///
    /// # Errors
    /// When there is none.
    pub fn reading(&self, name: &str) -> Result<&Reading> {
        self.readings
            .iter()
            .find(|reading| reading.picture.name == name)
            .with_context(|| format!("the gallery has no sentence `{name}`"))
    }
}

impl Facts {
    /// Computes every fact; those that need the model only when it is there.
    ///
    /// # Errors
    /// When a fact is about a token that is not where the fact says it is.
    pub fn compute(measured: Option<&Measured<'_>>) -> Result<Self> {
        let mut facts = Self::default();
        facts.quoted();
        for (name, fact) in measured::facts()? {
            facts.add(&name, fact);
        }
        model::add(&mut facts, measured)?;
        ch01::add(&mut facts, measured)?;
        ch02::add(&mut facts, measured)?;
        ch03::add(&mut facts, measured)?;
        ch04::add(&mut facts, measured)?;
        ch05::add(&mut facts, measured)?;
        ch06::add(&mut facts, measured)?;
        ch07::add(&mut facts, measured)?;
        ch08::add(&mut facts, measured)?;
        ch09::add(&mut facts, measured)?;
        ch10::add(&mut facts, measured)?;
        gpu::add(&mut facts);
        Ok(facts)
    }

    /// The entry called `name`.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.0.get(name).map(|(entry, _)| entry)
    }

    /// All entries by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(name, (entry, _))| (name.as_str(), entry))
    }

    /// The facts that are not among the `used`, as problems of the code that adds them.
    pub fn unused(&self, used: &[String]) -> Vec<Problem> {
        let unused = self.0.iter().filter(|(name, _)| !used.contains(name));
        unused
            .map(|(name, (_, place))| Problem {
                file: place.file().into(),
                line: place.line() as usize,
                message: format!("no chapter uses the fact `{name}`: use it or do not compute it"),
            })
            .collect()
    }

    /// Adds a fact that needs no model.
    #[track_caller]
    pub fn add(&mut self, name: &str, fact: Fact) {
        self.enter(name, Entry::Known(fact));
    }

    /// Adds a fact that the model measured, or the place where it would stand.
    #[track_caller]
    fn add_measured(&mut self, name: &str, fact: Option<Fact>) {
        self.enter(name, fact.map_or(Entry::NeedsModel, Entry::Known));
    }

    #[track_caller]
    fn enter(&mut self, name: &str, entry: Entry) {
        let before = self.0.insert(name.to_owned(), (entry, Location::caller()));
        assert!(before.is_none(), "two facts are called `{name}`");
    }

    fn quoted(&mut self) {
        let literature = Literature::of_the_book();
        for (name, figure) in &literature.figure {
            let work = &literature.work[&figure.source];
            let source =
                format!("{}, {}, {} ({})", work.authors, work.title, work.year, figure.place);
            self.add(name, Fact::text(&figure.value, source));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_without_the_model() {
        let facts = Facts::compute(None).unwrap();
        assert_eq!(facts.get("spotlight.it-cat"), Some(&Entry::NeedsModel));
        assert_eq!(facts.get("no.such.fact"), None);
        let Some(Entry::Known(fact)) = facts.get("illustration.sum") else {
            panic!("a known fact")
        };
        assert_eq!(fact.shown, "1.00");
    }
}
