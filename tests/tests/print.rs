//! The page that holds the whole book, and what becomes of it on paper.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use reader_tests::pdf::{Pdf, base64};
use reader_tests::{Tab, browse, site};
use scraper::{Html, Selector};
use serde_json::json;

const PRINT: &str = "print.html";

/// The text between the margins of an A4 page, in CSS pixels: 210 mm less 16 mm on each side.
const PAPER: u32 = 672;

fn page(path: &str) -> Result<Html> {
    let text = std::fs::read_to_string(site::book()?.join(path)).context(path.to_owned())?;
    Ok(Html::parse_document(&text))
}

fn all(html: &Html, selector: &str, attribute: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("the selectors here are valid");
    html.select(&selector).filter_map(|it| it.attr(attribute)).map(str::to_owned).collect()
}

fn count(html: &Html, selector: &str) -> usize {
    html.select(&Selector::parse(selector).expect("the selectors here are valid")).count()
}

/// The pages that the print page is made of.
fn parts() -> Result<Vec<String>> {
    let other = [PRINT, "toc.html", "404.html"];
    Ok(site::pages()?.into_iter().filter(|path| !other.contains(&path.as_str())).collect())
}

#[test]
fn every_id_is_there_once_and_every_link_leads_to_one_or_to_a_file() -> Result<()> {
    let html = page(PRINT)?;
    let ids = all(&html, "[id]", "id");
    let mut known = BTreeSet::new();
    for id in &ids {
        ensure!(known.insert(id.as_str()), "the id `{id}` is there twice");
    }
    let root = site::book()?;
    let chapters = parts()?;
    for link in all(&html, "main a[href]", "href") {
        if link.contains("://") {
            continue;
        }
        match link.split_once('#') {
            Some(("", id)) => ensure!(known.contains(id), "`#{id}` leads nowhere"),
            _ => {
                let path = link.split(['#', '?']).next().unwrap_or_default();
                ensure!(path.is_empty() || root.join(path).is_file(), "`{link}` leads nowhere");
                let inside = !chapters.iter().any(|chapter| chapter == path);
                ensure!(inside, "`{link}` leaves the page for a chapter that is on it");
            }
        }
    }
    Ok(())
}

#[test]
fn it_holds_all_that_the_chapters_hold() -> Result<()> {
    let whole = page(PRINT)?;
    for selector in
        ["main h1", "main h2", "main pre", "main figure", "main table", "main details", ".claim"]
    {
        let mut sum = 0;
        for part in parts()? {
            sum += count(&page(&part)?, selector);
        }
        ensure!(sum > 0, "no chapter has a `{selector}`");
        let found = count(&whole, selector);
        ensure!(found == sum, "{found} of `{selector}` on paper, {sum} in the chapters");
    }
    Ok(())
}

#[test]
fn every_widget_is_its_table() -> Result<()> {
    let html = page(PRINT)?;
    let widgets = Selector::parse("figure.widget").expect("a selector");
    let table = Selector::parse("table").expect("a selector");
    ensure!(html.select(&widgets).count() > 0, "there is no widget");
    for widget in html.select(&widgets) {
        let named = Selector::parse("attention-widget").expect("a selector");
        let name = widget.select(&named).next().and_then(|it| it.attr("name"));
        let cells = widget.select(&table).flat_map(|it| it.text()).collect::<String>();
        ensure!(
            cells.contains(|c: char| c.is_ascii_digit()),
            "the widget {name:?} has no table with numbers before it wakes"
        );
    }
    Ok(())
}

/// The print page, laid out for A4.
async fn on_paper(tab: &Tab) -> Result<()> {
    tab.window(PAPER, 1000).await?;
    tab.media("print", &[]).await?;
    tab.open(PRINT).await?;
    tab.js_async("await document.fonts.ready", json!([])).await.map(drop)
}

#[test]
fn nothing_is_cut_off_at_the_edge_of_the_paper() -> Result<()> {
    browse(async |tab| {
        on_paper(tab).await?;
        let script = "
            const edge = document.querySelector('main').getBoundingClientRect().right + 1;
            const blocks = 'pre, table, .katex-display, figure, svg, p, li, dd, h1, h2, h3';
            return [...document.querySelectorAll('main')[0].querySelectorAll(blocks)]
                .filter(block => block.checkVisibility())
                .filter(block => block.getBoundingClientRect().right > edge
                    || (block.scrollWidth > block.clientWidth + 1 && block.clientWidth > 0))
                .map(block => `${block.tagName} ${block.className} ${block.scrollWidth} of `
                    + `${block.clientWidth}: ${block.textContent.slice(0, 60)}`);";
        let cut: Vec<String> = serde_json::from_value(tab.js(script).await?)?;
        ensure!(cut.is_empty(), "{} blocks are cut off:\n{}", cut.len(), cut.join("\n"));
        Ok(())
    })
}

#[test]
fn a_line_that_is_too_long_wraps_and_the_check_would_see_it_if_not() -> Result<()> {
    browse(async |tab| {
        on_paper(tab).await?;
        let script = "
            const pre = document.querySelector('main pre');
            pre.textContent = 'x'.repeat(4000);
            const wrapped = pre.scrollWidth <= pre.clientWidth + 1 && pre.clientHeight > 400;
            pre.style.whiteSpace = 'pre';
            const cut = pre.scrollWidth > pre.clientWidth + 1;
            return { wrapped, cut };";
        let seen = tab.js(script).await?;
        ensure!(seen == json!({ "wrapped": true, "cut": true }), "{seen}");
        Ok(())
    })
}

#[test]
fn folded_solutions_are_open_and_each_chapter_begins_a_page() -> Result<()> {
    browse(async |tab| {
        on_paper(tab).await?;
        let script = "
            const main = document.querySelector('main');
            const folded = [...main.querySelectorAll('details > :not(summary)')]
                .filter(part => part.parentElement.checkVisibility())
                .filter(part => getComputedStyle(part).display !== 'none')
                .filter(part => part.getBoundingClientRect().height === 0).length;
            const chapters = [...main.querySelectorAll('h1')].slice(1);
            const broken = chapters.filter(h1 => {
                const before = h1.previousElementSibling;
                return before && getComputedStyle(before).breakBefore === 'page';
            }).length;
            return { folded, chapters: chapters.length, broken };";
        let seen = tab.js(script).await?;
        ensure!(seen["folded"] == 0, "{} solutions stay folded", seen["folded"]);
        ensure!(seen["chapters"] == seen["broken"], "not every chapter begins a page: {seen}");
        Ok(())
    })
}

#[test]
fn chromium_makes_a_pdf_of_it() -> Result<()> {
    browse(async |tab| {
        on_paper(tab).await?;
        let options = json!({
            "preferCSSPageSize": true, "generateDocumentOutline": true, "generateTaggedPDF": true,
        });
        let pdf = tab.cdp("Page.printToPDF", options).await?;
        let data = pdf["data"].as_str().context("no PDF")?;
        Pdf::new(&base64(data)?)?.holds_the_book()
    })
}
