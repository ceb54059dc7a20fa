//! KaTeX, which reads a chapter again only when the chapter changed: it is the slowest step of a
//! build.

use std::sync::LazyLock;

use anyhow::Result;
use mdbook_katex::preprocess::KatexProcessor;
use mdbook_preprocessor::book::{Book, BookItem, Chapter};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::memo::Memo;

/// Chapters with their formulas rendered, by the text with its formulas in LaTeX.
static CHAPTERS: LazyLock<Memo<String, String>> = LazyLock::new(Memo::new);

/// Renders the formulas of the chapters that it has not seen yet.
pub(crate) struct MemoisedKatex;

impl Preprocessor for MemoisedKatex {
    fn name(&self) -> &str {
        "katex"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let unseen: Vec<Chapter> = (book.chapters())
            .filter(|chapter| CHAPTERS.get(&chapter.content).is_none())
            .map(|chapter| Chapter { sub_items: Vec::new(), ..chapter.clone() })
            .collect();
        let items = unseen.iter().cloned().map(BookItem::Chapter).collect();
        let rendered = KatexProcessor.run(context, Book::new_with_items(items))?;
        for (before, after) in unseen.into_iter().zip(rendered.chapters()) {
            CHAPTERS.keep(before.content, after.content.clone());
        }
        book.for_each_chapter_mut(|chapter| {
            if let Some(rendered) = CHAPTERS.get(&chapter.content) {
                chapter.content = rendered;
            }
        });
        Ok(book)
    }
}
