//! What every page does: contents, keys, search, and shades in any theme.

use anyhow::{Context, Result, ensure};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use reader_tests::browser::{browse_at, browse_with};
use reader_tests::site::{self, Driver, Server};
use reader_tests::spotlight::{CHAPTER, Spotlight};
use reader_tests::{Tab, browse};
use serde_json::{Value, json};
use thirtyfour::Key;

/// The page that the contents mark, and how many sections they list below it.
const MARKED: &str = "const here = document.querySelectorAll('#contents [aria-current=page]');
    return [...here].map(link => [link.getAttribute('href'),
        link.closest('li').querySelectorAll('.sections a').length])";

#[test]
fn the_contents_mark_the_page_by_any_of_its_addresses() -> Result<()> {
    let driver = Driver::start()?;
    // A host that serves `/page` and `/page/` for `page.html`.
    let extended = async |mut request: Request, next: Next| {
        let path = request.uri().path().trim_end_matches('/').to_owned();
        if path.starts_with("/ch") && !path.contains('.') {
            *request.uri_mut() = format!("{path}.html").parse().expect("a path");
        }
        next.run(request).await
    };
    let server =
        Server::start_with(website::serve::router(&site::book()?).layer(from_fn(extended)))?;
    browse_at(&driver, &server.origin, async |tab| {
        tab.open(CHAPTER).await?;
        let marked = tab.js(MARKED).await?;
        ensure!(marked[0][0] == CHAPTER && marked[0][1].as_u64() > Some(2), "{marked}");
        let bare = CHAPTER.trim_end_matches(".html");
        for address in [bare.to_owned(), format!("{bare}?spotlight=cat.13.8.7#the-idea")] {
            tab.open(&address).await?;
            ensure!(tab.js(MARKED).await? == marked, "{address}: {}", tab.js(MARKED).await?);
        }
        for (address, page) in [("", "index.html"), ("index.html", "index.html")] {
            tab.open(address).await?;
            let marked = tab.js(MARKED).await?;
            ensure!(marked[0][0] == page && marked[1].is_null(), "/{address}: {marked}");
        }
        Ok(())
    })
}

const DIALOG: &str = "return document.querySelector('dialog[open]')?.id ?? ''";

/// Opens a page on which a press of an arrow is only noted, and turns nothing.
async fn open_still(tab: &Tab, page: &str) -> Result<()> {
    tab.open(page).await?;
    let note = "window.turned = [];
        document.querySelector('.turn').addEventListener('click', event => {
            turned.push(event.target.closest('a').rel);
            event.preventDefault();
        })";
    tab.js(note).await.map(drop)
}

/// Presses an arrow, and returns which ways the page was to be turned since it was opened.
async fn turned(tab: &Tab, arrow: Key) -> Result<Value> {
    tab.press(arrow).await?;
    // Timers run in their order: those that the key has set come first.
    tab.js_async("await new Promise(done => setTimeout(done, 50)); return turned", json!([])).await
}

#[test]
fn single_keys_can_be_switched_off_and_stay_off() -> Result<()> {
    browse(async |tab| {
        open_still(tab, CHAPTER).await?;
        let named = "return document.querySelectorAll('[aria-keyshortcuts]').length";
        ensure!(tab.js(named).await? == 2, "the buttons do not name their keys");
        tab.press("s").await?;
        tab.until("`s` opens the search", DIALOG).await?;
        tab.press(Key::Escape).await?;
        tab.press("?").await?;
        tab.until("`?` opens the help", DIALOG).await?;
        tab.click("#single-keys").await?;
        tab.press(Key::Escape).await?;
        for visit in ["at once", "on the next page", "after a reload"] {
            for key in ["s", "/", "?"] {
                tab.press(key).await?;
                ensure!(tab.js(DIALOG).await? == "", "{visit}, `{key}` still opens something");
            }
            for key in [Key::Right, Key::Left] {
                let turned = turned(tab, key).await?;
                ensure!(turned == json!([]), "{visit}, an arrow still turns the page: {turned}");
            }
            ensure!(tab.js(named).await? == 0, "{visit}, the buttons still name their keys");
            open_still(tab, "ch02-query-key-value.html").await?;
        }
        // The grids keep their keys, and the switch turns back.
        let spotlight = Spotlight::open(tab, "").await?;
        tab.js("document.querySelector('[data-keys] [tabindex=\"0\"]').focus()").await?;
        tab.press(Key::Up).await?;
        spotlight.until_at(13, 8, 6).await?;
        tab.click("#help-button").await?;
        tab.click("#single-keys").await?;
        tab.press(Key::Escape).await?;
        tab.press("/").await?;
        let open = tab.until("`/` opens the search", DIALOG).await?;
        ensure!(open == "search", "`/` opens {open}");
        Ok(())
    })
}

/// Puts the selection into a long run of text, from one character to another.
const SELECT: &str = "const long = node => node.data.trim().length > 60
        ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP;
    const text = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT, long).nextNode();
    document.activeElement.blur();
    getSelection().setBaseAndExtent(text, arguments[0], text, arguments[1])";

#[test]
fn an_arrow_with_a_selection_turns_no_page() -> Result<()> {
    browse(async |tab| {
        open_still(tab, CHAPTER).await?;
        tab.js_with(SELECT, json!([2, 6])).await?;
        ensure!(turned(tab, Key::Right).await? == json!([]), "it turned under a selection");
        tab.js_with(SELECT, json!([3, 3])).await?;
        let turned = turned(tab, Key::Right).await?;
        ensure!(turned == json!(["next"]), "after a mere click in the text: {turned}");
        Ok(())
    })
}

#[test]
fn an_arrow_that_moves_the_caret_turns_no_page() -> Result<()> {
    browse_with(&["--enable-caret-browsing"], async |tab| {
        open_still(tab, CHAPTER).await?;
        tab.js_with(SELECT, json!([3, 3])).await?;
        ensure!(turned(tab, Key::Right).await? == json!([]), "it turned under the caret");
        let caret = tab.js("return getSelection().focusOffset").await?;
        ensure!(caret == 4, "the caret is at {caret}: this browser moves none");
        Ok(())
    })
}

/// What the search says, and the pages that it finds.
async fn search(tab: &Tab, words: &str) -> Result<(String, Vec<String>)> {
    let script = "const field = document.querySelector('#search-words');
        field.value = arguments[0];
        field.form.requestSubmit();
        return [document.querySelector('#search-count').textContent,
            [...document.querySelectorAll('#search-results a')].map(link => link.getAttribute('href'))]";
    Ok(serde_json::from_value(tab.js_with(script, json!([words])).await?)?)
}

#[test]
fn symbols_are_found_or_there_is_a_word_on_them() -> Result<()> {
    browse(async |tab| {
        tab.open(CHAPTER).await?;
        tab.click("#search-button").await?;
        let ready = "return document.querySelector('#search-count').textContent === ''";
        tab.until("the index is there", ready).await?;
        for (words, page) in [
            ("√", "ch04-softmax-temperature.html"),
            ("√d", "ch04-softmax-temperature.html"),
            ("κ", "ch10-kv-cache.html"),
            ("QKᵀ", "ch03-score-matrix.html"),
            ("QK⊤", "notation.html"),
            ("softmax", "ch04-softmax-temperature.html"),
        ] {
            let (said, found) = search(tab, words).await?;
            println!("{words}: {said}, {} shown", found.len());
            ensure!(found.iter().any(|it| it.contains(page)), "{words}: {said}, {found:?}");
        }
        let (said, found) = search(tab, "☃").await?;
        ensure!(found.is_empty() && said.contains("names of symbols"), "{said}, {found:?}");
        let (said, _) = search(tab, "snowman").await?;
        ensure!(said == "Nothing found for “snowman”", "{said}");
        Ok(())
    })
}

/// The colours of every shaded cell, by class: ground and ink.
const SHADES: &str = "const shades = {};
    for (const cell of document.querySelectorAll('main [class*=shade-]')) {
        const name = [...cell.classList].find(it => it.startsWith('shade-'));
        const { backgroundColor, color } = getComputedStyle(cell);
        shades[name] = [backgroundColor, color];
    }
    return shades";

#[test]
fn maps_are_shaded_in_every_theme_in_words_that_older_browsers_know() -> Result<()> {
    browse(async |tab| {
        let mut seen: Vec<(bool, Value)> = Vec::new();
        for (theme, system) in [
            ("auto", "light"),
            ("auto", "dark"),
            ("light", "dark"),
            ("rust", "dark"),
            ("coal", "light"),
            ("navy", "light"),
            ("ayu", "light"),
        ] {
            tab.media("", &[("prefers-color-scheme", system)]).await?;
            tab.open_in_theme(CHAPTER, theme).await?;
            let shades = tab.js(SHADES).await?;
            let all = shades.as_object().context("shades")?;
            ensure!(all.len() >= 8, "{theme}: only {} shades", all.len());
            let grounds: std::collections::BTreeSet<String> =
                all.values().map(|pair| pair[0].to_string()).collect();
            let clear = grounds.iter().any(|ground| ground.contains("rgba"));
            ensure!(grounds.len() == all.len() && !clear, "{theme}, {system}: {shades}");
            let dark = "return getComputedStyle(document.body).colorScheme.includes('dark')
                && (getComputedStyle(document.body).colorScheme === 'dark'
                    || matchMedia('(prefers-color-scheme: dark)').matches)";
            seen.push((tab.js(dark).await? == true, shades));
        }
        ensure!(seen.iter().filter(|(dark, _)| *dark).count() == 4, "four themes are dark");
        for (dark, shades) in &seen {
            let same = seen.iter().find(|(other, _)| other == dark).map(|(_, shades)| shades);
            ensure!(same == Some(shades), "themes that are alike shade differently");
        }
        ensure!(seen[0].1 != seen[1].1, "light and dark shade alike");
        tab.media("print", &[("prefers-color-scheme", "dark")]).await?;
        tab.open_in_theme(CHAPTER, "navy").await?;
        ensure!(tab.js(SHADES).await? == seen[0].1, "paper is shaded as a dark screen");
        Ok(())
    })?;
    // Safari before 17.5 drops a declaration with `light-dark`, and the shade with it.
    for sheet in site::files(&site::book()?, "css")? {
        let text = std::fs::read_to_string(site::book()?.join(&sheet))?;
        let rules: String =
            text.split("/*").map(|it| it.split_once("*/").map_or(it, |(_, rest)| rest)).collect();
        ensure!(!rules.contains("light-dark("), "{sheet} has light-dark()");
    }
    Ok(())
}
