//! The gallery as a widget sees it: which sentences there are, and which files have arrived.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::gallery::Sentence;
use crate::next_token::NextToken;

/// What the page tells a widget about the gallery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gallery {
    /// The sentences, in the order of the menu: never empty.
    pub sentences: Vec<Entry>,
    /// How many layers the model has.
    pub layers: usize,
    /// How many query heads a layer has.
    pub heads: usize,
}

/// A sentence in the menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its short name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The token that a widget opens on, from 0.
    pub query: usize,
    /// How many tokens it has.
    pub tokens: usize,
}

impl Gallery {
    /// The sentence called `name`.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.sentences.iter().find(|entry| entry.name == name)
    }

    /// The menu: names with texts.
    pub fn menu(&self) -> Vec<(String, String)> {
        self.sentences.iter().map(|entry| (entry.name.clone(), entry.text.clone())).collect()
    }

    /// Puts an entry at the end of the menu, in the place of one of its name.
    pub(crate) fn put(&mut self, entry: Entry) {
        self.sentences.retain(|other| other.name != entry.name);
        self.sentences.push(entry);
    }

    /// Whether the model has this head.
    pub fn has(&self, layer: usize, head: usize) -> bool {
        layer < self.layers && head < self.heads
    }

    /// Checks that there is a sentence, and that each opens on a token that it has.
    ///
    /// # Errors
    /// [`Error::Setup`] with what is wrong.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |reason: &str| Err(Error::Setup { reason: reason.to_owned() });
        if self.sentences.is_empty() {
            return wrong("the gallery is empty");
        }
        if self.sentences.iter().any(|entry| entry.query >= entry.tokens) {
            return wrong("a sentence opens on a token that it does not have");
        }
        Ok(())
    }
}

/// The files that a widget has, and what kept one from arriving.
#[derive(Debug, Clone)]
pub struct Readings<T = Sentence> {
    loaded: Vec<T>,
    problem: Option<String>,
}

/// What lies in a file of its own, fetched when a reader asks for it.
pub trait Reading: Sized {
    /// Its short name.
    fn name(&self) -> &str;

    /// Where the file of this name lies under the site's root.
    fn path(name: &str) -> String;

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Gallery`] when it is damaged.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error>;
}

impl Reading for Sentence {
    fn name(&self) -> &str {
        &self.name
    }

    fn path(name: &str) -> String {
        Sentence::path(name)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Sentence::from_bytes(bytes)
    }
}

impl Reading for NextToken {
    fn name(&self) -> &str {
        &self.name
    }

    fn path(name: &str) -> String {
        NextToken::path(name)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        NextToken::from_bytes(bytes)
    }
}

impl<T> Default for Readings<T> {
    fn default() -> Self {
        Self { loaded: Vec::new(), problem: None }
    }
}

impl<T: Reading> Readings<T> {
    /// Readings that are at hand from the start.
    pub fn new(loaded: Vec<T>) -> Self {
        Self { loaded, problem: None }
    }

    /// What is called `name`, once it has arrived.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.loaded.iter().find(|reading| reading.name() == name)
    }

    /// Why what was wanted last is not here.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The reader chose anew: an old failure no longer counts.
    pub fn forget_problem(&mut self) {
        self.problem = None;
    }

    /// The file to fetch so that `name` can be shown; `None` when it is here, or has failed.
    pub fn wants(&self, name: &str) -> Option<String> {
        let waiting = self.get(name).is_none() && self.problem.is_none();
        waiting.then(|| T::path(name))
    }

    /// Takes the file at `path`, if what is in it `fits` the page. When it does not, and `name`
    /// is what waits for it, remembers why.
    ///
    /// # Errors
    /// [`Error::Gallery`] when it is damaged or belongs to another version of the page.
    pub fn receive_fitting(
        &mut self,
        fits: impl Fn(&T) -> bool,
        name: &str,
        path: &str,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let read = T::from_bytes(bytes).and_then(|reading| {
            if fits(&reading) && path == T::path(reading.name()) {
                return Ok(reading);
            }
            Err(Error::Gallery {
                reason: format!("`{path}` belongs to another version of the page"),
            })
        });
        match read {
            Ok(reading) => {
                self.put(reading);
                Ok(())
            }
            Err(error) => {
                self.failed(name, path, &error.to_string());
                Err(error)
            }
        }
    }

    /// Takes what is at hand, in the place of what has its name.
    pub(crate) fn put(&mut self, reading: T) {
        self.loaded.retain(|other| other.name() != reading.name());
        self.loaded.push(reading);
    }

    /// A file could not be had. Remembers why, if `name` is what waits for it.
    pub fn failed(&mut self, name: &str, path: &str, reason: &str) {
        if path == T::path(name) {
            self.problem = Some(reason.to_owned());
        }
    }
}

impl Readings {
    /// Takes the file at `path`, which should be a sentence of `gallery`. When it is not, and
    /// `name` is what waits for it, remembers why.
    ///
    /// # Errors
    /// [`Error::Gallery`] when it is damaged or belongs to another version of the page.
    pub fn receive(
        &mut self,
        gallery: &Gallery,
        name: &str,
        path: &str,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let fits = |sentence: &Sentence| {
            let entry = gallery.entry(&sentence.name);
            entry.is_some_and(|entry| entry.tokens == sentence.tokens.len())
                && (sentence.layers, sentence.heads) == (gallery.layers, gallery.heads)
        };
        self.receive_fitting(fits, name, path, bytes)
    }
}
