//! Chapter 3's widget, worked as a reader works it.

use anyhow::{Result, ensure};
use reader_tests::widget::Widget;
use reader_tests::{Tab, browse};
use thirtyfour::Key;

const PAGE: &str = "ch03-score-matrix.html";

async fn open<'a>(tab: &'a Tab, query: &str) -> Result<Widget<'a>> {
    Widget::open(tab, PAGE, "score-matrix", query).await
}

/// The shares of *sat*, with the sum of the row.
async fn row_of_sat(widget: &Widget<'_>) -> Result<Vec<String>> {
    Ok(widget.grid("key").await?[2].iter().map(|cell| cell.text.clone()).collect())
}

#[test]
fn the_mouse_goes_from_shares_to_scores_and_puts_the_mask_on() -> Result<()> {
    browse(async |tab| {
        let widget = open(tab, "").await?;
        let row = row_of_sat(&widget).await?;
        ensure!(row == [".25", ".30", ".17", ".28", "1.00"], "{row:?}");
        widget.click("input[value=raw]").await?;
        let is_raw = |status: &str| status.contains("highest raw score is +0.65, for “cat”");
        widget.until_status("the raw scores are shown", is_raw).await?;
        ensure!(row_of_sat(&widget).await? == ["+0.4", "+0.6", "−0.1", "+0.6"]);
        widget.click("input[value=shares]").await?;
        widget.click("input[name=mask]").await?;
        let masked = |status: &str| status.contains("“sat” gives most to “cat”, .41");
        widget.until_status("the mask is on", masked).await?;
        ensure!(row_of_sat(&widget).await? == [".35", ".41", ".24", "", "1.00"]);
        Ok(())
    })
}

#[test]
fn the_keyboard_raises_a_score_and_no_other_row_moves() -> Result<()> {
    browse(async |tab| {
        let widget = open(tab, "").await?;
        let before = widget.grid("key").await?;
        widget.focus("input[name=nudge]").await?;
        for _ in 0..4 {
            tab.press(Key::Right).await?;
        }
        let raised = |status: &str| status.contains("With +2.0 for “cat”");
        widget.until_status("the score is raised", raised).await?;
        let now = widget.grid("key").await?;
        ensure!(now[2] != before[2], "the row of sat stays: {now:?}");
        for row in [0, 1, 3] {
            ensure!(now[row] == before[row], "row {row} moves");
        }
        widget.focus("[data-event=reset]").await?;
        tab.press(Key::Enter).await?;
        let back = |status: &str| status.contains("gives most to “cat”, .30");
        widget.until_status("reset", back).await?;
        ensure!(widget.grid("key").await? == before);
        Ok(())
    })
}

#[test]
fn the_picture_is_walked_by_keys_and_the_words_are_shuffled() -> Result<()> {
    browse(async |tab| {
        let widget = open(tab, "").await?;
        let before = widget.grid("key").await?;
        widget.focus(".for-wide svg [role=gridcell][tabindex='0']").await?;
        tab.press(Key::Up).await?;
        let moved = |status: &str| status.starts_with("“cat” gives most to “down”");
        widget.until_status("the row above is chosen", moved).await?;
        widget.click("[data-event=shuffle]").await?;
        let shuffled = |status: &str| status.contains("The words are shuffled");
        widget.until_status("the words are shuffled", shuffled).await?;
        ensure!(widget.grid("key").await? != before, "nothing has moved");
        widget.click("[data-event=in-order]").await?;
        let back = |status: &str| !status.contains("shuffled");
        widget.until_status("the words are in order", back).await?;
        Ok(())
    })
}
