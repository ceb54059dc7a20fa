//! What must hold for every chapter, checked on its Markdown before anything is rendered.

use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use mdbook_katex::cfg::KatexConfig;
use mdbook_katex::preprocess::{Render, get_render_tasks};
use pulldown_cmark::{
    CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag as Markdown, TagEnd,
};

use crate::definitions::Definitions;
use crate::link::Link;
use crate::memo::Memo;
use crate::names::Names;
use crate::quiz::Source;
use crate::tag::{self, Fill};
use crate::{Problem, glossary, numbers};

/// The heading below which whole numbers may be given.
const EXERCISES: &str = "Exercises";

/// What a look at one chapter finds.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Links to check once the pages are there.
    pub links: Vec<Link>,
    /// What its tags name: anchors, runs, facts.
    pub used: Vec<String>,
    /// The names with digits that stand in it.
    pub names: Vec<String>,
}

/// Looks at one chapter. `file` is its path from the book's root, `text` its Markdown with
/// tags.
pub(crate) fn chapter(
    file: &Path,
    text: &str,
    definitions: &Definitions,
    names: &Names,
) -> Findings {
    let mut findings = Findings::default();
    for tag in tag::find(text) {
        let line = text[..tag.start].rfind('\n').map_or(0, |at| at + 1);
        if matches!(tag.kind, "term" | "cite" | "claim" | "step") && text[line..].starts_with('#') {
            let message = format!("a heading is a link itself: write no {} in it", tag.kind);
            findings.problems.push(Problem::at(file, text, tag.start, message));
        }
        match definitions.fill(tag) {
            Ok(_) => findings.used.push(tag.name.to_owned()),
            Err(message) => findings.problems.push(Problem::at(file, text, tag.start, message)),
        }
    }
    findings.problems.extend(formulas(file, text, definitions));
    // From here on a tag is a blank of the same length, so that places stay true.
    let blanked = blank_tags(text, 'x');
    markdown(file, text, &blanked, &mut findings);
    let (prose, found) = names.blank(&blank_formulas(text, &blank_tags(text, numbers::TAG)));
    findings.names.extend(found.into_iter().map(str::to_owned));
    for (part, exercise) in prose_of(&blanked) {
        for (at, message) in numbers::typed(&prose, part, exercise) {
            findings.problems.push(Problem::at(file, text, at, message));
        }
    }
    findings
}

/// Looks at every text of a quiz as at an exercise: a whole number may be given there.
pub(crate) fn quiz(source: &Source, definitions: &Definitions, names: &Names) -> Findings {
    let mut all = Findings::default();
    for (id, text) in source.texts() {
        let as_exercise = format!("## {EXERCISES}\n\n{text}");
        let found = chapter(&source.file, &as_exercise, definitions, names);
        let placed = |problem: Problem| source.problem(id, &problem.message);
        all.problems.extend(found.problems.into_iter().map(placed));
        all.links.extend(found.links.into_iter().map(|link| {
            let problem = placed(link.problem);
            Link { problem, ..link }
        }));
        all.used.extend(found.used);
        all.names.extend(found.names);
    }
    all
}

/// The words that a term shows stay: they are text of the chapter.
fn blank_tags(text: &str, filling: char) -> String {
    let mut blanked = text.to_owned();
    for tag in tag::find(text) {
        let shown = if tag.kind == "term" { glossary::split(tag.name).1 } else { None };
        let blank = match shown {
            Some(words) => {
                let start = words.as_ptr() as usize - text.as_ptr() as usize - tag.start;
                let after = tag.end - tag.start - start - words.len();
                format!("{}{words}{}", "(".repeat(start), ")".repeat(after))
            }
            None => filling.to_string().repeat(tag.end - tag.start),
        };
        blanked.replace_range(tag.start..tag.end, &blank);
    }
    blanked
}

/// The formulas of a chapter: where each begins and ends, and whether it stands on its own line.
fn find_formulas(text: &str) -> Vec<(Range<usize>, bool)> {
    let place = |formula: &str| {
        let start = formula.as_ptr() as usize - text.as_ptr() as usize;
        start..start + formula.len()
    };
    get_render_tasks(text, "", &KatexConfig::default().build_extra_opts())
        .into_iter()
        .filter_map(|task| match task {
            Render::Text(_) => None,
            Render::InlineTask(formula) => Some((place(formula), false)),
            Render::DisplayTask(formula) => Some((place(formula), true)),
        })
        .collect()
}

/// `blanked` with the formulas of `text` blank, too.
fn blank_formulas(text: &str, blanked: &str) -> String {
    let mut blanked = blanked.to_owned();
    for (place, _) in find_formulas(text) {
        blanked.replace_range(place.clone(), &" ".repeat(place.len()));
    }
    blanked
}

/// What KaTeX says against a formula, by the formula and whether it stands alone.
static UNREADABLE: LazyLock<Memo<(String, bool), Option<String>>> = LazyLock::new(Memo::new);

/// Lets KaTeX read each formula, with its tags filled in. A decimal in it is a result.
fn formulas(file: &Path, text: &str, definitions: &Definitions) -> Vec<Problem> {
    let (inline, display) = KatexConfig::default().build_opts_from_macros(Default::default());
    let mut problems = Vec::new();
    for (place, alone) in find_formulas(text) {
        let formula = &text[place.clone()];
        let (filled, _) = definitions.expand(file, formula);
        let error = UNREADABLE.get_or((filled, alone), |(filled, alone)| {
            let options = if *alone { &display } else { &inline };
            katex::render_with_opts(filled, options).err().map(|error| error.to_string())
        });
        if let Some(error) = error {
            let message = format!("KaTeX cannot read the formula `{}`: {error}", formula.trim());
            problems.push(Problem::at(file, text, place.start, message));
        }
        for (at, message) in numbers::decimals(&blank_tags(formula, numbers::TAG)) {
            problems.push(Problem::at(file, text, place.start + at, message));
        }
    }
    problems
}

/// The parts of a chapter in which numbers are looked for, each with whether it belongs to an
/// exercise. Code is not among them, but for a block of plain text.
fn prose_of(blanked: &str) -> Vec<(Range<usize>, bool)> {
    let (mut parts, mut heading, mut exercise, mut code) = (Vec::new(), false, false, false);
    for (event, range) in Parser::new_ext(blanked, options()).into_offset_iter() {
        match event {
            Event::Start(Markdown::Heading { level: HeadingLevel::H2, .. }) => {
                (heading, exercise) = (true, false);
            }
            Event::End(TagEnd::Heading(_)) => heading = false,
            Event::Start(Markdown::CodeBlock(CodeBlockKind::Fenced(info))) => {
                code = &*info != "text";
            }
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(words) => {
                exercise |= heading && &*words == EXERCISES;
                if !code {
                    parts.push((range, exercise));
                }
            }
            Event::Html(_) | Event::InlineHtml(_) => parts.push((range, exercise)),
            _ => {}
        }
    }
    parts
}

/// Fences and links.
fn markdown(file: &Path, text: &str, blanked: &str, findings: &mut Findings) {
    let mut problem = |offset: usize, message: String| {
        findings.problems.push(Problem::at(file, text, offset, message));
    };
    for (event, range) in Parser::new_ext(blanked, options()).into_offset_iter() {
        match event {
            Event::Start(Markdown::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                if let Some(message) = wrong_fence(&info) {
                    problem(range.start, message);
                }
            }
            Event::Start(Markdown::Link { dest_url, .. } | Markdown::Image { dest_url, .. }) => {
                if let Some(message) = wrong_link(&dest_url) {
                    problem(range.start, message);
                } else if !dest_url.contains("://") {
                    let message = format!("the link to `{dest_url}` leads nowhere");
                    let problem = Problem::at(file, text, range.start, message);
                    findings.links.push(Link { destination: dest_url.to_string(), problem });
                }
            }
            Event::Code(_) if text[range.clone()].contains("{{fact") => {
                problem(range.start, "inside code a fact is written {{num NAME}}".to_owned());
            }
            _ => {}
        }
    }
}

/// The Markdown that mdBook reads.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
}

/// Rust in a chapter is a listing, or says why it is not.
fn wrong_fence(info: &str) -> Option<String> {
    let mut parts = info.split(',').map(str::trim);
    let language = parts.next().unwrap_or("");
    let excused =
        parts.any(|part| part.strip_prefix("reason=").is_some_and(|reason| !reason.is_empty()));
    match language {
        "rust" if !excused => Some(
            "Rust is shown with {{listing FILE#ANCHOR}}; a fence of it needs a reason: ```rust,reason=…"
                .to_owned(),
        ),
        "" => Some("a code block needs a language: ```console, ```text".to_owned()),
        _ => None,
    }
}

fn wrong_link(destination: &str) -> Option<String> {
    if destination.is_empty() {
        return Some("a link goes nowhere: it has no address".to_owned());
    }
    destination
        .starts_with("http://")
        .then(|| format!("the link to `{destination}` is not encrypted: use https"))
}

/// The running words of a chapter, in pieces with their places. Code is not among them, and a tag
/// only with the words that it shows.
pub fn running_words(text: &str) -> Vec<(usize, String)> {
    let blanked = blank_tags(text, 'x');
    let (mut pieces, mut code) = (Vec::new(), false);
    for (event, range) in Parser::new_ext(&blanked, options()).into_offset_iter() {
        match event {
            Event::Start(Markdown::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(_) if !code => pieces.push((range.start, blanked[range].to_owned())),
            _ => {}
        }
    }
    pieces
}

/// The links that lead nowhere in the built site at `out`.
pub fn dead_links(out: &Path, page: &Path, links: &[Link]) -> Vec<Problem> {
    links
        .iter()
        .filter(|link| !leads_somewhere(out, page, &link.destination))
        .map(|link| link.problem.clone())
        .collect()
}

fn leads_somewhere(out: &Path, page: &Path, destination: &str) -> bool {
    let (path, fragment) = destination.split_once('#').unwrap_or((destination, ""));
    let path = path.split('?').next().unwrap_or(path);
    let target = if path.is_empty() {
        page.with_extension("html")
    } else {
        page.parent().unwrap_or(Path::new("")).join(path)
    };
    let target = if target.extension().is_some_and(|extension| extension == "md") {
        target.with_extension("html")
    } else {
        target
    };
    let Ok(bytes) = std::fs::read(out.join(target)) else { return false };
    let html = String::from_utf8_lossy(&bytes);
    fragment.is_empty() || html.contains(&format!("id=\"{fragment}\""))
}
