//! The small picture at the top of a chapter: where it is in the model. It leads to the large one.

use widgets::transformer::{CHAPTERS, Outline, small};

/// Where the large picture is, from the source folder.
const LARGE: &str = "index.md#the-whole-model";

/// The picture for a chapter such as `ch04`.
///
/// # Errors
/// When it is a chapter that the model has no part for.
pub(crate) fn drawing(outline: &Outline, chapter: &str) -> Result<String, String> {
    let number = chapter.strip_prefix("ch").and_then(|number| number.parse().ok());
    let picture = number.and_then(|number| small(number, outline));
    let picture = picture.ok_or_else(|| {
        format!(
            "there is no place in the model for `{chapter}`: there is one for ch01 to ch{}",
            CHAPTERS.len()
        )
    })?;
    let figure = maud::html! {
        figure class="drawn place" { a class="drawing" href=(LARGE) { (picture) } }
    };
    Ok(format!("\n\n{}\n\n", figure.into_string()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mdbook_driver::config::Config;

    use super::*;
    use crate::{contents, prerender};

    #[test]
    fn each_chapter_has_a_place_and_its_name_is_that_of_the_book() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let pages = contents::pages(&root, &Config::from_disk(root.join("book.toml")).unwrap());
        let pages = pages.unwrap();
        let chapters = pages.iter().filter(|page| page.path.to_string_lossy().starts_with("ch"));
        let names: Vec<(String, &str)> = chapters
            .map(|page| {
                let title = page.title.split(':').next().unwrap_or_default();
                (page.path.with_extension("").display().to_string(), title)
            })
            .collect();
        assert_eq!(names, CHAPTERS.map(|(page, title)| (page.to_owned(), title)));
        let outline = prerender::outline(None).unwrap();
        let mut seen = Vec::new();
        for (page, _) in CHAPTERS {
            let chapter = page.split('-').next().unwrap();
            let drawn = drawing(&outline, chapter).unwrap();
            assert!(drawn.contains(LARGE) && !seen.contains(&drawn), "{chapter}");
            let tag = format!("{{{{figure transformer {chapter}}}}}");
            let text = &pages.iter().find(|it| it.is(chapter)).unwrap().text;
            assert!(text.contains(&tag), "{page} does not begin with its place: {tag}");
            seen.push(drawn);
        }
    }

    #[test]
    fn a_chapter_without_a_place_is_told() {
        let outline = prerender::outline(None).unwrap();
        for chapter in ["ch11", "ch00", "4", ""] {
            let told = drawing(&outline, chapter).unwrap_err();
            assert!(told.contains("ch01 to ch10"), "{told}");
        }
    }
}
