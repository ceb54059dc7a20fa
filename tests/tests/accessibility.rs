//! axe-core finds nothing, on any page, in any theme, at any size.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reader_tests::spotlight::CHAPTER;
use reader_tests::{Tab, browse, site, widget};
use serde_json::{Value, json};

/// A theme to choose, and what the system prefers.
type Colours = (&'static str, &'static str);

/// Each page is looked at once in each theme: no colour depends on the size, and no size on the
/// theme. So a desktop has some themes, and a phone the others. Of the first, all rules are
/// checked, and of the others those of colours: nothing else depends on the theme.
const ON_A_DESKTOP: [Colours; 4] =
    [("light", "light"), ("rust", "light"), ("coal", "dark"), ("auto", "dark")];
const ON_A_PHONE: [Colours; 2] = [("ayu", "dark"), ("navy", "dark")];

/// Which rules of axe are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    All,
    /// Contrast, and links that are told from text by their colour alone.
    OfColours,
    /// What a page has as a whole. The print page repeats all others, and there is so much of it
    /// that all rules take minutes.
    OfTheWhole,
}

impl Rules {
    /// The names of the rules, or none for all.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::All => &[],
            Self::OfColours => &["color-contrast", "link-in-text-block"],
            Self::OfTheWhole => &[
                "bypass",
                "document-title",
                "duplicate-id-aria",
                "heading-order",
                "html-has-lang",
                "landmark-one-main",
                "meta-viewport",
                "page-has-heading-one",
                "region",
            ],
        }
    }
}

/// Unfolds the panel for a text of the reader's own and shows all its parts at once.
const UNFOLDED: &str = "
    const panel = document.querySelector('own-text');
    const toggled = new Promise(resolve => panel.addEventListener('toggle', resolve, { capture: true, once: true }));
    panel.querySelector('details').open = true;
    await toggled;
    await new Promise(resolve => setTimeout(resolve, 100));
    panel.querySelectorAll('[hidden]').forEach(part => (part.hidden = false));
    panel.querySelector('[data-part=problem]').textContent = 'The text is empty.';";

/// axe-core's one file, from the cache that `cargo xtask` fills.
fn axe() -> Result<String> {
    let file = website::fetch::AXE.path();
    std::fs::read_to_string(&file)
        .with_context(|| format!("{} is missing: `cargo xtask test` fetches it", file.display()))
}

/// The print page repeats all the others.
const PRINT: &str = "print.html";

/// Runs rules of axe on the open page: what they find, one line an element.
async fn violations(tab: &Tab, axe: &str, rules: Rules) -> Result<Vec<String>> {
    if tab.js("return typeof axe === 'undefined'").await? == true {
        let load = json!({ "expression": format!("{axe};void 0") });
        tab.cdp("Runtime.evaluate", load).await?;
    }
    let script = "
        // A colour that is still fading is not the one that stays.
        await Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null)));
        const only = arguments[0].length ? { runOnly: arguments[0] } : {};
        const result = await axe.run(document, { resultTypes: ['violations'], ...only });
        if (!result.passes.length) throw new Error('axe checked nothing');
        return result.violations.flatMap(rule => rule.nodes.map(node =>
            `${rule.id} at ${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`));";
    let found: Value = tab.js_async(script, json!([rules.names()])).await?;
    Ok(serde_json::from_value(found)?)
}

/// Everything found so far, by page and situation.
#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    async fn check(&mut self, tab: &Tab, axe: &str, situation: &str) -> Result<()> {
        self.check_rules(tab, axe, Rules::All, situation).await
    }

    async fn check_rules(
        &mut self,
        tab: &Tab,
        axe: &str,
        rules: Rules,
        situation: &str,
    ) -> Result<()> {
        let found = violations(tab, axe, rules).await.with_context(|| situation.to_owned())?;
        self.0.extend(found.into_iter().map(|line| format!("{situation}: {line}")));
        Ok(())
    }

    fn verdict(self) -> Result<()> {
        ensure!(self.0.is_empty(), "{} violations:\n{}", self.0.len(), self.0.join("\n"));
        Ok(())
    }
}

/// Opens a page and, if the widget is in it, wakes that.
async fn open(tab: &Tab, path: &str, theme: &str) -> Result<()> {
    tab.open_in_theme(path, theme).await?;
    widget::wake_all(tab).await?;
    Ok(())
}

/// Every page in these themes.
async fn everywhere(tab: &Tab, size: &str, themes: &[Colours]) -> Result<()> {
    let axe = axe()?;
    let mut report = Report::default();
    // The print page takes axe longer than the driver would wait.
    tab.driver.set_script_timeout(Duration::from_secs(120)).await?;
    for path in site::pages()? {
        let mut rules = Rules::All;
        for &(theme, system) in themes {
            // Apart from colours nothing in it depends on the theme, and nobody's phone prints.
            if path == PRINT && (theme, size) != ("light", "desktop") {
                continue;
            }
            if rules == Rules::All {
                tab.media("", &[("prefers-color-scheme", system)]).await?;
                open(tab, &path, theme).await?;
            } else {
                tab.media("", &[("prefers-color-scheme", system)]).await?;
                tab.dress(theme).await?;
            }
            let situation = format!("{path}, {theme} ({system}), {size}");
            let now = if path == PRINT { Rules::OfTheWhole } else { rules };
            report.check_rules(tab, &axe, now, &situation).await?;
            rules = Rules::OfColours;
        }
    }
    report.verdict()
}

#[test]
fn every_page_on_a_desktop() -> Result<()> {
    browse(async |tab| {
        tab.window(1280, 900).await?;
        everywhere(tab, "desktop", &ON_A_DESKTOP).await
    })
}

#[test]
fn every_page_on_a_phone() -> Result<()> {
    browse(async |tab| {
        tab.phone().await?;
        everywhere(tab, "phone", &ON_A_PHONE).await
    })
}

#[test]
fn the_panel_for_a_text_of_ones_own() -> Result<()> {
    browse(async |tab| {
        let axe = axe()?;
        let mut report = Report::default();
        for phone in [false, true] {
            if phone {
                tab.phone().await?;
            }
            let size = if phone { "phone" } else { "desktop" };
            for theme in ["light", "rust", "coal", "navy", "ayu"] {
                let rules = if theme == "light" { Rules::All } else { Rules::OfColours };
                if rules == Rules::All {
                    open(tab, CHAPTER, theme).await?;
                    tab.js_async(UNFOLDED, json!([])).await?;
                } else {
                    tab.dress(theme).await?;
                }
                report
                    .check_rules(tab, &axe, rules, &format!("the panel, {theme}, {size}"))
                    .await?;
            }
        }
        report.verdict()
    })
}

#[test]
fn with_forced_colours_and_with_dialogs_open() -> Result<()> {
    browse(async |tab| {
        let axe = axe()?;
        let mut report = Report::default();
        for path in site::pages()?.into_iter().filter(|path| path != PRINT) {
            open(tab, &path, "auto").await?;
            for scheme in ["light", "dark"] {
                let features = [("forced-colors", "active"), ("prefers-color-scheme", scheme)];
                tab.media("", &features).await?;
                let forced = tab.js("return matchMedia('(forced-colors: active)').matches").await?;
                ensure!(forced == true, "forced colours are not emulated");
                let situation = format!("{path}, forced colours on {scheme}");
                report.check_rules(tab, &axe, Rules::OfColours, &situation).await?;
            }
        }
        tab.media("", &[]).await?;
        for phone in [false, true] {
            if phone {
                tab.phone().await?;
            }
            let size = if phone { "phone" } else { "desktop" };
            for theme in ["light", "navy"] {
                open(tab, "index.html", theme).await?;
                tab.js("document.querySelector('main a.term').focus({ focusVisible: true })")
                    .await?;
                let open_now = "return document.querySelector('#tip')?.hidden === false";
                tab.until("the tip is open", open_now).await?;
                report.check(tab, &axe, &format!("a tip, {theme}, {size}")).await?;
            }
            for theme in ["light", "navy"] {
                open(tab, CHAPTER, theme).await?;
                tab.click("#help-button").await?;
                let open_now = "return document.querySelector('dialog[open]')?.id === 'help'";
                tab.until("the help is open", open_now).await?;
                report.check(tab, &axe, &format!("help, {theme}, {size}")).await?;
                tab.click("#help [data-close]").await?;

                tab.click("#search-button").await?;
                tab.find("#search-words").await?.send_keys("attention").await?;
                let found = "return document.querySelectorAll('#search-results a[href]').length";
                tab.until("the search finds something", found).await?;
                report.check(tab, &axe, &format!("search, {theme}, {size}")).await?;
                tab.click("#search [data-close]").await?;

                if phone {
                    tab.tap("#contents-button").await?;
                    let drawn = "return document.querySelector('#contents').checkVisibility()";
                    tab.until("the contents are open", drawn).await?;
                    report.check(tab, &axe, &format!("contents, {theme}, {size}")).await?;
                }
            }
        }
        report.verdict()
    })
}

#[test]
fn axe_does_find_faults() -> Result<()> {
    browse(async |tab| {
        let axe = axe()?;
        tab.open(CHAPTER).await?;
        tab.js("document.querySelector('main').insertAdjacentHTML('beforeend',
            '<img src=favicon.svg><button></button>')")
            .await?;
        let found = violations(tab, &axe, Rules::All).await?;
        for rule in ["image-alt", "button-name"] {
            ensure!(found.iter().any(|line| line.starts_with(rule)), "no {rule} in {found:?}");
        }
        Ok(())
    })
}
