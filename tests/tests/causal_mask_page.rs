//! Chapter 6's widget, worked as a reader works it.

use anyhow::{Result, ensure};
use reader_tests::widget::Widget;
use reader_tests::{Tab, browse};
use thirtyfour::Key;

const PAGE: &str = "ch06-causal-masking.html";

async fn open<'a>(tab: &'a Tab, query: &str) -> Result<Widget<'a>> {
    Widget::open(tab, PAGE, "causal-mask", query).await
}

async fn first_row(widget: &Widget<'_>) -> Result<Vec<String>> {
    Ok(widget.grid("key").await?[0].iter().map(|cell| cell.text.clone()).collect())
}

#[test]
fn the_mouse_takes_the_mask_off_and_on() -> Result<()> {
    browse(async |tab| {
        let widget = open(tab, "").await?;
        let row = first_row(&widget).await?;
        ensure!(row == ["1.00", "", "", "", ""], "{row:?}");
        let moved = widget.texts("table.rows td:last-child").await?;
        ensure!(moved == [".86", ".64", ".43", ".13", ".00"], "{moved:?}");
        widget.click("input[value=open]").await?;
        let bare = |status: &str| status.contains("“I” gives .86 of its attention to later");
        widget.until_status("the mask is off", bare).await?;
        let row = first_row(&widget).await?;
        ensure!(row == [".14", ".21", ".23", ".29", ".13"], "{row:?}");
        Ok(())
    })
}

#[test]
fn the_keyboard_reads_one_token_after_the_other() -> Result<()> {
    browse(async |tab| {
        let widget = open(tab, "").await?;
        widget.focus("input[value=masked]").await?;
        tab.press(Key::Right).await?;
        let begun = |status: &str| status.starts_with("1 of 5 tokens read one by one");
        widget.until_status("reading begins", begun).await?;
        widget.focus("[data-event=next]").await?;
        for _ in 0..4 {
            tab.press(Key::Enter).await?;
        }
        let done = |status: &str| status.starts_with("5 of 5") && status.contains("one pass:");
        widget.until_status("all is read", done).await?;
        let last: Vec<String> =
            widget.grid("key").await?[4].iter().map(|cell| cell.text.clone()).collect();
        ensure!(last == [".22", ".21", ".20", ".23", ".15"], "{last:?}");
        Ok(())
    })
}
