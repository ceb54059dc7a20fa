//! The book without a network, with a bad one, and while a new build of it is deployed.

use anyhow::{Context, Result, ensure};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use reader_tests::Tab;
use reader_tests::browser::{browse_at, wait};
use reader_tests::host::{BROKEN, Build, Conduct, Host};
use reader_tests::site::{self, Driver, Server};
use reader_tests::spotlight::{CAT, CHAPTER, IT, Spotlight, WIDGET, chip};
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
    let module = ["/front/module.js", "/front/module_bg.wasm"];
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
                "/front/module.js" => Stage::WorkerThere,
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
        // Only what was read is kept: a sentence that was not is then missing.
        tab.before_pages(METERED).await?;
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
        spotlight.pick(3, 8).await?;
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

/// What a metered connection looks like to a page and to nothing else.
const METERED: &str = "Object.defineProperty(NetworkInformation.prototype, 'saveData',
    { get: () => true });";

/// The build that controls the page, and how many files of its text are not kept.
const MISSING: &str = r"
    if (!navigator.serviceWorker.controller) return 'no worker controls the page';
    const name = (await caches.keys()).find(name => name.startsWith('attention-you-can-run '));
    const cache = await caches.open(name);
    const kept = (await cache.keys()).map(request => request.url);
    const list = kept.findLast(url => url.includes('/builds/'));
    const { id, files } = await (await cache.match(list)).json();
    const text = Object.entries(files).filter(([path]) => !/^(404|print|figures|trainer|reader)/.test(path));
    const missing = text.filter(([path, digest]) => !kept.some(url => url.endsWith(`/${path}?digest=${digest}`)));
    if (text.length < 50) return `a build has more files than ${text.length}`;
    const open = document.documentElement.dataset.build;
    if (arguments[0] && id !== open) return `the page is of ${open}, the newest build here is ${id}`;
    return missing.length === 0 ? 'whole' : `missing: ${missing.map(([path]) => path)}`;";

/// Waits until the whole text of the open page's build is kept.
async fn whole(tab: &Tab) -> Result<()> {
    wait("the whole text is kept", async || {
        let state = tab.js_async(MISSING, json!([true])).await?;
        Ok(if state == "whole" { Ok(()) } else { Err(state.to_string()) })
    })
    .await
}

/// Waits until the worker controls the page.
async fn controlled(tab: &Tab) -> Result<()> {
    let control = "return navigator.serviceWorker.controller !== null";
    tab.until("the worker controls the page", control).await.map(drop)
}

/// The first heading of the open page, which must be one of the book.
async fn heading(tab: &Tab) -> Result<String> {
    let script = "return document.querySelector('main h1')?.textContent
        ?? { not_the_book: document.body.textContent.slice(0, 200) }";
    let heading = tab.js(script).await?;
    Ok(heading.as_str().with_context(|| heading.to_string())?.to_owned())
}

/// The build that the open page and its module are of. They must be of one.
async fn build(tab: &Tab) -> Result<String> {
    let script = "return [document.documentElement.dataset.of, window.moduleOf]";
    let marks = tab.js(script).await?;
    ensure!(marks[0] == marks[1], "page and module are of two builds: {marks}");
    Ok(marks[0].as_str().context("the page is of no build")?.to_owned())
}

/// Runs a test in a browser that looks at a host of its own.
fn hosted(
    prefix: &'static str,
    body: impl AsyncFnOnce(&Tab, &mut Host) -> Result<()>,
) -> Result<()> {
    let driver = Driver::start()?;
    let mut host = Host::start(prefix)?;
    let origin = host.origin.clone();
    browse_at(&driver, &origin, async |tab| body(tab, &mut host).await)
}

#[test]
fn after_one_chapter_the_others_are_there_too() -> Result<()> {
    hosted("", async |tab, host| {
        tab.open(CHAPTER).await?;
        whole(tab).await?;
        host.stop();
        for page in ["ch05-multi-head.html", "index.html", "glossary.html", "ch09-patterns.html"] {
            tab.open(page).await?;
            println!("{page}: {}", heading(tab).await?);
        }
        // Its widget was never awake, and the search never open.
        Spotlight::open(tab, "").await?;
        tab.click("#search-button").await?;
        tab.find("#search-words").await?.send_keys("softmax").await?;
        let found = "return document.querySelectorAll('#search-results a[href]').length";
        tab.until("the search finds something", found).await.map(drop)
    })
}

#[test]
fn the_front_page_has_two_addresses_and_a_chapter_too() -> Result<()> {
    hosted("", async |tab, host| {
        tab.before_pages(METERED).await?;
        tab.open("").await?;
        controlled(tab).await?;
        tab.open("").await?;
        tab.open("ch04-softmax-temperature").await?;
        visited(tab, &["index.html", "ch04-softmax-temperature.html"]).await?;
        host.stop();
        for page in ["index.html", "", "ch04-softmax-temperature.html", "ch04-softmax-temperature"]
        {
            tab.open(page).await?;
            println!("/{page}: {}", heading(tab).await?);
        }
        Ok(())
    })
}

/// Waits until pages are kept that were visited.
async fn visited(tab: &Tab, pages: &[&str]) -> Result<()> {
    let wanted: Vec<String> = pages.iter().map(|page| format!("/{page}")).collect();
    wait("the pages are kept", async || {
        let kept = tab.js_async(KEPT, json!([wanted])).await;
        Ok(kept.map(drop).map_err(|error| error.to_string()))
    })
    .await
}

#[test]
fn a_silent_or_broken_host_gives_the_kept_page() -> Result<()> {
    hosted("", async |tab, host| {
        tab.before_pages(METERED).await?;
        tab.open(CHAPTER).await?;
        controlled(tab).await?;
        tab.open(CHAPTER).await?;
        visited(tab, &[CHAPTER]).await?;
        let before = heading(tab).await?;
        for conduct in [Conduct::Broken, Conduct::Silent] {
            host.now(conduct);
            tab.driver.refresh().await?;
            ensure!(heading(tab).await? == before, "{conduct:?}: another page");
            let styled = "return [...document.styleSheets].every(sheet => sheet.cssRules.length)";
            ensure!(tab.js(styled).await? == true, "{conduct:?}: the page has lost its style");
            let waited = "return performance.getEntriesByType('navigation')[0].responseStart";
            println!("{conduct:?}: shown after {} ms", tab.js(waited).await?);
        }
        // What is not kept cannot be shown, and the host's own answer is.
        host.now(Conduct::Broken);
        tab.open("ch02-query-key-value.html").await?;
        ensure!(heading(tab).await.is_err(), "a page comes from nowhere");
        Ok(())
    })
}

#[test]
fn a_page_meets_the_module_of_its_build_after_a_deploy() -> Result<()> {
    for metered in [true, false] {
        hosted("", async |tab, host| {
            if metered {
                tab.before_pages(METERED).await?;
            }
            tab.open(CHAPTER).await?;
            controlled(tab).await?;
            Spotlight::wake(tab).await?;
            tab.open("ch04-softmax-temperature.html").await?;
            visited(tab, &[CHAPTER, "front/module_bg.wasm"]).await?;
            host.now(Conduct::Serves(Build::B));
            tab.open("ch04-softmax-temperature.html").await?;
            let of = tab.js("return document.documentElement.dataset.of").await?;
            ensure!(of == "B", "after the deploy comes a page of {of}");
            if !metered {
                whole(tab).await?;
            }
            host.stop();
            let spotlight = Spotlight::open(tab, "").await?;
            let of = build(tab).await?;
            println!("without a network: chapter 1 of build {of}");
            ensure!(of == if metered { "A" } else { "B" }, "chapter 1 of build {of}");
            spotlight.until_at(if metered { 13 } else { 3 }, 8, IT).await.map(drop)
        })?;
    }
    Ok(())
}

#[test]
fn a_page_that_is_open_during_a_deploy_keeps_its_build() -> Result<()> {
    for online in [true, false] {
        hosted("", async |tab, host| {
            tab.open(CHAPTER).await?;
            whole(tab).await?;
            let reading = tab.driver.window().await?;
            ensure!(tab.js("return window.moduleOf ?? null").await?.is_null(), "it is awake");
            host.now(Conduct::Serves(Build::B));
            let other = tab.driver.new_tab().await?;
            tab.driver.switch_to_window(other).await?;
            tab.open("ch04-softmax-temperature.html").await?;
            whole(tab).await?;
            if !online {
                host.stop();
            }
            tab.driver.switch_to_window(reading).await?;
            let spotlight = Spotlight::wake(tab).await?;
            ensure!(build(tab).await? == "A", "the open page is of another build");
            spotlight.until_at(13, 8, IT).await?;
            // Build B has broken this sentence.
            spotlight.choose("sentence", BROKEN).await?;
            let what = "the sentence of build A is shown";
            spotlight.until_agreed(what, |view| view.sentence == BROKEN).await?;
            if online {
                // Once no page of build A is open, what only that has is forgotten.
                tab.open(CHAPTER).await?;
                let lists = "
                    const cache = await caches.open((await caches.keys())[0]);
                    const urls = (await cache.keys()).map(request => request.url);
                    const of = part => urls.filter(url => url.includes(part)).length;
                    return [of('/builds/'), of('/front/module.js'), of('/front/module_bg.wasm')]";
                wait("build A is forgotten", async || {
                    let lists = tab.js_async(lists, json!([])).await?;
                    Ok(if lists == json!([1, 1, 1]) { Ok(()) } else { Err(lists.to_string()) })
                })
                .await?;
                Spotlight::wake(tab).await?.until_at(3, 8, IT).await?;
                ensure!(build(tab).await? == "B", "the new page is of another build");
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn what_a_deploy_took_away_is_told_in_words() -> Result<()> {
    hosted("", async |tab, host| {
        tab.before_pages(METERED).await?;
        tab.open(CHAPTER).await?;
        controlled(tab).await?;
        visited(tab, &[CHAPTER]).await?;
        host.now(Conduct::Serves(Build::B));
        let script = "const widget = document.querySelector(arguments[0]);
            widget.scrollIntoView({ block: 'center', behavior: 'instant' });
            return widget.dataset.error ?? widget.dataset.awake";
        let said = tab.until_with("it is told", script, json!([WIDGET])).await?;
        let words = "the book has changed since this page was opened: reload it to go on";
        ensure!(said == words, "{said}");
        tab.driver.refresh().await?;
        Spotlight::wake(tab).await?.until_at(3, 8, IT).await?;
        ensure!(build(tab).await? == "B", "the new page is of another build");
        Ok(())
    })
}

#[test]
fn a_saved_text_is_on_the_page_at_once() -> Result<()> {
    hosted("", async |tab, host| {
        tab.open(CHAPTER).await?;
        whole(tab).await?;
        for build in [Build::B, Build::A, Build::B] {
            host.now(Conduct::Serves(build));
            tab.driver.refresh().await?;
            let of = tab.js("return document.documentElement.dataset.of").await?;
            ensure!(of == build.name(), "a page of {of} is shown after the deploy of {build:?}");
        }
        // And soon the newest is what is kept.
        whole(tab).await
    })
}

/// Waits for a sentence about what is kept on the front page.
async fn told(tab: &Tab, part: &str) -> Result<()> {
    let script = "const said = document.querySelector('main [data-kept]').textContent;
        return said.includes(arguments[0]) ? said : false";
    let what = format!("the front page says `{part}`");
    let said = tab.until_with(&what, script, json!([part])).await?;
    println!("{said}");
    Ok(())
}

#[test]
fn a_metered_connection_keeps_nothing_more() -> Result<()> {
    hosted("", async |tab, host| {
        tab.before_pages(METERED).await?;
        tab.open("").await?;
        told(tab, "seems to be metered").await?;
        tab.open(CHAPTER).await?;
        tab.open("").await?;
        told(tab, "seems to be metered").await?;
        let asked = host.asked();
        let more = |path: &&String| path.contains("/ch0") && !path.contains(CHAPTER);
        let more: Vec<_> = asked.iter().filter(more).collect();
        ensure!(more.is_empty(), "it asked for {more:?}");
        // The front page shows a widget, and asks for its module. No page here needs another one.
        let others = |path: &String| path.contains("/trainer/") || path.contains("/reader/");
        ensure!(!asked.iter().any(others), "it asked for another module");
        // The connection changes, as on coming home.
        tab.js("Object.defineProperty(NetworkInformation.prototype, 'saveData',
            { get: () => false }); navigator.connection.dispatchEvent(new Event('change'))")
            .await?;
        told(tab, "is kept in this browser").await?;
        whole(tab).await?;
        tab.open("").await?;
        told(tab, "is kept in this browser").await
    })
}

#[test]
fn a_slow_or_a_cellular_connection_counts_as_metered() -> Result<()> {
    for (property, value) in [("type", "cellular"), ("effectiveType", "2g")] {
        hosted("", async |tab, _| {
            let script = format!(
                "Object.defineProperty(NetworkInformation.prototype, '{property}',
                    {{ get: () => '{value}' }});"
            );
            tab.before_pages(&script).await?;
            tab.open("").await?;
            told(tab, "seems to be metered").await
        })?;
    }
    Ok(())
}

#[test]
fn the_front_page_says_what_is_kept() -> Result<()> {
    hosted("", async |tab, host| {
        host.to("/glossary.html", Some(Conduct::Silent));
        tab.open("").await?;
        told(tab, "is being kept").await
    })?;
    hosted("", async |tab, host| {
        host.to("/glossary.html", Some(Conduct::Broken));
        tab.open("").await?;
        told(tab, "could not keep all of this book: glossary.html").await?;
        host.to("/glossary.html", None);
        tab.driver.refresh().await?;
        told(tab, "is kept in this browser").await?;
        whole(tab).await
    })?;
    hosted("", async |tab, _| {
        let without = "Object.defineProperty(Navigator.prototype, 'serviceWorker',
            { get: () => undefined });";
        tab.before_pages(without).await?;
        tab.open("").await?;
        told(tab, "cannot keep the book").await
    })
}

#[test]
fn without_room_the_book_is_still_read() -> Result<()> {
    hosted("", async |tab, _| {
        let quota = json!({ "origin": tab.origin(), "quotaSize": 600_000 });
        tab.cdp("Storage.overrideQuotaForOrigin", quota).await?;
        tab.open("").await?;
        told(tab, "could not keep all of this book: there is no room").await?;
        Spotlight::open(tab, "").await?;
        tab.cdp("Storage.overrideQuotaForOrigin", json!({ "origin": tab.origin() })).await?;
        tab.open("").await?;
        told(tab, "is kept in this browser").await
    })
}

#[test]
fn a_failed_deploy_leaves_the_build_before_it() -> Result<()> {
    hosted("", async |tab, host| {
        tab.open(CHAPTER).await?;
        whole(tab).await?;
        // The last file of build B never comes.
        host.to("/glossary.html", Some(Conduct::Broken));
        host.now(Conduct::Serves(Build::B));
        tab.open("").await?;
        told(tab, "could not keep all of this book: glossary.html").await?;
        host.stop();
        tab.open("glossary.html").await?;
        let of = tab.js("return document.documentElement.dataset.of").await?;
        ensure!(of == "A", "without a network: the glossary of build {of}");
        Ok(())
    })
}

#[test]
fn below_a_path_and_beside_other_sites_it_works_too() -> Result<()> {
    hosted("/some/folder", async |tab, host| {
        tab.open("").await?;
        let other = "await (await caches.open('another site')).put('/x', new Response('x'));
            return (await caches.keys()).length";
        tab.js_async(other, json!([])).await?;
        whole(tab).await?;
        host.now(Conduct::Serves(Build::B));
        tab.open(CHAPTER).await?;
        whole(tab).await?;
        host.stop();
        tab.open("ch05-multi-head").await?;
        println!("{}", heading(tab).await?);
        Spotlight::open(tab, "").await?;
        ensure!(build(tab).await? == "B", "another build");
        let names = tab.js_async("return caches.keys()", json!([])).await?;
        let mut names: Vec<String> = serde_json::from_value(names)?;
        names.sort();
        let ours = format!("attention-you-can-run {}/", tab.origin());
        ensure!(names == ["another site", &ours], "{names:?}");
        Ok(())
    })
}
