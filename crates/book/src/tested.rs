//! What stands twice: in the text, with a tag that has an id, and in a test that names the id.
//!
//! A **claim** about models is `{{claim ID}}` behind its sentence, and `// claim: ID` in the test
//! that checks it. A **step** that a reader can take in a widget is `{{step ID}}` behind what it
//! promises, and `.step("ID"` in the test that replays it. One without the other is a problem.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::contents::Page;
use crate::highlight::inert;
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
    /// What the test asserts from there on, each assertion on one line.
    pub asserts: Vec<String>,
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
                    let asserts = assertions(text.lines().skip(at + 1));
                    let citation = Citation { file: file.to_owned(), line: at + 1, asserts };
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

    /// The list of claims: each with its sentence, whose tags `expand` fills in, what its test
    /// asserts, and where. Markdown, for a sentence is.
    pub fn sentences(&self, pages: &[Page], expand: impl Fn(&str) -> String) -> String {
        let none = Vec::new();
        let mut list = "<ul class=\"claims\">\n".to_owned();
        for (page, at, id) in self.told(pages) {
            let sentence = expand(&without_marks(sentence(&page.text, at)));
            let link = format!("{}#{}-{id}", page.path.display(), self.kind.tag());
            list += &format!("<li id=\"{}\">\n\n", self.line(id));
            list += &format!("[{}]({link}): {sentence}\n\n", page.title);
            for citation in self.citations.get(id).unwrap_or(&none) {
                let place = format!("{}:{}", citation.file.display(), citation.line);
                let asserts = citation.asserts.join("\n");
                let shown = maud::html! {
                    div {
                        code { (place) }
                        @if !asserts.is_empty() { pre { code { (asserts) } } }
                    }
                };
                list += &inert(&shown.into_string());
                list += "\n\n";
            }
            list += "</li>\n";
        }
        list + "</ul>"
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

/// The assertions of a test, from its lines: up to the end of the function, or the next claim.
fn assertions<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut asserts = Vec::<String>::new();
    let mut open = false;
    let mine = lines
        .skip_while(|line| Kind::Claim.cited(line).is_some())
        .take_while(|line| *line != "}" && Kind::Claim.cited(line).is_none());
    for line in mine.map(str::trim) {
        match asserts.last_mut().filter(|_| open) {
            Some(last) => {
                let space =
                    if last.ends_with('(') || line.starts_with([')', '.']) { "" } else { " " };
                *last += &format!("{space}{line}");
            }
            None if line.starts_with("assert") => asserts.push(line.to_owned()),
            None => continue,
        }
        open = !line.ends_with(';');
    }
    asserts
}

/// The sentence of `text` that ends at the byte `at`.
fn sentence(text: &str, at: usize) -> &str {
    let paragraph = text[..at].rfind("\n\n").map_or(0, |end| end + 2);
    let start = text[paragraph..at].rfind("\n- ").map_or(paragraph, |end| paragraph + end + 1);
    let block = text[start..at].trim_end();
    // A full stop ends a sentence if a space follows it, or marks and then a space.
    let last = block.char_indices().rev().find(|(end, letter)| {
        let rest = &block[end + letter.len_utf8()..];
        let rest = rest.trim_start_matches(['*', '”', '"', ')']);
        matches!(*letter, '.' | '?' | '!') && after_marks(rest).starts_with(' ')
    });
    let begin = last.map_or(0, |(end, letter)| end + letter.len_utf8());
    let rest = block[begin..].trim_start_matches(['*', '”', '"', ')']);
    after_marks(rest).trim().trim_start_matches("- ")
}

/// A text without the marks of claims and steps that it begins with.
fn after_marks(text: &str) -> &str {
    let end = tag::find(text).into_iter().fold(0, |end, tag| {
        let is_mark = matches!(tag.kind, "claim" | "step") && tag.start == end;
        if is_mark { tag.end } else { end }
    });
    &text[end..]
}

/// A sentence without the marks of claims and steps.
fn without_marks(sentence: &str) -> String {
    let mut plain = String::new();
    let mut done = 0;
    for tag in tag::find(sentence).iter().filter(|tag| matches!(tag.kind, "claim" | "step")) {
        plain += &sentence[done..tag.start];
        done = tag.end;
    }
    plain + &sentence[done..]
}

fn files(citations: &[Citation]) -> Vec<String> {
    let mut files: Vec<String> =
        citations.iter().map(|citation| citation.file.display().to_string()).collect();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(text: &str) -> &str {
        sentence(text, text.find("{{claim x}}").unwrap())
    }

    #[test]
    fn a_sentence_begins_after_the_one_before() {
        assert_eq!(
            ending("One. Two is {{fact a.b}} of .5 now.{{claim x}}"),
            "Two is {{fact a.b}} of .5 now."
        );
        assert_eq!(ending("A.\n\nOnly this.{{claim x}} More."), "Only this.");
        assert_eq!(ending("- One.\n- **A name.** Then *this*.{{claim x}}"), "Then *this*.");
        assert_eq!(ending("First.{{claim y}}{{step ch01.z}} Last?{{claim x}}"), "Last?");
        assert_eq!(without_marks("A{{step ch01.z}} {{fact b}}{{claim x}}"), "A {{fact b}}");
    }

    #[test]
    fn the_assertions_of_a_test_are_those_up_to_its_end() {
        let test = "#[test]\nfn a() {\n    let b = 1;\n    assert!(\n        b > 0,\n        \"no\"\n    );\n    \
                    assert_eq!(b, 1);\n}\n\n#[test]\nfn c() {\n    assert!(false);\n}\n";
        assert_eq!(assertions(test.lines()), ["assert!(b > 0, \"no\");", "assert_eq!(b, 1);"]);
        let two = "    assert!(one);\n    // claim: other\n    assert!(two);\n}\n";
        assert_eq!(assertions(two.lines()), ["assert!(one);"]);
    }
}
