//! Pictures of every page in `target/screenshots`, for people to look at.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use reader_tests::{Tab, browse, site, widget};

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

/// Takes the whole page, however tall, and checks that there is something on it.
async fn picture(tab: &Tab, path: &str, width: u32, kind: &str) -> Result<()> {
    widget::wake_all(tab).await?;
    let height = "scrollTo(0, 0); return document.documentElement.scrollHeight";
    let height = tab.js(height).await?.as_u64().context("a height")?.clamp(600, TALLEST);
    tab.window(width, height.try_into()?).await?;
    let png = tab.driver.screenshot_as_png().await?;
    let (wide, tall) = size(&png)?;
    ensure!(wide == width && u64::from(tall) == height, "{path}, {kind}: {wide} x {tall}");
    // A picture of one colour packs to a few hundred bytes a thousand rows.
    ensure!(png.len() > 10_000, "{path}, {kind}: only {} bytes, it is blank", png.len());
    let name = format!("{}-{kind}.png", path.trim_end_matches(".html").replace('/', "-"));
    std::fs::write(folder()?.join(name), png)?;
    Ok(())
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
    let bytes = std::fs::metadata(&out)?.len();
    ensure!(bytes > 20_000, "the book on paper has only {bytes} bytes");
    Ok(())
}
