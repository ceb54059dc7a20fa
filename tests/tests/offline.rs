//! What was read once opens without a network.

use anyhow::{Result, ensure};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use reader_tests::Tab;
use reader_tests::browser::{browse_at, wait};
use reader_tests::site::{self, Driver, Server};
use reader_tests::spotlight::{CAT, CHAPTER, IT, Spotlight, chip};
use serde_json::json;

/// The worker controls the page and has the chapter, the module and the sentence in its cache.
const KEPT: &str = r"
    if (!navigator.serviceWorker.controller) throw new Error('no worker controls the page');
    const addresses = [];
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        addresses.push(...(await cache.keys()).map(request => new URL(request.url).pathname));
    }
    const wanted = arguments[0].filter(path => !addresses.some(address => address.endsWith(path)));
    if (wanted.length) throw new Error(`not kept: ${wanted}; kept: ${addresses}`);";

/// Waits until the worker has kept the chapter and all that the widget needs for a sentence.
async fn kept(tab: &Tab, sentence: &str) -> Result<()> {
    let sentence = format!("/gallery/{sentence}.bin");
    let module = ["/widgets/module.js", "/widgets/module_bg.wasm"];
    let wanted = json!([[format!("/{CHAPTER}"), module[0], module[1], sentence]]);
    wait("the worker keeps what was read", async || {
        let kept = tab.js_async(KEPT, wanted.clone()).await;
        Ok(kept.map(drop).map_err(|error| error.to_string()))
    })
    .await
}

/// How far the first visit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Nothing has been asked for.
    Before,
    /// The widget has asked for its module.
    ModuleAsked,
    /// The worker controls the page.
    WorkerThere,
}

#[test]
fn what_was_under_way_when_the_worker_came_is_kept_too() -> Result<()> {
    let driver = Driver::start()?;
    // The worker comes only when the module is on its way, and the module only after that.
    let (gate, _) = tokio::sync::watch::channel(Stage::Before);
    let held = gate.clone();
    let hold = move |request: Request, next: Next| {
        let gate = held.clone();
        async move {
            let wanted = match request.uri().path() {
                "/sw.js" => Stage::ModuleAsked,
                "/widgets/module.js" => Stage::WorkerThere,
                _ => Stage::Before,
            };
            if wanted == Stage::WorkerThere {
                gate.send_modify(|stage| *stage = (*stage).max(Stage::ModuleAsked));
            }
            // An error would mean that the gate is gone, and it is held here.
            let _ = gate.subscribe().wait_for(|stage| *stage >= wanted).await;
            next.run(request).await
        }
    };
    let router = website::serve::router(&site::book()?).layer(from_fn(hold));
    let server = Server::start_with(router)?;
    browse_at(&driver, &server.origin, async |tab| {
        tab.open(CHAPTER).await?;
        let control = "document.querySelector('attention-widget').scrollIntoView();
            return navigator.serviceWorker.controller !== null";
        tab.until("the worker controls the page", control).await?;
        gate.send_replace(Stage::WorkerThere);
        let spotlight = Spotlight::wake(tab).await?;
        kept(tab, &spotlight.view().await?.sentence).await
    })
}

#[test]
fn the_chapter_and_its_widget_work_without_a_network() -> Result<()> {
    let driver = Driver::start()?;
    let server = Server::start(&site::book()?)?;
    let origin = server.origin.clone();
    let mut server = Some(server);
    browse_at(&driver, &origin, async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        let before = spotlight.view().await?;
        kept(tab, &before.sentence).await?;

        drop(server.take());
        let answer = "return fetch('/robots.txt').then(answer => answer.status, () => 'none')";
        let answer = tab.js_async(answer, json!([])).await?;
        ensure!(answer == "none", "the server still answers: {answer}");

        tab.open(CHAPTER).await?;
        let spotlight = Spotlight::wake(tab).await?;
        let after = spotlight.until_at(13, 8, IT).await?;
        ensure!(after == before, "without a network: {after:?}\nbefore: {before:?}");
        tab.click(&chip(CAT)).await?;
        spotlight.until_at(13, 8, CAT).await?;
        spotlight.slide("layer", 3).await?;
        let view = spotlight.until_at(3, 8, CAT).await?;

        // A sentence that was never read says so in words, and the way back is open.
        let never = view.sentences.iter().find(|name| **name != view.sentence);
        let never = never.expect("the menu has more than one sentence").clone();
        spotlight.choose("sentence", &never).await?;
        wait("the widget says what it cannot load", async || {
            Ok(match Spotlight::look(tab).await? {
                Err(message) if message.contains("could not be loaded") => Ok(()),
                seen => Err(format!("{seen:?}")),
            })
        })
        .await?;
        spotlight.choose("sentence", &before.sentence).await?;
        spotlight.until_at(3, 8, IT).await.map(drop)
    })
}
