//! Chapter 9's masks as a reader composes them.

use anyhow::{Result, ensure};
use reader_tests::browse;
use reader_tests::widget::Widget;
use thirtyfour::Key;
use widgets::patterns::{JOINS, PATTERNS, POWERS, State};
use widgets::show::grouped;

const PAGE: &str = "ch09-patterns.html";

#[test]
fn masks_are_composed_and_followed_through_layers() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, "patterns", "").await?;
        let said = widget.status().await?;
        ensure!(said.starts_with("Sliding window and causal over 12 tokens: 33 of 144"), "{said}");
        // By keyboard: one layer more makes the reach larger by the window.
        widget.focus("[name=layers]").await?;
        tab.press(Key::Right).await?;
        widget
            .until_status("a layer more", |said| said.ends_with("is reached by 9 of 12."))
            .await?;
        // By mouse: without the causal mask the window sees both ways.
        widget.click("[value=alone]").await?;
        widget
            .until_status("the window alone", |said| {
                said.starts_with("Sliding window over 12 tokens: 54 of 144 pairs, 37.5 %.")
            })
            .await?;
        widget.set("first", "longformer").await?;
        widget.set("layers", 2).await?;
        widget
            .until_status("all in two layers", |said| said.ends_with("is reached by 12 of 12."))
            .await?;
        tab.js("document.querySelectorAll('details.numbers').forEach(it => { it.open = true })")
            .await?;
        widget.click(&widget_cell(3, 4)).await?;
        tab.press(Key::Home).await?;
        let grid = widget.grid("key").await?;
        ensure!(grid.len() == 12 && grid[3][0].stop, "Home does not lead to the first column");
        ensure!(grid[3][0].name == "query 3, key 0: reached through 1 layer", "{:?}", grid[3][0]);
        let link = widget.permalink().await?;
        let again = Widget::open(tab, PAGE, "patterns", &link).await?;
        again
            .until_status("the link leads back", |said| said.starts_with("Longformer over 12"))
            .await
            .map(drop)
    })
}

fn widget_cell(row: usize, column: usize) -> String {
    format!("[data-keys='key'] td[data-row='{row}'][data-column='{column}']")
}

/// From the slider's event to the new layout, in ms, over the longest text and back.
const LONGER: &str = "
    const slider = () => widget.querySelector('[name=power], [data-event=power]');
    const times = [];
    for (let round = 0; round < 10; round++) {
        for (const value of [slider().min, slider().max]) {
            await new Promise(requestAnimationFrame);
            const answer = new Promise(resolve => {
                const watch = new MutationObserver(() => { watch.disconnect(); resolve(); });
                watch.observe(widget, { subtree: true, childList: true, attributes: true, characterData: true });
            });
            const start = performance.now();
            slider().value = value;
            slider().dispatchEvent(new Event('input', { bubbles: true }));
            await answer;
            widget.getBoundingClientRect();
            if (value === slider().max) times.push(performance.now() - start);
        }
    }
    times.sort((a, b) => a - b);
    return { median: times[5], longest: times.at(-1) };";

/// The page draws the same keys as this machine, over a million tokens. Its times are printed.
#[test]
fn a_million_tokens_are_counted_as_natively() -> Result<()> {
    let n = 1 << POWERS[1];
    browse(async |tab| {
        for (first, join, second) in [
            ("big-bird", "alone", "causal"),
            ("big-bird", "and", "random"),
            ("big-bird", "or", "longformer"),
            ("big-bird", "or", "strided"),
            ("strided", "and", "dilated"),
        ] {
            let address = format!("?patterns={first}.{join}.{second}.12.6.{}.3.0.0", POWERS[1]);
            let widget = Widget::open(tab, PAGE, "patterns", &address).await?;
            let count = grouped(composed(first, join, second).count(n));
            let expected = format!(". Over 1,048,576: {count} of 1,099,511,627,776 pairs, ");
            widget.until_status("the count", |said| said.contains(&expected)).await?;
            let times = widget.js_async(LONGER).await?;
            println!("{first} {join} {second}: {count} pairs, {times} ms");
        }
        Ok(())
    })
}

fn composed(first: &str, join: &str, second: &str) -> State {
    let place = |names: &[(&str, &str)], name| names.iter().position(|it| it.0 == name).unwrap();
    State {
        first: place(&PATTERNS, first),
        join: place(&JOINS, join),
        second: place(&PATTERNS, second),
        tokens: 12,
        window: 6,
        power: POWERS[1],
        layers: 3,
        cell: (0, 0),
    }
}
