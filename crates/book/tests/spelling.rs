//! Words are spelt as they should be. Only this test compiles the list of misspellings, so a reader
//! who serves the book does not wait for it.

use std::path::Path;

use book::lint::running_words;
use book::{Problem, Problems};
use typos::tokens::{Identifier, TokenizerBuilder, Word};
use typos::{Dictionary, Status};

/// The list of common misspellings of the `typos` project.
struct CommonMistakes;

impl Dictionary for CommonMistakes {
    fn correct_ident<'s>(&'s self, _: Identifier<'_>) -> Option<Status<'s>> {
        None
    }

    fn correct_word<'s>(&'s self, word: Word<'_>) -> Option<Status<'s>> {
        let key = unicase::UniCase::new(word.token());
        let corrections = typos_dict::WORD.find(&key)?;
        Some(Status::Corrections(corrections.iter().map(|word| (*word).into()).collect()))
    }
}

/// Known misspellings in a chapter, with what was meant.
fn misspelt(file: &Path, text: &str) -> Vec<Problem> {
    let tokenizer = TokenizerBuilder::new().build();
    let mut problems = Vec::new();
    for (start, words) in running_words(text) {
        for typo in typos::check_str(&words, &tokenizer, &CommonMistakes) {
            let meant = match &typo.corrections {
                Status::Corrections(words) => words.join(" or "),
                _ => "another word".to_owned(),
            };
            let message = format!("`{}` is misspelt: {meant}?", typo.typo);
            problems.push(Problem::at(file, text, start + typo.byte_offset, message));
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
