//! The pages keep to their policy: a quiet console, and no request out of the site.

use anyhow::{Context, Result, ensure};
use reader_tests::spotlight::{CHAPTER, Spotlight};
use reader_tests::{Tab, browse, site};
use serde_json::{Value, json};

/// Keeps every violation of the policy from the start of a page.
const LISTEN: &str = "window.violations = [];
    addEventListener('securitypolicyviolation', event =>
        violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));";

/// The page is loaded, and so is everything that it asked for at first.
async fn settled(tab: &Tab) -> Result<()> {
    let script = "return document.readyState === 'complete'
        && performance.getEntriesByType('navigation')[0].loadEventEnd > 0";
    tab.until("the page has loaded", script).await.map(drop)
}

/// What a page did that it should not.
async fn problems(tab: &Tab) -> Result<Vec<String>> {
    let mut problems = tab.console().await?;
    let violations = tab.js("return window.violations").await?;
    let violations = violations.as_array().context("the listener did not run")?.clone();
    problems.extend(violations.iter().map(|it| format!("the policy was broken: {it}")));
    for address in tab.requests().await? {
        let ours = address.starts_with(&format!("{}/", tab.origin()));
        // Chromium's own first page.
        let its_own = address.starts_with("data:,") || address.starts_with("about:");
        if !ours && !its_own {
            problems.push(format!("a request to {address}"));
        }
    }
    Ok(problems)
}

#[test]
fn every_page_is_quiet_and_stays_at_home() -> Result<()> {
    browse(async |tab| {
        tab.before_pages(LISTEN).await?;
        let mut report = String::new();
        for path in site::pages()? {
            tab.open(&path).await?;
            settled(tab).await?;
            for problem in problems(tab).await? {
                report += &format!("{path}: {problem}\n");
            }
        }
        ensure!(report.is_empty(), "\n{report}");
        Ok(())
    })
}

#[test]
fn a_missing_page_is_whole_at_any_depth() -> Result<()> {
    browse(async |tab| {
        tab.before_pages(LISTEN).await?;
        tab.open("no/such/page.html").await?;
        settled(tab).await?;
        // The one thing to say is that the page itself is missing.
        let mut problems = problems(tab).await?;
        problems.retain(|it| !(it.contains("no/such/page.html") && it.contains("404")));
        ensure!(problems.is_empty(), "{}", problems.join("\n"));
        let styled = "return document.styleSheets.length > 0
            && [...document.styleSheets].every(sheet => sheet.cssRules.length > 0)";
        ensure!(tab.js(styled).await? == true, "the error page has lost its style");
        let home = "return document.querySelector('header a[href$=\"index.html\"]').click()";
        tab.js(home).await?;
        let arrived = "return location.pathname === '/index.html'
            && document.querySelector('h1') !== null";
        tab.until("the title leads home", arrived).await.map(drop)
    })
}

#[test]
fn the_widget_the_search_and_the_help_are_quiet_too() -> Result<()> {
    browse(async |tab| {
        tab.before_pages(LISTEN).await?;
        let spotlight = Spotlight::open(tab, "").await?;
        for sentence in spotlight.view().await?.sentences {
            spotlight.choose("sentence", &sentence).await?;
            let what = format!("the sentence `{sentence}` is shown");
            spotlight.until_agreed(&what, |view| view.sentence == sentence).await?;
        }
        search(tab, "attention").await?;
        tab.click("#search [data-close]").await?;
        tab.click("#help-button").await?;
        tab.until("the help is open", "return document.querySelector('#help').open").await?;
        let problems = problems(tab).await?;
        ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(())
    })
}

/// Opens the search and waits for what it finds.
async fn search(tab: &Tab, words: &str) -> Result<()> {
    tab.click("#search-button").await?;
    tab.find("#search-words").await?.send_keys(words).await?;
    let found = "return document.querySelectorAll('#search-results a[href]').length";
    tab.until(&format!("the search finds `{words}`"), found).await.map(drop)
}

/// What the policy must refuse, and the directive that does it.
const FORBIDDEN: [(&str, &str); 6] = [
    (
        "script-src-elem",
        "const script = document.createElement('script');
        script.textContent = 'window.broken = true'; document.head.append(script)",
    ),
    (
        "script-src-attr",
        "document.body.setAttribute('onclick', 'window.broken = true');
        document.body.click()",
    ),
    (
        "style-src-elem",
        "const style = document.createElement('style');
        style.textContent = 'p { color: red }'; document.head.append(style)",
    ),
    (
        "style-src-attr",
        "const text = document.createElement('div');
        text.innerHTML = '<p style=\"color: red\">x</p>'; document.body.append(text)",
    ),
    ("img-src", "new Image().src = 'https://example.org/x.png'"),
    ("connect-src", "fetch('https://example.org/').catch(() => undefined)"),
];

#[test]
fn the_policy_is_in_force() -> Result<()> {
    browse(async |tab| {
        tab.before_pages(LISTEN).await?;
        for (directive, crime) in FORBIDDEN {
            tab.open(CHAPTER).await?;
            settled(tab).await?;
            tab.js(&format!("window.violations = []; {crime}")).await?;
            let script = "return window.violations.some(it => it.startsWith(arguments[0] + ' '))";
            let what = format!("the policy refuses by {directive}");
            tab.until_with(&what, script, json!([directive])).await?;
            let broken: Value = tab.js("return window.broken ?? null").await?;
            ensure!(broken.is_null(), "{directive}: the injected code ran");
        }
        Ok(())
    })
}
