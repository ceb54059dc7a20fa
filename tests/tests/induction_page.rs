//! Chapter 9's training as a reader sees it: it learns, stops, is taken apart, and copies.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use induction::STEPS;
use reader_tests::browser::{browse_at, wait};
use reader_tests::site::{self, Driver, Server};
use reader_tests::widget::Widget;
use reader_tests::{Tab, browse};
use thirtyfour::Key;

const PAGE: &str = "ch09-patterns.html";

async fn open<'a>(tab: &'a Tab, query: &str) -> Result<Widget<'a>> {
    Widget::open(tab, PAGE, "induction", query).await
}

/// Waits until the training is over. Returns what the status says.
async fn done(widget: &Widget<'_>) -> Result<String> {
    // A wait gives up after a while; a training on a busy machine may take several.
    for _ in 0..3 {
        let waited =
            widget.until_status("the training ends", |said| said.starts_with("Done")).await;
        if waited.is_ok() {
            return waited;
        }
        ensure!(widget.status().await?.starts_with("Step"), "{}", widget.status().await?);
    }
    widget.until_status("the training ends", |said| said.starts_with("Done")).await
}

/// The mean weight of the outlined cells, as they are printed.
async fn stripe(widget: &Widget<'_>) -> Result<f64> {
    let cells = widget.texts(".map .stripe").await?;
    ensure!(cells.len() == induction::DRAWN, "{cells:?}");
    let weights = cells.iter().map(|text| text.parse::<f64>());
    Ok(weights.sum::<Result<f64, _>>()? / cells.len() as f64)
}

/// The number after some words of a status.
fn number_after(said: &str, words: &str) -> Result<f64> {
    let rest = said.split_once(words).with_context(|| format!("no `{words}` in: {said}"))?.1;
    let digits: String = rest.chars().take_while(|it| it.is_ascii_digit() || *it == '.').collect();
    digits.trim_end_matches('.').parse().with_context(|| said.to_owned())
}

#[test]
fn five_seeds_reach_the_stripe_in_the_page() -> Result<()> {
    browse(async |tab| {
        for seed in 0..5 {
            let widget = open(tab, "").await?;
            widget.set("seed", seed).await?;
            let start = Instant::now();
            widget.click("[data-event=train]").await?;
            // The main thread stays awake: it answers at once while the worker trains.
            widget.until_status("it trains", |said| said.starts_with("Step")).await?;
            let asked = Instant::now();
            tab.js("return document.title").await?;
            let answered = asked.elapsed().as_millis();
            let said = done(&widget).await?;
            let seconds = start.elapsed().as_secs_f64();
            let head = said.split_once("(layer 1, head ").context("no head")?.1;
            let head: usize = head[..1].parse()?;
            widget.set("head", induction::HEADS + head).await?;
            let name = format!("Layer 1, head {head}");
            widget.until_text("its map is shown", ".map-name", |text| text == name).await?;
            let weight = stripe(&widget).await?;
            println!(
                "seed {seed}: {STEPS} steps in {seconds:.1} s, page answered in {answered} ms, \
                 stripe {weight:.2}; {said}"
            );
            ensure!(number_after(&said, "induction score is ")? >= 0.85, "seed {seed}: {said}");
            ensure!(number_after(&said, "loss ")? < 0.4, "seed {seed}: {said}");
            ensure!(weight > 0.7, "seed {seed}: the stripe has {weight:.2}");
        }
        Ok(())
    })
}

#[test]
fn it_is_paused_taken_apart_and_copies() -> Result<()> {
    browse(async |tab| {
        let widget = open(tab, "").await?;
        // By keyboard: Enter trains, and the button that then stands there pauses.
        widget.focus("[data-event=train]").await?;
        tab.press(Key::Enter).await?;
        widget.until_status("it trains", |said| said.starts_with("Step")).await?;
        widget.click("[data-event=pause]").await?;
        let paused =
            widget.until_status("it pauses", |said| said.starts_with("Paused at step")).await?;
        widget.until_text("it rests", "tbody tr td:nth-child(4)", |text| !text.is_empty()).await?;
        ensure!(number_after(&paused, "Paused at step ")? < f64::from(STEPS), "{paused}");
        widget.click("[data-event=train]").await?;
        let said = done(&widget).await?;

        // Without the whole second layer nothing is copied.
        for head in 0..induction::HEADS {
            widget.click(&format!("[name='cut-{}']", induction::HEADS + head)).await?;
        }
        let cut = widget
            .until_status("the loss comes back", |said| {
                said.contains("layer 1 head 3: loss ")
                    && number_after(said, "layer 1 head 3: loss ").is_ok_and(|loss| loss > 2.0)
            })
            .await?;
        println!("{said}\n{cut}");
        for head in 0..induction::HEADS {
            widget.click(&format!("[name='cut-{}']", induction::HEADS + head)).await?;
        }
        widget.until_status("the heads are back", |said| !said.contains("Without")).await?;

        widget.click("[name=text]").await?;
        tab.js("document.activeElement.select()").await?;
        tab.press("lightworkslig").await?;
        let copied = widget
            .until_text("it copies", ".continued mark", |text| text.starts_with("htwork"))
            .await?;
        println!("lightworkslig goes on with {copied}");
        tab.press("7").await?;
        widget.until_text("it is told", ".wrong", |text| text.contains("“7”")).await?;

        widget.click("[data-event=reset]").await?;
        widget.until_status("it goes back", |said| said.starts_with("A recorded training")).await?;
        Ok(())
    })
}

#[test]
fn it_trains_without_a_network_after_the_first_visit() -> Result<()> {
    let driver = Driver::start()?;
    let server = Server::start(&site::book()?)?;
    let origin = server.origin.clone();
    let mut server = Some(server);
    browse_at(&driver, &origin, async |tab| {
        tab.open(PAGE).await?;
        let control = "return navigator.serviceWorker.controller !== null";
        tab.until("the service worker controls the page", control).await?;
        let widget = open(tab, "").await?;
        widget.click("[data-event=train]").await?;
        widget.until_status("it trains", |said| said.starts_with("Step")).await?;
        let script = "
            const kept = await caches.open((await caches.keys())[0]);
            const paths = (await kept.keys()).map(request => new URL(request.url).pathname);
            const wanted = ['worker.js', 'module.js', 'module_bg.wasm'];
            return wanted.every(name => paths.includes(`/trainer/${name}`))";
        wait("the trainer is kept", async || {
            let kept = widget.js_async(script).await?;
            Ok(if kept == true { Ok(()) } else { Err("not yet".to_owned()) })
        })
        .await?;
        drop(server.take());
        let widget = open(tab, "").await?;
        widget.click("[data-event=train]").await?;
        widget.until_status("it trains", |said| said.starts_with("Step")).await?;
        Ok(())
    })
}

#[test]
fn a_trainer_that_cannot_be_loaded_is_told_in_words() -> Result<()> {
    let driver = Driver::start()?;
    let router = website::serve::router(&site::book()?).layer(axum::middleware::from_fn(
        async |request: axum::extract::Request, next: axum::middleware::Next| {
            if request.uri().path().starts_with("/trainer/module_bg") {
                return axum::response::IntoResponse::into_response(
                    axum::http::StatusCode::NOT_FOUND,
                );
            }
            next.run(request).await
        },
    ));
    let server = Server::start_with(router)?;
    browse_at(&driver, &server.origin, async |tab| {
        let widget = open(tab, "").await?;
        widget.click("[data-event=train]").await?;
        let said = widget
            .until_status("it is told", |said| said.starts_with("The training stopped: "))
            .await?;
        println!("{said}");
        ensure!(said.ends_with("Press Train to begin again."), "{said}");
        Ok(())
    })
}
