//! A browser session for a test: fresh profile, short commands, bounded waits.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use thirtyfour::common::keys::TypingData;
use thirtyfour::{By, Capabilities, Key, WebDriver, WebElement};
use tokio::sync::Semaphore;

use crate::site::{Driver, Stand};

/// How long a test waits for the page before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it looks meanwhile.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// How many browsers run at once, however many cores there are.
static SEATS: Semaphore = Semaphore::const_new(2);

/// What chromium is started with: no window, nothing of its own on the network, and no name
/// that resolves but this machine's.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

/// One tab of one browser with a fresh profile.
#[derive(Debug)]
pub struct Tab {
    /// The session, for what the methods here do not cover.
    pub driver: WebDriver,
    origin: String,
}

/// Runs `body` in a new browser that looks at the shared server, and closes the browser
/// whatever happens.
///
/// # Errors
/// What `body` returns, with the page's address and console beside it; or what kept the
/// browser from starting.
pub fn browse(body: impl AsyncFnOnce(&Tab) -> Result<()>) -> Result<()> {
    browse_with(&[], body)
}

/// As [`browse`], with a browser that is started with more flags.
///
/// # Errors
/// As [`browse`].
pub fn browse_with(flags: &[&str], body: impl AsyncFnOnce(&Tab) -> Result<()>) -> Result<()> {
    let stand = Stand::shared()?;
    run(&stand.driver, flags, &stand.server.origin, body)
}

/// As [`browse`], with a server of the test's own at `origin`.
///
/// # Errors
/// As [`browse`].
pub fn browse_at(
    driver: &Driver,
    origin: &str,
    body: impl AsyncFnOnce(&Tab) -> Result<()>,
) -> Result<()> {
    run(driver, &[], origin, body)
}

fn run(
    driver: &Driver,
    flags: &[&str],
    origin: &str,
    body: impl AsyncFnOnce(&Tab) -> Result<()>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _seat = runtime.block_on(SEATS.acquire())?;
    let session = runtime.block_on(WebDriver::new(&driver.address, capabilities(driver, flags)?));
    let tab =
        Tab { driver: session.context("chromium does not start")?, origin: origin.to_owned() };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            match body(&tab).await {
                Ok(()) => Ok(()),
                Err(error) => Err(error.context(tab.whereabouts().await)),
            }
        })
    }));
    let closed = runtime.block_on(tab.driver.quit());
    outcome.unwrap_or_else(|panic| resume_unwind(panic))?;
    closed.context("chromium does not close")
}

fn capabilities(driver: &Driver, flags: &[&str]) -> Result<Capabilities> {
    let mut wanted = Capabilities::new();
    wanted.set("browserName", "chrome")?;
    let args = [&FLAGS, flags].concat();
    wanted.set("goog:chromeOptions", json!({ "binary": driver.chromium, "args": args }))?;
    wanted.set("goog:loggingPrefs", json!({ "browser": "ALL", "performance": "ALL" }))?;
    Ok(wanted)
}

impl Tab {
    /// The site's origin, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Opens a page by its path below the site's root, and waits until it has loaded.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn open(&self, path: &str) -> Result<()> {
        let address = format!("{}/{path}", self.origin);
        self.driver.goto(&address).await.with_context(|| format!("{address} does not open"))
    }

    /// Runs the body of a function in the page and returns what it returns. The page's own
    /// policy does not bind it.
    ///
    /// # Errors
    /// When the script throws.
    pub async fn js(&self, script: &str) -> Result<Value> {
        self.js_with(script, json!([])).await
    }

    /// As [`Tab::js`], with an array of values that the script finds in `arguments`.
    ///
    /// # Errors
    /// As [`Tab::js`].
    pub async fn js_with(&self, script: &str, arguments: Value) -> Result<Value> {
        let arguments = arguments.as_array().context("arguments are an array")?.clone();
        let answer = self.driver.execute(script, arguments).await;
        Ok(answer.with_context(|| format!("in the page: {}", shortened(script)))?.json().clone())
    }

    /// Runs the body of an `async` function in the page and returns what it returns.
    ///
    /// # Errors
    /// As [`Tab::js`].
    pub async fn js_async(&self, script: &str, arguments: Value) -> Result<Value> {
        let arguments = arguments.as_array().context("arguments are an array")?.clone();
        let wrapped = format!(
            "const done = arguments[arguments.length - 1];
             (async function () {{ {script} }}).apply(null, arguments)
                 .then(value => done({{ value }}), error => done({{ error: String(error) }}));"
        );
        let answer = self.driver.execute_async(&wrapped, arguments).await;
        let answer = answer.with_context(|| format!("in the page: {}", shortened(script)))?;
        match &answer.json()["error"] {
            Value::Null => Ok(answer.json()["value"].clone()),
            error => bail!("in the page: {}: {error}", shortened(script)),
        }
    }

    /// Sends a command of the Chrome DevTools Protocol.
    ///
    /// # Errors
    /// When chromium refuses it.
    pub async fn cdp(&self, method: &str, parameters: Value) -> Result<Value> {
        let answer = self.driver.cdp().send_raw(method, &parameters).await;
        answer.with_context(|| format!("{method} {parameters}"))
    }

    /// Runs `script` at the start of every page that is opened from now on, before its own.
    ///
    /// # Errors
    /// As [`Tab::cdp`].
    pub async fn before_pages(&self, script: &str) -> Result<()> {
        let method = "Page.addScriptToEvaluateOnNewDocument";
        self.cdp(method, json!({ "source": script })).await.map(drop)
    }

    /// Waits until the script returns something truthy, and returns that.
    ///
    /// # Errors
    /// When it does not in time: `what` says what did not happen.
    pub async fn until(&self, what: &str, script: &str) -> Result<Value> {
        self.until_with(what, script, json!([])).await
    }

    /// As [`Tab::until`], with arguments.
    ///
    /// # Errors
    /// As [`Tab::until`].
    pub async fn until_with(&self, what: &str, script: &str, arguments: Value) -> Result<Value> {
        wait(what, async || {
            let value = self.js_with(script, arguments.clone()).await?;
            let empty = matches!(&value, Value::Null | Value::Bool(false))
                || value.as_str() == Some("")
                || value.as_f64() == Some(0.0);
            Ok(if empty { Err(value.to_string()) } else { Ok(value) })
        })
        .await
    }

    /// Presses and releases each key in turn, wherever the focus is.
    ///
    /// # Errors
    /// When the driver cannot.
    pub async fn press(&self, keys: impl Into<TypingData>) -> Result<()> {
        Ok(self.driver.action_chain().send_keys(keys).perform().await?)
    }

    /// Presses a key while another is held.
    ///
    /// # Errors
    /// As [`Tab::press`].
    pub async fn press_with(&self, held: Key, key: Key) -> Result<()> {
        let chain =
            self.driver.action_chain().key_down(held.clone()).key_down(key.clone()).key_up(key);
        Ok(chain.key_up(held).perform().await?)
    }

    /// The one element that a CSS selector finds.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, selector: &str) -> Result<WebElement> {
        let found = self.driver.find(By::Css(selector)).await;
        found.with_context(|| format!("there is no `{selector}` in the page"))
    }

    /// Scrolls to what the selector finds and clicks on its middle with the mouse.
    ///
    /// # Errors
    /// When it is not there, not visible, or something lies above it.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let element = self.find(selector).await?;
        let script = "(arguments[0].closest('select') ?? arguments[0])
            .scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.js_with(script, json!([element.to_json()?])).await?;
        let clicked = element.click().await;
        clicked.with_context(|| format!("`{selector}` cannot be clicked"))
    }

    /// Taps with one finger on the middle of what the selector finds.
    ///
    /// # Errors
    /// When it is not there, or something lies above it.
    pub async fn tap(&self, selector: &str) -> Result<()> {
        let place = self
            .js_with(
                "const element = document.querySelector(arguments[0]);
                 if (!element) return null;
                 element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
                 const box = element.getBoundingClientRect();
                 const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                 const hit = document.elementFromPoint(x, y);
                 const ours = hit && (element.contains(hit) || hit.contains(element));
                 return { x, y, hit: ours ? null : String(hit?.outerHTML).slice(0, 80) };",
                json!([selector]),
            )
            .await?;
        if place.is_null() || !place["hit"].is_null() {
            bail!("`{selector}` cannot be tapped: {place}");
        }
        let point = json!([{ "x": place["x"], "y": place["y"] }]);
        let event = |kind: &str, points: Value| json!({ "type": kind, "touchPoints": points });
        self.cdp("Input.dispatchTouchEvent", event("touchStart", point)).await?;
        self.cdp("Input.dispatchTouchEvent", event("touchEnd", json!([]))).await?;
        Ok(())
    }

    /// Makes the page think that its window is so large, in CSS pixels.
    ///
    /// # Errors
    /// As [`Tab::cdp`].
    pub async fn window(&self, width: u32, height: u32) -> Result<()> {
        self.metrics(width, height, 1.0, false).await
    }

    /// A phone: 390 by 844 CSS pixels, three device pixels each, and fingers.
    ///
    /// # Errors
    /// As [`Tab::cdp`].
    pub async fn phone(&self) -> Result<()> {
        self.metrics(390, 844, 3.0, true).await?;
        let touch = json!({ "enabled": true, "maxTouchPoints": 1 });
        self.cdp("Emulation.setTouchEmulationEnabled", touch).await.map(drop)
    }

    async fn metrics(&self, width: u32, height: u32, scale: f64, mobile: bool) -> Result<()> {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile,
        });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await.map(drop)
    }

    /// Emulates a medium (`screen`, `print`) and what the reader prefers, such as
    /// `("prefers-color-scheme", "dark")`. Each call replaces the one before.
    ///
    /// # Errors
    /// As [`Tab::cdp`].
    pub async fn media(&self, medium: &str, preferences: &[(&str, &str)]) -> Result<()> {
        let features: Vec<Value> = preferences
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let media = json!({ "media": medium, "features": features });
        self.cdp("Emulation.setEmulatedMedia", media).await.map(drop)
    }

    /// Opens a page in one of mdBook's themes; `auto` follows the system.
    ///
    /// # Errors
    /// When the page does not take the theme.
    pub async fn open_in_theme(&self, path: &str, theme: &str) -> Result<()> {
        self.open(path).await?;
        let script = "arguments[0] === 'auto'
            ? localStorage.removeItem('mdbook-theme')
            : localStorage.setItem('mdbook-theme', arguments[0]);";
        self.js_with(script, json!([theme])).await?;
        self.open(path).await?;
        let classes = "return document.documentElement.className";
        let classes = self.js(classes).await?.as_str().unwrap_or_default().to_owned();
        if theme != "auto" && !classes.split_whitespace().any(|class| class == theme) {
            bail!("{path} does not take the theme {theme}: its root has the classes `{classes}`");
        }
        Ok(())
    }

    /// Puts the open page in a theme, as its menu does, until another page is opened.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn dress(&self, theme: &str) -> Result<()> {
        let script = "
            document.documentElement.classList.remove('light', 'rust', 'coal', 'navy', 'ayu');
            if (arguments[0] !== 'auto') document.documentElement.classList.add(arguments[0]);";
        self.js_with(script, json!([theme])).await?;
        Ok(())
    }

    /// What the browser's console has said since the last time: `LEVEL message`.
    ///
    /// # Errors
    /// When the driver cannot tell.
    pub async fn console(&self) -> Result<Vec<String>> {
        let entries = self.driver.get_log("browser").await?;
        Ok(entries.iter().map(|entry| format!("{} {}", entry.level, entry.message)).collect())
    }

    /// The address of every request since the last time.
    ///
    /// # Errors
    /// When the driver cannot tell.
    pub async fn requests(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for entry in self.driver.get_log("performance").await? {
            let event: Value = serde_json::from_str(&entry.message)?;
            let event = &event["message"];
            if event["method"] == "Network.requestWillBeSent" {
                let url = event["params"]["request"]["url"].as_str();
                found.push(url.ok_or_else(|| anyhow!("a request without an address"))?.to_owned());
            }
        }
        Ok(found)
    }

    /// What helps to understand a failure.
    async fn whereabouts(&self) -> String {
        let address = self.driver.current_url().await;
        let address = address.map_or_else(|error| error.to_string(), |url| url.to_string());
        let console = self.console().await.unwrap_or_else(|error| vec![error.to_string()]);
        match console.is_empty() {
            true => format!("at {address}, with a quiet console"),
            false => format!("at {address}, console:\n  {}", console.join("\n  ")),
        }
    }
}

/// Looks again and again until `look` has a value, for a bounded time. The inner error says
/// what was seen instead.
///
/// # Errors
/// When the time is up, or at once when looking fails.
pub async fn wait<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Result<T, String>>,
) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        match look().await? {
            Ok(value) => return Ok(value),
            Err(seen) if Instant::now() >= end => {
                bail!("waited {} s in vain: {what}; last seen: {seen}", PATIENCE.as_secs())
            }
            Err(_) => tokio::time::sleep(BETWEEN_LOOKS).await,
        }
    }
}

fn shortened(script: &str) -> String {
    let words: Vec<&str> = script.split_whitespace().collect();
    words.join(" ").chars().take(120).collect()
}
