//! Any widget in an open page: what all of them share.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::browser::{Tab, wait};
use crate::site;

/// A widget's place in the built book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The page, from the site's root: `ch01-spotlight.html`.
    pub page: String,
    /// The widget's name: `spotlight`.
    pub name: String,
}

/// Every widget of every chapter. The print page repeats them and is left out.
///
/// # Errors
/// When the book has not been built.
pub fn all() -> Result<Vec<Place>> {
    let selector = scraper::Selector::parse("attention-widget").expect("a selector");
    let folder = site::book()?;
    let mut found = Vec::new();
    for page in site::pages()?.into_iter().filter(|page| page != "print.html") {
        let html = scraper::Html::parse_document(&std::fs::read_to_string(folder.join(&page))?);
        for element in html.select(&selector) {
            let name = element.value().attr("name").context("a widget has a name")?.to_owned();
            found.push(Place { page: page.clone(), name });
        }
    }
    Ok(found)
}

/// Brings every widget of the open page into view and waits until each is awake.
///
/// # Errors
/// When one does not wake, or says that it cannot.
pub async fn wake_all(tab: &Tab) -> Result<()> {
    let script = "const widgets = [...document.querySelectorAll('attention-widget[data-version]')];
        const asleep = widgets.find(widget => widget.dataset.awake !== 'true');
        asleep?.scrollIntoView({ block: 'center', behavior: 'instant' });
        return { asleep: asleep?.getAttribute('name') ?? null,
            error: widgets.map(widget => widget.dataset.error).find(Boolean) ?? null }";
    wait("every widget of the page wakes", async || {
        let state = tab.js(script).await?;
        if !state["error"].is_null() {
            bail!("a widget does not wake: {}", state["error"]);
        }
        Ok(if state["asleep"].is_null() { Ok(()) } else { Err(state["asleep"].to_string()) })
    })
    .await
}

/// A cell of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Cell {
    /// What is printed in it.
    pub text: String,
    /// Its accessible name.
    pub name: String,
    /// Whether Tab stops here.
    pub stop: bool,
}

/// A widget in an open page.
#[derive(Debug, Clone)]
pub struct Widget<'a> {
    tab: &'a Tab,
    name: String,
}

impl<'a> Widget<'a> {
    /// Opens a page, with a query such as `?spotlight=cat.13.8.7` or none, and waits until the
    /// widget called `name` is awake.
    ///
    /// # Errors
    /// When it does not wake.
    pub async fn open(tab: &'a Tab, page: &str, name: &str, query: &str) -> Result<Self> {
        tab.open(&format!("{page}{query}")).await?;
        wake_all(tab).await?;
        let widget = Self::in_page(tab, name);
        tab.find(&widget.inside("")).await?;
        Ok(widget)
    }

    /// The widget called `name` in the page that is open, awake or not.
    pub fn in_page(tab: &'a Tab, name: &str) -> Self {
        Self { tab, name: name.to_owned() }
    }

    /// A selector for what `selector` finds inside the widget; for the widget, with none.
    pub fn inside(&self, selector: &str) -> String {
        let widget = format!("attention-widget[name='{}']", self.name);
        if selector.is_empty() { widget } else { format!("{widget} {selector}") }
    }

    /// The selector of a cell of the grid whose keys go to the event `keys`.
    pub fn cell(&self, keys: &str, row: usize, column: usize) -> String {
        self.inside(&format!("[data-keys='{keys}'] td[data-row='{row}'][data-column='{column}']"))
    }

    /// The text of the first element that a selector finds in the widget, with single spaces.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text(&self, selector: &str) -> Result<String> {
        let script = "const element = document.querySelector(arguments[0]);
            return element && element.textContent.replace(/\\s+/g, ' ').trim()";
        let text = self.tab.js_with(script, json!([self.inside(selector)])).await?;
        Ok(text.as_str().with_context(|| format!("there is no `{selector}`"))?.to_owned())
    }

    /// The texts of all elements that a selector finds in the widget.
    ///
    /// # Errors
    /// When the page cannot be asked.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])]
            .map(element => element.textContent.replace(/\\s+/g, ' ').trim())";
        let texts = self.tab.js_with(script, json!([self.inside(selector)])).await?;
        Ok(serde_json::from_value(texts)?)
    }

    /// What the live region says.
    ///
    /// # Errors
    /// When there is none.
    pub async fn status(&self) -> Result<String> {
        self.text("[role=status]").await
    }

    /// Waits until the live region says something that `is` takes, and returns that. The live
    /// region may come a moment later than the rest.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn until_status(&self, what: &str, is: impl Fn(&str) -> bool) -> Result<String> {
        wait(what, async || {
            let status = self.status().await?;
            Ok(if is(&status) { Ok(status) } else { Err(status) })
        })
        .await
    }

    /// Waits until the first element that `selector` finds shows a text that `is` takes.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn until_text(
        &self,
        what: &str,
        selector: &str,
        is: impl Fn(&str) -> bool,
    ) -> Result<String> {
        wait(what, async || {
            let text = self.text(selector).await.unwrap_or_default();
            Ok(if is(&text) { Ok(text) } else { Err(text) })
        })
        .await
    }

    /// The grid whose keys go to the event `keys`, by row and column.
    ///
    /// # Errors
    /// When there is no such grid.
    pub async fn grid(&self, keys: &str) -> Result<Vec<Vec<Cell>>> {
        let script = "return [...document.querySelectorAll(`${arguments[0]} tbody tr`)].map(row =>
            [...row.querySelectorAll('[role=gridcell]')].map(cell => ({
                text: cell.textContent.trim(), name: cell.getAttribute('aria-label') ?? '',
                stop: cell.tabIndex === 0 })))";
        let selector = self.inside(&format!("[data-keys='{keys}']"));
        let grid: Vec<Vec<Cell>> =
            serde_json::from_value(self.tab.js_with(script, json!([selector])).await?)?;
        ensure!(!grid.is_empty(), "there is no grid with the keys `{keys}`");
        Ok(grid)
    }

    /// Clicks with the mouse on what a selector finds in the widget.
    ///
    /// # Errors
    /// As [`Tab::click`].
    pub async fn click(&self, selector: &str) -> Result<()> {
        self.tab.click(&self.inside(selector)).await
    }

    /// Puts the focus on what a selector finds in the widget, without pressing anything.
    ///
    /// # Errors
    /// When there is none.
    pub async fn focus(&self, selector: &str) -> Result<()> {
        let script = "document.querySelector(arguments[0]).focus()";
        self.tab.js_with(script, json!([self.inside(selector)])).await.map(drop)
    }

    /// Gives the slider, menu or field called `name` a value, as a hand does: `input`, then
    /// `change`.
    ///
    /// # Errors
    /// When there is no such control, or no such option.
    pub async fn set(&self, name: &str, value: impl ToString) -> Result<()> {
        let script = "const control = document.querySelector(arguments[0]);
            control.value = arguments[1];
            if (control.selectedIndex === -1) throw new Error(`no option ${arguments[1]}`);
            control.dispatchEvent(new Event('input', { bubbles: true }));
            control.dispatchEvent(new Event('change', { bubbles: true }));";
        let control = self.inside(&format!("[name='{name}']"));
        self.tab.js_with(script, json!([control, value.to_string()])).await.map(drop)
    }

    /// The address behind "Link to this view".
    ///
    /// # Errors
    /// When there is no such link.
    pub async fn permalink(&self) -> Result<String> {
        let script = "return document.querySelector(arguments[0])?.getAttribute('href')";
        let link = self.tab.js_with(script, json!([self.inside("a.permalink")])).await?;
        Ok(link.as_str().context("there is no link to this view")?.to_owned())
    }

    /// All that the widget shows: the text of its view, without white space, for mdBook puts line
    /// breaks between blocks; and the state of its controls.
    ///
    /// # Errors
    /// When the page cannot be asked.
    pub async fn everything(&self) -> Result<String> {
        let script = "const widget = document.querySelector(arguments[0]);
            const view = widget.querySelector(':scope > :not(.widget-problem)').cloneNode(true);
            view.querySelectorAll('[role=status]').forEach(status => status.remove());
            const controls = [...widget.querySelectorAll('input, select')].map(control =>
                [control.name, control.type === 'checkbox' || control.type === 'radio'
                    ? control.checked : control.value].join('='));
            return [view.textContent.replace(/\\s+/g, ''), ...controls].join('\\n')";
        let text = self.tab.js_with(script, json!([self.inside("")])).await?;
        Ok(text.as_str().context("a text")?.to_owned())
    }

    /// Runs the body of an `async` function in the page; the widget is `arguments[0]`.
    ///
    /// # Errors
    /// When the script throws.
    pub async fn js_async(&self, script: &str) -> Result<Value> {
        let body = format!("const widget = document.querySelector(arguments[0]); {script}");
        self.tab.js_async(&body, json!([self.inside("")])).await
    }
}
