//! Every picture on a page of its own, `figures/NAME.html`: for slides, and for other sites.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Where the pages are, from the site's root.
pub const FOLDER: &str = "figures";

/// What a picture's page takes from the head of its chapter's: by what a line begins with.
const HEAD: [&str; 6] = [
    "<meta ",
    "<link rel=\"stylesheet\"",
    "<link rel=\"icon\"",
    "<link rel=\"manifest\"",
    "<script src=\"theme/early",
    "<script type=\"module\" src=\"theme/widgets",
];

/// Writes a page for each live picture of the book in `out`. One that stands on several pages
/// belongs to the first chapter, and to the front page only if no chapter has it.
///
/// # Errors
/// When a page cannot be read or written, or has no title.
pub fn write(out: &Path) -> Result<()> {
    let mut names = BTreeSet::new();
    let mut chapters = fs::read_dir(out)?
        .map(|file| Ok(file?.path()))
        .filter(|path: &Result<_>| path.as_ref().map_or(true, |path| is_chapter(path)))
        .collect::<Result<Vec<_>>>()?;
    chapters.sort();
    for path in chapters {
        let html = fs::read_to_string(&path)?;
        let file = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        for (name, widget) in widgets(&html) {
            if names.insert(name.to_owned()) {
                let page = page(&html, &file, widget).with_context(|| file.clone())?;
                fs::create_dir_all(out.join(FOLDER))?;
                fs::write(out.join(FOLDER).join(format!("{name}.html")), page)?;
            }
        }
    }
    Ok(())
}

fn is_chapter(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".html") && !["print.html", "404.html", "toc.html"].contains(&&*name)
}

/// The live pictures of a page that are drawn: name, and the whole element.
fn widgets(html: &str) -> impl Iterator<Item = (&str, &str)> {
    const END: &str = "</attention-widget>";
    html.match_indices("<attention-widget ").filter_map(|(start, _)| {
        let element = &html[start..start + html[start..].find(END)? + END.len()];
        let (_, name) = element.split_once("name=\"")?;
        let drawn = element.contains("class=\"question\"");
        drawn.then_some((name.split_once('"')?.0, element))
    })
}

/// A page with one picture of the chapter `file`.
fn page(chapter: &str, file: &str, widget: &str) -> Result<String> {
    let (_, title) = chapter.split_once("<title>").context("it has no title")?;
    let (title, _) = title.split_once("</title>").context("its title does not end")?;
    let (head, _) = chapter.split_once("</head>").context("it has no head")?;
    let head: String = head
        .lines()
        .filter(|line| HEAD.iter().any(|start| line.trim_start().starts_with(start)))
        .map(|line| from_folder(line) + "\n")
        .collect();
    let root =
        "<!DOCTYPE html>\n<html lang=\"en\" data-root=\"../\" data-build=\"BUILD-ID\">\n<head>";
    Ok(format!(
        "{root}\n{head}<title>A picture of {title}</title>\n</head>\n<body>\n<main class=\"alone\">\n\
         <h1 class=\"unseen\">A picture of {title}</h1>\n<figure class=\"widget\">{}</figure>\n\
         <p class=\"source\">From <a href=\"../{file}\">{title}</a>. Licence: MIT or Apache-2.0.</p>\n\
         </main>\n</body>\n</html>\n",
        from_folder(widget)
    ))
}

/// Addresses that counted from the root, counted from the folder: all but those to other states,
/// to places of the page, and to other sites.
fn from_folder(html: &str) -> String {
    let mut moved = html.to_owned();
    for attribute in [" href=\"", " src=\""] {
        let mut pieces = moved.split(attribute);
        let mut next = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let stays = piece.starts_with(['?', '#']) || piece.starts_with("https:");
            next += attribute;
            next += if stays { "" } else { "../" };
            next += piece;
        }
        moved = next;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAPTER: &str = "<html><head>\n<meta charset=\"utf-8\">\n<title>One - Book</title>\n\
        <link rel=\"stylesheet\" href=\"css/general-1.css\">\n<script defer src=\"book-2.js\"></script>\n\
        <script type=\"module\" src=\"theme/widgets-3.js\"></script>\n</head><body>\
        <attention-widget name=\"scale\" data-setup=\"{}\"><div><p class=\"question\">Why?</p>\
        <a href=\"?scale=2\">this</a> <a href=\"ch02.html\">next</a></div></attention-widget>\
        <attention-widget name=\"old\"><p>not drawn</p></attention-widget></body></html>";

    #[test]
    fn a_picture_has_its_own_page_and_its_addresses_lead_back() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("ch01.html"), CHAPTER).unwrap();
        let front = CHAPTER
            .replace("name=\"old\"", "name=\"whole\"")
            .replace("not drawn", "<b class=\"question\">");
        fs::write(out.path().join("index.html"), front).unwrap();
        write(out.path()).unwrap();
        let pages: Vec<_> = fs::read_dir(out.path().join(FOLDER)).unwrap().collect();
        assert_eq!(pages.len(), 2, "{pages:?}");
        let page = fs::read_to_string(out.path().join("figures/scale.html")).unwrap();
        for part in [
            "href=\"../css/general-1.css\"",
            "src=\"../theme/widgets-3.js\"",
            "<a href=\"?scale=2\">",
            "<a href=\"../ch02.html\">next",
            "From <a href=\"../ch01.html\">One - Book</a>",
            "data-setup=\"{}\"",
        ] {
            assert!(page.contains(part), "no {part} in {page}");
        }
        assert!(!page.contains("book-2.js"), "{page}");
    }
}
