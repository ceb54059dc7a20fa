//! What stands twice: in the text, with a tag that has an id, and in a test that names the id.
//!
//! A **claim** about models is `{{claim ID}}` behind its sentence, and `// claim: ID` in the test
//! that checks it. A **step** that a reader can take in a widget is `{{step ID}}` behind what it
//! promises, and `.step("ID"` in the test that replays it. One without the other is a problem.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::contents::Page;
use crate::sources::rust_files;
use crate::{Problem, tag};

/// The page that lists the claims and the steps, from the source folder.
const PAGE: &str = "claims.md";

/// Where the tests are that replay the steps: a file a chapter.
pub const STEPS: &str = "crates/book/tests/replay";

/// What is written twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sentence about models.
    Claim,
    /// What a reader does with a widget, and what it then shows.
    Step,
}

/// A line of a test that names an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The test's file, from the book's root.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

/// All ids of one kind that tests name, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    kind: Kind,
    citations: BTreeMap<String, Vec<Citation>>,
}

impl Kind {
    /// The tag.
    fn tag(self) -> &'static str {
        match self {
            Kind::Claim => "claim",
            Kind::Step => "step",
        }
    }

    /// The id that a line of a test names.
    fn cited(self, line: &str) -> Option<&str> {
        match self {
            Kind::Claim => line.trim().strip_prefix("// claim:").map(str::trim),
            Kind::Step => Some(line.split_once(".step(\"")?.1.split_once('"')?.0),
        }
    }

    /// The folders of the tests that can name an id.
    fn folders(self, root: &Path) -> Vec<PathBuf> {
        if self == Kind::Step {
            return vec![root.join(STEPS)];
        }
        let crates = std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = crates.map(|entry| entry.path().join("tests")).collect();
        folders.extend([root.join("listings/tests"), root.join("tests/tests")]);
        folders.sort();
        folders
    }

    /// What is wrong with a tag whose id no test names.
    fn untested(self, id: &str) -> String {
        match self {
            Kind::Claim => format!(
                "no test checks the claim `{id}`: write `// claim: {id}` in the one that does"
            ),
            Kind::Step => format!(
                "no test replays the step `{id}`: write `.step(\"{id}\", …)` in one of {STEPS}"
            ),
        }
    }

    /// What is wrong with a test whose id no chapter has.
    fn untold(self, id: &str) -> String {
        match self {
            Kind::Claim => format!("no chapter makes the claim `{id}`: {{{{claim {id}}}}} would"),
            Kind::Step => format!("no chapter has the step `{id}`: {{{{step {id}}}}} would be it"),
        }
    }
}

impl Tested {
    /// Reads all tests under `root`.
    pub fn read(kind: Kind, root: &Path) -> Self {
        let mut citations = BTreeMap::<String, Vec<Citation>>::new();
        for path in kind.folders(root).iter().flat_map(|folder| rust_files(folder)) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let file = path.strip_prefix(root).unwrap_or(&path);
            for (at, line) in text.lines().enumerate() {
                if let Some(id) = kind.cited(line) {
                    let citation = Citation { file: file.to_owned(), line: at + 1 };
                    citations.entry(id.to_owned()).or_default().push(citation);
                }
            }
        }
        Self { kind, citations }
    }

    /// The mark behind a sentence: a link to its line in the list.
    ///
    /// # Errors
    /// When no test names the id.
    pub fn mark(&self, id: &str) -> Result<String, String> {
        let citations = self.citations.get(id).ok_or_else(|| self.kind.untested(id))?;
        let tag = self.kind.tag();
        let tip = format!("Tested by {}.", files(citations).join(" and "));
        Ok(maud::html! {
            sup class="claim" id={ (tag) "-" (id) } {
                a href={ (PAGE) "#" (self.line(id)) } aria-label="tested" data-tip=(tip) { "✓" }
            }
        }
        .into_string())
    }

    /// The anchor of an id's line in the list.
    fn line(&self, id: &str) -> String {
        match self.kind {
            Kind::Claim => format!("tested-{id}"),
            Kind::Step => format!("tested-step-{id}"),
        }
    }

    /// The tags of the pages: page, place of the tag, and id, in the book's order.
    fn told<'p>(&self, pages: &'p [Page]) -> impl Iterator<Item = (&'p Page, usize, &'p str)> {
        let kind = self.kind.tag();
        pages.iter().flat_map(move |page| {
            let tags = tag::find(&page.text).into_iter().filter(move |tag| tag.kind == kind);
            tags.map(move |tag| (page, tag.start, tag.name))
        })
    }

    /// Ids that stand in the text twice, and tests that name an id that no chapter has.
    pub fn problems(&self, pages: &[Page]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut first: BTreeMap<&str, &Page> = BTreeMap::new();
        for (page, at, id) in self.told(pages) {
            if let Some(other) = first.insert(id, page) {
                let (tag, file) = (self.kind.tag(), other.file.display());
                let message = format!("the {tag} `{id}` is made in {file} already");
                problems.push(Problem::at(&page.file, &page.text, at, message));
            }
        }
        let cited = self.citations.iter().filter(|(id, _)| !first.contains_key(id.as_str()));
        for (id, citations) in cited {
            problems.extend(citations.iter().map(|citation| Problem {
                file: citation.file.clone(),
                line: citation.line,
                message: self.kind.untold(id),
            }));
        }
        problems
    }

    /// The list: each id with a link to its sentence, and the tests that name it.
    pub fn page(&self, pages: &[Page]) -> String {
        let none = Vec::new();
        // A step's id begins with its chapter, which the title says already.
        let words = |id: &str| match self.kind {
            Kind::Claim => id.replace(['-', '.'], " "),
            Kind::Step => id.split_once('.').map_or(id, |(_, step)| step).replace('-', " "),
        };
        maud::html! {
            ul class="claims" {
                @for (page, _, id) in self.told(pages) {
                    li id=(self.line(id)) {
                        a href={ (page.path.display()) "#" (self.kind.tag()) "-" (id) } {
                            (page.title) ": " (words(id))
                        }
                        @for file in files(self.citations.get(id).unwrap_or(&none)) {
                            br; code { (file) }
                        }
                    }
                }
            }
        }
        .into_string()
    }
}

fn files(citations: &[Citation]) -> Vec<String> {
    let mut files: Vec<String> =
        citations.iter().map(|citation| citation.file.display().to_string()).collect();
    files.dedup();
    files
}
