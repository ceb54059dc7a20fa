//! Chapter 8's widget, worked as a reader works it: mouse and keyboard.

use anyhow::{Result, ensure};
use reader_tests::browse;
use reader_tests::widget::Widget;
use thirtyfour::Key;

const CHAPTER: &str = "ch08-flash-attention.html";

#[test]
fn buttons_and_sliders_walk_through_the_tiles() -> Result<()> {
    browse(async |tab| {
        let flash = Widget::open(tab, CHAPTER, "flash", "?flash=noun_16_4_4_causal_0").await?;
        ensure!(
            flash.status().await?.starts_with("Tile 1 of 16: queries 0 to 3 meet keys 0 to 3.")
        );
        flash.click("[data-event='next']").await?;
        flash
            .until_status("the skipped tile", |said| said.starts_with("Tile 2 of 16 is skipped"))
            .await?;
        // Played, it goes on by itself, and stops where the reader takes over.
        flash.click("[data-play='play']").await?;
        flash.until_status("a later tile", |said| said.starts_with("Tile 4 of 16")).await?;
        flash.set("step", 15).await?;
        flash.until_status("the last tile", |said| said.starts_with("Tile 16 of 16")).await?;
        let map = flash.grid("tile-key").await?;
        ensure!(map.len() == 4 && map[3][3].text == "●" && map[0][1].text == "×", "{map:?}");
        ensure!(flash.text(".verdict").await?.starts_with("In the end"));

        // All tokens, no mask: small tiles move more than standard attention, large ones less.
        flash.set("seq", 64).await?;
        flash.click("[name='causal']").await?;
        flash.until_status("all tiles", |said| said.starts_with("Tile 1 of 256:")).await?;
        let moved = async || -> Result<f64> {
            let row = flash.texts("tbody tr").await?;
            let row = row.iter().find(|row| row.starts_with("Flash, in the end"));
            let amounts = row.and_then(|row| row.split(" kB").nth(2)).unwrap_or_default();
            Ok(amounts.trim().parse().unwrap_or_default())
        };
        let small = moved().await?;
        flash.set("block-q", 5).await?;
        flash.set("block-k", 5).await?;
        flash.until_status("four tiles", |said| said.starts_with("Tile 1 of 4:")).await?;
        let large = moved().await?;
        ensure!(small > 500.0 && large > 90.0 && large < 131.0, "{small} and {large}");
        let link = flash.permalink().await?;
        ensure!(link == "?flash=noun_64_32_32_full_0", "{link}");
        Ok(())
    })
}

#[test]
fn the_keyboard_walks_the_map_and_other_numbers_arrive() -> Result<()> {
    browse(async |tab| {
        let flash = Widget::open(tab, CHAPTER, "flash", "?flash=toy.4.2.2.full.0").await?;
        ensure!(flash.status().await?.starts_with("Tile 1 of 4"));
        flash.click(".numbers > summary").await?;
        flash.focus("[data-keys='tile-key'] td[tabindex='0']").await?;
        for (key, said) in
            [(Key::Right, "Tile 2 of 4"), (Key::Down, "Tile 4 of 4"), (Key::Home, "Tile 3 of 4")]
        {
            tab.press(key).await?;
            flash.until_status(said, |status| status.starts_with(said)).await?;
        }
        flash.set("numbers", "sink").await?;
        let said = flash
            .until_status("the head that looks at the first token", |said| said.contains("of 16"))
            .await?;
        ensure!(said.starts_with("Tile 1 of 16"), "{said}");
        flash.set("step", 13).await?;
        flash.until_status("a sink", |said| said.contains("No maximum rises")).await?;
        Ok(())
    })
}
