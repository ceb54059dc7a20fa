//! The pictures of each chapter: how many, and which question each answers; and all of them on one
//! sheet, in every look, for people to compare.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use reader_tests::pdf::base64;
use reader_tests::{Tab, browse, site, widget};
use scraper::{Html, Selector};
use serde_json::{Value, json};

/// The pictures of a page, but for the small one at its top that says where in the model it is.
const PICTURES: &str = ".drawn.view:not(.place)";

/// How many pictures a chapter has at least.
const FEWEST: usize = 3;

/// What a picture of a picture shows on either side of it, in pixels.
const MARGIN: f64 = 24.0;

/// How a picture is looked at: a name, the width of the window, the theme, and the medium.
const LOOKS: [(&str, u32, &str, &str); 4] = [
    ("light", 1280, "light", ""),
    ("dark", 1280, "navy", ""),
    ("phone", 390, "light", ""),
    ("print", 1000, "light", "print"),
];

/// The questions of the pictures on a page.
fn questions(page: &str) -> Result<Vec<String>> {
    let html = Html::parse_document(&fs::read_to_string(site::book()?.join(page))?);
    let [pictures, question] = [PICTURES, ".question"].map(|it| Selector::parse(it).expect(it));
    html.select(&pictures)
        .map(|picture| {
            let question = picture.select(&question).next();
            let question = question.with_context(|| format!("{page}: a picture asks nothing"))?;
            Ok(question.text().collect::<String>().trim().to_owned())
        })
        .collect()
}

#[test]
fn each_chapter_has_pictures_and_each_answers_a_question_of_its_own() -> Result<()> {
    let mut asked: BTreeMap<String, String> = BTreeMap::new();
    let mut few = Vec::new();
    for page in site::pages()?.into_iter().filter(|page| page.starts_with("ch")) {
        let questions = questions(&page)?;
        println!("{page}: {} pictures\n  {}", questions.len(), questions.join("\n  "));
        if questions.len() < FEWEST {
            few.push(format!("{page}: {}", questions.len()));
        }
        for question in questions {
            ensure!(question.ends_with('?'), "{page}: “{question}” is no question");
            let before = asked.insert(question.clone(), page.clone());
            ensure!(before.is_none(), "{page} asks what {before:?} asks: {question}");
        }
    }
    ensure!(few.is_empty(), "fewer than {FEWEST} pictures: {few:?}");
    Ok(())
}

/// The boxes of the pictures of the open page, in its own pixels, each with its question.
const BOXES: &str = "
    document.querySelectorAll('details.numbers').forEach((numbers) => numbers.removeAttribute('open'));
    return [...document.querySelectorAll(arguments[0])].map((picture) => {
        const { left, top, width, height } = picture.getBoundingClientRect();
        const question = picture.querySelector('.question')?.textContent.trim() ?? '';
        return { question, x: left + scrollX, y: top + scrollY, width, height };
    });";

/// Takes each picture of the open page, and returns the questions and the files.
async fn take(tab: &Tab, page: &str, look: &str, folder: &Path) -> Result<Vec<[String; 2]>> {
    let boxes = tab.js_with(BOXES, json!([PICTURES])).await?;
    let mut taken = Vec::new();
    for (place, found) in boxes.as_array().context("a list")?.iter().enumerate() {
        let number = |name: &str| found[name].as_f64().context("a number");
        let [width, height] = [number("width")?, number("height")?];
        ensure!(width > 100.0 && height > 50.0, "{page}, {look}: a picture of {found}");
        // With some ground around it: without the window's scroll bar a page is a little wider.
        let x = (number("x")? - MARGIN).max(0.0);
        let clip = json!({ "x": x, "y": number("y")?, "width": width + 2.0 * MARGIN, "height": height, "scale": 1 });
        let shot = json!({ "clip": clip, "captureBeyondViewport": true });
        let shot: Value = tab.cdp("Page.captureScreenshot", shot).await?;
        let name = format!("{}-{place}-{look}.png", page.trim_end_matches(".html"));
        fs::write(folder.join(&name), base64(shot["data"].as_str().context("a picture")?)?)?;
        taken.push([found["question"].as_str().unwrap_or_default().to_owned(), name]);
    }
    Ok(taken)
}

fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots/sheet");
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

/// For people: it takes a minute, and only eyes can say what is good.
#[test]
#[ignore = "for people to look at; takes a minute"]
fn a_sheet_of_every_picture_in_every_look() -> Result<()> {
    let folder = folder()?;
    let mut rows: BTreeMap<(String, usize), (String, Vec<String>)> = BTreeMap::new();
    browse(async |tab| {
        for page in site::pages()?.into_iter().filter(|page| page != "print.html") {
            if questions(&page)?.is_empty() {
                continue;
            }
            for (look, width, theme, medium) in LOOKS {
                tab.media(medium, &[]).await?;
                tab.window(width, 900).await?;
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
