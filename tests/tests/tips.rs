//! Terms and claims say what they mean beside their links: on hover, on focus, on a tap.

use anyhow::{Result, ensure};
use reader_tests::spotlight::CHAPTER;
use reader_tests::{Tab, browse};
use serde_json::json;
use thirtyfour::Key;

const FRONT: &str = "index.html";

/// The text of the tip, or nothing while none shows.
const SHOWN: &str = "const tip = document.querySelector('#tip');
    return tip && !tip.hidden ? tip.textContent : ''";
const HIDDEN: &str = "return document.querySelector('#tip')?.hidden";

/// Moves the mouse to the middle of what the selector finds.
async fn hover(tab: &Tab, selector: &str) -> Result<()> {
    let element = tab.find(selector).await?;
    tab.driver.action_chain().move_to_element_center(&element).perform().await?;
    Ok(())
}

#[test]
fn a_tip_shows_on_hover_and_stays_while_the_mouse_is_on_it() -> Result<()> {
    browse(async |tab| {
        tab.open(FRONT).await?;
        tab.until("the tips are ready", "return document.querySelector('#tip')").await?;
        hover(tab, "main a.term").await?;
        let shown = tab.until("the definition shows", SHOWN).await?;
        let said = tab.js("return document.querySelector('main a.term').dataset.tip").await?;
        ensure!(shown == said, "{shown} is shown for {said}");
        hover(tab, "#tip").await?;
        // Longer than a pointer may take from the link to the tip.
        tab.js_async("await new Promise(done => setTimeout(done, 600))", json!([])).await?;
        ensure!(tab.js(SHOWN).await? == said, "the tip is gone under the mouse");
        hover(tab, "h1").await?;
        tab.until("the tip is gone", HIDDEN).await?;
        Ok(())
    })
}

#[test]
fn a_tip_shows_on_focus_and_escape_closes_it_in_place() -> Result<()> {
    browse(async |tab| {
        tab.open(FRONT).await?;
        tab.until("the tips are ready", "return document.querySelector('#tip')").await?;
        let on_term = "return document.activeElement.matches('a.term')";
        for _ in 0..40 {
            tab.press(Key::Tab).await?;
            if tab.js(on_term).await? == true {
                break;
            }
        }
        ensure!(tab.js(on_term).await? == true, "Tab reaches no term");
        tab.until("the definition shows", SHOWN).await?;
        let described = "const tip = document.querySelector('#tip');
            return tip.role === 'tooltip'
                && document.activeElement.getAttribute('aria-describedby') === tip.id";
        ensure!(tab.js(described).await? == true, "the tip does not describe the link");
        tab.press(Key::Escape).await?;
        tab.until("the tip is gone", HIDDEN).await?;
        ensure!(tab.js(on_term).await? == true, "Escape moved the focus");
        let left = "return document.querySelector('[aria-describedby=tip]')";
        ensure!(tab.js(left).await?.is_null(), "a hidden tip describes a link");
        Ok(())
    })
}

#[test]
fn a_first_tap_shows_the_tip_and_a_second_follows_the_link() -> Result<()> {
    browse(async |tab| {
        tab.phone().await?;
        tab.open(FRONT).await?;
        tab.until("the tips are ready", "return document.querySelector('#tip')").await?;
        tab.tap("main a.term").await?;
        tab.until("the definition shows", SHOWN).await?;
        let inside = "const box = document.querySelector('#tip').getBoundingClientRect();
            return box.left >= 0 && box.right <= document.documentElement.clientWidth";
        ensure!(tab.js(inside).await? == true, "the tip leaves the screen");
        ensure!(tab.js("return location.pathname").await? == "/index.html", "the page was left");
        tab.tap("h1").await?;
        tab.until("a tap elsewhere closes it", HIDDEN).await?;
        tab.tap("main a.term").await?;
        tab.until("the definition shows", SHOWN).await?;
        tab.tap("main a.term").await?;
        tab.until("the glossary opens", "return location.pathname === '/glossary.html'").await?;
        let at = "return document.querySelector(':target')?.id.startsWith('term-')";
        tab.until("at the term", at).await?;
        Ok(())
    })
}

#[test]
fn a_claim_says_which_test_holds_it() -> Result<()> {
    browse(async |tab| {
        tab.open(CHAPTER).await?;
        tab.until("the tips are ready", "return document.querySelector('#tip')").await?;
        tab.js("document.querySelector('.claim a').scrollIntoView({ block: 'center' })").await?;
        hover(tab, ".claim a").await?;
        let shown = tab.until("the test shows", SHOWN).await?;
        ensure!(shown.as_str().is_some_and(|tip| tip.contains("/tests/")), "{shown}");
        tab.click(".claim a").await?;
        tab.until("the claims open", "return location.pathname === '/claims.html'").await?;
        Ok(())
    })
}
