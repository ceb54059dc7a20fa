//! Chapter 9's masks as a reader composes them.

use anyhow::{Result, ensure};
use reader_tests::browse;
use reader_tests::widget::Widget;
use thirtyfour::Key;

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
