//! What a page weighs before its widget wakes, and what the WebAssembly modules weigh.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use crate::finish::{files, has_extension};
use crate::wasm::{MODULES, Module};
use xtask::say;

/// What a page may weigh, in bytes after gzip.
const PAGE: u64 = 200_000;

/// The whole book on one page, for paper: it grows with the book and has no limit.
const PRINT: &str = "print.html";

/// What a page loads at first, in bytes as sent.
#[derive(Debug, Default, PartialEq, Eq)]
struct Weight {
    html: u64,
    css: u64,
    js: u64,
    fonts: u64,
    other: u64,
}

impl Weight {
    fn total(&self) -> u64 {
        self.html + self.css + self.js + self.fonts + self.other
    }
}

/// Prints the weights of the book in `out`.
///
/// # Errors
/// When a page or a module is heavier than it may be, or names a file that is not there.
pub fn report(out: &Path) -> Result<()> {
    let mut over = Vec::new();
    println!(
        "{:<32}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}  kB after gzip",
        "page", "html", "css", "js", "fonts", "other", "all"
    );
    for path in files(out)?.iter().filter(|path| has_extension(path, &["html"])) {
        let name = path.strip_prefix(out)?.to_string_lossy().into_owned();
        let weight = weigh(path).with_context(|| name.clone())?;
        let columns = [weight.html, weight.css, weight.js, weight.fonts, weight.other];
        print!("{name:<32}");
        for bytes in columns.into_iter().chain([weight.total()]) {
            print!("{:>9.1}", bytes as f64 / 1e3);
        }
        println!();
        if weight.total() > PAGE && name != PRINT {
            over.push(format!("{name} weighs {}", limited(weight.total(), PAGE)));
        }
    }
    println!("A page may weigh {} ({PRINT}, the whole book, may weigh more).", say::bytes(PAGE));
    for one in &MODULES {
        over.extend(module(out, one)?);
    }
    if !over.is_empty() {
        bail!("too heavy: {}", over.join("; "));
    }
    Ok(())
}

fn limited(bytes: u64, limit: u64) -> String {
    format!("{} of at most {}", say::bytes(bytes), say::bytes(limit))
}

/// Prints the weight of a module, if it is there. Returns what is wrong with it.
fn module(out: &Path, module: &Module) -> Result<Option<String>> {
    let Module { name, limit, .. } = *module;
    let path = out.join(name).join("module_bg.wasm");
    if !path.exists() {
        println!("The module `{name}` is not there.");
        return Ok(None);
    }
    let raw = fs::read(&path)?;
    let gzip = gzipped(&raw);
    println!(
        "The module `{name}`, loaded when needed: {}, gzip {}, brotli {}.",
        say::bytes(raw.len() as u64),
        limited(gzip, limit),
        say::bytes(brotlied(&raw)?)
    );
    Ok((gzip > limit).then(|| format!("the module `{name}` weighs {}", limited(gzip, limit))))
}

/// The size of some bytes after gzip, as web servers do it.
fn gzipped(bytes: &[u8]) -> u64 {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything").len() as u64
}

fn brotlied(bytes: &[u8]) -> Result<u64> {
    let settings = brotli::enc::BrotliEncoderParams { quality: 9, ..Default::default() };
    let mut sink = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut sink, &settings)?;
    Ok(sink.len() as u64)
}

/// What the page's text asks for.
#[derive(Debug, Default)]
struct Asked {
    files: BTreeSet<String>,
    classes: BTreeSet<String>,
}

fn asked(html: &str) -> Result<Asked> {
    let asked = RefCell::new(Asked::default());
    let named = |element: &lol_html::html_content::Element<'_, '_>, attribute| {
        let address = element.get_attribute(attribute).unwrap_or_default();
        let file = address.split(['?', '#']).next().unwrap_or_default().to_owned();
        if !file.is_empty() && !file.starts_with("data:") {
            asked.borrow_mut().files.insert(file);
        }
    };
    let loaded = "link[rel=stylesheet], link[rel=icon], link[rel=manifest], link[rel=preload]";
    let handlers = [
        element!(loaded, |link| {
            named(link, "href");
            Ok(())
        }),
        element!("script[src], img[src]", |element| {
            named(element, "src");
            Ok(())
        }),
        element!("[class]", |element| {
            let classes = element.get_attribute("class").unwrap_or_default();
            asked.borrow_mut().classes.extend(classes.split_whitespace().map(str::to_owned));
            Ok(())
        }),
    ];
    let settings = handlers
        .into_iter()
        .fold(RewriteStrSettings::new(), RewriteStrSettings::append_element_content_handler);
    rewrite_str(html, settings)?;
    Ok(asked.into_inner())
}

fn weigh(page: &Path) -> Result<Weight> {
    let html = fs::read_to_string(page)?;
    let asked = asked(&html)?;
    let mut weight = Weight { html: gzipped(html.as_bytes()), ..Weight::default() };
    let mut fonts = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut files: Vec<PathBuf> =
        asked.files.iter().map(|file| page.with_file_name("").join(file)).collect();
    while let Some(path) = files.pop() {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let size = gzipped(&bytes);
        if has_extension(&path, &["css"]) {
            weight.css += size;
            let css = String::from_utf8(bytes)?;
            fonts.extend(used_fonts(&css, &asked.classes).map(|font| path.with_file_name(font)));
        } else if has_extension(&path, &["js"]) {
            if seen.insert(path.file_name().map(ToOwned::to_owned)) {
                weight.js += size;
                let script = String::from_utf8(bytes)?;
                files.extend(imported(&script).map(|file| path.with_file_name("").join(file)));
            }
        } else if has_extension(&path, &["woff2"]) {
            fonts.insert(path);
        } else {
            weight.other += size;
        }
    }
    for font in fonts {
        weight.fonts += size_of(&font)?;
    }
    Ok(weight)
}

/// The scripts that a script imports as soon as it is loaded.
fn imported(script: &str) -> impl Iterator<Item = &str> {
    let statements = script.lines().filter(|line| line.starts_with("import "));
    let addresses = statements.filter_map(|line| line.rsplit_once(" from ").map(|(_, from)| from));
    addresses.map(|address| address.trim_matches(['\'', '"', ';', ' ']))
}

fn size_of(path: &PathBuf) -> Result<u64> {
    let found = fs::metadata(path).with_context(|| format!("cannot find {}", path.display()))?;
    Ok(found.len())
}

/// One face of a font family.
#[derive(Debug, PartialEq, Eq)]
struct Face<'a> {
    family: &'a str,
    italic: bool,
    bold: bool,
}

/// The fonts that a style sheet asks for on a page with these classes: those of the rules whose
/// classes are all there. It may count one too many, where a rule is overruled.
fn used_fonts<'a>(css: &'a str, classes: &BTreeSet<String>) -> impl Iterator<Item = &'a str> {
    let rules = || css.split('}').filter_map(|rule| rule.rsplit_once('{'));
    let used: Vec<Face> = rules()
        .filter(|(selectors, _)| {
            !selectors.trim_end().ends_with("@font-face")
                && selectors.split(',').any(|selector| applies(selector, classes))
        })
        .filter_map(|(_, body)| face(body))
        .collect();
    rules()
        .filter(|(selectors, _)| selectors.trim_end().ends_with("@font-face"))
        .filter(move |(_, body)| face(body).is_some_and(|face| used.contains(&face)))
        .filter_map(|(_, body)| {
            let address = body.split_once("url(")?.1.split_once(')')?.0;
            Some(address.trim_matches(['"', '\'', ' ']))
        })
}

/// Whether a page has every class that a selector names. A selector without a class does not
/// count: the book's own text is set in the fonts of the system.
fn applies(selector: &str, classes: &BTreeSet<String>) -> bool {
    let mut names = selector.split('.').skip(1).map(|part| {
        part.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).next().unwrap_or(part)
    });
    selector.contains('.') && names.all(|name| classes.contains(name))
}

/// The face that the declarations of a rule name.
fn face(body: &str) -> Option<Face<'_>> {
    let declared = |name| {
        body.split(';').find_map(|one| {
            let (property, value) = one.split_once(':')?;
            (property.trim() == name).then_some(value.trim())
        })
    };
    let shorthand = declared("font").unwrap_or_default();
    let families = declared("font-family").or_else(|| shorthand.split_whitespace().nth(2))?;
    let family = families.split(',').next()?.trim().trim_matches(['"', '\'']);
    let either = |name, words: &[&str]| {
        let value = declared(name).unwrap_or(shorthand);
        value.split_whitespace().any(|word| words.contains(&word))
    };
    Some(Face {
        family,
        italic: either("font-style", &["italic"]),
        bold: either("font-weight", &["700", "bold"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSS: &str = "@font-face{font-family:Main;font-style:normal;font-weight:400;\
        src:url(main-1a.woff2) format(\"woff2\")}\
        @font-face{font-family:\"Main\";font-style:normal;font-weight:700;src:url(bold-2b.woff2)}\
        @font-face{font-family:Math;font-style:italic;font-weight:400;src:url(math-3c.woff2)}\
        .katex{font:normal 1.21em Main,serif}.katex .mathbf{font-family:Main;font-weight:700}\
        .katex .mathnormal,.other{font-family:Math;font-style:italic}p{color:red}";

    fn used(classes: &[&str]) -> Vec<&'static str> {
        let classes = classes.iter().map(|&class| class.to_owned()).collect();
        used_fonts(CSS, &classes).collect()
    }

    #[test]
    fn a_font_counts_where_its_classes_are() {
        assert_eq!(used(&[]), Vec::<&str>::new());
        assert_eq!(used(&["mathbf"]), Vec::<&str>::new());
        assert_eq!(used(&["katex"]), ["main-1a.woff2"]);
        assert_eq!(used(&["katex", "mathbf"]), ["main-1a.woff2", "bold-2b.woff2"]);
        assert_eq!(used(&["other"]), ["math-3c.woff2"]);
    }

    #[test]
    fn a_page_weighs_what_it_loads() {
        let folder = tempfile::tempdir().unwrap();
        let html = "<link rel=stylesheet href=a.css?v=1><script src=b.js></script>\
                    <i class=katex></i><script data-search='later.js'></script>";
        let page = folder.path().join("index.html");
        fs::write(&page, html).unwrap();
        fs::write(folder.path().join("a.css"), CSS).unwrap();
        fs::write(folder.path().join("b.js"), "1").unwrap();
        fs::write(folder.path().join("main-1a.woff2"), [7; 123]).unwrap();
        let expected = Weight {
            html: gzipped(html.as_bytes()),
            css: gzipped(CSS.as_bytes()),
            js: gzipped(b"1"),
            fonts: 123,
            other: 0,
        };
        assert_eq!(weigh(&page).unwrap(), expected);
        report(folder.path()).unwrap();
    }

    #[test]
    fn a_page_over_the_limit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        // Numbers that gzip cannot make much smaller.
        let noise: String = (0..40_000u64).map(|n| crate::sha256(&n.to_le_bytes())).collect();
        fs::write(folder.path().join("heavy.html"), &noise).unwrap();
        fs::write(folder.path().join(PRINT), &noise).unwrap();
        let error = report(folder.path()).unwrap_err().to_string();
        assert!(error.contains("heavy.html weighs") && !error.contains(PRINT), "{error}");
    }

    #[test]
    fn a_module_over_its_limit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let [light, heavy] = [MODULES[0], Module { limit: 3, ..MODULES[0] }];
        assert_eq!(module(folder.path(), &light).unwrap(), None);
        fs::create_dir(folder.path().join(light.name)).unwrap();
        fs::write(folder.path().join(light.name).join("module_bg.wasm"), "bytes").unwrap();
        assert_eq!(module(folder.path(), &light).unwrap(), None);
        let problem = module(folder.path(), &heavy).unwrap().unwrap();
        assert!(problem.contains("`front` weighs"), "{problem}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.html"), "<script src=gone.js></script>").unwrap();
        let error = format!("{:#}", report(folder.path()).unwrap_err());
        assert!(error.contains("index.html") && error.contains("gone.js"), "{error}");
    }
}
