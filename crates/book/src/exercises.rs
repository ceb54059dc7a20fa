//! Exercises in code: one folder each, with `exercise.rs`, `solution.rs` and `grade.rs`.

use std::path::Path;

/// Where the exercises are, from the book's root.
pub const FOLDER: &str = "listings/exercises";

/// The exercises' names, which are also those of the tests that grade them: `ch04-softmax`.
pub fn names(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> =
        folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
