//! Sizes and places: small screens, large text, targets, the sticky bar, motion, paper, weight.

use anyhow::{Context, Result, ensure};
use reader_tests::spotlight::{CHAPTER, Spotlight, WIDGET};
use reader_tests::{Tab, browse, site, widget};
use serde_json::{Value, json};
use thirtyfour::Key;
use website::wasm::MODULES;

/// How far the page is wider than the window, and the elements that stick out of it.
const OVERFLOW: &str = "
    const page = document.scrollingElement;
    const width = document.documentElement.clientWidth;
    const scrolled = element => {
        for (let above = element.parentElement; above && above !== document.body; above = above.parentElement)
            if (getComputedStyle(above).overflowX !== 'visible') return true;
        return false;
    };
    const out = [...document.body.querySelectorAll('*')].filter(element =>
        element.checkVisibility() && !scrolled(element)
        && element.getBoundingClientRect().right > width + 1);
    return {
        over: page.scrollWidth - width,
        out: out.slice(0, 5).map(element => element.outerHTML.slice(0, 90)),
    };";

async fn no_sideways_scroll(tab: &Tab, situation: &str) -> Result<()> {
    let mut report = String::new();
    for path in site::pages()? {
        tab.open(&path).await?;
        widget::wake_all(tab).await?;
        tab.js("document.querySelectorAll('own-text details').forEach(it => it.open = true)")
            .await?;
        let found = tab.js(OVERFLOW).await?;
        if found["over"].as_i64().context("a number")? > 0 {
            report +=
                &format!("{path}, {situation}: {} px too wide, {}\n", found["over"], found["out"]);
        }
    }
    ensure!(report.is_empty(), "\n{report}");
    Ok(())
}

#[test]
fn no_page_scrolls_sideways_at_320_pixels() -> Result<()> {
    browse(async |tab| {
        tab.window(320, 640).await?;
        no_sideways_scroll(tab, "320 px").await?;
        let wide = "document.body.insertAdjacentHTML('beforeend', '<img width=2000 alt=wide>')";
        tab.js(wide).await?;
        let found = tab.js(OVERFLOW).await?;
        ensure!(found["over"].as_i64() > Some(0), "a wide block was not noticed: {found}");
        Ok(())
    })
}

#[test]
fn no_page_scrolls_sideways_with_text_twice_as_large() -> Result<()> {
    browse(async |tab| {
        tab.open(CHAPTER).await?;
        let size = "return parseFloat(getComputedStyle(document.querySelector('main p:not([class])')).fontSize)";
        let normal = tab.js(size).await?.as_f64().context("a size")?;
        let sizes = json!({ "fontSizes": { "standard": 32, "fixed": 26 } });
        tab.cdp("Page.setFontSizes", sizes).await?;
        tab.open(CHAPTER).await?;
        let large = tab.js(size).await?.as_f64().context("a size")?;
        ensure!(
            large >= 1.9 * normal,
            "text of {normal} px becomes {large} px, not twice as large"
        );
        no_sideways_scroll(tab, "text at 200 %, 1280 px").await?;
        tab.window(640, 900).await?;
        no_sideways_scroll(tab, "text at 200 %, 640 px").await
    })
}

/// Every target in view that is under 24 by 24 CSS pixels (WCAG 2.2, 2.5.8). A control that
/// fills its label counts as the label; a link in a sentence is exempt, and so is a square of the
/// wall of heads where buttons below it do the same.
const SMALL_TARGETS: &str = "
    const inSentence = element => element.localName === 'a'
        && getComputedStyle(element).display === 'inline' && element.closest('p, li, dd, figcaption, td, caption, h1, h2, h3, h4, h5, h6')
        && !element.closest('nav');
    const selector = 'a[href], button, input, select, textarea, summary, [role=gridcell], [tabindex=\"0\"]';
    return [...document.querySelectorAll(selector)]
        .filter(element => element.checkVisibility({ visibilityProperty: true }) && !inSentence(element))
        .filter(element => !element.matches('.skip'))
        .filter(element => !element.matches('.wall-cell') || !document.querySelector('.wall-steps button')?.checkVisibility())
        .map(element => [element, (element.closest('label') ?? element).getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && (box.width < 23.99 || box.height < 23.99))
        .map(([element, box]) => `${box.width.toFixed(1)} x ${box.height.toFixed(1)}: ${element.outerHTML.slice(0, 90)}`);";

#[test]
fn targets_are_large_enough_for_a_finger() -> Result<()> {
    browse(async |tab| {
        let mut report = String::new();
        for phone in [false, true] {
            if phone {
                tab.phone().await?;
            }
            for path in site::pages()? {
                tab.open(&path).await?;
                widget::wake_all(tab).await?;
                let small = tab.js(SMALL_TARGETS).await?;
                for target in small.as_array().context("a list")? {
                    report += &format!("{path}, phone {phone}: {target}\n");
                }
            }
        }
        tab.js("document.querySelector('main').insertAdjacentHTML('beforeend', '<button class=test>i</button>');
            const sheet = new CSSStyleSheet();
            sheet.replaceSync('.test { all: unset; font-size: 5px }');
            document.adoptedStyleSheets.push(sheet)").await?;
        let found = tab.js(SMALL_TARGETS).await?;
        ensure!(
            found.to_string().contains("class=\\\"test\\\""),
            "a tiny button was not noticed: {found}"
        );
        ensure!(report.is_empty(), "\n{report}");
        Ok(())
    })
}

/// Adds up how much things jump. Nobody touches the page here, so every jump counts: a browser
/// marks those soon after a change of the window's size as if a reader had made them.
const SHIFTS: &str = "window.shift = 0; window.shifts = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) {
            window.shift += entry.value;
            window.shifts.push([entry.value, entry.sources.map(it => it.node?.outerHTML?.slice(0, 60))]);
        }
    }).observe({ type: 'layout-shift', buffered: true });";

/// Two frames later, whatever has moved has been painted and reported.
const PAINTED: &str = "await new Promise(resolve =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))));
    return [window.shift, window.shifts];";

#[test]
fn nothing_jumps_while_the_widget_wakes() -> Result<()> {
    browse(async |tab| {
        for phone in [false, true] {
            if phone {
                tab.phone().await?;
            }
            tab.before_pages(SHIFTS).await?;
            Spotlight::open(tab, "").await?;
            let shift = tab.js_async(PAINTED, json!([])).await?;
            let total = shift[0].as_f64().context("a number")?;
            println!("phone {phone}: layout shift {total}");
            ensure!(total <= 0.1, "phone {phone}: things move by {total}: {}", shift[1]);
        }
        let script = "document.documentElement.style.overflowAnchor = 'none';
            document.querySelector(arguments[0]).insertAdjacentHTML('beforebegin', '<br>'.repeat(12))";
        tab.js_with(script, json!([WIDGET])).await?;
        tab.until("a jump is noticed", "return window.shift > 0").await.map(drop)
    })
}

/// Where the focus is, and whether the bar lies over it or it is out of the window.
const COVERED: &str = "
    const element = document.activeElement;
    if (!element || element === document.body) return { end: true };
    const bar = document.querySelector('header');
    const [box, above] = [element.getBoundingClientRect(), bar.getBoundingClientRect()];
    const sticky = ['sticky', 'fixed'].includes(getComputedStyle(bar).position);
    // What is higher than the room below the bar cannot lie free as a whole.
    const fits = box.height <= innerHeight - above.bottom;
    const covered = sticky && fits && !bar.contains(element) && !element.matches('.skip')
        && box.top < above.bottom - 0.5 && box.bottom > above.top && box.right > above.left;
    const away = box.bottom <= 0 || box.top >= innerHeight;
    const first = window.tabbed === undefined;
    window.tabbed ??= new Set();
    const again = tabbed.has(element);
    tabbed.add(element);
    return { again, covered, away, first, element: element.outerHTML.slice(0, 90),
        top: box.top, bar: above.bottom };";

#[test]
fn the_bar_never_covers_the_focus() -> Result<()> {
    browse(async |tab| {
        for (width, height) in [(1280, 600), (600, 500)] {
            tab.window(width, height).await?;
            Spotlight::open(tab, "").await?;
            tab.js("scrollTo({ top: 0, behavior: 'instant' }); document.activeElement.blur()")
                .await?;
            let mut report = String::new();
            for backwards in [false, true] {
                tab.js("delete window.tabbed").await?;
                let mut stops = 0;
                loop {
                    ensure!(stops < 500, "500 tabs and no end");
                    match backwards {
                        true => tab.press_with(Key::Shift, Key::Tab).await?,
                        false => tab.press(Key::Tab).await?,
                    }
                    let at = tab.js(COVERED).await?;
                    if at["end"] == true || at["again"] == true {
                        break;
                    }
                    stops += 1;
                    if at["covered"] == true || at["away"] == true {
                        report += &format!("{width} px, backwards {backwards}: {at}\n");
                    }
                }
                println!("{width} px, backwards {backwards}: {stops} stops");
                ensure!(stops >= 15, "only {stops} stops in the whole chapter");
            }
            ensure!(report.is_empty(), "\n{report}");
        }
        Ok(())
    })
}

#[test]
fn nothing_moves_for_those_who_asked_for_that() -> Result<()> {
    browse(async |tab| {
        tab.media("", &[("prefers-reduced-motion", "reduce")]).await?;
        Spotlight::open(tab, "").await?;
        let moving = "
            const widget = document.querySelector(arguments[0]);
            const acts = [
                () => widget.querySelector('[data-event=query]').dispatchEvent(new MouseEvent('click', { bubbles: true })),
                () => document.querySelector('#contents-button').click(),
                () => document.querySelector('#contents-button').click(),
                () => document.querySelector('#help-button').click(),
            ];
            const found = [];
            for (const act of acts) {
                act();
                await new Promise(requestAnimationFrame);
                found.push(...document.getAnimations().filter(it => it.playState === 'running')
                    .map(it => `${act}: ${it.effect?.target?.outerHTML.slice(0, 80)}`));
            }
            if (getComputedStyle(document.documentElement).scrollBehavior === 'smooth') found.push('smooth scrolling');
            const test = widget.animate([{ opacity: 0 }, { opacity: 1 }], 60000);
            const noticed = document.getAnimations().length;
            test.cancel();
            return { found, noticed };";
        let result = tab.js_async(moving, json!([WIDGET])).await?;
        ensure!(result["noticed"].as_u64() > Some(0), "a running animation was not noticed");
        ensure!(result["found"] == json!([]), "{:#}", result["found"]);
        Ok(())
    })
}

#[test]
fn paper_has_the_tables_and_not_the_controls() -> Result<()> {
    browse(async |tab| {
        let visible =
            "return [...document.querySelectorAll(arguments[0])].map(it => it.checkVisibility())";
        for path in [CHAPTER, "print.html"] {
            tab.media("print", &[]).await?;
            tab.open(path).await?;
            for (selector, wanted) in [
                ("attention-widget .choices", false),
                ("attention-widget [data-save]", false),
                ("header", false),
                ("nav", false),
                ("dialog", false),
                ("attention-widget table.weights", true),
                ("attention-widget table.map", true),
                ("h1", true),
            ] {
                let found: Value = tab.js_with(visible, json!([selector])).await?;
                let found = found.as_array().context("a list")?;
                ensure!(!found.is_empty(), "{path} has no `{selector}`");
                let right = found.iter().all(|it| *it == wanted);
                ensure!(right, "{path} on paper: `{selector}` visible: {found:?}");
            }
            tab.media("", &[]).await?;
            let on_screen = tab.js_with(visible, json!(["header"])).await?;
            ensure!(on_screen == json!([true]), "{path}: the bar is hidden on a screen as well");
        }
        Ok(())
    })
}

/// What chapter 1 may weigh before its widget wakes.
const LIMIT: f64 = 200.0;

#[test]
fn the_chapter_is_light_before_its_widget_wakes() -> Result<()> {
    browse(async |tab| {
        Spotlight::open(tab, "").await?;
        let script = "
            const page = performance.getEntriesByType('navigation');
            const rest = performance.getEntriesByType('resource');
            return [...page, ...rest].map(entry =>
                [new URL(entry.name).pathname, entry.encodedBodySize, entry.decodedBodySize]);";
        let entries: Vec<(String, f64, f64)> = serde_json::from_value(tab.js(script).await?)?;
        let module = |path: &str| {
            MODULES.iter().any(|module| path.starts_with(&format!("/{}/module", module.name)))
        };
        let late = |path: &str| module(path) || path.starts_with("/gallery/");
        ensure!(entries.iter().any(|(path, ..)| module(path)), "no module was loaded: {entries:?}");
        let early: Vec<_> = entries.iter().filter(|(path, ..)| !late(path)).collect();
        for (path, encoded, decoded) in &early {
            println!("{:8.1} KB of {:8.1} KB  {path}", encoded / 1000.0, decoded / 1000.0);
        }
        let page = early.first().context("no page")?;
        ensure!(page.1 < page.2, "the server does not compress {}: {} bytes", page.0, page.1);
        let total: f64 = early.iter().map(|(_, encoded, _)| encoded).sum::<f64>() / 1000.0;
        println!("{total:8.1} KB in {} requests", early.len());
        ensure!(total <= LIMIT, "the chapter weighs {total:.1} KB before its widget wakes");
        Ok(())
    })
}
