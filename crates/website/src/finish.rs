//! What is done to the built book after mdBook: every page is rewritten and checked, files that
//! nothing uses are left out, and the site's own files and the WebAssembly modules are put in.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::styles::{self, Sheet};
use crate::wasm::{FILES, MODULES};
use crate::{alone, page};

/// Pages that are not described by their first paragraph: the front, the contents, a notice,
/// and the whole book at once.
const DESCRIBED_BY_THE_BOOK: [&str; 4] = ["index.html", "toc.html", "404.html", "print.html"];

/// Finishes the book in `out`, with the files of `site` and, if there are any, the modules in
/// the folder `modules`.
///
/// # Errors
/// When a page breaks the policy: the error names each page and what is wrong. Or when a file
/// cannot be read or written.
pub fn finish(out: &Path, site: &Path, modules: Option<&Path>) -> Result<()> {
    alone::write(out)?;
    rewrite_pages(out)?;
    remove_unused(out)?;
    shorten_styles(out)?;
    copy(site, out)?;
    if let Some(modules) = modules {
        for module in &MODULES {
            let (from, to) = (modules.join(module.name), out.join(module.name));
            for name in FILES {
                copy_file(&from.join(name), &to.join(name))?;
            }
        }
    }
    Ok(())
}

fn rewrite_pages(out: &Path) -> Result<()> {
    let pages = files(out)?.into_par_iter().filter(|path| has_extension(path, &["html"]));
    let rewritten: Vec<_> = pages.map(|path| rewrite_page(out, &path)).collect::<Result<_>>()?;
    let mut sheet = Sheet::default();
    let mut problems = Vec::new();
    for (styles, wrong) in rewritten {
        sheet.merge(styles);
        problems.extend(wrong);
    }
    if !problems.is_empty() {
        bail!("the built pages break their own policy:\n{}", problems.join("\n"));
    }
    write(&out.join(styles::FILE), &sheet.css())
}

/// Rewrites one page. Returns the styles that it needs, and what is wrong with it.
fn rewrite_page(out: &Path, path: &Path) -> Result<(Sheet, Vec<String>)> {
    let name = path.strip_prefix(out)?;
    let html = read(path)?;
    let to_root = "../".repeat(name.components().count() - 1);
    let describe = !DESCRIBED_BY_THE_BOOK.iter().any(|page| Path::new(page) == name);
    let mut sheet = Sheet::default();
    let (html, wrong) = page::rewrite(&html, &to_root, describe, &mut sheet)
        .with_context(|| name.display().to_string())?;
    write(path, &html)?;
    let told = wrong.iter().map(|wrong| format!("{}: {wrong}", name.display()));
    Ok((sheet, told.collect()))
}

/// Takes the comments out of the style sheets: every reader would load them.
fn shorten_styles(out: &Path) -> Result<()> {
    for path in files(out)?.iter().filter(|path| has_extension(path, &["css"])) {
        write(path, &styles::without_comments(&read(path)?))?;
    }
    Ok(())
}

/// Removes what mdBook brings and no page, script or style sheet names. Licences stay, and so do
/// the files that the widgets load, `*.bin` and `*.wgsl`.
fn remove_unused(out: &Path) -> Result<()> {
    let (pages, mut unused): (Vec<_>, Vec<_>) = files(out)?
        .into_iter()
        .filter(|path| !has_extension(path, &["bin", "wgsl"]))
        .partition(|path| has_extension(path, &["html"]));
    let mut texts = pages.iter().map(|page| read(page)).collect::<Result<Vec<_>>>()?;
    while let Some(text) = texts.pop() {
        let named = names_in(&text);
        let (used, rest): (Vec<_>, Vec<_>) =
            unused.into_iter().partition(|path| named.contains(&*file_name(path)));
        // The search index is a text of the book, and what it mentions is not used by that.
        let code = |path: &&PathBuf| {
            has_extension(path, &["css", "js"]) && !file_name(path).starts_with("searchindex")
        };
        for path in used.iter().filter(code) {
            texts.push(read(path)?);
        }
        unused = rest;
    }
    let kept = |path: &Path| {
        let name = file_name(path);
        name.starts_with('.') || name.contains("LICENSE")
    };
    for path in unused.iter().filter(|path| !kept(path)) {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    for folder in WalkDir::new(out).min_depth(1).contents_first(true) {
        let folder = folder?;
        if folder.file_type().is_dir() && fs::read_dir(folder.path())?.next().is_none() {
            fs::remove_dir(folder.path())?;
        }
    }
    Ok(())
}

/// All that a text has of what could be the name of a file.
fn names_in(text: &str) -> HashSet<&str> {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    text.split(|c| !of_a_name(c)).filter(|name| name.contains('.')).collect()
}

/// Copies what is in a folder, with its folders.
fn copy(from: &Path, to: &Path) -> Result<()> {
    for path in files(from)? {
        copy_file(&path, &to.join(path.strip_prefix(from)?))?;
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// All files below a folder, sorted.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        if entry.file_type().is_file() {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// Whether a file's name ends in one of the extensions.
pub fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|extension| extensions.iter().any(|it| extension == *it))
}

fn file_name(path: &Path) -> Cow<'_, str> {
    path.file_name().expect("a file has a name").to_string_lossy()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files in it.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let found = files(folder).unwrap().into_iter();
        found.map(|it| it.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()).collect()
    }

    const HEAD: &str = "<html><head><meta charset=\"utf-8\"></head>";

    #[test]
    fn a_page_that_breaks_the_policy_is_named() {
        let bad = format!("{HEAD}<body><script>x()</script></body></html>");
        let out = folder(&[("index.html", HEAD), ("deep/bad.html", &bad)]);
        let error = finish(out.path(), folder(&[]).path(), None).unwrap_err().to_string();
        assert!(error.contains("deep/bad.html: an inline script or style: x()"), "{error}");
        assert!(!error.contains("index.html"), "{error}");
    }

    #[test]
    fn only_what_something_names_stays() {
        let page = format!(
            "{HEAD}<link rel=\"stylesheet\" href=\"general-1a.css\">\
             <script src=\"book-2b.js\" data-search=\"searchindex-3c.js\"></script></html>"
        );
        let out = folder(&[
            ("index.html", &page),
            ("general-1a.css", "@font-face{src:url(fonts/used-4d.woff2)}"),
            ("book-2b.js", "import('./later-5e.js')"),
            ("later-5e.js", ""),
            ("searchindex-3c.js", "a chapter about ace-6f.js"),
            ("ace-6f.js", ""),
            ("fonts/used-4d.woff2", ""),
            ("fonts/other/unused-7a.woff2", ""),
            ("gallery/cat.bin", ""),
            ("fonts/USED-LICENSE-8b.txt", ""),
            (".nojekyll", ""),
        ]);
        let site = folder(&[("robots.txt", ""), ("deep/file.txt", "")]);
        let modules = folder(&[
            ("front/module.js", ""),
            ("front/module_bg.wasm", ""),
            ("front/ordered.sha256", ""),
            ("early/module.js", ""),
            ("early/module_bg.wasm", ""),
            ("middle/module.js", ""),
            ("middle/module_bg.wasm", ""),
            ("late/module.js", ""),
            ("late/module_bg.wasm", ""),
            ("trainer/module.js", ""),
            ("trainer/module_bg.wasm", ""),
            ("reader/module.js", ""),
            ("reader/module_bg.wasm", ""),
        ]);
        finish(out.path(), site.path(), Some(modules.path())).unwrap();
        let expected = [
            ".nojekyll",
            "book-2b.js",
            "deep/file.txt",
            "early/module.js",
            "early/module_bg.wasm",
            "fonts/USED-LICENSE-8b.txt",
            "fonts/used-4d.woff2",
            "front/module.js",
            "front/module_bg.wasm",
            "gallery/cat.bin",
            "general-1a.css",
            "index.html",
            "late/module.js",
            "late/module_bg.wasm",
            "later-5e.js",
            "middle/module.js",
            "middle/module_bg.wasm",
            "reader/module.js",
            "reader/module_bg.wasm",
            "robots.txt",
            "searchindex-3c.js",
            "trainer/module.js",
            "trainer/module_bg.wasm",
        ];
        assert_eq!(names(out.path()), expected);
        assert!(!out.path().join("fonts/other").exists());
    }

    #[test]
    fn a_page_in_a_folder_finds_the_moved_styles() {
        let page = format!("{HEAD}<p style=\"top:0\">x</p></html>");
        let out = folder(&[("a/b/page.html", &page)]);
        finish(out.path(), folder(&[]).path(), None).unwrap();
        let html = fs::read_to_string(out.path().join("a/b/page.html")).unwrap();
        assert!(html.contains("href=\"../../hoisted.css?v=BUILD-ID\""), "{html}");
        let css = fs::read_to_string(out.path().join(styles::FILE)).unwrap();
        assert!(css.contains("{top:0!important;}"), "{css}");
    }
}
