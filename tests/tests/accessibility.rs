//! axe-core finds nothing, on any page, in any theme, at any size.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reader_tests::spotlight::CHAPTER;
use reader_tests::{Tab, browse, site, widget};
use serde_json::{Value, json};

/// A theme to choose, and what the system prefers.
type Colours = (&'static str, &'static str);

/// Each page is looked at once in each theme: no colour depends on the size, and no size on the
/// theme. So a desktop has some themes, and a phone the others. All rules are checked in the first
/// theme of each size, and those of colours in every theme: nothing else depends on it.
const ON_A_DESKTOP: [Colours; 4] =
    [("light", "light"), ("rust", "light"), ("coal", "dark"), ("auto", "dark")];
const ON_A_PHONE: [Colours; 2] = [("ayu", "dark"), ("navy", "dark")];

/// Which rules of axe are checked, and on what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// All, on the whole page.
    All,
    /// All, on the one part of the page that matches a selector.
    AllOf(&'static str),
    /// All but those of colours.
    OfStructure,
    /// Those of colours, on one element of each look: see [`MARK_LOOKS`].
    OfColours,
    /// What a page has as a whole. The print page repeats all others, and there is so much of it
    /// that all rules take minutes.
    OfTheWhole,
}

/// Contrast, and links that are told from text by their colour alone.
const COLOURS: [&str; 2] = ["color-contrast", "link-in-text-block"];

/// What concerns a page as a whole.
const WHOLE: [&str; 9] = [
    "bypass",
    "document-title",
    "duplicate-id-aria",
    "heading-order",
    "html-has-lang",
    "landmark-one-main",
    "meta-viewport",
    "page-has-heading-one",
    "region",
];

impl Rules {
    /// What axe is to look at.
    fn context(self) -> Value {
        match self {
            Self::AllOf(part) => json!({ "include": [part] }),
            Self::OfColours => json!({ "include": ["[data-look-once]"] }),
            Self::All | Self::OfStructure | Self::OfTheWhole => json!({ "include": ["html"] }),
        }
    }

    /// Which rules axe is to check.
    fn options(self) -> Value {
        match self {
            Self::All | Self::AllOf(_) => json!({}),
            Self::OfStructure => {
                let off = COLOURS.map(|rule| (rule.to_owned(), json!({ "enabled": false })));
                json!({ "rules": serde_json::Map::from_iter(off) })
            }
            Self::OfColours => json!({ "runOnly": COLOURS }),
            Self::OfTheWhole => json!({ "runOnly": WHOLE }),
        }
    }
}

/// Marks one element of each look: of those that have text of their own, the first with its
/// colours, its size and its weight. A chapter has thousands of words in some dozen looks, and axe
/// takes a millisecond a word. All that can be pressed is marked; and no picture is, since
/// `pictures.rs` measures each word in them, in every theme.
const MARK_LOOKS: &str = "
    const grounds = new Map();
    const ground = (element) => {
        if (!element) return '';
        if (!grounds.has(element)) {
            const { backgroundColor, backgroundImage, opacity } = getComputedStyle(element);
            const clear = /^rgba\\(.*, 0\\)$/.test(backgroundColor) && backgroundImage === 'none';
            const below = clear ? ground(element.parentElement) : backgroundColor + backgroundImage;
            grounds.set(element, opacity === '1' ? below : `${below}/${opacity}`);
        }
        return grounds.get(element);
    };
    const seen = new Set();
    for (const element of document.body.querySelectorAll('*')) {
        const words = [...element.childNodes].some(it => it.nodeType === 3 && it.data.trim());
        const pressed = element.matches('a, button, input, select, textarea, summary');
        const { color, fontSize, fontWeight } = getComputedStyle(element);
        const look = [color, ground(element), fontSize, fontWeight].join();
        const drawn = element.closest('.drawn svg, svg.drawn');
        const shown = element.checkVisibility();
        const once = shown && !drawn && (pressed || words && !seen.has(look));
        element.toggleAttribute('data-look-once', once);
        if (once) seen.add(look);
    }";

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
    let script = format!(
        "// A colour that is still fading is not the one that stays.
        await Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null)));
        {}
        const [context, options] = arguments;
        const result = await axe.run(context, {{ resultTypes: ['violations'], ...options }});
        if (!result.passes.length) throw new Error('axe checked nothing');
        return result.violations.flatMap(rule => rule.nodes.map(node =>
            `${{rule.id}} at ${{node.target.join(' ')}}: ${{node.failureSummary.replace(/\\s+/g, ' ')}}`));",
        if rules == Rules::OfColours { MARK_LOOKS } else { "" }
    );
    let found: Value = tab.js_async(&script, json!([rules.context(), rules.options()])).await?;
    Ok(serde_json::from_value(found)?)
}

/// Everything found so far, by page and situation.
#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    async fn check(&mut self, tab: &Tab, axe: &str, rules: Rules, situation: &str) -> Result<()> {
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
        if path == PRINT {
            // Apart from colours nothing in it depends on the theme, and nobody's phone prints.
            if size == "desktop" {
                tab.open_in_theme(PRINT, "light").await?;
                report.check(tab, &axe, Rules::OfTheWhole, PRINT).await?;
            }
            continue;
        }
        for (at, &(theme, system)) in themes.iter().enumerate() {
            tab.media("", &[("prefers-color-scheme", system)]).await?;
            let situation = format!("{path}, {theme} ({system}), {size}");
            if at > 0 {
                tab.dress(theme).await?;
            } else {
                open(tab, &path, theme).await?;
                let rules = if size == "desktop" { Rules::All } else { Rules::OfStructure };
                report.check(tab, &axe, rules, &situation).await?;
            }
            if (at, size) != (0, "desktop") {
                report.check(tab, &axe, Rules::OfColours, &situation).await?;
            }
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
                let rules =
                    if theme == "light" { Rules::AllOf("own-text") } else { Rules::OfColours };
                if theme == "light" {
                    open(tab, CHAPTER, theme).await?;
                    tab.js_async(UNFOLDED, json!([])).await?;
                } else {
                    tab.dress(theme).await?;
                }
                report.check(tab, &axe, rules, &format!("the panel, {theme}, {size}")).await?;
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
                report.check(tab, &axe, Rules::OfColours, &situation).await?;
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
                report
                    .check(tab, &axe, Rules::AllOf("#tip"), &format!("a tip, {theme}, {size}"))
                    .await?;
            }
            for theme in ["light", "navy"] {
                open(tab, CHAPTER, theme).await?;
                tab.click("#help-button").await?;
                let open_now = "return document.querySelector('dialog[open]')?.id === 'help'";
                tab.until("the help is open", open_now).await?;
                report
                    .check(tab, &axe, Rules::AllOf("#help"), &format!("help, {theme}, {size}"))
                    .await?;
                tab.click("#help [data-close]").await?;

                tab.click("#search-button").await?;
                tab.find("#search-words").await?.send_keys("attention").await?;
                let found = "return document.querySelectorAll('#search-results a[href]').length";
                tab.until("the search finds something", found).await?;
                report
                    .check(tab, &axe, Rules::AllOf("#search"), &format!("search, {theme}, {size}"))
                    .await?;
                tab.click("#search [data-close]").await?;

                if phone {
                    tab.tap("#contents-button").await?;
                    let drawn = "return document.querySelector('#contents').checkVisibility()";
                    tab.until("the contents are open", drawn).await?;
                    report
                        .check(
                            tab,
                            &axe,
                            Rules::AllOf("#contents"),
                            &format!("contents, {theme}, {size}"),
                        )
                        .await?;
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
            '<img src=favicon.svg><button></button><p>Clear.</p><p class=fault>Faint.</p>');
            const sheet = new CSSStyleSheet();
            sheet.replaceSync('.fault { color: rgb(200 200 200); background: white }');
            document.adoptedStyleSheets.push(sheet)")
            .await?;
        let found = violations(tab, &axe, Rules::All).await?;
        for rule in ["image-alt", "button-name"] {
            ensure!(found.iter().any(|line| line.starts_with(rule)), "no {rule} in {found:?}");
        }
        for rules in [Rules::All, Rules::AllOf("main"), Rules::OfColours] {
            let found = violations(tab, &axe, rules).await?;
            let faint =
                |line: &String| line.starts_with("color-contrast") && line.contains("fault");
            ensure!(found.iter().any(faint), "{rules:?} overlooks a faint text: {found:?}");
        }
        Ok(())
    })
}
