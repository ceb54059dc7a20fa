//! Chapter 5's widgets, worked as a reader works them: mouse and keyboard.

use anyhow::{Result, ensure};
use reader_tests::browse;
use reader_tests::widget::{Cell, Widget};
use thirtyfour::Key;

const CHAPTER: &str = "ch05-multi-head.html";

fn stops(grid: &[Vec<Cell>]) -> Vec<(usize, usize)> {
    let places = grid.iter().enumerate().flat_map(|(row, cells)| {
        cells.iter().enumerate().filter(|(_, cell)| cell.stop).map(move |(column, _)| (row, column))
    });
    places.collect()
}

#[test]
fn a_tap_opens_a_head_and_a_menu_turns_the_picture_around() -> Result<()> {
    browse(async |tab| {
        let heads = Widget::open(tab, CHAPTER, "heads", "").await?;
        let overview = heads.grid("head-key").await?;
        ensure!(overview.len() == 30 && overview.iter().all(|row| row.len() == 9));
        ensure!(overview[16][0].name == "layer 16, head 0: .80", "{:?}", overview[16][0]);
        ensure!(heads.status().await?.contains(".80, rank 1 of 270"));

        heads.click("[data-keys='head-key'] td[data-row='13'][data-column='8']").await?;
        heads
            .until_status("head 13.8 is opened", |said| said.starts_with("Layer 13, head 8:"))
            .await?;
        let map = heads.grid("pair-key").await?;
        ensure!(map[7][1].name == "it looks at cat: .80", "{:?}", map[7][1]);

        heads.set("show", "first").await?;
        heads.until_status("the first token", |said| said.contains("on the first token")).await?;
        let sinks = heads.grid("head-key").await?;
        ensure!(sinks[18][8].text == "1.00" && stops(&sinks) == [(13, 8)], "{:?}", stops(&sinks));

        heads.set("show", "pair").await?;
        heads.click("[data-keys='pair-key'] td[data-row='7'][data-column='1']").await?;
        heads.until_status("it to cat", |said| said.contains("“it” on “cat” is .80")).await?;
        let pairs = heads.grid("head-key").await?;
        ensure!(pairs[13][8].text == ".80" && pairs[3][8].text == ".49", "{:?}", pairs[3][8]);
        Ok(())
    })
}

#[test]
fn the_keyboard_walks_the_heads_and_another_sentence_arrives() -> Result<()> {
    browse(async |tab| {
        let heads = Widget::open(tab, CHAPTER, "heads", "").await?;
        heads.focus("[data-keys='head-key'] td[tabindex='0']").await?;
        for (key, said) in [
            (Key::Right, "Layer 16, head 1:"),
            (Key::Down, "Layer 17, head 1:"),
            (Key::End, "Layer 17, head 8:"),
            (Key::Home, "Layer 17, head 0:"),
        ] {
            tab.press(key).await?;
            heads.until_status(said, |status| status.starts_with(said)).await?;
        }
        ensure!(stops(&heads.grid("head-key").await?) == [(17, 0)]);

        let induction =
            Widget::open(tab, CHAPTER, "heads", "?heads=repeat.prefix.18.6.8.4").await?;
        let said = induction
            .until_status("the words that are repeated", |said| said.contains("rank 3 of 270"))
            .await?;
        ensure!(said.starts_with("Layer 18, head 6:") && said.contains(".73"), "{said}");
        Ok(())
    })
}

#[test]
fn the_assembly_follows_a_head_of_gpt_3() -> Result<()> {
    browse(async |tab| {
        let assemble = Widget::open(tab, CHAPTER, "assemble", "").await?;
        ensure!(assemble.status().await?.starts_with("No: head 8 reads all 576 numbers."));
        // A press in the picture follows a head, and so does its button.
        assemble.click(".for-wide .hit[data-value='2']").await?;
        let said = "It shares keys and values with heads 0 and 1";
        assemble.until_status("head 2 is followed", |now| now.contains(said)).await?;
        assemble.focus("input[type=radio]:checked").await?;
        tab.press(Key::Right).await?;
        assemble.until_status("head 3 is followed", |said| said.starts_with("No: head 3")).await?;
        assemble.set("model", "gpt-3-175b").await?;
        assemble.until_status("the sizes of GPT-3", |said| said.contains("12288")).await?;
        assemble.set("head", 95).await?;
        let said = assemble.until_status("its last head", |said| said.contains("Head 95")).await?;
        ensure!(said.contains("places 12160 to 12287"), "{said}");
        let rows = assemble.texts("tbody tr").await?;
        ensure!(
            rows.iter().any(|row| row.contains("12288 × 12288") && row.contains("150,994,944"))
        );
        Ok(())
    })
}
