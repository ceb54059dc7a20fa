//! Building the book: what is computed once, and what is done at each build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use mdbook_preprocessor::book::Book;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use widgets::files::PageFile;
use widgets::gallery::Sentence;
use widgets::transformer::Outline;

use crate::definitions::{Definitions, unused_anchors};
use crate::facts::{Entry, Facts};
use crate::link::Link;
use crate::literature::Literature;
use crate::memoised_katex::MemoisedKatex;
use crate::memoised_model::MemoisedModel;
use crate::names::Names;
use crate::prerender::{self, Prerendered};
use crate::sources::Sources;
use crate::strict::strictly;
use crate::tested::{Kind, Tested};
use crate::{
    Problem, Problems, bibliography, contents, glossary, lint, map, quiz, runs, sentences, steps,
};

/// What is computed once: the model's readings, every fact and every widget.
pub struct Builder {
    facts: Facts,
    widgets: Vec<Prerendered>,
    outline: Outline,
    gallery: Vec<Sentence>,
    missing: Option<String>,
}

impl Builder {
    /// Loads the model, lets it read the gallery, and computes every fact. Takes seconds.
    /// Without the weights the book still builds, and [`Builder::missing`] says what it lacks.
    ///
    /// # Errors
    /// When the weights are there and cannot be read, or a fact does not hold.
    pub fn open() -> Result<Self> {
        match smollm2::locate() {
            Ok(path) => Self::with_model(&path),
            Err(missing @ smollm2::Error::Missing { .. }) => {
                Self::without_model(&missing.to_string())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A builder that knows no more than that the weights are `missing`. Its book has every
    /// page; where a fact or a map needs the model, the page says so.
    ///
    /// # Errors
    /// When a fact that needs no model does not hold.
    pub fn without_model(missing: &str) -> Result<Self> {
        Ok(Self {
            facts: Facts::compute(None)?,
            widgets: prerender::all(None)?,
            outline: prerender::outline(None)?,
            gallery: Vec::new(),
            missing: Some(missing.to_owned()),
        })
    }

    /// A builder with these `facts` and no widget: what the tests of the lints need.
    ///
    /// # Errors
    /// When the library does not know the model's sizes.
    pub fn with_facts(facts: Facts) -> Result<Self> {
        let outline = prerender::outline(None)?;
        Ok(Self { facts, widgets: Vec::new(), outline, gallery: Vec::new(), missing: None })
    }

    fn with_model(path: &Path) -> Result<Self> {
        let model = MemoisedModel::open(path)?;
        let sentences = sentences::read_all(&model)?;
        Ok(Self {
            facts: Facts::compute(Some(&model))?,
            widgets: prerender::all(Some(&model))?,
            outline: prerender::outline(Some(&model))?,
            gallery: sentences.into_iter().map(|read| read.packed).collect(),
            missing: None,
        })
    }

    /// What the book lacks, and how to get it.
    pub fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// Every fact: its name, its value as printed, and its source.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.facts.all().map(|(name, entry)| match entry {
            Entry::Known(fact) => (name, fact.shown.as_str(), fact.source.as_str()),
            Entry::NeedsModel => (name, "–", "needs the model's weights"),
        })
    }

    /// What the tags of the book under `root` can name.
    ///
    /// # Errors
    /// When anchors are broken or the recorded runs cannot be read.
    pub fn definitions(&self, root: &Path, module_version: Option<&str>) -> Result<Definitions> {
        let runs = runs::read(root)?;
        let mut settings = Config::from_disk(root.join("book.toml"))?;
        settings.update_from_env()?;
        let pages = contents::pages(root, &settings)?;
        let outputs: BTreeMap<String, String> = runs
            .keys()
            .filter_map(|name| {
                Some((name.clone(), std::fs::read_to_string(root.join(runs::output(name))).ok()?))
            })
            .collect();
        let quoted: BTreeMap<String, String> = Literature::of_the_book().sources().collect();
        let works = bibliography::as_cited(bibliography::read(root)?, &pages, |fact| {
            quoted.get(fact).map(String::as_str)
        });
        Ok(Definitions {
            facts: self.facts.clone(),
            sources: Sources::read(root).map_err(Problems)?,
            runs,
            outputs,
            map: map::read(root, &pages)?,
            quizzes: quiz::read(root)?,
            pages,
            works,
            quoted,
            glossary: glossary::read(root)?,
            claims: Tested::read(Kind::Claim, root),
            steps: Tested::read(Kind::Step, root),
            repository: settings.get("output.html.git-repository-url")?,
            outline: self.outline.clone(),
            widgets: self.widgets.iter().map(|it| (it.name, it.html(module_version))).collect(),
        })
    }

    /// Builds the book under `root` into `out`, with every lint. `module_version` is that of
    /// the WebAssembly module, when there is one: without it the pages stay as they are built.
    ///
    /// # Errors
    /// [`Problems`] with file and line, or what mdBook said.
    pub fn build(
        &self,
        root: &Path,
        out: &Path,
        module_version: Option<&str>,
        live_reload: bool,
    ) -> Result<()> {
        let definitions = Arc::new(self.definitions(root, module_version)?);
        let config = config(root, out, live_reload)?;
        let links = self.check(root, &definitions)?;
        strictly(|| {
            let mut book = MDBook::load_with_config(root, config)?;
            book.with_preprocessor(FillTags(definitions));
            book.with_preprocessor(MemoisedKatex);
            book.build()
        })?;
        self.write_files(out)?;
        let dead = links.iter().flat_map(|(page, links)| lint::dead_links(out, page, links));
        Ok(Problems::none(dead.collect())?)
    }

    /// All lints that need no rendered page. Returns the links to check once there are some.
    fn check(&self, root: &Path, definitions: &Definitions) -> Result<Vec<(PathBuf, Vec<Link>)>> {
        let names = Names::read(root)?;
        let (mut problems, mut links) = (Vec::new(), Vec::new());
        let (mut used, mut used_names) = (Vec::new(), Vec::new());
        for page in &definitions.pages {
            let findings = lint::chapter(&page.file, &page.text, definitions, &names);
            problems.extend(findings.problems);
            used.extend(findings.used);
            used_names.extend(findings.names);
            links.push((page.path.clone(), findings.links));
        }
        for (chapter, source) in &definitions.quizzes.0 {
            let page = definitions.pages.iter().find(|page| page.is(chapter));
            let findings = lint::quiz(source, definitions, &names);
            problems.extend(findings.problems);
            used.extend(findings.used);
            used_names.extend(findings.names);
            links.extend(page.map(|page| (page.path.clone(), findings.links)));
        }
        problems.extend(definitions.quizzes.problems(&definitions.pages));
        let terms = std::fs::read_to_string(root.join(glossary::FILE))?;
        let to_chapters = glossary::links(&terms, &definitions.glossary, &definitions.pages);
        links.push((glossary::PAGE.into(), to_chapters));
        problems.extend(definitions.claims.problems(&definitions.pages));
        problems.extend(definitions.steps.problems(&definitions.pages));
        problems.extend(definitions.pages.iter().flat_map(steps::problems));
        problems.extend(definitions.facts.unused(&used));
        problems.extend(names.unused(root, &used_names)?);
        // A listing may be there before its chapter is.
        let written = |listing: &str| {
            let chapter = listing.split_once('-').map_or(listing, |(chapter, _)| chapter);
            definitions.pages.iter().any(|page| page.is(chapter))
        };
        problems.extend(unused_anchors(&definitions.sources, &used, written));
        for (name, _) in definitions.runs.iter().filter(|(_, run)| written(&run.listing)) {
            if used.contains(name) {
                continue;
            }
            let text = std::fs::read_to_string(root.join(runs::FILE))?;
            let offset = text.find(name.as_str()).unwrap_or(0);
            let message = format!("no chapter shows the run `{name}`: use it or take it out");
            problems.push(Problem::at(Path::new(runs::FILE), &text, offset, message));
        }
        Problems::none(problems)?;
        Ok(links)
    }

    /// The files that the widgets load in the page: path from the site's root, and contents.
    pub fn files(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let sentence = |sentence: &Sentence| (Sentence::path(&sentence.name), sentence.to_bytes());
        let gallery = self.gallery.iter().map(sentence);
        let others = self.widgets.iter().flat_map(|widget| widget.files.iter().cloned());
        gallery.chain(others)
    }

    /// Writes the files that the widgets load.
    fn write_files(&self, out: &Path) -> Result<()> {
        for (path, bytes) in self.files() {
            let path = out.join(path);
            std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))?;
            std::fs::write(&path, bytes)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// The preprocessor for a plain `mdbook build`.
    ///
    /// # Errors
    /// As [`Builder::definitions`], and every [`Problems`] of the chapters.
    pub fn preprocess(&self, context: &PreprocessorContext, book: Book) -> Result<Book> {
        let definitions = self.definitions(&context.root, None)?;
        self.check(&context.root, &definitions)?;
        FillTags(Arc::new(definitions)).run(context, book)
    }
}

fn config(root: &Path, out: &Path, live_reload: bool) -> Result<Config> {
    let mut config = Config::from_disk(root.join("book.toml"))?;
    // As mdBook does: MDBOOK_OUTPUT__HTML__SITE_URL says where the site will lie.
    config.update_from_env()?;
    config.build.build_dir = std::path::absolute(out)?;
    config.build.create_missing = false;
    if live_reload {
        config.set("output.html.live-reload-endpoint", "live-reload")?;
    }
    Ok(config)
}

/// Fills in the tags of every chapter.
struct FillTags(Arc<Definitions>);

impl Preprocessor for FillTags {
    fn name(&self) -> &str {
        "book"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut problems = Vec::new();
        book.for_each_chapter_mut(|chapter| {
            let Some(path) = &chapter.source_path else { return };
            let file = context.config.book.src.join(path);
            let (expanded, wrong) = self.0.expand(&file, &chapter.content);
            chapter.content = expanded;
            problems.extend(wrong);
        });
        if let Err(problems) = Problems::none(problems) {
            bail!(problems);
        }
        Ok(book)
    }
}
