//! The gallery as a widget sees it: which sentences there are, and which have arrived.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::gallery::Sentence;

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

/// The gallery's files that a widget has, and what kept one from arriving.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    loaded: Vec<Sentence>,
    problem: Option<String>,
}

impl Readings {
    /// Readings that are at hand from the start.
    pub fn new(loaded: Vec<Sentence>) -> Self {
        Self { loaded, problem: None }
    }

    /// The sentence called `name`, once it has arrived.
    pub fn get(&self, name: &str) -> Option<&Sentence> {
        self.loaded.iter().find(|sentence| sentence.name == name)
    }

    /// Why the sentence that was wanted last is not here.
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
        waiting.then(|| Sentence::path(name))
    }

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
        match fitting(gallery, path, bytes) {
            Ok(sentence) => {
                self.loaded.retain(|other| other.name != sentence.name);
                self.loaded.push(sentence);
                Ok(())
            }
            Err(error) => {
                self.failed(name, path, &error.to_string());
                Err(error)
            }
        }
    }

    /// A file could not be had. Remembers why, if `name` is the sentence that waits for it.
    pub fn failed(&mut self, name: &str, path: &str, reason: &str) {
        if path == Sentence::path(name) {
            self.problem = Some(reason.to_owned());
        }
    }
}

/// The sentence in `bytes`, if it is the one of `gallery` that lies at `path`.
fn fitting(gallery: &Gallery, path: &str, bytes: &[u8]) -> Result<Sentence, Error> {
    let sentence = Sentence::from_bytes(bytes)?;
    let entry = gallery.entry(&sentence.name);
    let fits = entry.is_some_and(|entry| entry.tokens == sentence.tokens.len())
        && (sentence.layers, sentence.heads) == (gallery.layers, gallery.heads)
        && path == Sentence::path(&sentence.name);
    if fits {
        return Ok(sentence);
    }
    Err(Error::Gallery { reason: format!("`{path}` belongs to another version of the page") })
}
