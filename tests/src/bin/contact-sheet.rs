//! Puts every picture of the built book on one sheet, in every look, for people to compare: in the
//! light, in the dark, on a phone, and on paper. `cargo run --release --bin contact-sheet` writes
//! `target/screenshots/sheet/index.html`, from the book that `cargo xtask build` made.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use reader_tests::pictures::{PICTURES, questions};
use reader_tests::{Tab, browse, site, widget};
use thirtyfour::By;

/// The height of the window, in pixels: a picture and its sentence fit.
const HEIGHT: u32 = 2400;

/// How a picture is looked at: a name, the width of the window, the theme, and the medium.
const LOOKS: [(&str, u32, &str, &str); 4] = [
    ("light", 1280, "light", ""),
    ("dark", 1280, "navy", ""),
    ("phone", 390, "light", ""),
    ("print", 1000, "light", "print"),
];

/// Takes the bar away that stays at the top: it would lie over what is taken.
const WITHOUT_BAR: &str = "document.querySelector('header.bar')?.remove()";

/// Takes each picture of the open page, and returns the questions and the files.
async fn take(tab: &Tab, page: &str, look: &str, folder: &Path) -> Result<Vec<[String; 2]>> {
    tab.js(WITHOUT_BAR).await?;
    let mut taken = Vec::new();
    for (place, picture) in tab.driver.find_all(By::Css(PICTURES)).await?.iter().enumerate() {
        let question = picture.find(By::Css(".question")).await?.text().await?;
        let name = format!("{}-{place}-{look}.png", page.trim_end_matches(".html"));
        let shot = picture.screenshot_as_png().await;
        fs::write(
            folder.join(&name),
            shot.with_context(|| format!("{page}, {look}: {question}"))?,
        )?;
        taken.push([question, name]);
    }
    Ok(taken)
}

fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots/sheet");
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

fn main() -> Result<()> {
    let folder = folder()?;
    let mut rows: BTreeMap<(String, usize), (String, Vec<String>)> = BTreeMap::new();
    browse(async |tab| {
        for page in site::pages()?.into_iter().filter(|page| page != "print.html") {
            if questions(&page)?.is_empty() {
                continue;
            }
            for (look, width, theme, medium) in LOOKS {
                tab.media(medium, &[("prefers-reduced-motion", "reduce")]).await?;
                tab.window(width, HEIGHT).await?;
                tab.open_in_theme(&page, theme).await?;
                widget::wake_all(tab).await?;
                for (place, [question, file]) in
                    take(tab, &page, look, &folder).await?.into_iter().enumerate()
                {
                    let row = rows.entry((page.clone(), place)).or_default();
                    row.0 = question;
                    row.1.push(file);
                }
            }
        }
        Ok(())
    })?;
    let mut sheet = "<!DOCTYPE html><meta charset=utf-8><title>Every picture</title>\
        <style>body{font:1rem sans-serif}img{width:24%;vertical-align:top}</style>\n"
        .to_owned();
    for ((page, _), (question, files)) in &rows {
        ensure!(files.len() == LOOKS.len(), "{page}: {question}: only {files:?}");
        let images: String = files.iter().map(|file| format!("<img src={file} alt=''>")).collect();
        writeln!(sheet, "<h2>{page}: {question}</h2><p>{images}</p>")?;
    }
    ensure!(rows.len() > 10, "there are only {} pictures", rows.len());
    let path = folder.join("index.html");
    fs::write(&path, sheet)?;
    println!("{} pictures: {}", rows.len(), path.display());
    Ok(())
}
