//! The picture of the whole model: large in the introduction, small in each chapter.

use anyhow::{Result, ensure};
use reader_tests::widget::Widget;
use reader_tests::{browse, site};
use serde_json::json;
use thirtyfour::Key;

const PAGE: &str = "index.html";
const NAME: &str = "transformer";

/// The part that is named below the picture.
const NAMED: &str = ".part-name b";

#[test]
fn a_part_is_told_about_when_it_is_pointed_at_pressed_or_reached_by_keys() -> Result<()> {
    browse(async |tab| {
        for phone in [false, true] {
            if phone {
                tab.phone().await?;
            }
            let shown = if phone { ".for-narrow" } else { ".for-wide" };
            let widget = Widget::open(tab, PAGE, NAME, "").await?;
            ensure!(widget.text(NAMED).await? == "Three things to see");
            widget.click(&format!("{shown} [data-value=softmax]")).await?;
            widget.until_text("softmax is named", NAMED, |text| text == "Softmax").await?;
            widget.until_status("its sentence", |said| said.contains("sum to one")).await?;
            ensure!(widget.text(".part-name a").await?.starts_with("Chapter 4"));
            widget.focus(&format!("{shown} [tabindex='0']")).await?;
            tab.press(Key::Left).await?;
            widget.until_text("the mask is named", NAMED, |text| text == "Causal mask").await?;
            tab.press(Key::End).await?;
            widget.until_text("the end is named", NAMED, |text| text == "The next token").await?;
            widget.set("part", "keys").await?;
            widget.until_text("keys are named", NAMED, |text| text == "Keys").await?;
            ensure!(widget.permalink().await? == "?transformer=keys");
            let there = Widget::open(tab, PAGE, NAME, "?transformer=mix").await?;
            ensure!(there.text(NAMED).await? == "Mix");
        }
        Ok(())
    })
}

#[test]
fn what_the_pointer_leaves_is_told_about_no_more() -> Result<()> {
    browse(async |tab| {
        let widget = Widget::open(tab, PAGE, NAME, "?transformer=mask").await?;
        let over = "const part = widget.querySelector('.for-wide [data-value=queries]');
            part.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));";
        widget.js_async(over).await?;
        widget.until_text("queries are named", NAMED, |text| text == "Queries").await?;
        let lit = "return document.querySelectorAll('.for-wide .here[role=radio]').length";
        ensure!(tab.js(lit).await? == 1);
        widget.js_async("widget.dispatchEvent(new PointerEvent('pointerleave'))").await?;
        widget.until_text("the mask again", NAMED, |text| text == "Causal mask").await.map(drop)
    })
}

#[test]
fn picture_and_sentence_are_on_one_screen() -> Result<()> {
    browse(async |tab| {
        for (phone, tallest) in [(false, 610.0), (true, 763.0)] {
            if phone {
                tab.phone().await?;
            } else {
                tab.window(1280, 720).await?;
            }
            // The part that there is most to say about.
            let widget = Widget::open(tab, PAGE, NAME, "?transformer=outputs").await?;
            let height = widget
                .js_async(
                    "const box = (part) => widget.querySelector(part).getBoundingClientRect();
                    return box('[role=status]').bottom - box('.head').top",
                )
                .await?;
            let height = height.as_f64().unwrap_or(f64::MAX);
            println!("phone {phone}: {height} px");
            ensure!(height <= tallest, "phone {phone}: {height} px, more than {tallest}");
        }
        Ok(())
    })
}

#[test]
fn each_chapter_leads_from_its_small_picture_to_the_large_one() -> Result<()> {
    browse(async |tab| {
        let pages = site::pages()?.into_iter().filter(|page| page.starts_with("ch"));
        let mut chapters = 0;
        for page in pages {
            tab.open(&page).await?;
            let script = "const link = document.querySelector('h1 + .place a');
                const picture = [...link.querySelectorAll('svg')].find(it => it.checkVisibility());
                return { href: link.getAttribute('href'), label: picture.getAttribute('aria-label'),
                    height: picture.getBoundingClientRect().height }";
            let seen = tab.js(script).await?;
            let label = seen["label"].as_str().unwrap_or_default();
            ensure!(label.contains("this chapter’s part lit: "), "{page}: {seen}");
            ensure!(seen["height"].as_f64() < Some(180.0), "{page}: {seen}");
            ensure!(seen["href"] == "index.html#the-whole-model", "{page}: {seen}");
            chapters += 1;
        }
        ensure!(chapters == 10, "{chapters} chapters");
        tab.js_with("document.querySelector(arguments[0]).click()", json!([".place a"])).await?;
        let there = "return location.pathname.endsWith('index.html')
            && Boolean(document.querySelector(':target ~ .widget attention-widget[name=transformer]'))";
        tab.until("the large picture is there", there).await.map(drop)
    })
}
