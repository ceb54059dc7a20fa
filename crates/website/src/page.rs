//! One built page, rewritten so that it keeps to a strict policy, and checked that it does.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use anyhow::{Context, Result};
use lol_html::html_content::{ContentType, Element};
use lol_html::{ElementContentHandlers, RewriteStrSettings, Selector, element, rewrite_str, text};

use crate::seal::PLACEHOLDER;
use crate::styles::{self, Sheet};

/// What the pages may load and run: their own site's files, and nothing inline.
pub const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    worker-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'none'";

/// How long a page's description may be, in characters.
const DESCRIPTION: usize = 160;

/// Rewrites a page: puts in the policy, moves inline styles to `sheet`, asks for the scripts and
/// style sheets of its own build, makes the links of the contents relative to the page, and
/// describes the page by its first paragraph if `describe`. `to_root` leads from the page to the
/// site's root: `../` or nothing.
///
/// Returns the page, and what is wrong with it.
///
/// # Errors
/// When the page cannot be parsed.
pub fn rewrite(
    html: &str,
    to_root: &str,
    describe: bool,
    sheet: &mut Sheet,
) -> Result<(String, Vec<String>)> {
    let found = read(html)?;
    let description = found.description.filter(|_| describe);
    let mut allowed = false;
    let sheet = RefCell::new(sheet);
    let problems = RefCell::new(Vec::new());

    let policy = element!("head > meta[charset]", |meta| {
        let tag = format!("\n<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">");
        meta.after(&tag, ContentType::Html);
        allowed = true;
        Ok(())
    });
    let link = element!("head", |head| {
        if found.styled {
            let address = versioned(&format!("{to_root}{}", styles::FILE));
            let link = format!("<link rel=\"stylesheet\" href=\"{address}\">\n");
            head.append(&link, ContentType::Html);
        }
        Ok(())
    });
    let scripts = element!("script[src]", |script| {
        let address = script.get_attribute("src").unwrap_or_default();
        script.set_attribute("src", &versioned(&address))?;
        Ok(())
    });
    let sheets = element!("link[rel=stylesheet]", |link| {
        let address = link.get_attribute("href").unwrap_or_default();
        link.set_attribute("href", &versioned(&address))?;
        Ok(())
    });
    let describes = element!("meta[name=description]", |meta| {
        if let Some(text) = &description {
            meta.set_attribute("content", text)?;
        }
        Ok(())
    });
    let contents = element!("nav[data-from-root]", |nav| {
        nav.remove_attribute("data-from-root");
        Ok(())
    });
    let entries = element!("nav[data-from-root] a[href]", |a| {
        let address = a.get_attribute("href").unwrap_or_default();
        a.set_attribute("href", &format!("{to_root}{address}"))?;
        Ok(())
    });
    let every = element!("*", |element| {
        problems.borrow_mut().extend(wrong(element));
        if let Some(style) = element.get_attribute("style") {
            element.remove_attribute("style");
            if style.contains('&') {
                problems.borrow_mut().push(format!("an entity in a style: {style}"));
            } else if let Some(class) = sheet.borrow_mut().class(&style) {
                let classes = element.get_attribute("class").unwrap_or_default();
                element.set_attribute("class", format!("{classes} {class}").trim_start())?;
            }
        }
        Ok(())
    });
    let inline = text!("script, style", |chunk| {
        let start = chunk.as_str().trim();
        if !start.is_empty() {
            let start: String = start.chars().take(40).collect();
            problems.borrow_mut().push(format!("an inline script or style: {start}"));
        }
        Ok(())
    });

    let handlers = vec![policy, link, scripts, sheets, describes, contents, entries, every, inline];
    let page = transform(html, handlers)?;
    let mut problems = problems.into_inner();
    if !allowed {
        problems.push("no <meta charset> in the <head>, after which the policy goes".to_owned());
    }
    Ok((page, problems))
}

/// The address of a file of the page's own build. mdBook's names are digests of what a file was
/// before the names of other files were put into it, so they do not tell two builds apart.
fn versioned(address: &str) -> String {
    format!("{address}?v={PLACEHOLDER}")
}

/// A selector, and what is done to the elements that it finds.
type Handler<'h> = (Cow<'static, Selector>, ElementContentHandlers<'h>);

fn transform(html: &str, handlers: Vec<Handler<'_>>) -> Result<String> {
    let settings = handlers
        .into_iter()
        .fold(RewriteStrSettings::new(), RewriteStrSettings::append_element_content_handler);
    rewrite_str(html, settings).context("not a page that can be parsed")
}

/// What must be known of a page before it is written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    /// Whether it has inline styles.
    styled: bool,
    /// The start of its first paragraph, if that is plain text.
    description: Option<String>,
}

fn read(html: &str) -> Result<Found> {
    let (styled, plain, paragraphs) = (Cell::new(false), Cell::new(true), Cell::new(0));
    let text = RefCell::new(String::new());
    let handlers = vec![
        element!("[style]", |_| {
            styled.set(true);
            Ok(())
        }),
        element!("main > p:not([class])", |_| {
            paragraphs.set(paragraphs.get() + 1);
            Ok(())
        }),
        element!("main > p:not([class]) .katex", |_| {
            plain.set(plain.get() && paragraphs.get() > 1);
            Ok(())
        }),
        text!("main > p:not([class])", |chunk| {
            if paragraphs.get() == 1 {
                text.borrow_mut().push_str(chunk.as_str());
            }
            Ok(())
        }),
    ];
    transform(html, handlers)?;
    let description = shortened(&text.take());
    let usable = plain.get() && !description.is_empty();
    Ok(Found { styled: styled.get(), description: usable.then_some(description) })
}

/// As many whole words as a description may hold.
fn shortened(text: &str) -> String {
    let mut short = String::new();
    for word in text.split_whitespace() {
        if short.chars().count() + word.chars().count() + 2 > DESCRIPTION {
            return short + "…";
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    short
}

/// What an element has that the policy forbids.
fn wrong(element: &Element<'_, '_>) -> Vec<String> {
    let tag = element.tag_name();
    let relation = element.get_attribute("rel").unwrap_or_default();
    let mut problems = Vec::new();
    for attribute in element.attributes() {
        let (name, value) = (attribute.name(), attribute.value());
        let told = || format!("<{tag} {name}=\"{value}\">");
        if name.len() > 2 && name.starts_with("on") {
            problems.push(format!("an inline handler: {}", told()));
        }
        if value.trim_start().to_ascii_lowercase().starts_with("javascript:") {
            problems.push(format!("a script for an address: {}", told()));
        }
        let loads = match name.as_str() {
            "src" | "srcset" | "poster" => true,
            "data" => tag == "object",
            "href" | "xlink:href" => {
                matches!(tag.as_str(), "use" | "image") || tag == "link" && relation != "canonical"
            }
            _ => false,
        };
        if loads && leaves_the_site(&value) {
            problems.push(format!("a file from another site: {}", told()));
        }
    }
    problems
}

/// Whether an address has a host or a scheme of its own, other than `data:`.
fn leaves_the_site(address: &str) -> bool {
    let address = address.trim();
    let scheme = address.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    address.starts_with("//")
        || scheme.is_some_and(|name| name != "data" && !name.is_empty() && name.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(head: &str, body: &str) -> String {
        format!(
            "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">{head}</head>\
             <body>{body}</body></html>"
        )
    }

    fn rewritten(head: &str, body: &str) -> (String, Vec<String>) {
        rewrite(&page(head, body), "../", true, &mut Sheet::default()).unwrap()
    }

    #[test]
    fn the_policy_comes_right_after_the_charset() {
        let (html, problems) = rewritten("<title>t</title>", "<p>x</p>");
        let start = "<head><meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\"";
        assert!(html.contains(start), "{html}");
        assert!(html.contains("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style"));
        assert!(html.contains("form-action 'none'\"><title>"), "{html}");
        assert!(!html.contains(styles::FILE), "{html}");
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn a_page_without_a_place_for_the_policy_is_told() {
        let result = rewrite("<html><head></head></html>", "", true, &mut Sheet::default());
        assert!(result.unwrap().1[0].contains("no <meta charset>"));
    }

    #[test]
    fn styles_become_classes() {
        let mut sheet = Sheet::default();
        let body = r#"<i style="top:1px">a</i><b class="x" style="top:1px">b</b><u style="">c</u>"#;
        let (html, problems) = rewrite(&page("", body), "../", true, &mut sheet).unwrap();
        let class = Sheet::default().class("top:1px").unwrap();
        let expected = format!(r#"<i class="{class}">a</i><b class="x {class}">b</b><u>c</u>"#);
        assert!(html.contains(&expected), "{html}");
        let link = r#"<link rel="stylesheet" href="../hoisted.css?v=BUILD-ID">"#;
        assert!(html.contains(&format!("{link}\n</head>")), "{html}");
        assert_eq!(sheet.css(), format!(".{class}{{top:1px!important;}}\n"));
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn scripts_and_style_sheets_are_asked_for_by_their_build() {
        let head = "<link rel=\"stylesheet\" href=\"a.css\"><link rel=\"icon\" href=\"b.svg\">\
                    <script defer src=\"../c.js\"></script>";
        let (html, problems) = rewritten(head, "");
        assert_eq!(problems, Vec::<String>::new());
        for address in ["href=\"a.css?v=BUILD-ID\"", "href=\"b.svg\"", "src=\"../c.js?v=BUILD-ID\""]
        {
            assert!(html.contains(address), "{html}");
        }
    }

    #[test]
    fn styles_in_drawings_and_formulas_too() {
        let (html, _) = rewritten("", r#"<svg><path style="fill:red"/></svg><math style="a:b"/>"#);
        assert!(!html.contains("style="), "{html}");
    }

    #[test]
    fn what_the_policy_forbids_is_told() {
        for (body, told) in [
            ("<script>alert(1)</script>", "inline script"),
            ("<style>p{}</style>", "inline script or style: p{}"),
            ("<p onclick='x()'>x</p>", "inline handler: <p onclick=\"x()\">"),
            ("<a href=' JavaScript:x()'>x</a>", "script for an address"),
            ("<img src='https://example.org/x.png'>", "another site"),
            ("<script src='//example.org/x.js'></script>", "another site"),
            ("<link rel='stylesheet' href='http://example.org/x.css'>", "another site"),
            ("<i style='font-family:&quot;x&quot;'></i>", "entity"),
        ] {
            let (_, problems) = rewritten("", body);
            assert_eq!(problems.len(), 1, "{body}: {problems:?}");
            assert!(problems[0].contains(told), "{body}: {problems:?}");
        }
    }

    #[test]
    fn what_the_policy_allows_passes() {
        let (_, problems) = rewritten(
            "<link rel='canonical' href='https://example.org/'>",
            "<script defer src='../book.js'></script><a href='https://example.org/'>x</a>\
             <img src='data:image/png;base64,xx'><img src='a.png?x=a:b'>",
        );
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn the_first_paragraph_describes_the_page() {
        let head = "<meta name=\"description\" content=\"the book\">";
        let body = "<main><p class=\"chapter-number\">1.</p><h1>T</h1>\
                    <p>Tom &amp; <em>Kim</em>\nmeet.</p><p>Later.</p></main>";
        let (html, _) = rewritten(head, body);
        assert!(html.contains("content=\"Tom &amp; Kim meet.\""), "{html}");
        let formula = "<main><p>A <span class=\"katex\">x</span></p></main>";
        assert!(rewritten(head, formula).0.contains("content=\"the book\""));
        let (html, _) = rewrite(&page(head, body), "", false, &mut Sheet::default()).unwrap();
        assert!(html.contains("content=\"the book\""), "{html}");
    }

    #[test]
    fn a_long_description_ends_after_a_word() {
        let short = shortened(&"attention ".repeat(40));
        assert!(short.chars().count() <= DESCRIPTION, "{short}");
        assert!(short.ends_with("attention…"), "{short}");
    }

    #[test]
    fn the_contents_lead_from_the_page() {
        let nav = r#"<nav data-from-root="../"><a href="a.html">A</a></nav><a href="b.html">B</a>"#;
        let (html, _) = rewritten("", nav);
        let expected = r#"<nav><a href="../a.html">A</a></nav><a href="b.html">B</a>"#;
        assert!(html.contains(expected), "{html}");
    }
}
