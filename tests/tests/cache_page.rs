//! Chapter 10's widgets, worked as a reader works them: mouse and keyboard.

use anyhow::{Result, ensure};
use reader_tests::browse;
use reader_tests::widget::Widget;
use thirtyfour::Key;

const CHAPTER: &str = "ch10-kv-cache.html";

#[test]
fn the_calculator_answers_to_menus_sliders_and_what_is_typed() -> Result<()> {
    browse(async |tab| {
        let cache = Widget::open(tab, CHAPTER, "cache", "").await?;
        ensure!(cache.status().await?.contains("the cache takes 16.0 GiB = 17.2 GB"));
        let rows = cache.texts("tbody tr").await?;
        for (kind, size) in [("MHA", "64.0 GiB"), ("GQA", "16.0 GiB"), ("MQA", "2.0 GiB")] {
            ensure!(rows.iter().any(|row| row.starts_with(kind) && row.contains(size)), "{kind}");
        }

        cache.set("model", "mistral-7b-v0-1").await?;
        cache.until_status("the window", |said| said.contains("512.0 MiB")).await?;
        cache.click("input[name='cache-precision'][value='fp8']").await?;
        cache.until_status("half of it", |said| said.contains("256.0 MiB")).await?;

        // The arrow keys move the slider by a power of two.
        cache.focus("input[name='texts']").await?;
        tab.press(Key::Right).await?;
        cache.until_status("two texts", |said| said.contains("2 texts")).await?;

        // Half-typed numbers are told, and the last sound ones count.
        cache.set("layers", "many").await?;
        cache
            .until_text("the problem", ".wrong", |said| {
                said == "Not a whole number from 1 to 1000: 32 still counts."
            })
            .await?;
        cache.set("layers", "16").await?;
        let sixteen = |said: &str| said.starts_with("Your own") && said.contains("256.0 MiB");
        let said = cache.until_status("own numbers", sixteen).await?;

        let link = cache.permalink().await?;
        let again = Widget::open(tab, CHAPTER, "cache", &link).await?;
        again.until_status("the view behind the link", |opened| opened == said).await?;
        Ok(())
    })
}

#[test]
fn the_step_of_decoding_is_walked_and_played() -> Result<()> {
    browse(async |tab| {
        let decode = Widget::open(tab, CHAPTER, "decode", "").await?;
        ensure!(decode.status().await?.starts_with("The model reads “it”, token 8."));
        decode.click("[data-event='next']").await?;
        decode.until_status("the next token", |said| said.contains("“was”, token 9")).await?;
        decode.set("step", 0).await?;
        decode.until_status("the first token", |said| said.contains("Nothing is kept yet")).await?;
        // Played, it goes on by itself, and stops at the end.
        decode.click("[data-play='play']").await?;
        let later = |said: &str| (2..10).any(|at| said.contains(&format!("token {at}.")));
        decode.until_status("a later token", later).await?;
        decode.click("[data-play='play']").await?;
        let paused = decode.permalink().await?;
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        ensure!(paused == decode.permalink().await?, "it goes on after Pause: {paused}");
        Ok(())
    })
}

#[test]
fn the_sharing_follows_a_head_by_keyboard() -> Result<()> {
    browse(async |tab| {
        let sharing = Widget::open(tab, CHAPTER, "sharing", "").await?;
        ensure!(sharing.status().await?.starts_with("GQA. Query head 5 reads"));
        sharing.focus("input[name='head']").await?;
        tab.press(Key::Home).await?;
        sharing
            .until_status("head 0", |said| said.contains("Query head 0 reads key and value head 0"))
            .await?;
        sharing.set("share", "1").await?;
        sharing.until_status("one for all", |said| said.starts_with("MQA.")).await?;
        sharing.set("heads", 9).await?;
        sharing.set("share", "3").await?;
        let said =
            sharing.until_status("SmolLM2", |said| said.contains("query heads 0, 1, 2.")).await?;
        ensure!(said.contains("768 numbers"), "{said}");
        sharing.click("button[data-event='reset']").await?;
        sharing.until_status("the beginning", |said| said.contains("Query head 5")).await?;
        Ok(())
    })
}
