//! WebAssembly in the page computes what native code computes, and the page shows it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use reader_tests::spotlight::{Spotlight, WIDGET};
use reader_tests::{browse, site};
use serde_json::json;
use widgets::files::PageFile;
use widgets::gallery::Sentence;

/// The gallery's sentences, read from the built book.
fn gallery() -> Result<Vec<Sentence>> {
    let book = site::book()?;
    let files = site::files(&book, "bin")?;
    let mut sentences = Vec::new();
    for file in files.iter().filter(|file| file.starts_with("gallery/")) {
        let bytes = std::fs::read(book.join(file))?;
        sentences.push(Sentence::from_bytes(&bytes).with_context(|| file.clone())?);
    }
    ensure!(sentences.len() >= 6, "the gallery has only {} sentences", sentences.len());
    Ok(sentences)
}

/// Every layer once, and with it every head at least three times.
fn sample(sentence: &Sentence) -> impl Iterator<Item = (usize, usize)> {
    let heads = sentence.heads;
    (0..sentence.layers).map(move |layer| (layer, (layer * 4 + 8) % heads))
}

#[test]
fn the_module_computes_what_native_code_does() -> Result<()> {
    let sentences = gallery()?;
    browse(async |tab| {
        Spotlight::open(tab, "").await?;
        let script = "
            const version = document.querySelector(arguments[0]).dataset.version;
            const module = await import(`/front/module.js?v=${version}`);
            await module.default({ module_or_path: `/front/module_bg.wasm?v=${version}` });
            const file = await fetch(arguments[1]);
            if (!file.ok) throw new Error(`${arguments[1]}: ${file.status}`);
            const bytes = new Uint8Array(await file.arrayBuffer());
            return arguments[2].map(([layer, head]) => [...module.weights(bytes, layer, head)]);";
        let (mut largest, mut compared) = (0.0_f32, 0);
        for sentence in &sentences {
            let heads: Vec<(usize, usize)> = sample(sentence).collect();
            let path = format!("/{}", Sentence::path(&sentence.name));
            let found = tab.js_async(script, json!([WIDGET, path, heads])).await?;
            let found: Vec<Vec<f32>> = serde_json::from_value(found)?;
            ensure!(found.len() == heads.len(), "{} answers for {path}", found.len());
            for ((layer, head), found) in heads.into_iter().zip(found) {
                let native = sentence.weights(layer, head).concat();
                ensure!(native.len() == found.len(), "{path}, layer {layer}, head {head}: length");
                for (native, found) in native.iter().zip(&found) {
                    let difference = (native - found).abs();
                    ensure!(
                        difference <= 1e-6,
                        "{path}, layer {layer}, head {head}: native {native}, page {found}"
                    );
                    largest = largest.max(difference);
                    compared += 1;
                }
            }
        }
        println!("{compared} weights compared, largest difference {largest:e}");
        Ok(())
    })
}

#[test]
fn the_page_shows_what_native_code_computes() -> Result<()> {
    let sentences = gallery()?;
    browse(async |tab| {
        let (mut largest, mut compared) = (0.0_f32, 0);
        for (place, sentence) in sentences.iter().enumerate() {
            let (layer, head) = (place * 5 % sentence.layers, (place + 8) % sentence.heads);
            let query = sentence.tokens.len() - 1;
            let address = format!("?spotlight={}.{layer}.{head}.{query}", sentence.name);
            let spotlight = Spotlight::open(tab, &address).await?;
            let view = spotlight.until_at(layer, head, query).await?;
            ensure!(view.sentence == sentence.name, "{address} shows {}", view.sentence);
            for (row, weights) in sentence.weights(layer, head).iter().enumerate() {
                for (column, native) in weights.iter().enumerate() {
                    let shown = view.cell(row, column);
                    let shown: f32 = shown.parse().with_context(|| format!("`{shown}`"))?;
                    let difference = (native - shown).abs();
                    ensure!(
                        difference <= 0.005 + 1e-6,
                        "{address}, cell {row}, {column}: native {native}, shown {shown}"
                    );
                    largest = largest.max(difference);
                    compared += 1;
                }
            }
        }
        println!("{compared} cells compared, largest difference by rounding {largest}");
        Ok(())
    })
}

/// What the listing of chapter 1 printed when it was recorded, line by line, word by word.
fn recorded(run: &str) -> Result<Vec<Vec<String>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../listings/output/ch01-spotlight");
    let text = std::fs::read_to_string(folder.join(run)).with_context(|| run.to_owned())?;
    Ok(text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect())
}

#[test]
fn the_widget_shows_what_the_listing_prints() -> Result<()> {
    browse(async |tab| {
        let view = Spotlight::open(tab, "").await?.view().await?;
        let row = recorded("it.txt")?;
        ensure!(row.len() == view.query + 1, "the listing prints {} tokens", row.len());
        for (printed, shown) in row.iter().zip(&view.chips) {
            ensure!(
                printed.starts_with(&[shown.0.clone(), shown.1.clone()]),
                "{printed:?}, {shown:?}"
            );
        }
        let map = recorded("map.txt")?;
        ensure!(map[0].join(" ") == "layer 13, head 8", "{:?}", map[0]);
        ensure!(map.len() == view.cells.len() + 2, "the listing prints {} lines", map.len());
        for (printed, cells) in map[2..].iter().zip(&view.cells) {
            let shown = cells.iter().map(|cell| &cell.text).filter(|text| !text.is_empty());
            ensure!(printed[1..].iter().eq(shown), "{printed:?} is not {cells:?}");
        }
        Ok(())
    })
}
