//! Chapter 8's kernels in a page: WGSL in a real browser, on the card that Chromium plays with the
//! processor. What the page says of them is recorded with `RECORD=1`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reader_tests::browser::browse_with;
use reader_tests::widget::Widget;
use reader_tests::{Tab, browse, site};
use serde_json::{Value, json};

const CHAPTER: &str = "flash-on-your-card.html";

/// WebGPU without a card: SwiftShader, which comes with Chromium.
const PLAYED: [&str; 3] =
    ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/// Waits until the run has ended, and returns what the page says then. No longer than the widget
/// itself lets a run take, and a bit.
async fn until_ended(widget: &Widget<'_>) -> Result<String> {
    let end = Instant::now() + Duration::from_secs(100);
    loop {
        let status = widget.status().await?;
        if !status.starts_with("Step ") && !status.starts_with("Recorded") {
            return Ok(status);
        }
        if Instant::now() > end {
            bail!("the run does not end: {status}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The rows of the table of times, or of checks: their cells.
async fn rows(tab: &Tab, table: usize) -> Result<Vec<Vec<String>>> {
    let script = "return [...document.querySelectorAll('attention-widget[name=gpu] table')[arguments[0]]
        .querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => cell.textContent.trim()))";
    Ok(serde_json::from_value(tab.js_with(script, json!([table])).await?)?)
}

#[test]
fn an_old_link_to_the_widget_leads_to_its_page() -> Result<()> {
    browse(async |tab| {
        let old = "ch08-flash-attention.html";
        let gpu = Widget::open(tab, old, "gpu", "?gpu=1024_causal").await?;
        let status = gpu.status().await?;
        ensure!(status.starts_with("Recorded"), "{status}");
        let path = tab.js("return location.pathname + location.search").await?;
        ensure!(
            path.as_str().is_some_and(|it| it.ends_with(&format!("/{CHAPTER}?gpu=1024_causal"))),
            "{path}"
        );
        Ok(())
    })
}

#[test]
fn the_kernels_are_right_in_a_browser_and_the_sweep_ends() -> Result<()> {
    browse_with(&PLAYED, async |tab| {
        let widget = Widget::open(tab, CHAPTER, "gpu", "").await?;
        widget.set("longest", 1).await?;
        widget.click("[data-event=run]").await?;
        let status = until_ended(&widget).await?;
        println!("{status}");
        // How far it comes depends on the machine: on a busy one the longer text is too slow.
        ensure!(status.starts_with("Here, at "), "{status}");
        ensure!(widget.text(".device").await?.contains("software GPU"));
        let checks = rows(tab, 1).await?;
        println!("{checks:?}");
        for row in &checks {
            for error in &row[1..] {
                let error: f64 = error.parse().context("an error is a number")?;
                ensure!(error > 0.0 && error < 2e-6, "{checks:?}");
            }
        }
        let times = rows(tab, 0).await?;
        println!("{times:?}");
        ensure!(times.len() == 2 && times.iter().flatten().all(|cell| !cell.is_empty()));
        for ms in &times[0][1..3] {
            let ms: f64 = ms.replace(',', "").parse().context("a time is a number")?;
            ensure!(ms > 0.0, "{times:?}");
        }
        ensure!(!widget.texts("svg circle").await?.is_empty(), "the graph has no time of flash");
        let noise: Vec<_> =
            tab.console().await?.into_iter().filter(|it| it.starts_with("SEVERE")).collect();
        ensure!(noise.is_empty(), "{noise:?}");
        Ok(())
    })
}

#[test]
fn a_run_can_be_cancelled_and_another_one_begun() -> Result<()> {
    browse_with(&PLAYED, async |tab| {
        let widget = Widget::open(tab, CHAPTER, "gpu", "").await?;
        widget.set("longest", 0).await?;
        widget.click("[data-event=run]").await?;
        let timing = |said: &str| said.contains("timing") || said.contains("checking");
        widget.until_status("it is at work", timing).await?;
        // The button is the same element, and the focus stays on it.
        let focused = tab.js("return document.activeElement.dataset.event").await?;
        ensure!(focused == "cancel", "the focus is on {focused}");
        tab.press(" ").await?;
        widget
            .until_status("it stops", |said| {
                said.starts_with("Cancelled") || said.starts_with("Recorded")
            })
            .await?;
        widget.click("[data-event=run]").await?;
        widget.until_status("it begins again", |said| said.starts_with("Step")).await?;
        let status = until_ended(&widget).await?;
        ensure!(status.starts_with("Here, at 64 tokens"), "{status}");
        Ok(())
    })
}

#[test]
fn a_run_leaves_the_focus_where_it_is() -> Result<()> {
    browse_with(&PLAYED, async |tab| {
        let gpu = Widget::open(tab, CHAPTER, "gpu", "?gpu=64_causal").await?;
        ensure!(gpu.permalink().await? == "?gpu=64_causal", "{}", gpu.permalink().await?);

        // A run renders many times.
        gpu.click("[data-event=run]").await?;
        let slider = gpu.inside("[data-event=longest]");
        tab.js_with("document.querySelector(arguments[0]).focus()", json!([slider])).await?;
        let status = until_ended(&gpu).await?;
        ensure!(status.starts_with("Here, at 64 tokens"), "{status}");
        let focused = tab.js("return document.activeElement.dataset.event").await?;
        ensure!(focused == "longest", "the focus is on {focused}");
        Ok(())
    })
}

#[test]
fn without_a_card_it_says_so_and_shows_the_recorded_run() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, CHAPTER, "gpu", "").await?;
        let before = rows(tab, 0).await?;
        ensure!(before.len() == 7 && before[0][1] != "–", "{before:?}");
        ensure!(widget.status().await?.starts_with("Recorded, not from your card."));
        widget.click("[data-event=run]").await?;
        let said =
            widget.until_status("it gives up", |said| said.starts_with("No run here")).await?;
        ensure!(said.contains("WebGPU"), "{said}");
        ensure!(rows(tab, 0).await? == before, "the recorded run stays");
        Ok(())
    })
}

#[test]
fn the_script_comes_with_the_first_task_only() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, CHAPTER, "gpu", "").await?;
        let loaded = "return performance.getEntriesByType('resource').map(it => it.name)
            .filter(name => /gpu-[0-9a-f]+\\.js|wgsl/.test(name)).length";
        ensure!(tab.js(loaded).await? == 0, "the script is loaded before it is needed");
        widget.click("[data-event=run]").await?;
        tab.until("the script is loaded", loaded).await.map(drop)
    })
}

/// Runs all lengths and writes `benches/webgpu.json`, which the page shows until a reader has run
/// its own. Without `RECORD=1` it checks that the record is one of this browser's kind.
#[test]
fn the_recorded_run() -> Result<()> {
    let path = site::book()?.join("../benches/webgpu.json");
    if std::env::var_os("RECORD").is_none() {
        let record: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        ensure!(record["checks"].as_array().is_some_and(|checks| checks.len() == 4));
        ensure!(record["times"].as_array().is_some_and(|times| times.len() >= 8));
        ensure!(record["date"].is_string() && record["browser"].is_string());
        return Ok(());
    }
    browse_with(&PLAYED, async |tab| {
        let widget = Widget::open(tab, CHAPTER, "gpu", "").await?;
        widget.click("[data-event=run]").await?;
        println!("{}", until_ended(&widget).await?);
        let info = "const { vendor, architecture, device, description } =
            (await navigator.gpu.requestAdapter()).info;
            return { vendor, architecture, device, description, fallback: false, largest_buffer: 0 }";
        let adapter = tab.js_async(info, json!([])).await?;
        let version = tab.js("return navigator.userAgent.match(/Chrome\\/([0-9]+)/)[1]").await?;
        let date = tab.js("return new Date().toISOString().slice(0, 10)").await?;
        let ways = ["standard", "flash"];
        let mut times = Vec::new();
        for causal in [false, true] {
            if causal {
                widget.click("[name=causal]").await?;
            }
            for row in rows(tab, 0).await? {
                let tokens: usize = row[0].replace(',', "").parse()?;
                for (way, shown) in ways.iter().zip(&row[1..3]) {
                    let outcome = match shown.as_str() {
                        "–" => continue,
                        "too slow" => json!("too-slow"),
                        "no memory" => json!("no-memory"),
                        "too large" => json!({ "too-large": 4 * 8 * tokens * tokens }),
                        ms => json!({ "ms": ms.replace(',', "").parse::<f64>()? }),
                    };
                    times.push(json!({
                        "way": way, "causal": causal, "tokens": tokens, "outcome": outcome,
                    }));
                }
            }
        }
        let mut checks = Vec::new();
        for row in rows(tab, 1).await? {
            for (causal, error) in [false, true].iter().zip(&row[1..]) {
                let error: f64 = error.parse()?;
                checks.push(json!({ "way": row[0], "causal": causal, "error": error }));
            }
        }
        let lines = |all: &[Value]| {
            all.iter().map(|it| format!("    {it}")).collect::<Vec<_>>().join(",\n")
        };
        let text = format!(
            "{{\n  \"adapter\": {adapter},\n  \"browser\": \"headless Chromium {}\",\n  \
             \"date\": {date},\n  \"checks\": [\n{}\n  ],\n  \"times\": [\n{}\n  ]\n}}\n",
            version.as_str().context("a version")?,
            lines(&checks),
            lines(&times)
        );
        std::fs::write(&path, text)?;
        Ok(())
    })
}
