//! Pictures that people take along: each has a page of its own, and is handed out as SVG.

use anyhow::{Context, Result, ensure};
use reader_tests::{browse, site, widget};
use serde_json::json;

#[test]
fn each_picture_works_on_a_page_of_its_own() -> Result<()> {
    browse(async |tab| {
        let pages = site::pictures()?;
        ensure!(pages.iter().any(|page| page == "figures/spotlight.html"), "{pages:?}");
        for page in pages {
            tab.open(&page).await?;
            widget::wake_all(tab).await.with_context(|| page.clone())?;
            let found = tab
                .js("const source = document.querySelector('.source a');
                    const links = [...document.querySelectorAll('main a[href]')].map((link) => link.href);
                    const root = new URL(document.documentElement.dataset.root, location.href).href;
                    return { chapter: source?.href ?? '', bars: document.querySelectorAll('.bar, nav').length,
                        pictures: document.querySelectorAll('attention-widget').length,
                        narrow: document.querySelector('attention-widget').clientWidth < innerWidth * .6,
                        lost: links.filter((link) => !link.startsWith(root) || link.includes('figures/figures')) }")
                .await?;
            ensure!(found["bars"] == 0 && found["pictures"] == 1, "{page}: {found}");
            ensure!(found["narrow"] == false, "{page}: {found}");
            ensure!(found["lost"] == json!([]), "{page}: {found}");
            let chapter = found["chapter"].as_str().unwrap_or_default();
            ensure!(chapter.contains("/ch") || chapter.contains("/index"), "{page}: {found}");
        }
        Ok(())
    })
}

/// What the button hands out, read as an image: its title, its source, its size, its colours.
const HANDED_OUT: &str = "
    const blobs = [];
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => { blobs.push(blob); return make.call(URL, blob); };
    const click = HTMLAnchorElement.prototype.click;
    const names = [];
    HTMLAnchorElement.prototype.click = function () { names.push(this.download); };
    document.querySelector('[data-save]').click();
    URL.createObjectURL = make;
    HTMLAnchorElement.prototype.click = click;
    const text = await blobs[0].text();
    const tree = new DOMParser().parseFromString(text, 'image/svg+xml');
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: 830, height: 400 });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, 830, 400);
    const colours = new Set(new Uint32Array(context.getImageData(0, 0, 830, 400).data.buffer)).size;
    return { name: names[0], type: blobs[0].type, colours,
        broken: tree.querySelector('parsererror')?.textContent ?? null,
        title: tree.querySelector('title')?.textContent, source: tree.querySelector('desc')?.textContent };";

#[test]
fn a_picture_is_handed_out_with_its_title_its_source_and_its_licence() -> Result<()> {
    browse(async |tab| {
        for page in site::pictures()? {
            tab.open(&page).await?;
            widget::wake_all(tab).await?;
            if tab.js("return !document.querySelector('.drawing svg')").await? == true {
                continue; // its picture waits for something
            }
            let handed = tab.js_async(HANDED_OUT, json!([])).await.with_context(|| page.clone())?;
            let text = |field: &str| handed[field].as_str().unwrap_or_default().to_owned();
            ensure!(handed["broken"].is_null(), "{page}: {handed}");
            ensure!(
                text("name").ends_with(".svg") && text("type") == "image/svg+xml",
                "{page}: {handed}"
            );
            ensure!(text("title").ends_with('?'), "{page}: {handed}");
            let source = text("source");
            ensure!(
                source.contains("?") && source.contains("MIT or Apache-2.0"),
                "{page}: {handed}"
            );
            ensure!(handed["colours"].as_u64() > Some(20), "{page} is nearly blank: {handed}");
        }
        Ok(())
    })
}
