//! The table of all facts.

use std::collections::BTreeMap;
use std::panic::Location;

use crate::Problem;
use crate::fact::Fact;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The value.
    Known(Fact),
    /// The value needs the model's weights, and they were not there.
    NeedsModel,
}

/// All facts, by name, and the line of code that adds each.
#[derive(Debug, Clone, Default)]
pub struct Facts(BTreeMap<String, (Entry, &'static Location<'static>)>);

impl Facts {
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
    pub(super) fn add_measured(&mut self, name: &str, fact: Option<Fact>) {
        self.enter(name, fact.map_or(Entry::NeedsModel, Entry::Known));
    }

    #[track_caller]
    fn enter(&mut self, name: &str, entry: Entry) {
        let before = self.0.insert(name.to_owned(), (entry, Location::caller()));
        assert!(before.is_none(), "two facts are called `{name}`");
    }
}
