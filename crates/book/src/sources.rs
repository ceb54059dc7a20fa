//! Source files and their anchors: the lines that a chapter may show.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{Problem, exercises};

/// Where anchors are looked for, from the book's root.
pub const FOLDERS: &[&str] = &[
    "listings/examples",
    exercises::FOLDER,
    "listings/src",
    "crates/attention/src",
    "crates/induction/src",
    "crates/inputs/src",
    "crates/kernels/src",
    "crates/smollm2/src",
    "crates/translator/src",
];

/// The lines between `ANCHOR: name` and `ANCHOR_END: name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The file, from the book's root.
    pub file: PathBuf,
    /// The line of `ANCHOR: name`, from 1.
    pub line: usize,
    /// The lines between, without other anchors' marks and without common indentation.
    pub code: String,
}

/// All anchors of the book's code, by `file#name`.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    anchors: BTreeMap<String, Anchor>,
}

impl Sources {
    /// Reads the code under `root`.
    ///
    /// # Errors
    /// The anchors that are opened twice, never closed, or closed without being opened.
    pub fn read(root: &Path) -> Result<Self, Vec<Problem>> {
        let mut sources = Self::default();
        let mut problems = Vec::new();
        for folder in FOLDERS {
            for file in rust_files(&root.join(folder)) {
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                let file = file.strip_prefix(root).unwrap_or(&file).to_owned();
                sources.add(&file, &text, &mut problems);
            }
        }
        if problems.is_empty() { Ok(sources) } else { Err(problems) }
    }

    fn add(&mut self, file: &Path, text: &str, problems: &mut Vec<Problem>) {
        let problem =
            |line: usize, message: String| Problem { file: file.to_owned(), line, message };
        let mut open: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
        for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
            match mark(line) {
                Some(Mark::Start(name)) => {
                    let key = format!("{}#{name}", file.display());
                    if open.contains_key(name) || self.anchors.contains_key(&key) {
                        problems
                            .push(problem(number, format!("the anchor `{name}` is opened twice")));
                    }
                    open.insert(name, (number, Vec::new()));
                }
                Some(Mark::End(name)) => match open.remove(name) {
                    Some((start, lines)) => {
                        let code = without_indentation(&lines);
                        let anchor = Anchor { file: file.to_owned(), line: start, code };
                        self.anchors.insert(format!("{}#{name}", file.display()), anchor);
                    }
                    None => problems
                        .push(problem(number, format!("the anchor `{name}` ends and never began"))),
                },
                None => open.values_mut().for_each(|(_, lines)| lines.push(line)),
            }
        }
        for (name, (line, _)) in open {
            problems.push(problem(
                line,
                format!("the anchor `{name}` never ends: add ANCHOR_END: {name}"),
            ));
        }
    }

    /// The anchor called `file#name`.
    pub fn get(&self, key: &str) -> Option<&Anchor> {
        self.anchors.get(key)
    }

    /// All anchors, by `file#name`.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Anchor)> {
        self.anchors.iter().map(|(key, anchor)| (key.as_str(), anchor))
    }
}

enum Mark<'t> {
    Start(&'t str),
    End(&'t str),
}

fn mark(line: &str) -> Option<Mark<'_>> {
    let comment = line.trim().strip_prefix("//")?.trim();
    if let Some(name) = comment.strip_prefix("ANCHOR_END:") {
        return Some(Mark::End(name.trim()));
    }
    comment.strip_prefix("ANCHOR:").map(|name| Mark::Start(name.trim()))
}

fn without_indentation(lines: &[&str]) -> String {
    let indents = lines.iter().filter(|line| !line.trim().is_empty());
    let common = indents.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines.iter().map(|line| line.get(common..).unwrap_or("").to_owned() + "\n").collect()
}

/// All Rust files in `folder` and below, in order.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Sources, Vec<String>) {
        let (mut sources, mut problems) = (Sources::default(), Vec::new());
        sources.add(Path::new("a.rs"), text, &mut problems);
        (sources, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn anchors_nest_and_lose_their_common_indentation() {
        let (sources, problems) = read(
            "x\n    // ANCHOR: outer\n    a\n    // ANCHOR: inner\n      b\n    // ANCHOR_END: inner\n\n    // ANCHOR_END: outer\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(sources.get("a.rs#outer").unwrap().code, "a\n  b\n\n");
        assert_eq!(sources.get("a.rs#inner").unwrap().code, "b\n");
        assert_eq!(sources.get("a.rs#outer").unwrap().line, 2);
    }

    #[test]
    fn broken_anchors_are_named_with_their_line() {
        let (_, problems) = read("// ANCHOR: a\n// ANCHOR: a\n// ANCHOR_END: b\n");
        assert_eq!(
            problems,
            [
                "a.rs:2: the anchor `a` is opened twice",
                "a.rs:3: the anchor `b` ends and never began",
                "a.rs:2: the anchor `a` never ends: add ANCHOR_END: a",
            ]
        );
    }
}
