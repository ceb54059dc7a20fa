//! The files that a widget fetches when a reader asks for what is in them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// No number of a real head comes near it. It keeps the scores from overflowing.
const LARGEST: f32 = 1e6;

/// What lies in a file of its own.
pub trait PageFile: Sized {
    /// Its short name.
    fn name(&self) -> &str;

    /// Where the file of this name lies under the site's root.
    fn path(name: &str) -> String;

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::File`] when the bytes are damaged, of another version, or hold what cannot be.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error>;
}

/// Reads plain data behind a first byte that says which layout follows.
pub(crate) fn decode<T: DeserializeOwned>(version: u8, bytes: &[u8]) -> Result<T, Error> {
    match bytes.split_first() {
        Some((first, body)) if *first == version => {
            postcard::from_bytes(body).map_err(|error| Error::file(error.to_string()))
        }
        _ => Err(Error::file(format!("it is not a file of version {version}"))),
    }
}

/// The bytes that [`decode`] reads.
pub(crate) fn encode(version: u8, data: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(data, vec![version]).expect("a file is plain data")
}

/// Checks that query, key and value are `[tokens, head_dim]`, with no number beyond measure.
///
/// # Errors
/// [`Error::File`] with what is wrong.
pub(crate) fn check_head(
    tokens: usize,
    head_dim: usize,
    [query, key, value]: [&[f32]; 3],
) -> Result<(), Error> {
    let expected = tokens.checked_mul(head_dim).filter(|count| *count > 0);
    for (name, numbers) in [("query", query), ("key", key), ("value", value)] {
        if expected != Some(numbers.len()) {
            return Err(Error::file(format!(
                "{tokens} tokens of {head_dim} numbers do not make a {name} of {}",
                numbers.len()
            )));
        }
        // A NaN is in no range.
        let sound = -LARGEST..=LARGEST;
        if let Some(at) = numbers.iter().position(|number| !sound.contains(number)) {
            return Err(Error::file(format!("number {at} of the {name} is {}", numbers[at])));
        }
    }
    Ok(())
}

/// The files that a widget has, and what kept one from arriving.
#[derive(Debug, Clone)]
pub struct Files<T> {
    loaded: Vec<T>,
    problem: Option<String>,
}

impl<T: PageFile> Files<T> {
    /// What is called `name`, once it has arrived.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.loaded.iter().find(|file| file.name() == name)
    }

    /// Why what was wanted last is not here.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The reader goes on: an old failure no longer counts.
    pub fn retry(&mut self) {
        self.problem = None;
    }

    /// The file to fetch so that `name` can be shown; `None` when it is here, or has failed.
    pub fn wants(&self, name: &str) -> Option<String> {
        let waiting = self.get(name).is_none() && self.problem.is_none();
        waiting.then(|| T::path(name))
    }

    /// Takes the file at `path`, if what is in it `fits` the page. When it does not, and `wanted`
    /// is what waits for it, remembers why.
    ///
    /// # Errors
    /// [`Error::File`] when it is damaged or belongs to another version of the page.
    pub fn receive(
        &mut self,
        wanted: &str,
        path: &str,
        bytes: &[u8],
        fits: impl Fn(&T) -> bool,
    ) -> Result<(), Error> {
        let read = T::from_bytes(bytes).and_then(|file| {
            if fits(&file) && path == T::path(file.name()) {
                return Ok(file);
            }
            Err(Error::file(format!("`{path}` belongs to another version of the page")))
        });
        match read {
            Ok(file) => {
                self.put(file);
                Ok(())
            }
            Err(error) => {
                self.failed(wanted, path, &error.to_string());
                Err(error)
            }
        }
    }

    /// Takes what is at hand, in the place of what has its name.
    pub fn put(&mut self, file: T) {
        self.loaded.retain(|other| other.name() != file.name());
        self.loaded.push(file);
    }

    /// A file could not be had. Remembers why, if `wanted` is what waits for it.
    pub fn failed(&mut self, wanted: &str, path: &str, reason: &str) {
        if path == T::path(wanted) {
            self.problem = Some(reason.to_owned());
        }
    }
}

impl<T> Default for Files<T> {
    fn default() -> Self {
        Self { loaded: Vec::new(), problem: None }
    }
}
