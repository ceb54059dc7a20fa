//! Words are spelt as they should be. Only this test compiles the list of misspellings, so a reader
//! who serves the book does not wait for it.

use std::path::Path;

use book::lint::running_words;
use book::{Problem, Problems};
use unicase::UniCase;

/// Known misspellings in a chapter, with what was meant: those of the `typos` project's list.
fn misspelt(file: &Path, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (start, piece) in running_words(text) {
        for word in piece.split(|it: char| !it.is_alphabetic()) {
            if let Some(meant) = typos_dict::WORD.find(&UniCase::new(word)) {
                let offset = word.as_ptr() as usize - piece.as_ptr() as usize;
                let message = format!("`{word}` is misspelt: {}?", meant.join(" or "));
                problems.push(Problem::at(file, text, start + offset, message));
            }
        }
    }
    problems
}

#[test]
fn the_book_is_spelt_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the book's root");
    let (mut problems, mut chapters) = (Vec::new(), 0);
    for entry in std::fs::read_dir(root.join("src")).expect("the book has a text") {
        let path = entry.expect("a file of the text").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(&path).expect("Markdown is text");
            problems.extend(misspelt(path.strip_prefix(root).expect("it lies there"), &text));
            chapters += 1;
        }
    }
    assert!(chapters > 10, "{chapters} files of text");
    Problems::none(problems).unwrap_or_else(|problems| panic!("{problems}"));
}

#[test]
fn a_misspelling_is_found_with_its_place() {
    let text =
        "# Shares\n\nRows recieve {{term share|shares we beleive in}}.\n\n```text\nrecieve\n```\n";
    let found: Vec<String> =
        misspelt(Path::new("src/a.md"), text).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "src/a.md:3: `recieve` is misspelt: receive?",
            "src/a.md:3: `beleive` is misspelt: believe?",
        ]
    );
}
