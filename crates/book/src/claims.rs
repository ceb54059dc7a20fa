//! Claims about models: each is made once in a chapter, and a test that checks it cites it.
//!
//! A chapter writes `{{claim ID}}` at the end of a sentence; a test writes `// claim: ID`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::contents::Page;
use crate::sources::rust_files;
use crate::{Problem, tag};

/// The page that lists the claims, from the source folder.
const PAGE: &str = "claims.md";

/// A comment of a test that cites a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The test's file, from the book's root.
    pub file: PathBuf,
    /// The line of the comment, from 1.
    pub line: usize,
}

/// The citations of each claim.
pub type Claims = BTreeMap<String, Vec<Citation>>;

/// Reads the comments of all tests under `root`.
pub fn read(root: &Path) -> Claims {
    let crates = std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = crates.map(|entry| entry.path().join("tests")).collect();
    folders.extend([root.join("listings/tests"), root.join("tests/tests")]);
    folders.sort();
    let mut claims = Claims::new();
    for path in folders.iter().flat_map(|folder| rust_files(folder)) {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let file = path.strip_prefix(root).unwrap_or(&path);
        for (at, line) in text.lines().enumerate() {
            if let Some(id) = line.trim().strip_prefix("// claim:") {
                let citation = Citation { file: file.to_owned(), line: at + 1 };
                claims.entry(id.trim().to_owned()).or_default().push(citation);
            }
        }
    }
    claims
}

/// The mark behind a claim: a link to its line in the list of claims.
///
/// # Errors
/// When no test cites the claim.
pub fn mark(claims: &Claims, id: &str) -> Result<String, String> {
    let citations = claims.get(id).ok_or_else(|| {
        format!("no test checks the claim `{id}`: write `// claim: {id}` in the one that does")
    })?;
    let tip = format!("Tested by {}.", files(citations).join(" and "));
    Ok(maud::html! {
        sup class="claim" id={ "claim-" (id) } {
            a href={ (PAGE) "#tested-" (id) } aria-label="tested" data-tip=(tip) { "✓" }
        }
    }
    .into_string())
}

fn files(citations: &[Citation]) -> Vec<String> {
    let mut files: Vec<String> =
        citations.iter().map(|citation| citation.file.display().to_string()).collect();
    files.dedup();
    files
}

/// The claims that the pages make: page, place of the tag, and id, in the book's order.
fn made(pages: &[Page]) -> impl Iterator<Item = (&Page, usize, &str)> {
    pages.iter().flat_map(|page| {
        let tags = tag::find(&page.text).into_iter().filter(|tag| tag.kind == "claim");
        tags.map(move |tag| (page, tag.start, tag.name))
    })
}

/// Claims that are made twice, and tests that cite a claim that no chapter makes.
pub fn problems(claims: &Claims, pages: &[Page]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut first: BTreeMap<&str, &Page> = BTreeMap::new();
    for (page, at, id) in made(pages) {
        if let Some(other) = first.insert(id, page) {
            let message = format!("the claim `{id}` is made in {} already", other.file.display());
            problems.push(Problem::at(&page.file, &page.text, at, message));
        }
    }
    for (id, citations) in claims.iter().filter(|(id, _)| !first.contains_key(id.as_str())) {
        problems.extend(citations.iter().map(|citation| Problem {
            file: citation.file.clone(),
            line: citation.line,
            message: format!("no chapter makes the claim `{id}`: {{{{claim {id}}}}} would"),
        }));
    }
    problems
}

/// The list of claims: each with a link to its sentence, and the tests that check it.
pub fn page(claims: &Claims, pages: &[Page]) -> String {
    let none = Vec::new();
    maud::html! {
        ul class="claims" {
            @for (page, _, id) in made(pages) {
                li id={ "tested-" (id) } {
                    a href={ (page.path.display()) "#claim-" (id) } {
                        (page.title) ": " (id.replace(['-', '.'], " "))
                    }
                    @for file in files(claims.get(id).unwrap_or(&none)) {
                        br; code { (file) }
                    }
                }
            }
        }
    }
    .into_string()
}
