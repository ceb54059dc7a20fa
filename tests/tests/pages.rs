//! Every page of the built book, read as text: no browser needed.

use std::path::Path;

use anyhow::{Result, ensure};
use reader_tests::checker::{Book, POLICY};
use reader_tests::site;

#[test]
fn every_page_is_sound() -> Result<()> {
    let book = Book::read(&site::book()?)?;
    let mut report = String::new();
    for path in book.paths() {
        for problem in book.problems(path) {
            report += &format!("{path}: {problem}\n");
        }
    }
    ensure!(report.is_empty(), "{} problems:\n{report}", report.lines().count());
    Ok(())
}

#[test]
fn the_pages_that_every_book_has_are_there() -> Result<()> {
    let pages = site::pages()?;
    for page in ["index.html", "ch01-spotlight.html", "print.html", "404.html"] {
        ensure!(pages.iter().any(|path| path == page), "{page} is missing among {pages:?}");
    }
    Ok(())
}

#[test]
fn style_sheets_lead_to_files_of_the_site() -> Result<()> {
    let problems = Book::read(&site::book()?)?.sheet_problems()?;
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

#[test]
fn manifest_robots_and_worker_are_sound() -> Result<()> {
    let problems = Book::read(&site::book()?)?.extra_problems()?;
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

/// A page with nothing wrong, and the places to put something wrong into.
fn sound(head: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><head><meta charset=utf-8>
         <meta http-equiv=Content-Security-Policy content=\"{POLICY}\">
         <title>A page</title><meta name=viewport content=\"width=device-width\">
         <meta name=description content=\"A page\">{head}</head>
         <body><main><h1 id=top>A page</h1>{body}</main></body></html>"
    )
}

/// What the checker says about a book with this one page and a style sheet.
fn checked(name: &str, page: &str) -> Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("page.html"), page)?;
    std::fs::write(folder.join("sheet.css"), "")?;
    Ok(Book::read(&folder)?.problems("page.html"))
}

#[test]
fn the_checker_accepts_a_sound_page() -> Result<()> {
    let head = "<link rel=stylesheet href=sheet.css>";
    let body = "<h2>One</h2><p><a href=#top>Up</a> <a href=https://example.org/>Elsewhere</a>
        <code>{{ braces }}</code> <img alt=\"A sheet\" src=sheet.css>";
    let problems = checked("sound", &sound(head, body))?;
    ensure!(problems.is_empty(), "{problems:#?}");
    Ok(())
}

#[test]
fn the_checker_finds_each_fault() -> Result<()> {
    let faults = [
        ("", "<p id=a>x<p id=a>y", "this id is taken"),
        ("", "<p><a href=#nowhere>Go</a>", "has no id `nowhere`"),
        ("", "<p><a href=absent.html>Go</a>", "leads to no file"),
        ("", "<p><a href=/page.html>Go</a>", "counts from the host's root"),
        ("", "<p><a href=../page.html>Go</a>", "leads out of the site"),
        ("", "<p><a href=http://example.org>Go</a>", "is not https"),
        ("", "<p><a href=#top>here</a>", "the link's text says nothing"),
        ("", "<p><a href=#top></a>", "the link's text says nothing"),
        ("", "<h3>Deep</h3>", "comes after level 1"),
        ("", "<h1>Second</h1>", "2 headings of level 1"),
        ("", "<p style=color:red>x", "forbids `style`"),
        ("", "<p onclick=f()>x", "forbids `onclick`"),
        ("", "<script>f()</script>", "an inline script"),
        ("<style>p{}</style>", "", "an inline style sheet"),
        ("", "<img src=sheet.css>", "no alternative text"),
        ("", "<img alt=x src=https://example.org/x.png>", "is loaded from elsewhere"),
        ("<script src=//example.org/x.js></script>", "", "is loaded from elsewhere"),
        ("", "<iframe src=https://example.org title=x></iframe>", "is loaded from elsewhere"),
        ("", "<p>{{fact cat}}", "left over from a template"),
        ("", "<p><code>{{fact cat}}</code>", "left over from a template"),
        ("", "<label for=absent>x</label>", "`for` names no id"),
        ("", "<p></b>x", "bad HTML"),
        ("<title>Two</title>", "", "a title 2 times"),
        ("<meta name=description content=x>", "", "a description 2 times"),
        ("<meta http-equiv=Content-Security-Policy content=x>", "", "2 policies"),
    ];
    for (head, body, said) in faults {
        let problems = checked("faulty", &sound(head, body))?;
        let found = problems.iter().any(|problem| problem.contains(said));
        ensure!(found, "{head}{body}: expected `{said}`, found {problems:#?}");
    }
    Ok(())
}

#[test]
fn the_checker_wants_the_head_and_the_exact_policy() -> Result<()> {
    let page = sound("", "");
    let faults = [
        ("script-src 'self'", "script-src 'self' 'unsafe-inline'", "the policy is"),
        ("<meta http-equiv=", "<script src=page.html></script><meta http-equiv=", "stands before"),
        (" lang=en", "", "a language 0 times"),
        ("<meta charset=utf-8>", "", "the charset utf-8 0 times"),
        ("<title>A page</title>", "", "a title 0 times"),
        ("name=viewport", "name=other", "a viewport 0 times"),
        ("width=device-width", "width=device-width,user-scalable=no", "forbids zooming"),
        ("content=\"A page\"", "content=\"\"", "is empty"),
        ("<main>", "<div>", "a main part 0 times"),
    ];
    for (right, wrong, said) in faults {
        let problems = checked("headless", &page.replacen(right, wrong, 1))?;
        let found = problems.iter().any(|problem| problem.contains(said));
        ensure!(found, "without `{right}`: expected `{said}`, found {problems:#?}");
    }
    Ok(())
}
