//! Chapter 2's widget, worked as a reader works it: mouse, keyboard, typing, and the real head.

use anyhow::{Result, ensure};
use reader_tests::browse;
use reader_tests::widget::Widget;
use serde_json::json;
use thirtyfour::Key;

const PAGE: &str = "ch02-query-key-value.html";
const NAME: &str = "stepper";

#[test]
fn the_mouse_walks_from_x_to_the_output() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, NAME, "").await?;
        ensure!(widget.status().await? == "Four words go in, three numbers each.");
        let mut titles = Vec::new();
        for _ in 1..10 {
            let before = widget.text(".title").await?;
            widget.click("[data-event=next]").await?;
            titles.push(widget.until_text("a step on", ".title", |now| now != before).await?);
        }
        let starts = [
            "Q = X WQ",
            "K =",
            "V =",
            "scores =",
            "scaled =",
            "masked",
            "weights =",
            "output =",
            "output WO",
        ];
        for (title, start) in titles.iter().zip(starts) {
            ensure!(title.starts_with(start), "`{title}` should be `{start}`");
        }
        widget.set("step", 4).await?;
        widget.until_text("the scores", ".title", |title| title.starts_with("scores")).await?;
        widget.click("td[data-row='1'][data-column='3']").await?;
        let sum = "cat asks, down answers: −0.200 × 1.600 + (−0.800) × 1.000 = −1.120.";
        widget.until_status("the sum of products", |status| status == sum).await?;
        Ok(())
    })
}

#[test]
fn the_keyboard_walks_the_grid() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, NAME, "?stepper=toy_weights_open_0_0").await?;
        widget.focus("td[tabindex='0']").await?;
        for key in [Key::Down, Key::End] {
            tab.press(key).await?;
        }
        widget
            .until_status("cat's share for down", |status| {
                status.starts_with("cat asks, down answers") && status.ends_with("share is 0.338.")
            })
            .await?;
        let at = tab.js("return document.activeElement.getAttribute('aria-label')").await?;
        ensure!(at == "cat asks, down answers: 0.338", "the focus is on {at}");
        // The mask, by the space bar: the first row has nobody else to look at.
        widget.focus("input[name=causal]").await?;
        tab.press(" ").await?;
        widget
            .until_text("the first row is one", "td[data-row='0'][data-column='0']", |text| {
                text == "1.000"
            })
            .await?;
        ensure!(widget.permalink().await? == "?stepper=toy_weights_causal_1_3");
        Ok(())
    })
}

#[test]
fn typing_changes_what_follows_and_nonsense_is_told() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, NAME, "?stepper=toy_Q_open_1_0").await?;
        let first = "td[data-row='1'][data-column='0']";
        let field = widget.inside("input[name='W_Q-0-0']");
        let retype = async |text: &str| -> Result<()> {
            tab.js_with("document.querySelector(arguments[0]).select()", json!([field])).await?;
            tab.press(text).await
        };
        widget.focus("input[name='W_Q-0-0']").await?;
        retype("4").await?;
        // 0.2 × 4 + 0.8 × 0 + 0.6 × (−1)
        widget.until_text("the number follows", first, |text| text == "0.200").await?;
        retype("x").await?;
        let told = "W_Q, row 1, column 1: “x” is not a number from −10 to 10. 4.00 stays.";
        widget.until_status("it says what is wrong", |status| status == told).await?;
        let state = tab
            .js_with(
                "const field = document.querySelector(arguments[0]);
                 return [field.value, field.getAttribute('aria-invalid'), field.labels[0].textContent,
                     document.activeElement === field]",
                json!([field]),
            )
            .await?;
        ensure!(state[0] == "x" && state[1] == "true" && state[3] == true, "{state}");
        let text = state[2].as_str().unwrap_or_default();
        ensure!(
            text.starts_with("W_Q, row 1, column 1") && text.ends_with("no: 4.00 stays"),
            "{state}"
        );
        ensure!(widget.text(first).await? == "0.200", "the last good number counts");
        Ok(())
    })
}

#[test]
fn the_real_head_takes_the_toys_place() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, NAME, "").await?;
        widget.set("step", 4).await?;
        widget.click("input[name=real]").await?;
        let it_cat = "td[data-row='7'][data-column='1']";
        widget.until_text("the score of it for cat", it_cat, |text| text == "50.1").await?;
        widget.click(it_cat).await?;
        widget
            .until_status("64 products", |status| {
                status.starts_with("it asks, cat answers: the 64 products sum to 50.1.")
            })
            .await?;
        ensure!(widget.texts("table.weights tbody tr").await?.len() == 8, "six, the rest, the sum");
        widget.set("step", 7).await?;
        widget.until_text("the weight of chapter 1", it_cat, |text| text == ".80").await?;
        ensure!(tab.console().await?.is_empty(), "{:?}", tab.console().await?);
        Ok(())
    })
}

#[test]
fn the_points_of_the_plane_are_moved_by_keys_and_mouse() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, "plane", "").await?;
        ensure!(widget.status().await?.starts_with("The query of The meets the key of The"));
        widget.click("[name=plane-ask][value='1']").await?;
        widget.until_status("cat asks", |said| said.starts_with("The query of cat")).await?;
        let reach = "td:nth-child(4)";
        let before = widget.texts(reach).await?;
        widget.focus(".for-wide [data-value=k2]").await?;
        tab.press(Key::Down).await?;
        widget.until_status("sat is followed", |said| said.contains("the key of sat")).await?;
        let after = widget.texts(reach).await?;
        ensure!(before[2] != after[2] && before[0] == after[0], "{before:?}, then {after:?}");
        // Pressed in its middle, a key is dragged to where the pointer is: it is followed.
        widget.click(".for-wide [data-value=k0]").await?;
        widget.until_status("The is followed", |said| said.contains("the key of The")).await?;
        let link = widget.permalink().await?;
        let shown = widget.texts("tbody td").await?;
        let again = Widget::open(tab, PAGE, "plane", &link).await?;
        ensure!(again.texts("tbody td").await? == shown, "{link} leads elsewhere");
        Ok(())
    })
}
