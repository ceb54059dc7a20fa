//! The pictures of the built pages, and what each asks.

use std::fs;

use anyhow::{Context, Result};
use scraper::{Html, Selector};

use crate::site;

/// The pictures of a page, but for the small one at its top that says where in the model it is.
pub const PICTURES: &str = ".drawn.view:not(.place)";

/// The questions of the pictures on a page.
///
/// # Errors
/// When the page cannot be read, or a picture has no question.
pub fn questions(page: &str) -> Result<Vec<String>> {
    let html = Html::parse_document(&fs::read_to_string(site::book()?.join(page))?);
    let [pictures, question] = [PICTURES, ".question"].map(|it| Selector::parse(it).expect(it));
    html.select(&pictures)
        .map(|picture| {
            let question = picture.select(&question).next();
            let question = question.with_context(|| format!("{page}: a picture asks nothing"))?;
            Ok(question.text().collect::<String>().trim().to_owned())
        })
        .collect()
}
