//! One picture of the built book, on a page of its own.

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
/// opens), into a page of its own under `target/figures`. What it shows comes from the built book.
///
/// # Errors
/// When there is no such widget, the book has not been built, or the address leads nowhere.
pub fn write(name: &str, at: Option<&str>) -> Result<PathBuf> {
    let Some(entry) = registry::find(name) else {
        let names: Vec<&str> = registry::ALL.iter().map(|entry| entry.name).collect();
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
    let page = page(name, &widget.view())?;
    let out = root().join("target/figures").join(format!("{name}.html"));
    fs::create_dir_all(out.parent().expect("it lies in a folder"))?;
    fs::write(&out, page).with_context(|| format!("{} cannot be written", out.display()))?;
    Ok(out)
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
            return Ok(unescaped(value));
        }
    }
    bail!("no page of {} has the widget `{name}`: cargo xtask build", book.display())
}

/// An attribute's value as it was before it was written into HTML.
fn unescaped(value: &str) -> String {
    value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
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

/// A page with the picture and nothing else, and its styles within.
fn page(name: &str, view: &str) -> Result<String> {
    let theme = root().join("theme");
    let styles = STYLES.iter().map(|style| fs::read_to_string(theme.join(style)));
    let styles = styles.collect::<Result<Vec<_>, _>>()?.join("\n");
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\" class=\"js\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{name}</title>\n\
         <style>\n{styles}\n</style>\n<main><figure class=\"widget\">\n{view}\n</figure></main>\n</html>\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let html = "<attention-widget name=\"scale\" data-setup=\"{&quot;a&quot;:&quot;&lt;&amp;lt;&quot;}\">";
        fs::write(folder.path().join("ch.html"), html).unwrap();
        assert_eq!(setup(folder.path(), "scale").unwrap(), r#"{"a":"<&lt;"}"#);
        let error = setup(folder.path(), "heads").unwrap_err().to_string();
        assert!(error.contains("cargo xtask build"), "{error}");
    }

    #[test]
    fn a_name_that_no_picture_has_is_told_all_names() {
        let error = write("nothing", None).unwrap_err().to_string();
        assert!(error.contains("spotlight") && error.contains("cache"), "{error}");
    }
}
