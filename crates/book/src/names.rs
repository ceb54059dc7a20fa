//! Names that hold digits and are no numbers: `SmolLM2`, `Llama 3 8B`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::Problem;

/// Where the names are listed, from the book's root.
pub(crate) const FILE: &str = "src/names.toml";

/// The names, the longest first: `GPT-3 175B` before `GPT-3`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names(Vec<String>);

impl Names {
    /// Reads the names under `root`: lists of them, by what they name.
    ///
    /// # Errors
    /// When the file cannot be read or is not what it should be.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let lists: BTreeMap<String, Vec<String>> =
            toml::from_str(&text).with_context(|| format!("{FILE} is not a table of names"))?;
        Ok(Self::new(lists.into_values().flatten()))
    }

    fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self(names)
    }

    /// `text` with a blank of the same length in the place of each name, and the names that are
    /// in it.
    pub(crate) fn blank(&self, text: &str) -> (String, Vec<&str>) {
        let (mut blank, mut found) = (text.to_owned(), Vec::new());
        for name in &self.0 {
            let mut from = 0;
            while let Some(start) = blank[from..].find(name.as_str()).map(|at| from + at) {
                let end = start + name.len();
                let joined = |c: char| c.is_alphanumeric() || c == '_';
                if !blank[..start].ends_with(joined) && !blank[end..].starts_with(joined) {
                    blank.replace_range(start..end, &" ".repeat(name.len()));
                    found.push(name.as_str());
                }
                from = end;
            }
        }
        (blank, found)
    }

    /// The names that are not among the `used`, as problems of their file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn unused(&self, root: &Path, used: &[String]) -> Result<Vec<Problem>> {
        let text = std::fs::read_to_string(root.join(FILE))?;
        let unused = self.0.iter().filter(|name| !used.contains(name));
        Ok(unused
            .map(|name| {
                let offset = text.find(&format!("\"{name}\"")).unwrap_or(0);
                let message = format!("no chapter uses the name `{name}`: take it out");
                Problem::at(Path::new(FILE), &text, offset, message)
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    fn names() -> Names {
        Names::new(["GPT-3", "SmolLM2", "GPT-3 175B"].map(str::to_owned))
    }

    #[test]
    fn names_become_blank() {
        let names = names();
        let (blank, found) = names.blank("SmolLM2’s heads, and GPT-3 175B, “GPT-3”: 175.");
        assert_eq!(blank, "       ’s heads, and           , “     ”: 175.");
        assert_eq!(found, ["GPT-3 175B", "SmolLM2", "GPT-3"]);
    }

    #[test]
    fn a_longer_word_is_another_name() {
        let text = "SmolLM23 and xGPT-3, GPT-3_5";
        assert_eq!(names().blank(text), (text.to_owned(), vec![]));
    }
}
