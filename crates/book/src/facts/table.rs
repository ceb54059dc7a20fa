//! The table of all facts.

use std::collections::BTreeMap;

use crate::fact::Fact;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The value.
    Known(Fact),
    /// The value needs the model's weights, and they were not there.
    NeedsModel,
}

/// All facts, by name.
#[derive(Debug, Clone, Default)]
pub struct Facts(BTreeMap<String, Entry>);

impl Facts {
    /// The entry called `name`.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.0.get(name)
    }

    /// All entries by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// Adds a fact that needs no model.
    pub(super) fn add(&mut self, name: &str, fact: Fact) {
        self.enter(name, Entry::Known(fact));
    }

    /// Adds a fact that the model measured, or the place where it would stand.
    pub(super) fn add_measured(&mut self, name: &str, fact: Option<Fact>) {
        self.enter(name, fact.map_or(Entry::NeedsModel, Entry::Known));
    }

    fn enter(&mut self, name: &str, entry: Entry) {
        let before = self.0.insert(name.to_owned(), entry);
        assert!(before.is_none(), "two facts are called `{name}`");
    }
}
