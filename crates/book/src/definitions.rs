//! What the tags of a text stand for.

use std::path::Path;

use widgets::transformer::Outline;

use crate::bibliography::{self, Works};
use crate::contents::Page;
use crate::exercises;
use crate::facts::{Entry, Facts};
use crate::glossary::{self, Glossary};
use crate::highlight::{escape, highlight, inert};
use crate::map::Map;
use crate::quiz::{self, Quizzes};
use crate::runs::{self, Runs};
use crate::sources::Sources;
use crate::tag::{self, Fill, Tag};
use crate::tested::Tested;
use crate::{
    Problem, heads, numbers, place, prediction_page, progress, quiz_page, records, roofline,
    sources, stills,
};

/// What a tag can ask for.
const KINDS: &str = "fact, num, given, head, listing, output, widget, figure, cite, term, claim, \
                     step, measured, bibliography, glossary, claims, steps, map, paths, quiz, \
                     predict, predicted, progress, review and repository";

/// Everything that tags can name.
pub struct Definitions {
    /// Computed values.
    pub facts: Facts,
    /// Anchored lines of code.
    pub sources: Sources,
    /// Recorded runs.
    pub runs: Runs,
    /// What the runs printed, by name of the run.
    pub outputs: std::collections::BTreeMap<String, String>,
    /// The pages of the book.
    pub pages: Vec<Page>,
    /// Cited works.
    pub works: Works,
    /// The work of each quoted value, by the fact's name.
    pub quoted: std::collections::BTreeMap<String, String>,
    /// The book's words.
    pub glossary: Glossary,
    /// The tests that check a claim.
    pub claims: Tested,
    /// The tests that replay a step.
    pub steps: Tested,
    /// Which chapter builds on which.
    pub map: Map,
    /// Where the book's repository is, if the configuration says so.
    pub repository: Option<String>,
    /// Questions and predictions.
    pub quizzes: Quizzes,
    /// What the small picture of the model is drawn from.
    pub outline: Outline,
    /// Widgets: name and HTML.
    pub widgets: Vec<(&'static str, String)>,
}

impl Fill for Definitions {
    fn fill(&self, tag: Tag<'_>) -> Result<String, String> {
        self.of_any_kind(tag)
    }
}

impl Definitions {
    /// `text` with its tags filled in. What could not be filled in is a problem of `file`.
    pub fn expand(&self, file: &Path, text: &str) -> (String, Vec<Problem>) {
        let (mut expanded, mut problems) = (String::with_capacity(text.len()), Vec::new());
        let mut done = 0;
        for tag in tag::find(text) {
            expanded += &text[done..tag.start];
            match self.fill(tag) {
                Ok(html) => expanded += &html,
                Err(message) => problems.push(Problem::at(file, text, tag.start, message)),
            }
            done = tag.end;
        }
        expanded += &text[done..];
        (expanded, problems)
    }

    /// What stands in the place of a tag of any kind.
    fn of_any_kind(&self, tag: Tag<'_>) -> Result<String, String> {
        match tag.kind {
            "fact" => self.fact(tag.name),
            "num" => self.num(tag.name),
            "given" => numbers::given(tag.name),
            "head" => heads::name(tag.name),
            "listing" => self.listing(tag.name),
            "output" => self.output(tag.name),
            "widget" => self.widget(tag.name),
            "figure" => self.drawing(tag.name),
            "cite" => self.cite(tag.name),
            "term" => glossary::link(&self.glossary, tag.name),
            "claim" => self.claims.mark(tag.name),
            "step" => self.steps.mark(tag.name),
            "bibliography" => Ok(bibliography::page(&self.works, &self.pages, |fact| {
                self.quoted.get(fact).map(String::as_str)
            })),
            "measured" => records::table(tag.name),
            "glossary" => Ok(glossary::page(&self.glossary, &self.pages)),
            "claims" => {
                let filled = |text: &str| self.expand(Path::new("claims.md"), text).0;
                Ok(self.claims.sentences(&self.pages, filled))
            }
            "steps" => Ok(self.steps.page(&self.pages)),
            "map" => Ok(self.map.html(&self.pages, &self.outline)),
            "paths" => Ok(self.map.paths_html(&self.pages)),
            "repository" => Ok(self.repository()),
            "quiz" if tag.name == quiz::SCORE => Ok(quiz_page::score()),
            "quiz" => quiz_page::question(&self.quizzes, self, tag.name),
            "predict" => prediction_page::asked(&self.quizzes, self, tag.name),
            "predicted" => prediction_page::shown(&self.quizzes, self, tag.name),
            "progress" => Ok(progress::line(&self.pages, &self.quizzes)),
            "review" => Ok(progress::page(&self.pages, &self.quizzes)),
            kind => Err(format!("there is no tag `{kind}`: the tags are {KINDS}")),
        }
    }

    fn entry(&self, name: &str) -> Result<&Entry, String> {
        self.facts.get(name).ok_or_else(|| {
            format!("there is no fact `{name}`: `cargo xtask facts` lists those there are")
        })
    }

    fn fact(&self, name: &str) -> Result<String, String> {
        Ok(match self.entry(name)? {
            Entry::Known(fact) => maud::html! {
                data class="fact" value=(fact.exact) title=(fact.source) { (fact.shown) }
            }
            .into_string(),
            Entry::NeedsModel => maud::html! {
                span class="missing" { "(needs the model)" }
            }
            .into_string(),
        })
    }

    fn num(&self, name: &str) -> Result<String, String> {
        Ok(match self.entry(name)? {
            Entry::Known(fact) => fact.shown.clone(),
            Entry::NeedsModel => "?".to_owned(),
        })
    }

    fn listing(&self, name: &str) -> Result<String, String> {
        let anchor = self.sources.get(name).ok_or_else(|| self.no_anchor(name))?;
        let code = highlight(&anchor.code, "rs");
        Ok(format!(
            "\n\n<figure class=\"listing\"><figcaption><code>{}</code></figcaption>\
             <pre><code class=\"hl\">{code}</code></pre></figure>\n\n",
            escape(&anchor.file.display().to_string())
        ))
    }

    fn no_anchor(&self, name: &str) -> String {
        let file = name.split('#').next().unwrap_or(name);
        let known: Vec<&str> = self
            .sources
            .all()
            .filter(|(key, _)| key.starts_with(file))
            .map(|(key, _)| key)
            .collect();
        match known[..] {
            [] => format!("there is no anchor `{name}`, and none in `{file}`"),
            _ => format!("there is no anchor `{name}`: the file has {}", known.join(", ")),
        }
    }

    fn output(&self, name: &str) -> Result<String, String> {
        let run = self.runs.get(name).ok_or_else(|| {
            format!("there is no run `{name}`: {} lists those there are", runs::FILE)
        })?;
        let printed = self.outputs.get(name).ok_or_else(|| {
            format!("{} is missing: `cargo xtask record` makes it", runs::output(name).display())
        })?;
        let off = match run.within {
            0.0 => String::new(),
            within => format!(" (on your processor a number may be off by {within})"),
        };
        Ok(format!(
            "\n\n<figure class=\"output\"><figcaption><code>{}</code>{off}</figcaption>\
             <pre><code>{}</code></pre></figure>\n\n",
            inert(&escape(&run.command())),
            inert(&escape(printed))
        ))
    }

    fn widget(&self, name: &str) -> Result<String, String> {
        let html = self.widgets.iter().find(|(known, _)| *known == name).map(|(_, html)| html);
        let html = html.ok_or_else(|| {
            let known: Vec<&str> = self.widgets.iter().map(|(known, _)| *known).collect();
            format!("there is no widget `{name}`: there is {}", known.join(", "))
        })?;
        Ok(format!("\n\n{}\n\n", inert(html)))
    }

    /// A computed drawing.
    fn drawing(&self, name: &str) -> Result<String, String> {
        match name.split_once(' ') {
            Some(("transformer", chapter)) => place::drawing(&self.outline, chapter.trim()),
            None if name == "roofline" => roofline::drawing().map_err(|error| format!("{error:#}")),
            _ => self.widget(name).map_err(|_| {
                let stills: Vec<&str> = stills::names().collect();
                format!(
                    "there is no drawing `{name}`: there is roofline, transformer with a chapter, {}",
                    stills.join(", ")
                )
            }),
        }
    }

    /// The book's repository, with the line that fetches it where its address is known.
    fn repository(&self) -> String {
        let Some(address) = &self.repository else { return "the book's repository".to_owned() };
        maud::html! {
            a href=(address) { "the book's repository" } " (" code { "git clone " (address) } ")"
        }
        .into_string()
    }

    fn cite(&self, key: &str) -> Result<String, String> {
        let work = self.works.get(key);
        let file = bibliography::FILE;
        Ok(work.ok_or_else(|| format!("there is no work `{key}` in {file}"))?.cite())
    }
}

/// The anchors that no chapter shows, as problems. `written` says of a listing or an exercise
/// whether its chapter is in the book.
pub fn unused_anchors(
    sources: &sources::Sources,
    used: &[String],
    written: impl Fn(&str) -> bool,
) -> Vec<Problem> {
    let waits = |file: &Path| {
        let listing = file.strip_prefix("listings/examples").ok().map(Path::file_stem);
        let exercise = file.strip_prefix(exercises::FOLDER).ok().map(|file| file.iter().next());
        let name = listing.or(exercise).flatten().and_then(|name| name.to_str());
        name.is_some_and(|name| !written(name))
    };
    sources
        .all()
        .filter(|(key, anchor)| !used.iter().any(|name| name == key) && !waits(&anchor.file))
        .map(|(key, anchor)| Problem {
            file: anchor.file.clone(),
            line: anchor.line,
            message: format!("no chapter shows the anchor `{key}`: use it or take it out"),
        })
        .collect()
}
