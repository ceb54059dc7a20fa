//! The words of a step, as its chapter has them.
//!
//! A test takes from them what it compares with: the facts, what stands in italics, and numbers.
//! What it does not take is an error, so that a step cannot promise more than its test looks at.

use std::cell::RefCell;
use std::collections::BTreeSet;

use book::{steps, tag};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::book::book;
use crate::page::is_number;

/// The words of one step.
pub(crate) struct Words {
    id: String,
    /// What can be taken: facts and heads by name, italics and numbers as they are written.
    there: BTreeSet<String>,
    taken: RefCell<BTreeSet<String>>,
}

impl Words {
    /// The words of the step `id`, and the name of the chapter's file.
    pub(crate) fn of(id: &str) -> Self {
        let chapter = id.split('.').next().unwrap_or(id);
        let page = book().pages.iter().find(|page| page.is(chapter));
        let page = page.unwrap_or_else(|| panic!("{id}: there is no chapter `{chapter}`"));
        let found = steps::find(&page.text).into_iter().find(|step| step.id == id);
        let step = found.unwrap_or_else(|| panic!("{} has no step `{id}`", page.file.display()));
        let text = &page.text[step.words];
        let tags = tag::find(text).into_iter();
        let tags = tags.filter(|tag| matches!(tag.kind, "fact" | "given" | "head"));
        let mut there: BTreeSet<String> = tags.map(|tag| tag.name.to_owned()).collect();
        there.extend(typed(text));
        Self { id: id.to_owned(), there, taken: RefCell::default() }
    }

    /// The fact `name` of these words, as it is printed.
    pub(crate) fn fact(&self, name: &str) -> &'static str {
        self.take(name);
        &book().facts[name]
    }

    /// A head of the model that these words name: `layer 13, head 8`.
    pub(crate) fn head(&self, layer: usize, head: usize) -> String {
        self.take(&format!("{layer} {head}"));
        format!("layer {layer}, head {head}")
    }

    /// A word or phrase that stands in italics, or a number that the text sets.
    pub(crate) fn say<'w>(&self, word: &'w str) -> &'w str {
        self.take(word);
        word
    }

    fn take(&self, what: &str) {
        assert!(self.there.contains(what), "{}: its text has no `{what}`", self.id);
        self.taken.borrow_mut().insert(what.to_owned());
    }

    /// Fails if the test has left something out.
    pub(crate) fn done(&self) {
        let taken = self.taken.borrow();
        let left: Vec<_> = self.there.difference(&taken).collect();
        assert!(left.is_empty(), "{}: its test does not look at {left:?}", self.id);
    }
}

/// What stands in italics, and the numbers that are typed.
fn typed(text: &str) -> Vec<String> {
    let mut plain = text.to_owned();
    for tag in tag::find(text).into_iter().rev() {
        let shown = if tag.kind == "term" { tag.name.split('|').nth(1) } else { None };
        plain.replace_range(tag.start..tag.end, shown.unwrap_or("some"));
    }
    let mut found = Vec::new();
    let (mut italics, mut formula) = (None, false);
    for event in Parser::new(&plain) {
        match event {
            Event::Start(Tag::Emphasis) => italics = Some(String::new()),
            Event::End(TagEnd::Emphasis) => found.extend(italics.take()),
            Event::Text(text) => match &mut italics {
                Some(words) => words.push_str(&text),
                None => {
                    let text = without_names(&text);
                    for (at, part) in text.split('$').enumerate() {
                        formula ^= at > 0;
                        if !formula {
                            found.extend(numbers(part));
                        }
                    }
                }
            },
            _ => {}
        }
    }
    found
}

/// A name such as `Gemma 2 9B` is no number.
fn without_names(text: &str) -> String {
    book().names.iter().fold(text.to_owned(), |text, name| text.replace(name, ""))
}

/// Words that are numbers: `.83`, but not `GPT-3`.
fn numbers(text: &str) -> impl Iterator<Item = String> {
    let words = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ':', ';']));
    words.filter(|word| is_number(word)).map(str::to_owned)
}
