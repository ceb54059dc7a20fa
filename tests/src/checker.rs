//! Reads the built pages and says what is wrong with them. No browser is needed for this.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use scraper::{ElementRef, Html, Node, Selector};
use website::seal;

use crate::site;

/// The policy that every page must carry, word for word.
pub const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     worker-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'none'";

/// Link texts that say nothing when they are read out of their sentence.
const EMPTY_WORDS: [&str; 7] = ["here", "click here", "link", "this", "this page", "more", "page"];

/// How the tags begin that the book's preprocessor fills in.
const TAGS: [&str; 16] = [
    "{{fact ",
    "{{num ",
    "{{cite ",
    "{{widget ",
    "{{listing ",
    "{{output ",
    "{{term ",
    "{{claim ",
    "{{step ",
    "{{bibliography",
    "{{glossary",
    "{{claims",
    "{{steps",
    "{{map",
    "{{paths",
    "{{#",
];

/// Attributes that name other elements by id.
const BY_ID: [&str; 6] =
    ["for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "headers"];

/// A built book: all its files, and its pages as trees.
#[derive(Debug)]
pub struct Book {
    root: PathBuf,
    pages: BTreeMap<String, Page>,
}

/// One page.
#[derive(Debug)]
struct Page {
    html: Html,
    ids: BTreeSet<String>,
}

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// Out of the site, with this address.
    Outside(String),
    /// A file below the root, and the id in it.
    Inside { path: String, id: Option<String> },
    /// Nowhere that a book should lead: why.
    Wrong(&'static str),
}

impl Book {
    /// Reads every page below `root`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut pages = BTreeMap::new();
        for path in site::files(root, "html")? {
            let text = std::fs::read_to_string(root.join(&path)).with_context(|| path.clone())?;
            let html = Html::parse_document(&text);
            let ids =
                all(&html, "[id]").filter_map(|it| it.attr("id")).map(str::to_owned).collect();
            pages.insert(path, Page { html, ids });
        }
        Ok(Self { root: root.to_owned(), pages })
    }

    /// The pages' paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.pages.keys().map(String::as_str)
    }

    /// Everything that is wrong with a page, each with the element that it is about.
    pub fn problems(&self, path: &str) -> Vec<String> {
        let Some(page) = self.pages.get(path) else { return vec!["there is no such page".into()] };
        let mut problems = Vec::new();
        syntax(page, &mut problems);
        head(page, &mut problems);
        policy(page, &mut problems);
        inline_code(page, &mut problems);
        repeated_ids(page, &mut problems);
        references(page, &mut problems);
        leftovers(page, &mut problems);
        images(page, &mut problems);
        headings(path, page, &mut problems);
        link_texts(page, &mut problems);
        self.links(path, page, &mut problems);
        problems
    }

    /// Every address in the page: links must lead somewhere, and only plain links may leave.
    fn links(&self, path: &str, page: &Page, problems: &mut Vec<String>) {
        let base = all(&page.html, "base[href]").next().and_then(|base| base.attr("href"));
        for element in all(&page.html, "[href], [src], [srcset], [poster], [data-src]") {
            let name = element.value().name();
            for attribute in ["href", "src", "srcset", "poster", "data-src"] {
                let Some(address) = element.attr(attribute) else { continue };
                if name == "base" || (name, attribute) == ("a", "data-src") {
                    continue;
                }
                let leaves = name == "a" || element.attr("rel") == Some("canonical");
                if let Some(problem) = self.link(path, base, address, leaves) {
                    problems.push(format!("{}: {problem}", show(element)));
                }
            }
        }
    }

    fn link(&self, from: &str, base: Option<&str>, address: &str, leaves: bool) -> Option<String> {
        match resolve(from, base, address) {
            Target::Wrong(why) => Some(format!("`{address}` {why}")),
            Target::Outside(scheme) if leaves && (scheme == "https" || scheme == "mailto") => None,
            Target::Outside(_) if leaves => Some(format!("`{address}` is not https")),
            Target::Outside(_) => Some(format!("`{address}` is loaded from elsewhere")),
            Target::Inside { path, id } => {
                let path = match self.root.join(&path).is_dir() {
                    true => format!("{}/index.html", path.trim_end_matches('/')),
                    false => path,
                };
                let path = path.trim_start_matches('/').to_owned();
                if !self.root.join(&path).is_file() {
                    return Some(format!("`{address}` leads to no file"));
                }
                let id = id.filter(|id| !id.is_empty())?;
                let known = self.pages.get(&path).is_some_and(|page| page.ids.contains(&id));
                (!known).then(|| format!("`{address}`: {path} has no id `{id}`"))
            }
        }
    }

    /// Everything that is wrong with the style sheets' addresses.
    ///
    /// # Errors
    /// When a sheet cannot be read.
    pub fn sheet_problems(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        for sheet in site::files(&self.root, "css")? {
            let text = std::fs::read_to_string(self.root.join(&sheet))?;
            if text.contains("@import") {
                problems.push(format!("{sheet}: @import is one more round trip"));
            }
            for part in text.split("url(").skip(1) {
                let address = part.split(')').next().unwrap_or_default().trim_matches(['"', '\'']);
                if address.starts_with("data:") || address.starts_with('#') {
                    continue;
                }
                if let Some(problem) = self.link(&sheet, None, address, false) {
                    problems.push(format!("{sheet}: {problem}"));
                }
            }
        }
        Ok(problems)
    }

    /// Everything that is wrong with the manifests, robots.txt and the files of the worker.
    ///
    /// # Errors
    /// When one of the files cannot be read.
    pub fn extra_problems(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        let read = |file: &str| {
            std::fs::read_to_string(self.root.join(file)).with_context(|| file.to_owned())
        };
        robots(&read("robots.txt")?, &mut problems);
        self.worker(&read("sw.js")?, &mut problems)?;
        let mut manifests = BTreeSet::new();
        for (path, page) in &self.pages {
            let link = all(&page.html, "link[rel=manifest]").next();
            match link.map(|link| resolve(path, None, link.attr("href").unwrap_or_default())) {
                Some(Target::Inside { path, .. }) => drop(manifests.insert(path)),
                _ if is_chapter(path) => problems.push(format!("{path} links no manifest")),
                _ => {}
            }
        }
        for manifest in manifests {
            self.manifest(&manifest, &read(&manifest)?, &mut problems);
        }
        Ok(problems)
    }

    /// The worker and the pages are of one build, and its files are what it says they are.
    fn worker(&self, script: &str, problems: &mut Vec<String>) -> Result<()> {
        let part = |start: &str| {
            let part = script.split(start).nth(1).and_then(|rest| rest.split(';').next());
            part.with_context(|| format!("sw.js has no `{start}`"))
        };
        let build: String = serde_json::from_str(part("const BUILD = ")?)?;
        let files: BTreeMap<String, String> = serde_json::from_str(part("const FILES = ")?)?;
        for (path, digest) in &files {
            if seal::digest(&self.root.join(path))? != *digest {
                problems.push(format!("{path} is not as sw.js says"));
            }
        }
        for path in self.pages.keys() {
            if !files.contains_key(path) {
                problems.push(format!("sw.js does not list {path}"));
            }
            let page = std::fs::read_to_string(self.root.join(path))?;
            if is_chapter(path) && !page.contains(&format!(" data-build=\"{build}\"")) {
                problems.push(format!("{path} is not of the build {build}"));
            }
            if page.contains(seal::PLACEHOLDER) {
                problems.push(format!("{path} is not sealed"));
            }
        }
        Ok(())
    }

    fn manifest(&self, path: &str, text: &str, problems: &mut Vec<String>) {
        let Ok(manifest) = serde_json::from_str::<serde_json::Value>(text) else {
            problems.push(format!("{path} is not JSON"));
            return;
        };
        for field in ["name", "start_url", "display"] {
            if manifest[field].as_str().is_none_or(str::is_empty) {
                problems.push(format!("{path} has no `{field}`"));
            }
        }
        let mut addresses: Vec<&str> = manifest["start_url"].as_str().into_iter().collect();
        let icons = manifest["icons"].as_array().map(Vec::as_slice).unwrap_or_default();
        addresses.extend(icons.iter().filter_map(|icon| icon["src"].as_str()));
        for address in addresses {
            if let Some(problem) = self.link(path, None, address, false) {
                problems.push(format!("{path}: {problem}"));
            }
        }
    }
}

/// Whether a page is part of the text: not the print page, the error page or the bare contents.
pub fn is_chapter(path: &str) -> bool {
    !["print.html", "404.html", "toc.html"].contains(&path)
}

fn robots(text: &str, problems: &mut Vec<String>) {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    for line in &lines {
        let key = line.split_once(':').map(|(key, _)| key.trim().to_lowercase());
        let known = ["user-agent", "allow", "disallow", "sitemap"];
        if !line.starts_with('#') && !key.is_some_and(|key| known.contains(&key.as_str())) {
            problems.push(format!("robots.txt: `{line}` is no rule"));
        }
    }
    if !lines.iter().any(|line| line.to_lowercase().starts_with("user-agent:")) {
        problems.push("robots.txt names no user agent".into());
    }
    if lines.iter().any(|line| line.to_lowercase().replace(' ', "") == "disallow:/") {
        problems.push("robots.txt forbids the whole book".into());
    }
}

/// Follows `address` from the page `from`.
fn resolve(from: &str, base: Option<&str>, address: &str) -> Target {
    let address = address.trim();
    let before_path = address.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((scheme, _)) = before_path.split_once(':') {
        return match scheme {
            "javascript" | "data" | "blob" | "file" => Target::Wrong("has no place in a page"),
            _ => Target::Outside(scheme.to_lowercase()),
        };
    }
    if address.starts_with("//") {
        return Target::Outside("//".into());
    }
    let (rest, id) = match address.split_once('#') {
        Some((rest, id)) => (rest, Some(decoded(id))),
        None => (address, None),
    };
    let rest = decoded(rest.split('?').next().unwrap_or_default());
    if rest.is_empty() {
        return Target::Inside { path: from.to_owned(), id };
    }
    // A page with <base> is served at any depth and counts from the root.
    if rest.starts_with('/') && base.is_none() {
        return Target::Wrong("counts from the host's root: the book may lie deeper");
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = if base.is_some() { "" } else { folder };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return Target::Wrong("leads out of the site"),
            ".." => {}
            _ => parts.push(part),
        }
    }
    Target::Inside { path: parts.join("/"), id }
}

/// Turns `%E2%80%93` into what it stands for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match escaped {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn all<'a>(html: &'a Html, selector: &str) -> impl Iterator<Item = ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("the checker's selectors are valid");
    html.select(&selector).collect::<Vec<_>>().into_iter()
}

/// An element in short: its tag and its text.
fn show(element: ElementRef) -> String {
    let attributes: Vec<String> = element
        .value()
        .attrs()
        .map(|(name, value)| format!(" {name}=\"{}\"", value.chars().take(60).collect::<String>()))
        .collect();
    let text: String = text(element).chars().take(40).collect();
    format!("<{}{}>{text}", element.value().name(), attributes.concat())
}

/// An element's text with single spaces.
fn text(element: ElementRef) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn syntax(page: &Page, problems: &mut Vec<String>) {
    problems.extend(page.html.errors.iter().map(|error| format!("bad HTML: {error}")));
}

fn head(page: &Page, problems: &mut Vec<String>) {
    let once = [
        ("html[lang]", "a language"),
        ("head > title", "a title"),
        ("head > meta[charset=utf-8], head > meta[charset=UTF-8]", "the charset utf-8"),
        ("head > meta[name=viewport][content*='width=device-width']", "a viewport"),
        ("head > meta[name=description]", "a description"),
        ("main", "a main part"),
    ];
    for (selector, what) in once {
        match all(&page.html, selector).count() {
            1 => {}
            count => problems.push(format!("the page has {what} {count} times, not once")),
        }
    }
    for element in all(&page.html, "head > title") {
        if text(element).is_empty() {
            problems.push("the title is empty".into());
        }
    }
    for element in all(&page.html, "head > meta[name=description], html[lang]") {
        let said = element.attr("content").or(element.attr("lang")).unwrap_or_default();
        if said.trim().is_empty() {
            problems.push(format!("{} is empty", show(element)));
        }
    }
    for element in all(&page.html, "meta[name=viewport]") {
        let content = element.attr("content").unwrap_or_default();
        if content.contains("user-scalable=no") || content.contains("maximum-scale") {
            problems.push(format!("{} forbids zooming", show(element)));
        }
    }
}

/// One policy, word for word, before anything that it is about.
fn policy(page: &Page, problems: &mut Vec<String>) {
    let policies: Vec<_> =
        all(&page.html, "meta[http-equiv='Content-Security-Policy' i]").collect();
    let [policy] = policies[..] else {
        problems.push(format!("the page has {} policies, not one", policies.len()));
        return;
    };
    let said = policy.attr("content").unwrap_or_default();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words(said).trim_end_matches(';') != words(POLICY) {
        problems.push(format!("the policy is `{said}`, not `{}`", words(POLICY)));
    }
    let first = all(&page.html, "head > script, head > link, head > style").next();
    let later =
        |element: ElementRef| policy.next_siblings().any(|sibling| sibling.id() == element.id());
    if let Some(element) = first.filter(|element| !later(*element)) {
        problems.push(format!("{} stands before the policy", show(element)));
    }
}

fn inline_code(page: &Page, problems: &mut Vec<String>) {
    let data = ["application/json", "application/ld+json"];
    for element in all(&page.html, "script:not([src])") {
        if !element.attr("type").is_some_and(|kind| data.contains(&kind)) {
            problems.push(format!("{}: an inline script", show(element)));
        }
    }
    for element in all(&page.html, "style") {
        problems.push(format!("{}: an inline style sheet", show(element)));
    }
    for element in all(&page.html, "*") {
        for (name, _) in element.value().attrs() {
            if name == "style" || name.starts_with("on") {
                problems.push(format!("{}: the policy forbids `{name}`", show(element)));
            }
        }
    }
}

fn repeated_ids(page: &Page, problems: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for element in all(&page.html, "[id]") {
        let id = element.attr("id").unwrap_or_default();
        if id.trim().is_empty() || id.contains(char::is_whitespace) {
            problems.push(format!("{}: not an id", show(element)));
        }
        if !seen.insert(id) {
            problems.push(format!("{}: this id is taken", show(element)));
        }
    }
}

fn references(page: &Page, problems: &mut Vec<String>) {
    for attribute in BY_ID {
        for element in all(&page.html, &format!("[{attribute}]")) {
            for id in element.attr(attribute).unwrap_or_default().split_whitespace() {
                if !page.ids.contains(id) {
                    problems.push(format!("{}: `{attribute}` names no id", show(element)));
                }
            }
        }
    }
}

/// What a template or a preprocessor should have filled in. Code and LaTeX may hold braces, but
/// not the tags of the book.
fn leftovers(page: &Page, problems: &mut Vec<String>) {
    let code = ["code", "pre", "script", "annotation"];
    for node in page.html.tree.nodes() {
        let (Node::Text(text), Some(parent)) = (node.value(), node.parent()) else { continue };
        let in_code = node.ancestors().any(|above| {
            above.value().as_element().is_some_and(|element| code.contains(&element.name()))
        });
        let tag = TAGS.iter().any(|tag| text.contains(tag));
        let braces = text.contains("{{") || text.contains("}}") || text.contains("{#");
        if tag || (braces && !in_code) {
            let around = ElementRef::wrap(parent).map(show).unwrap_or_default();
            problems.push(format!("{around}: left over from a template"));
        }
    }
    for element in all(&page.html, "*") {
        if element.value().attrs().any(|(_, value)| value.contains("{{")) {
            problems.push(format!("{}: left over from a template", show(element)));
        }
    }
}

fn images(page: &Page, problems: &mut Vec<String>) {
    for element in all(&page.html, "img:not([alt]), area:not([alt]), input[type=image]:not([alt])")
    {
        problems.push(format!("{}: no alternative text", show(element)));
    }
}

fn headings(path: &str, page: &Page, problems: &mut Vec<String>) {
    let tops = all(&page.html, "h1").count();
    let right = match path {
        "print.html" => tops >= 1,
        _ => tops == 1,
    };
    if !right {
        problems.push(format!("the page has {tops} headings of level 1"));
    }
    let mut before = 0;
    for element in all(&page.html, "h1, h2, h3, h4, h5, h6") {
        let level = element.value().name()[1..].parse().unwrap_or(0);
        if level > before + 1 {
            problems.push(format!("{}: comes after level {before}", show(element)));
        }
        if text(element).is_empty() {
            problems.push(format!("{}: an empty heading", show(element)));
        }
        before = level;
    }
}

fn link_texts(page: &Page, problems: &mut Vec<String>) {
    let image = Selector::parse("img[alt], svg[aria-label]").expect("valid");
    for element in all(&page.html, "a[href]") {
        let images =
            element.select(&image).filter_map(|it| it.attr("alt").or(it.attr("aria-label")));
        let said: Vec<String> = match element.attr("aria-label") {
            Some(label) => vec![label.to_owned()],
            None => std::iter::once(text(element)).chain(images.map(str::to_owned)).collect(),
        };
        let mut said = said.concat();
        if said.trim().is_empty() {
            said = element.attr("title").unwrap_or_default().to_owned();
        }
        let plain = said.trim().trim_end_matches(['.', ',', '!', ':', '…']).to_lowercase();
        if plain.is_empty() || EMPTY_WORDS.contains(&plain.as_str()) {
            problems.push(format!("{}: the link's text says nothing", show(element)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, decoded, resolve};

    fn inside(path: &str, id: Option<&str>) -> Target {
        Target::Inside { path: path.into(), id: id.map(str::to_owned) }
    }

    #[test]
    fn links_are_followed_from_their_page() {
        assert_eq!(resolve("a/b.html", None, "../c.html#d"), inside("c.html", Some("d")));
        assert_eq!(resolve("a/b.html", None, "c.css?v=1"), inside("a/c.css", None));
        assert_eq!(resolve("a/b.html", None, "#%C3%A9"), inside("a/b.html", Some("é")));
        assert_eq!(resolve("a.html", None, "?spotlight=x"), inside("a.html", None));
        assert_eq!(resolve("404.html", Some("/book/"), "c.css"), inside("c.css", None));
        assert!(matches!(resolve("a.html", None, "/c.css"), Target::Wrong(_)));
        assert!(matches!(resolve("a.html", None, "../c.css"), Target::Wrong(_)));
        assert!(matches!(resolve("a.html", None, "javascript:void(0)"), Target::Wrong(_)));
        assert_eq!(resolve("a.html", None, "https://x.org/a"), Target::Outside("https".into()));
        assert_eq!(resolve("a.html", None, "//x.org/a"), Target::Outside("//".into()));
    }

    #[test]
    fn escapes_are_read_and_other_percent_signs_stay() {
        assert_eq!(decoded("a%20b%E2%80%93"), "a b–");
        assert_eq!(decoded("100% of %zz%"), "100% of %zz%");
    }
}
