//! Chapter 7's widget in the page: the trained model translates, by mouse and by keyboard.

use anyhow::{Result, ensure};
use reader_tests::browse;
use reader_tests::widget::Widget;
use thirtyfour::Key;

const PAGE: &str = "ch07-cross-attention.html";
const NAME: &str = "translation";

/// An English word of the picture.
fn word(place: usize) -> String {
    format!(".for-wide [role=radio][data-value='{place}']")
}

/// Opens the tables behind the picture.
const OPEN_NUMBERS: &str =
    "document.querySelectorAll('details.numbers').forEach(numbers => { numbers.open = true })";

#[test]
fn a_click_on_an_english_word_shows_its_french() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, NAME, "").await?;
        let said = widget.status().await?;
        ensure!(said.contains("to write “cat”, the decoder looks most at “chat”, .9"), "{said}");
        widget.click(&word(1)).await?;
        let black = "to write “black”, the decoder looks most at “noir”";
        widget.until_status(black, |said| said.contains(black)).await?;

        widget.set("head", 0).await?;
        let head = "layer 1, head 0: to write “black”";
        widget.until_status(head, |said| said.starts_with(head)).await?;
        tab.js(OPEN_NUMBERS).await?;
        tab.click(&widget.cell("key", 2, 1)).await?;
        let cat = "to write “cat”, the decoder looks most at “chat”, .99";
        widget.until_status(cat, |said| said.contains(cat)).await?;
        let grid = widget.grid("key").await?;
        ensure!((grid.len(), grid[0].len()) == (8, 6), "{} x {}", grid.len(), grid[0].len());
        ensure!(grid[2][1].stop && grid[2][1].name == "cat looks at chat: .99", "{:?}", grid[2]);

        let link = widget.permalink().await?;
        let shared = Widget::open(tab, PAGE, NAME, &link).await?;
        let right = |said: &str| said.contains(cat) && said.starts_with("layer 1, head 0");
        shared.until_status(&format!("{link} leads back"), right).await.map(drop)
    })
}

#[test]
fn a_typed_sentence_is_translated_or_the_field_says_why_not() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, NAME, "").await?;
        widget.set("text", "le cheval dort").await?;
        let told = "Word 2, “cheval”, is not known. Here the grammar knows: ";
        widget.until_text(told, "label > .problem", |text| text.starts_with(told)).await?;
        let verdict = widget.text(".verdict").await?;
        ensure!(verdict.contains("the black cat waits for the dog"), "{verdict}");

        widget.set("text", "l’oiseau n'ecoute jamais la femme fatiguee").await?;
        let english = "the bird never listens to the tired woman";
        widget.until_text(english, ".verdict", |text| text.contains(english)).await?;
        ensure!(widget.texts("label > .problem").await?.is_empty());
        ensure!(widget.grid("key").await?.len() == 9);

        widget.click("[data-event=reset]").await?;
        let reset = "to write “cat”";
        widget.until_status(reset, |said| said.contains(reset)).await?;
        Ok(())
    })
}

#[test]
fn arrows_walk_words_and_map() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, NAME, "").await?;
        tab.js(OPEN_NUMBERS).await?;
        widget.focus(".for-wide [role=radio][tabindex='0']").await?;
        tab.press(Key::Right).await?;
        let waits = "to write “waits”, the decoder looks most at “attend”";
        widget.until_status(waits, |said| said.contains(waits)).await?;
        widget.focus("td[tabindex='0']").await?;
        tab.press(Key::Up).await?;
        tab.press(Key::Up).await?;
        let black = "to write “black”";
        widget.until_status(black, |said| said.contains(black)).await?;
        tab.press(Key::End).await?;
        let grid = widget.grid("key").await?;
        ensure!(grid[1][5].stop, "End leads to the last French word: {:?}", grid[1]);
        let page = tab.js("return location.pathname").await?;
        ensure!(page.as_str().is_some_and(|path| path.ends_with(PAGE)), "the page turned: {page}");
        Ok(())
    })
}
