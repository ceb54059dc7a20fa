//! The pages of the book, in the order of `SUMMARY.md`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use mdbook_preprocessor::book::BookItem;

/// A page: a chapter, or one of those before and after the chapters.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its path from the source folder: `ch01-spotlight.md`. A link to it is written so too.
    pub path: PathBuf,
    /// Its file, from the book's root: `src/ch01-spotlight.md`.
    pub file: PathBuf,
    /// Its title in the contents.
    pub title: String,
    /// Its Markdown, with tags.
    pub text: String,
}

/// Reads the pages of the book under `root`.
///
/// # Errors
/// When `SUMMARY.md` or a page that it lists cannot be read.
pub fn pages(root: &Path, config: &Config) -> Result<Vec<Page>> {
    let book = MDBook::load_with_config(root, config.clone())?;
    let pages = book.iter().filter_map(|item| {
        let BookItem::Chapter(chapter) = item else { return None };
        let path = chapter.source_path.clone()?;
        let file = config.book.src.join(&path);
        Some(Page { path, file, title: chapter.name.clone(), text: chapter.content.clone() })
    });
    Ok(pages.collect())
}

impl Page {
    /// Whether this is the chapter called `chapter`: `ch01`, or in full `ch01-spotlight` with or
    /// without `.md`.
    pub fn is(&self, chapter: &str) -> bool {
        let path = self.path.to_string_lossy();
        path.strip_prefix(chapter)
            .is_some_and(|rest| rest.is_empty() || rest == ".md" || rest.starts_with('-'))
    }
}

/// The page that holds `place`, a chapter and maybe a heading in it, and the link that leads
/// there: `ch01#the-idea` is `ch01-spotlight.md#the-idea`. Nothing while there is no such page.
pub fn find<'p>(pages: &'p [Page], place: &str) -> Option<(&'p Page, String)> {
    let (chapter, heading) = place.split_once('#').unwrap_or((place, ""));
    let page = pages.iter().find(|page| page.is(chapter))?;
    let mut link = page.path.display().to_string();
    if !heading.is_empty() {
        link += &format!("#{heading}");
    }
    Some((page, link))
}
