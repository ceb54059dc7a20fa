//! The site: what is made once, and what is made again at each build.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use book::Builder;

use xtask::{root, say};

use crate::{fetch, finish, seal, wasm, weights};

/// Everything that the pages are made from and that editing a text does not change.
pub struct Site {
    builder: Builder,
    /// Whether the WebAssembly modules are there.
    modules: bool,
    /// Where the weights are in pieces, if the site is to offer them.
    weights: Option<PathBuf>,
}

impl Site {
    /// Gets everything that the whole book needs.
    ///
    /// # Errors
    /// When the weights or what compiles for the web cannot be had, or the widgets do not
    /// compile, or the model cannot be read.
    pub fn whole() -> Result<Self> {
        fetch::weights()?;
        say::step("Building the widgets", wasm::build)?;
        Ok(Self { builder: open()?, modules: true, weights: Some(weights::pieces()?) })
    }

    /// Gets what can be had, and says what is missing: a book without real maps or live
    /// widgets can still be read.
    ///
    /// # Errors
    /// When the model is there and cannot be read.
    pub fn as_far_as_possible() -> Result<Self> {
        if let Err(error) = fetch::weights() {
            warn("The real maps will be missing", &error);
        }
        let modules = say::step("Building the widgets", wasm::build)
            .inspect_err(|error| warn("The book will have no live widgets", error))
            .is_ok();
        let weights = weights::pieces()
            .inspect_err(|error| warn("The pages will not offer the real model", error))
            .ok();
        Ok(Self { builder: open()?, modules, weights })
    }

    /// The same site without the model's weights: its pages do not offer them.
    #[must_use]
    pub fn without_weights(self) -> Self {
        Self { weights: None, ..self }
    }

    /// Builds the site into the folder `out`, whole or not at all.
    ///
    /// # Errors
    /// When the book has problems, or a page breaks the policy: `out` stays as it was.
    pub fn build(&self, out: &Path, live_reload: bool) -> Result<()> {
        let next = beside(out, "next");
        remove(&next)?;
        let version = self.modules.then_some(seal::PLACEHOLDER);
        self.builder.build(root(), &next, version, live_reload)?;
        let modules = self.modules.then(wasm::folder);
        finish::finish(&next, &root().join("theme/root"), modules.as_deref())?;
        match &self.weights {
            Some(pieces) => weights::deploy(pieces, &next)?,
            None => weights::withdraw(&next)?,
        }
        seal::seal(&next)?;
        swap(&next, out)
    }
}

fn open() -> Result<Builder> {
    let builder = say::step("Computing the facts and the gallery", Builder::open)?;
    if let Some(missing) = builder.missing() {
        println!("  {missing}");
    }
    Ok(builder)
}

fn warn(what: &str, error: &anyhow::Error) {
    eprintln!("warning: {what}: {error:#}");
}

/// Where `cargo xtask build` puts the book.
pub fn folder() -> PathBuf {
    root().join("book")
}

/// A folder for a book on its way in or out of `folder`.
fn beside(folder: &Path, what: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    root().join("target").join(format!("{name}-{what}"))
}

/// Puts the folder `next` in the place of `out`.
fn swap(next: &Path, out: &Path) -> Result<()> {
    let old = beside(out, "old");
    remove(&old)?;
    if out.exists() {
        fs::rename(out, &old).with_context(|| format!("cannot move {}", out.display()))?;
    }
    fs::rename(next, out).with_context(|| format!("cannot make {}", out.display()))?;
    remove(&old)
}

/// Removes a folder, if there is one.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_book_takes_the_place_of_the_old_one() {
        let out = root().join("target/swapped-by-a-test");
        let next = beside(&out, "next");
        for text in ["one", "two"] {
            fs::create_dir_all(&next).unwrap();
            fs::write(next.join("index.html"), text).unwrap();
            swap(&next, &out).unwrap();
            assert_eq!(fs::read_to_string(out.join("index.html")).unwrap(), text);
            assert!(!next.exists() && !beside(&out, "old").exists());
        }
        remove(&out).unwrap();
    }
}
