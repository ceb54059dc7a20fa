//! Chapter 4's two knobs as a reader turns them.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use reader_tests::browse;
use reader_tests::widget::Widget;
use thirtyfour::Key;

const PAGE: &str = "ch04-softmax-temperature.html";

/// What a listing of the chapter printed when it was recorded, line by line, word by word.
fn recorded(run: &str) -> Result<Vec<Vec<String>>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../listings/output").join(run);
    let text = std::fs::read_to_string(file).with_context(|| run.to_owned())?;
    Ok(text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect())
}

#[test]
fn the_temperature_is_turned_by_the_keyboard() -> Result<()> {
    let printed = recorded("ch04-temperature/range.txt")?;
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, "temperature", "").await?;
        widget.focus("[name=temperature]").await?;
        for (key, temperature) in [(Key::Home, "0.10"), (Key::End, "5.00")] {
            tab.press(key).await?;
            let start = format!("Temperature {temperature}: “a” has ");
            widget.until_status("the slider moves", |said| said.starts_with(&start)).await?;
            let line = printed.iter().find(|line| line[0] == temperature).context("no line")?;
            for (row, share) in (1..=6).zip(&line[1..]) {
                let cell = format!(".bars tbody tr:nth-child({row}) td:nth-child(4)");
                let shown = widget.text(&cell).await?;
                ensure!(shown == *share, "at {temperature}, token {row}: {shown}, not {share}");
            }
        }
        let link = widget.permalink().await?;
        let again = Widget::open(tab, PAGE, "temperature", &link).await?;
        let back = format!("{link} leads back");
        again.until_status(&back, |said| said.starts_with("Temperature 5.00")).await?;
        Ok(())
    })
}

#[test]
fn a_logit_is_typed_and_a_wrong_one_told() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, "temperature", "").await?;
        widget.click(".numbers summary").await?;
        widget.click("[name=logit-0]").await?;
        let select = "document.activeElement.select()";
        tab.js(select).await?;
        tab.press("many").await?;
        widget.until_text("it is told", ".wrong", |text| text.contains("3.2 still counts")).await?;
        ensure!(widget.status().await?.contains("“a” has .53"), "{}", widget.status().await?);
        tab.js(select).await?;
        tab.press("-2").await?;
        // Now “the” is the first.
        widget.until_status("the logit counts", |said| said.contains("“the” has")).await?;
        ensure!(widget.texts(".wrong").await?.is_empty(), "the message stays");
        Ok(())
    })
}

#[test]
fn the_models_tokens_are_filtered_as_the_listing_does() -> Result<()> {
    let printed = recorded("ch04-sampling/sure.txt")?;
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, "temperature", "").await?;
        widget.set("source", "capital").await?;
        widget.until_status("the logits arrive", |said| said.contains("“Paris” has .77")).await?;
        widget.set("top-p", 80).await?;
        let said = |said: &str| said.contains("keep 2 of 49,152 tokens, and “Paris” then has .92");
        widget.until_status("the filter works", said).await?;
        for (row, line) in (1..=2).zip(&printed[2..4]) {
            let cell =
                |column: usize| format!(".bars tbody tr:nth-child({row}) :nth-child({column})");
            let token = widget.text(&cell(1)).await?;
            let kept = widget.text(&cell(5)).await?;
            // The last column has both filters, and the one before it top-p alone.
            let top_p = &line[line.len() - 2];
            ensure!(line[0] == token && *top_p == kept, "{line:?} is not {token} {kept}");
        }
        Ok(())
    })
}

#[test]
fn the_lines_of_both_pictures_are_dragged() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, "temperature", "").await?;
        // Pressed in the middle of the plot: half way along the slider.
        widget.click(".at-all .for-wide [data-drag=turn]").await?;
        widget
            .until_status("the line is turned", |said| said.starts_with("Temperature 0.71"))
            .await?;
        // And in the middle of the line of top-k, which is off: it stays there.
        widget.click(".below .for-wide [data-value=k]").await?;
        ensure!(widget.text("[name=top-k] + output").await? == "all");
        widget.set("top-p", 50).await?;
        widget.until_status("top-p cuts", |said| said.contains("The filters keep 1 of 6")).await?;
        let cut = widget.texts(".below .for-wide .dashed:not(.gone)").await?.len();
        ensure!(cut == 5, "{cut} bars are dashed");
        Ok(())
    })
}

#[test]
fn the_scale_is_turned_by_mouse_and_keyboard() -> Result<()> {
    let printed = recorded("ch04-scale/dimensions.txt")?;
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, "scale", "").await?;
        widget.click("[name=power]").await?;
        tab.press(Key::End).await?;
        let said = widget
            .until_status("the dimension grows", |said| said.starts_with("Dimension 512: "))
            .await?;
        ensure!(said.contains("without the scale the largest weight is"), "{said}");
        let shown = widget.text("tr.here").await?;
        let line = printed.iter().find(|line| line[0] == "512").context("no line")?;
        ensure!(shown == line.join(" ") || shown == line.concat(), "{shown} is not {line:?}");
        Ok(())
    })
}
