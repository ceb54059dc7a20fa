//! The spotlight widget of chapter 1, as a reader sees and works it.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::browser::{Tab, wait};

/// The chapter that the widget is in.
pub const CHAPTER: &str = "ch01-spotlight.html";

/// The widget's element.
pub const WIDGET: &str = "attention-widget[name=spotlight]";

/// How many layers SmolLM2 has.
pub const LAYERS: usize = 30;

/// How many query heads each of its layers has.
pub const HEADS: usize = 9;

/// The place of "it" in the opening sentence, from 0.
pub const IT: usize = 7;

/// The place of "cat".
pub const CAT: usize = 1;

/// Everything that the widget shows, read in one go.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct View {
    /// The chosen sentence's short name.
    pub sentence: String,
    /// Its text in the menu.
    pub text: String,
    /// The short names in the menu.
    pub sentences: Vec<String>,
    /// The values of the buttons of named heads.
    pub presets: Vec<String>,
    /// The value of the one that is pressed.
    pub named: Option<String>,
    /// The head that is chosen on the wall: its layer, and its place in the layer.
    pub head: (usize, usize),
    /// The same, as the buttons below the wall have it.
    pub steps: [String; 2],
    /// The token that looks.
    pub query: usize,
    /// The tokens with the weights printed at them. Of a long text, these are buttons.
    pub chips: Vec<(String, String)>,
    /// The same in the layout for phones.
    pub narrow: Vec<(String, String)>,
    /// What the picture says to who cannot see it.
    pub described: String,
    /// How many live regions and how many legends there are.
    pub once: [usize; 2],
    /// The live region's text.
    pub status: String,
    /// The rows of the table below: token, measured weight, and the illustration if it is there.
    pub rows: Vec<Vec<String>>,
    /// The grid's cells by row and column.
    pub cells: Vec<Vec<Cell>>,
    /// The address behind "Link to this view".
    pub permalink: String,
}

/// A cell of the grid.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Cell {
    /// The printed weight; empty when the key comes later.
    pub text: String,
    /// Its accessible name.
    pub name: String,
    /// Whether Tab stops here.
    pub stop: bool,
}

const READ: &str = r#"
    const widget = document.querySelector(arguments[0]);
    const all = (selector, root = widget) => [...root.querySelectorAll(selector)];
    const one = selector => widget.querySelector(selector);
    const text = element => (element?.textContent ?? '').replace(/\s+/g, ' ').trim();
    const drawn = layout => {
        const weights = all(`${layout} [role=img] > g`).map(key => text(key.querySelector(':scope > text:last-child')));
        return all(`${layout} [role=radio]`).map((token, at) => [token.getAttribute('aria-label'), weights[at]]);
    };
    const tokens = all('.token').map(chip => [text(chip.querySelector('.word')), text(chip.querySelector('.weight'))]);
    if (!one('table.map')) return text(one('[role=status]'));
    return {
        sentence: one('select[name=sentence]').value,
        text: text(one('select[name=sentence]').selectedOptions[0]),
        sentences: all('select[name=sentence] option').map(option => option.value),
        presets: all('.named-heads button').map(button => button.dataset.value),
        named: one('.named-heads [aria-pressed=true]')?.dataset.value ?? null,
        head: one('.wall [aria-selected=true]').dataset.value.split(',').map(Number),
        steps: all('.wall-steps output').map(text),
        query: Number(one('input[data-event=query]:checked')?.value ?? one('.for-wide [role=radio][aria-checked=true]').dataset.value),
        chips: tokens.length ? tokens : drawn('.for-wide'),
        narrow: tokens.length ? tokens : drawn('.for-narrow'),
        described: one('.for-wide [role=img]').getAttribute('aria-label'),
        once: ['[role=status]', '.legend'].map(selector => all(selector).length),
        status: text(one('[role=status]')),
        rows: all('table.weights tbody tr').map(row => all('th, td', row).map(text)),
        cells: all('table.map tbody tr').map(row => all('td', row).map(cell => ({
            text: text(cell), name: cell.getAttribute('aria-label') ?? '', stop: cell.tabIndex === 0,
        }))),
        permalink: one('a.permalink').getAttribute('href'),
    };"#;

impl View {
    /// The weight that the chip of a token shows.
    pub fn chip(&self, token: usize) -> &str {
        self.chips.get(token).map_or("no such chip", |(_, weight)| weight)
    }

    /// The measured weight in the table's row of a token.
    pub fn measured(&self, token: usize) -> &str {
        self.rows.get(token).and_then(|row| row.get(1)).map_or("no such row", String::as_str)
    }

    /// The weight in a cell of the grid.
    pub fn cell(&self, query: usize, key: usize) -> &str {
        let cell = self.cells.get(query).and_then(|row| row.get(key));
        cell.map_or("no such cell", |cell| &cell.text)
    }

    /// The cells that Tab stops at, as row and column.
    pub fn stops(&self) -> Vec<(usize, usize)> {
        let mut stops = Vec::new();
        for (row, cells) in self.cells.iter().enumerate() {
            stops.extend((0..cells.len()).filter(|column| cells[*column].stop).map(|it| (row, it)));
        }
        stops
    }

    /// Checks that the chips are the chosen sentence, and that chips, table, grid and live
    /// region tell the same story about the query.
    ///
    /// # Errors
    /// When one of them differs.
    pub fn agree(&self) -> Result<()> {
        if self.once != [1, 1] {
            bail!("there are {} live regions and {} legends", self.once[0], self.once[1]);
        }
        let words: String = self.chips.iter().map(|(word, _)| word.as_str()).collect();
        if words.replace('␣', "") != self.text.replace(' ', "") {
            bail!("the chips are `{words}`, the sentence is `{}`", self.text);
        }
        for (key, (word, weight)) in self.chips.iter().enumerate() {
            let shown = [weight.as_str(), self.measured(key), self.cell(self.query, key)];
            let later = shown == [weight.as_str(), "not yet seen", ""] && "–".contains(weight);
            let alike = shown == [weight.as_str(); 3] && weight.parse::<f32>().is_ok();
            if !(if key > self.query { later } else { alike }) {
                bail!("“{word}”: chip, table and grid show {shown:?}");
            }
        }
        if self.narrow != self.chips {
            bail!("on a phone it shows {:?}, and {:?} otherwise", self.narrow, self.chips);
        }
        let (layer, head) = self.head;
        let here = format!("Layer {layer}, head {head}");
        let looking = self.chips.get(self.query).context("no chip is checked")?;
        if !self.status.contains(&here) || !self.status.contains(&looking.0) {
            bail!("the status says `{}`, not {here} and “{}”", self.status, looking.0);
        }
        if self.steps != [layer.to_string(), head.to_string()] {
            bail!("the wall stands at {here}, the buttons below it at {:?}", self.steps);
        }
        if !self.described.starts_with(&format!("“{}” gives ", looking.0)) {
            bail!("the picture is called `{}`, but “{}” looks", self.described, looking.0);
        }
        Ok(())
    }
}

/// The widget in an open page.
#[derive(Debug)]
pub struct Spotlight<'a> {
    tab: &'a Tab,
}

impl<'a> Spotlight<'a> {
    /// Opens chapter 1, with a query such as `?spotlight=cat.13.8.7` or none, brings the widget
    /// into view and waits until WebAssembly has taken over.
    ///
    /// # Errors
    /// When it does not.
    pub async fn open(tab: &'a Tab, query: &str) -> Result<Self> {
        tab.open(&format!("{CHAPTER}{query}")).await?;
        Self::wake(tab).await
    }

    /// Waits until the widget in the open page has woken up.
    ///
    /// # Errors
    /// When it does not, or says that it cannot.
    pub async fn wake(tab: &'a Tab) -> Result<Self> {
        let script = "const widget = document.querySelector(arguments[0]);
            widget?.scrollIntoView({ block: 'center', behavior: 'instant' });
            return widget ? { awake: widget.dataset.awake, error: widget.dataset.error } : null";
        let spotlight = Self { tab };
        wait("WebAssembly takes over the spotlight", async || {
            let state = tab.js_with(script, json!([WIDGET])).await?;
            if !state["error"].is_null() {
                bail!("the spotlight does not wake: {}", state["error"]);
            }
            Ok(if state["awake"] == "true" { Ok(()) } else { Err(state.to_string()) })
        })
        .await?;
        spotlight.until("its tokens are shown", |view| !view.chips.is_empty()).await?;
        Ok(spotlight)
    }

    /// What the widget shows now, or its message while it waits for a sentence.
    ///
    /// # Errors
    /// When it is not there at all.
    pub async fn look(tab: &Tab) -> Result<Result<View, String>> {
        match tab.js_with(READ, json!([WIDGET])).await? {
            Value::String(message) => Ok(Err(message)),
            view => Ok(Ok(serde_json::from_value(view).context("the spotlight is not whole")?)),
        }
    }

    /// What the widget shows now.
    ///
    /// # Errors
    /// When it shows no weights.
    pub async fn view(&self) -> Result<View> {
        Self::look(self.tab).await?.map_err(anyhow::Error::msg)
    }

    /// Waits until the widget shows what is asked for, and returns it.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn until(&self, what: &str, mut is: impl FnMut(&View) -> bool) -> Result<View> {
        wait(what, async || {
            Ok(match Self::look(self.tab).await? {
                Ok(view) if is(&view) => Ok(view),
                Ok(view) => Err(format!("{} (query {})", view.status, view.query)),
                Err(message) => Err(message),
            })
        })
        .await
    }

    /// Waits until the widget stands at a layer, a head and a query, and all that it shows
    /// agrees. The live region may come a moment later than the rest.
    ///
    /// # Errors
    /// As [`Spotlight::until`].
    pub async fn until_at(&self, layer: usize, head: usize, query: usize) -> Result<View> {
        let what = format!("the spotlight stands at layer {layer}, head {head}, token {query}");
        self.until_agreed(&what, |view| (view.head, view.query) == ((layer, head), query)).await
    }

    /// Waits until the widget shows what is asked for and all of it agrees.
    ///
    /// # Errors
    /// As [`Spotlight::until`].
    pub async fn until_agreed(
        &self,
        what: &str,
        mut is: impl FnMut(&View) -> bool,
    ) -> Result<View> {
        wait(what, async || {
            Ok(match Self::look(self.tab).await? {
                Ok(view) if is(&view) => match view.agree() {
                    Ok(()) => Ok(view),
                    Err(difference) => Err(difference.to_string()),
                },
                Ok(view) => Err(format!("{} (query {})", view.status, view.query)),
                Err(message) => Err(message),
            })
        })
        .await
    }

    /// Presses the square of a head on the wall.
    ///
    /// # Errors
    /// When there is no such square.
    pub async fn pick(&self, layer: usize, head: usize) -> Result<()> {
        self.tab.click(&square(layer, head)).await
    }

    /// Opens "The numbers".
    ///
    /// # Errors
    /// When they are not there.
    pub async fn numbers(&self) -> Result<()> {
        let script = "document.querySelector(`${arguments[0]} .numbers`).open = true";
        self.tab.js_with(script, json!([WIDGET])).await.map(drop)
    }

    /// Chooses an option of a menu by its value: `input`, then `change`, as a browser does.
    /// (A click by chromedriver sends `change` alone.)
    ///
    /// # Errors
    /// When there is no such option.
    pub async fn choose(&self, menu: &str, value: &str) -> Result<()> {
        let script =
            "const menu = document.querySelector(`${arguments[0]} select[name=${arguments[1]}]`);
            menu.value = arguments[2];
            if (menu.selectedIndex < 0) throw new Error(`no option ${arguments[2]}`);
            menu.dispatchEvent(new Event('input', { bubbles: true }));
            menu.dispatchEvent(new Event('change', { bubbles: true }));";
        self.tab.js_with(script, json!([WIDGET, menu, value])).await.map(drop)
    }
}

/// The selector of a token above the beams.
pub fn chip(token: usize) -> String {
    format!("{WIDGET} .for-wide [data-event=query][data-value='{token}']")
}

/// The same on a phone.
pub fn narrow_chip(token: usize) -> String {
    format!("{WIDGET} .for-narrow [data-event=query][data-value='{token}']")
}

/// The selector of a head's square on the wall.
pub fn square(layer: usize, head: usize) -> String {
    format!("{WIDGET} .wall [data-value='{layer},{head}']")
}

/// The selector of a cell of the grid.
pub fn cell(row: usize, column: usize) -> String {
    format!("{WIDGET} td[data-row='{row}'][data-column='{column}']")
}
