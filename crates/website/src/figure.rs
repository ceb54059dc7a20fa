//! One picture of the built book, written from the terminal: a page of its own, and an SVG.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use widgets::{Widget, registry};
use xtask::root;

use crate::site;

/// The style sheets that a picture needs, in the page's order.
const STYLES: [&str; 3] = ["css/general.css", "widgets.css", "pictures.css"];

/// How many files a widget may ask for before it shows its first view.
const FILES: usize = 8;

/// Writes the widget called `name`, as it stands at an address such as `cat_13_8_7` (or as it
/// opens), into `target/figures`: a page of its own, and its main picture as SVG. What it shows
/// comes from the built book. Returns what was written.
///
/// # Errors
/// When there is no such widget, the book has not been built, or the address leads nowhere.
pub fn write(name: &str, at: Option<&str>) -> Result<Vec<PathBuf>> {
    let Some(entry) = registry::find(name) else {
        let names: Vec<&str> = registry::all().map(|entry| entry.name).collect();
        bail!("there is no picture `{name}`; there are {}", names.join(", "));
    };
    let book = site::folder();
    let setup = setup(&book, entry.name)?;
    let query = at.map_or(String::new(), |at| format!("?{name}={at}"));
    let mut widget = widgets::open(name, &setup, &query)?;
    if at.is_some() {
        let stands = widget.address();
        ensure!(stands == query, "`{query}` leads nowhere: {name} opens at `{stands}`");
    }
    bring(&mut *widget, &book)?;
    let (view, styles) = (widget.view(), styles()?);
    let folder = root().join("target/figures");
    fs::create_dir_all(&folder)?;
    let mut written = vec![(folder.join(format!("{name}.html")), page(name, &view, &styles))];
    if let Some(svg) = svg(&view, &widget.address(), &styles) {
        written.push((folder.join(format!("{name}.svg")), svg));
    }
    for (path, text) in &written {
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(written.into_iter().map(|(path, _)| path).collect())
}

/// What the page tells the widget when it opens, from the built book.
fn setup(book: &Path, name: &str) -> Result<String> {
    let mark = format!("<attention-widget name=\"{name}\"");
    let files = fs::read_dir(book)
        .with_context(|| format!("there is no {}: cargo xtask build", book.display()))?;
    for file in files {
        let path = file?.path();
        let is_page = path.extension().is_some_and(|kind| kind == "html");
        if !is_page || path.file_name().is_some_and(|file| file == "print.html") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        if let Some(rest) = text.split_once(&mark).map(|(_, rest)| rest) {
            let value = rest.split_once("data-setup=\"").and_then(|(_, rest)| rest.split_once('"'));
            let (value, _) = value.context("the widget has no setup: built without the model?")?;
            return Ok(value.to_owned());
        }
    }
    bail!("no page of {} has the widget `{name}`: cargo xtask build", book.display())
}

/// Hands the widget the files that it asks for.
fn bring(widget: &mut dyn Widget, book: &Path) -> Result<()> {
    for _ in 0..FILES {
        let Some(path) = widget.wants() else { return Ok(()) };
        let bytes = fs::read(book.join(&path)).with_context(|| format!("{path} is missing"))?;
        widget.receive(&path, &bytes)?;
    }
    bail!("the widget asks for more than {FILES} files")
}

fn styles() -> Result<String> {
    let theme = root().join("theme");
    let styles = STYLES.iter().map(|style| fs::read_to_string(theme.join(style)));
    Ok(styles.collect::<Result<Vec<_>, _>>()?.join("\n"))
}

/// A page with the picture and nothing else, and its styles within.
fn page(name: &str, view: &str, styles: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\" class=\"js\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{name}</title>\n\
         <style>\n{styles}\n</style>\n<main class=\"alone\"><figure class=\"widget\">\n{view}\n\
         </figure></main>\n</html>\n"
    )
}

/// The view's picture where there is room, with its question as title, its source and licence.
/// `None` for a widget without a drawing.
fn svg(view: &str, address: &str, styles: &str) -> Option<String> {
    let (_, question) = view.split_once("class=\"question\">")?;
    let title = without_tags(question.split_once("</p>")?.0);
    let (_, drawing) = view.split_once("<div class=\"for-wide\">")?;
    let start = drawing.find("<svg")?;
    let picture = &drawing[start..drawing.find("</svg>")? + "</svg>".len()];
    let (_, size) = picture.split_once("viewBox=\"")?;
    let (size, _) = size.split_once('"')?;
    let styles = styles.replace('&', "&amp;").replace('<', "&lt;");
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"drawn\" viewBox=\"{size}\">\n\
         <title>{title}</title>\n<desc>From “Attention You Can Run”, {address}. Licence: MIT or \
         Apache-2.0.</desc>\n<style>\n{styles}\n</style>\n{picture}\n</svg>\n"
    ))
}

/// The text of a piece of HTML.
fn without_tags(html: &str) -> String {
    let pieces = html.split('<').enumerate();
    let texts = pieces.map(|(at, piece)| match at {
        0 => piece,
        _ => piece.split_once('>').map_or("", |(_, text)| text),
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let html = "<attention-widget name=\"scale\" data-setup=\"07026f6b\">";
        fs::write(folder.path().join("ch.html"), html).unwrap();
        assert_eq!(setup(folder.path(), "scale").unwrap(), "07026f6b");
        let error = setup(folder.path(), "heads").unwrap_err().to_string();
        assert!(error.contains("cargo xtask build"), "{error}");
    }

    #[test]
    fn a_picture_takes_its_question_its_source_and_its_styles_along() {
        let view = "<p class=\"question\">Where does <b>“it”</b> look?</p><div class=\"for-wide\">\
                    <svg viewBox=\"0 0 8 6\"><path d=\"M0 0\"></path></svg></div>";
        let svg = svg(view, "?spotlight=cat_13_8_7", "a > b { color: red }").unwrap();
        for part in [
            "<title>Where does “it” look?</title>",
            "?spotlight=cat_13_8_7. Licence: MIT or Apache-2.0.",
            "viewBox=\"0 0 8 6\"",
            "a > b { color: red }",
            "<path d=\"M0 0\">",
        ] {
            assert!(svg.contains(part), "no {part} in {svg}");
        }
        assert_eq!(super::svg("<p>no drawing</p>", "", ""), None);
    }

    #[test]
    fn a_name_that_no_picture_has_is_told_all_names() {
        let error = write("nothing", None).unwrap_err().to_string();
        assert!(error.contains("spotlight") && error.contains("cache"), "{error}");
    }
}
