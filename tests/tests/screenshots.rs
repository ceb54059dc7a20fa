//! Pictures of every page in `target/screenshots`, for people to look at.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use reader_tests::pdf::{Pdf, base64};
use reader_tests::{Tab, browse, site, widget};
use serde_json::json;

/// How tall a picture may be, in CSS pixels: the print page would never end.
const TALLEST: u64 = 8000;

fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Width and height in the header of a PNG file.
fn size(png: &[u8]) -> Result<(u32, u32)> {
    ensure!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "not a PNG file");
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    Ok((number(16).context("cut off")?, number(20).context("cut off")?))
}

/// What a picture shows of the page's own texts. A text that lies open to the eye, which is found by
/// asking the page what is at its middle, has paper and ink: at least two colours.
const SEEN: &str = "
    const picture = new Image();
    picture.src = `data:image/png;base64,${arguments[0]}`;
    await picture.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.width, picture.height];
    const drawing = canvas.getContext('2d', { willReadFrequently: true });
    drawing.drawImage(picture, 0, 0);
    const colours = ({ left, top, width, height }) => {
        const { data } = drawing.getImageData(Math.floor(left), Math.floor(top), Math.ceil(width), Math.ceil(height));
        return new Set(new Uint32Array(data.buffer)).size;
    };
    const open = element => {
        const box = element.getBoundingClientRect();
        const middle = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        return box.width > 0 && box.height > 0 && box.top >= 0 && box.bottom <= picture.height
            && (element === middle || element.contains(middle));
    };
    const texts = [...document.querySelectorAll('h1, main :is(h2, h3, p, li, th, td)')]
        .filter(text => /[\\p{L}\\p{N}]/u.test(text.textContent) && open(text));
    const blank = texts.filter(text => colours(text.getBoundingClientRect()) < 2);
    return { texts: texts.length, blank: blank.map(text => text.textContent.trim().slice(0, 60)) };";

/// Checks that a picture shows the texts of the page that is open.
async fn shows_the_page(tab: &Tab, png: &str) -> Result<()> {
    let seen = tab.js_async(SEEN, json!([png])).await?;
    // The page for an address that leads nowhere has a title and a sentence.
    ensure!(seen["texts"].as_u64() >= Some(2), "there is hardly a text: {seen}");
    ensure!(seen["blank"] == json!([]), "texts are not in the picture: {seen}");
    Ok(())
}

/// Takes the whole page, however tall, and checks that its texts are on it.
async fn picture(tab: &Tab, path: &str, width: u32, kind: &str) -> Result<()> {
    widget::wake_all(tab).await?;
    let height = "scrollTo(0, 0); return document.documentElement.scrollHeight";
    let height = tab.js(height).await?.as_u64().context("a height")?.clamp(600, TALLEST);
    tab.window(width, height.try_into()?).await?;
    let text = tab.driver.screenshot_as_png_base64().await?;
    let png = base64(&text)?;
    let (wide, tall) = size(&png)?;
    ensure!(wide == width && u64::from(tall) == height, "{path}, {kind}: {wide} x {tall}");
    shows_the_page(tab, &text).await.with_context(|| format!("{path}, {kind}"))?;
    let name = format!("{}-{kind}.png", path.trim_end_matches(".html").replace('/', "-"));
    std::fs::write(folder()?.join(name), png)?;
    Ok(())
}

#[test]
fn a_blank_picture_is_noticed() -> Result<()> {
    browse(async |tab| {
        tab.open("index.html").await?;
        shows_the_page(tab, &tab.driver.screenshot_as_png_base64().await?).await?;
        let blank = "const sheet = new CSSStyleSheet();
            sheet.replaceSync('main, main * { opacity: 0 !important }');
            document.adoptedStyleSheets.push(sheet)";
        tab.js(blank).await?;
        let seen = shows_the_page(tab, &tab.driver.screenshot_as_png_base64().await?).await;
        let told = seen.err().context("a blank page was not noticed")?.to_string();
        ensure!(told.contains("not in the picture"), "{told}");
        Ok(())
    })
}

#[test]
fn a_picture_of_every_page() -> Result<()> {
    browse(async |tab| {
        for path in site::pages()? {
            for (kind, width, theme) in
                [("desktop", 1280, "light"), ("phone", 390, "light"), ("dark", 1280, "navy")]
            {
                tab.window(width, 900).await?;
                tab.open_in_theme(&path, theme).await?;
                picture(tab, &path, width, kind).await?;
            }
        }
        println!("the pictures are in {}", folder()?.canonicalize()?.display());
        Ok(())
    })
}

#[test]
fn the_whole_book_on_paper() -> Result<()> {
    // Not by the driver, which waits for ten seconds at most.
    let out = folder()?.join("print.pdf");
    website::pdf::print(&website::browser::find()?.chromium, &site::book()?, &out)?;
    Pdf::new(&std::fs::read(&out)?)?.holds_the_book()
}
