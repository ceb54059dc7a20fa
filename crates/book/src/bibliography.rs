//! The works that the book cites: one BibTeX file, and the page made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use biblatex::{ChunksExt, Entry, Person};

use crate::contents::Page;
use crate::{Problem, Problems, tag};

/// Where the works are listed, from the book's root.
pub const FILE: &str = "src/references.bib";

/// How many authors the bibliography names before it says "et al."
const NAMED: usize = 8;

/// A work that the book cites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Who wrote it, as a text cites them: `Dao`, `Jain and Wallace`, `Vaswani et al.`
    pub authors: String,
    /// Who wrote it, with their given names.
    pub full_authors: String,
    /// Its title.
    pub title: String,
    /// When it appeared.
    pub year: u16,
    /// Tells it from another work of the same authors and year: `a`, `b`, or nothing.
    pub letter: String,
    /// Where it appeared, if the file says so: a journal, a conference, an institution.
    pub venue: Option<String>,
    /// Where to read it.
    pub url: String,
}

/// All works, by key: `vaswani2017`.
pub type Works = BTreeMap<String, Work>;

/// Reads the works under `root`.
///
/// # Errors
/// When the file cannot be read, or [`Problems`] with the lines of what is wrong in it.
pub fn read(root: &Path) -> Result<Works> {
    let path = root.join(FILE);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(parse(&text).map_err(Problems)?)
}

/// Reads works from BibTeX.
///
/// # Errors
/// What is wrong: the file's form, or a work without author, title, year or address.
pub fn parse(text: &str) -> Result<Works, Vec<Problem>> {
    let at = |offset: usize, message: String| {
        Problem::at(Path::new(FILE), text, offset.min(text.len()), message)
    };
    let entries = biblatex::Bibliography::parse(text)
        .map_err(|error| vec![at(error.span.start, format!("no BibTeX: {}", error.kind))])?;
    let (mut works, mut problems) = (Works::new(), Vec::new());
    for entry in entries.iter() {
        match work(entry) {
            Ok(work) => drop(works.insert(entry.key.clone(), work)),
            Err(message) => {
                let offset = text.find(&format!("{{{},", entry.key)).unwrap_or(0);
                problems.push(at(offset, format!("the work `{}` {message}", entry.key)));
            }
        }
    }
    tell_apart(&mut works, |_| true);
    if problems.is_empty() { Ok(works) } else { Err(problems) }
}

fn work(entry: &Entry) -> Result<Work, String> {
    let no = |field: &str| format!("has no {field}");
    let mut people = entry.author().map_err(|_| no("author"))?;
    // BibTeX's way to cut a list short.
    let cut = people.pop_if(|person| person.name == "others").is_some();
    let year = entry.get("year").map(|year| year.format_verbatim());
    let venue = ["journal", "journaltitle", "booktitle", "institution"];
    Ok(Work {
        authors: cited(&people, cut).ok_or_else(|| no("author"))?,
        full_authors: listed(&people, cut),
        title: entry.title().map_err(|_| no("title"))?.format_verbatim(),
        year: year.and_then(|year| year.parse().ok()).ok_or_else(|| no("year"))?,
        letter: String::new(),
        venue: venue.iter().find_map(|field| entry.get(field)).map(|it| it.format_verbatim()),
        url: address(entry).ok_or_else(|| no("eprint, doi or url"))?,
    })
}

fn address(entry: &Entry) -> Option<String> {
    let field = |name: &str| entry.get(name).map(|value| value.format_verbatim());
    field("eprint")
        .map(|number| format!("https://arxiv.org/abs/{number}"))
        .or_else(|| field("doi").map(|doi| format!("https://doi.org/{doi}")))
        .or_else(|| field("url"))
}

/// The name as it stands in a text: `Vaswani`, `de Jong`.
fn family(person: &Person) -> String {
    format!("{} {}", person.prefix, person.name).trim().to_owned()
}

fn cited(people: &[Person], cut: bool) -> Option<String> {
    Some(match people {
        [] => return None,
        [one] if !cut => family(one),
        [one, two] if !cut => format!("{} and {}", family(one), family(two)),
        [first, ..] => format!("{} et al.", family(first)),
    })
}

fn listed(people: &[Person], cut: bool) -> String {
    let mut names: Vec<String> = people
        .iter()
        .take(if people.len() == NAMED + 1 { NAMED + 1 } else { NAMED })
        .map(|person| format!("{} {}", person.given_name, family(person)).trim().to_owned())
        .collect();
    // To hide a single name would save nothing.
    if cut || people.len() > NAMED + 1 {
        names.push("et al.".to_owned());
        return names.join(", ");
    }
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

/// The works with letters only where the `pages` cite two works of the same authors and year.
/// `source` gives the work of a quoted value, by the fact's name.
pub fn as_cited<'w>(
    mut works: Works,
    pages: &[Page],
    source: impl Fn(&str) -> Option<&'w str>,
) -> Works {
    let mut cited = BTreeSet::new();
    for page in pages {
        for tag in tag::find(&page.text) {
            match tag.kind {
                "cite" => cited.extend(Some(tag.name)),
                "fact" | "num" => cited.extend(source(tag.name)),
                _ => {}
            }
        }
    }
    tell_apart(&mut works, |key| cited.contains(key));
    works
}

/// Gives works of the same authors and year the letters `a`, `b`, …, of those that are `cited`.
fn tell_apart(works: &mut Works, cited: impl Fn(&str) -> bool) {
    let mut alike: BTreeMap<(String, u16), Vec<&mut Work>> = BTreeMap::new();
    for (key, work) in works.iter_mut() {
        work.letter.clear();
        if !cited(key) {
            continue;
        }
        alike.entry((work.authors.clone(), work.year)).or_default().push(work);
    }
    for group in alike.values_mut().filter(|group| group.len() > 1) {
        for (work, letter) in group.iter_mut().zip('a'..='z') {
            work.letter = letter.to_string();
        }
    }
}

impl Work {
    /// The work in a text: `Vaswani et al., 2017`, with its link.
    pub fn cite(&self) -> String {
        maud::html! {
            span class="cite" {
                a href=(self.url) title=(self.title) {
                    (self.authors) ", " (self.year) (self.letter)
                }
            }
        }
        .into_string()
    }
}

/// The bibliography: the works that the `pages` cite, and where. `source` gives the work of a
/// quoted value, by the fact's name.
pub fn page<'w>(
    works: &'w Works,
    pages: &[Page],
    source: impl Fn(&str) -> Option<&'w str>,
) -> String {
    let mut cited: BTreeMap<&str, Vec<&Page>> = BTreeMap::new();
    for page in pages {
        for tag in tag::find(&page.text) {
            let key = match tag.kind {
                "cite" => works.get_key_value(tag.name).map(|(key, _)| key.as_str()),
                "fact" | "num" => source(tag.name),
                _ => None,
            };
            let places = key.map(|key| cited.entry(key).or_default());
            if let Some(places) = places.filter(|it| it.last().is_none_or(|p| p.path != page.path))
            {
                places.push(page);
            }
        }
    }
    let mut listed: Vec<(&str, &Work, Vec<&Page>)> =
        cited.into_iter().map(|(key, places)| (key, &works[key], places)).collect();
    listed.sort_by_key(|(_, work, _)| (work.authors.to_lowercase(), work.year, &work.letter));
    maud::html! {
        ul class="works" {
            @for (key, work, places) in listed {
                li id={ "work-" (key) } {
                    (work.full_authors) " (" (work.year) (work.letter) "): "
                    a href=(work.url) { (work.title) } @if !work.title.ends_with(['?', '!', '.']) { "." }
                    @if let Some(venue) = &work.venue { " " (venue) "." }
                    span class="places" {
                        " Cited in "
                        @for (at, page) in places.iter().enumerate() {
                            @if at > 0 { ", " }
                            a href=(page.path.display()) { (page.title) }
                        }
                        "."
                    }
                }
            }
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        parse(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn authors_are_cited_by_their_number() {
        let by = |authors: &str| {
            let text =
                format!("@article{{x, author={{{authors}}}, title={{T}}, year=2020, eprint=1}}");
            parse(&text).unwrap()["x"].authors.clone()
        };
        assert_eq!(by("Dao, Tri"), "Dao");
        assert_eq!(by("Jain, Sarthak and Wallace, Byron C."), "Jain and Wallace");
        assert_eq!(by("A, B and C, D and E, F"), "A et al.");
        assert_eq!(by("{Ben Allal}, Loubna and others"), "Ben Allal et al.");
        assert_eq!(by("{DeepSeek-AI}"), "DeepSeek-AI");
        assert_eq!(by("de Jong, Michiel"), "de Jong");
    }

    #[test]
    fn a_single_name_is_not_hidden_and_a_question_ends_a_title() {
        let names = |count: usize| -> Vec<String> {
            (0..count).map(|at| format!("N{}, A", "abcdefghijkl".as_bytes()[at] as char)).collect()
        };
        let listed = |count: usize| {
            let authors = names(count).join(" and ");
            let text =
                format!("@article{{x, author={{{authors}}}, title={{One?}}, year=2020, eprint=1}}");
            parse(&text).unwrap()
        };
        assert!(listed(NAMED + 1)["x"].full_authors.ends_with("and A Ni"));
        assert!(listed(NAMED + 2)["x"].full_authors.ends_with("A Nh, et al."));
        let pages = [Page {
            path: "a.md".into(),
            file: "src/a.md".into(),
            title: "A".to_owned(),
            text: "{{cite x}}".to_owned(),
        }];
        let html = page(&listed(1), &pages, |_| None);
        assert!(html.contains("One?</a>") && !html.contains("One?</a>."), "{html}");
    }

    #[test]
    fn letters_tell_apart_only_what_is_cited() {
        let entry = |key: &str| {
            format!("@article{{{key}, author={{A, B}}, title={{T}}, year=2020, eprint=1}}\n")
        };
        let works = parse(&(entry("one") + &entry("two"))).unwrap();
        let citing = |text: &str| {
            let page = Page {
                path: "a.md".into(),
                file: "src/a.md".into(),
                title: "A".to_owned(),
                text: text.to_owned(),
            };
            as_cited(works.clone(), &[page], |_| None)
        };
        assert_eq!(citing("{{cite one}}")["one"].letter, "");
        assert_eq!(citing("{{cite one}} {{cite two}}")["two"].letter, "b");
    }

    #[test]
    fn works_that_look_alike_get_letters() {
        let entry = |key: &str| {
            format!("@article{{{key}, author={{A, B}}, title={{T}}, year=2020, eprint=1}}\n")
        };
        let works = parse(&(entry("one") + &entry("two"))).unwrap();
        assert!(works["one"].cite().contains("A, 2020a"));
        assert!(works["two"].cite().contains("A, 2020b"));
    }

    #[test]
    fn a_work_that_lacks_something_is_told_with_its_line() {
        let start = "\n@article{x, author={A, B}";
        for (rest, message) in [
            (", title={T}, year=2020}", "has no eprint, doi or url"),
            (", title={T}, eprint=1}", "has no year"),
            (", year=2020, eprint=1}", "has no title"),
        ] {
            let text = format!("{start}{rest}");
            assert_eq!(told(&text), [format!("{FILE}:2: the work `x` {message}")]);
        }
        assert!(told("@article{x,\n author={").first().unwrap().starts_with(FILE));
    }

    #[test]
    fn every_work_of_the_book_has_an_encrypted_address() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let works = read(&root).unwrap();
        for (key, work) in &works {
            assert!(work.url.starts_with("https://"), "{key} lies at {}", work.url);
            assert!(key.contains(&work.year.to_string()), "{key} is of {}", work.year);
            assert!(!work.title.contains(['{', '}', '\\']), "{key} is called {}", work.title);
        }
    }
}
