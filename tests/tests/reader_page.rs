//! The real model in the page: loaded when it is asked for, kept, and right about typed texts.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use reader_tests::browser::browse_at;
use reader_tests::pdf::base64;
use reader_tests::site::{self, Driver, Server};
use reader_tests::spotlight::{CHAPTER, Spotlight, View};
use reader_tests::{Tab, widget::Widget};
use reading::Reading;
use serde_json::{Value, json};
use smollm2::{Model, locate};

/// The text whose maps are compared, sixteen tokens; and one of as many as are read.
const TEXT: &str = "The robot put the red ball in the box because it was much too heavy.";
const LONG: &str = "When the snow had gone the two brothers walked down to the river to see whether the \
    old bridge still stood. It did, but the mill beside it had lost its roof, and the miller, who \
    was their uncle, sat on the wall and laughed at them because they had come too late to help at all.";

/// What the test does to requests for the weights.
#[derive(Debug, Default)]
struct Gate {
    /// Pieces from this one on do not come while it is set.
    held_from: Option<usize>,
    /// There are no weights at all.
    absent: bool,
    /// How often each file was asked for.
    asked: BTreeMap<String, usize>,
}

/// The book, with a gate before its weights.
fn serve() -> Result<(Server, Arc<Mutex<Gate>>)> {
    let gate = Arc::new(Mutex::new(Gate::default()));
    let held = gate.clone();
    let hold = move |request: Request, next: Next| {
        let gate = held.clone();
        async move {
            let path = request.uri().path().to_owned();
            let Some(file) = path.strip_prefix("/weights/") else {
                return next.run(request).await;
            };
            let piece: Option<usize> = file.trim_end_matches(".bin").parse().ok();
            let look = || {
                let gate = gate.lock().expect("no test panics with the gate");
                let closed = gate.held_from.is_some_and(|from| piece.is_some_and(|it| it >= from));
                (gate.absent, closed)
            };
            loop {
                match look() {
                    (true, _) => return StatusCode::NOT_FOUND.into_response(),
                    (_, true) => tokio::time::sleep(Duration::from_millis(20)).await,
                    _ => break,
                }
            }
            let count = |gate: &mut Gate| *gate.asked.entry(file.to_owned()).or_default() += 1;
            count(&mut gate.lock().expect("no test panics with the gate"));
            next.run(request).await
        }
    };
    let router = website::serve::router(&site::book()?).layer(from_fn(hold));
    Ok((Server::start_with(router)?, gate))
}

/// Keeps what the worker hands to a widget.
const LISTEN: &str = "window.readings = [];
    customElements.whenDefined('attention-widget').then(() => {
        const taken = customElements.get('attention-widget').prototype;
        const own = taken.own;
        taken.own = function (bytes) { readings.push(bytes); return own.call(this, bytes); };
    });";

/// The panel below a widget.
struct Panel<'a> {
    tab: &'a Tab,
    widget: &'a str,
}

impl<'a> Panel<'a> {
    /// Opens a page with the widget awake and its panel unfolded.
    async fn open(tab: &'a Tab, page: &str, widget: &'a str) -> Result<Self> {
        Widget::open(tab, page, widget, "").await?;
        let panel = Self { tab, widget };
        tab.click(&panel.inside("summary")).await?;
        Ok(panel)
    }

    fn inside(&self, selector: &str) -> String {
        format!("attention-widget[name='{}'] ~ own-text {selector}", self.widget)
    }

    async fn press(&self, what: &str) -> Result<()> {
        self.tab.click(&self.inside(&format!("[data-press={what}]"))).await
    }

    /// Waits until the panel says something with `words` in it, and returns all of it.
    async fn until(&self, words: &str) -> Result<String> {
        let script = "const said = document.querySelector(arguments[0]).textContent;
            return said.includes(arguments[1]) ? said : ''";
        let said = json!([self.inside("[data-part=said]"), words]);
        let said = self.tab.until_with(&format!("the panel says “{words}”"), script, said).await?;
        Ok(said.as_str().context("a text")?.to_owned())
    }

    /// Waits until just these controls are there to be used.
    async fn shows(&self, expected: &[&str]) -> Result<()> {
        let script = "return [...document.querySelectorAll(arguments[0])]
            .filter(it => it.checkVisibility()).map(it => it.dataset.press ?? it.name)
            .join() === arguments[1]";
        let controls = json!([self.inside(":is([data-press], input)"), expected.join(",")]);
        let what = format!("the panel shows {expected:?} alone");
        self.tab.until_with(&what, script, controls).await.map(drop)
    }

    async fn load(&self) -> Result<Value> {
        self.press("load").await?;
        self.until("The model is ready").await?;
        self.measured("load").await
    }

    async fn read(&self, text: &str) -> Result<()> {
        let script = "const field = document.querySelector(arguments[0]);
            field.value = arguments[1];
            field.form.requestSubmit();";
        self.tab.js_with(script, json!([self.inside("input"), text])).await.map(drop)
    }

    /// The time in ms, the memory in bytes, and where the pieces came from, of the last mark.
    async fn measured(&self, what: &str) -> Result<Value> {
        let script = "return performance.getEntriesByName(arguments[0]).at(-1).detail";
        let detail = self.tab.js_with(script, json!([format!("own-text-{what}")])).await?;
        let memory = detail["memory"].as_f64().context("a memory")?;
        ensure!(memory < widgets::user_text::MEMORY as f64, "the module takes {memory} bytes");
        Ok(detail)
    }
}

fn told(what: &str, detail: &Value) {
    let number = |name: &str| detail[name].as_f64().unwrap_or(f64::NAN);
    println!("{what}: {:.0} ms, module memory {:.1} MB", number("ms"), number("memory") / 1e6);
}

/// The last reading that a widget took.
async fn last_reading(tab: &Tab) -> Result<Reading> {
    let script = "const file = new FileReader();
        file.readAsDataURL(new Blob([readings.at(-1)]));
        await new Promise(resolve => (file.onload = resolve));
        return file.result.split(',')[1]";
    let text = tab.js_async(script, json!([])).await?;
    let bytes = base64(text.as_str().context("a text")?)?;
    Ok(Reading::from_bytes(&bytes)?)
}

static MODEL: LazyLock<Model> =
    LazyLock::new(|| Model::open(&locate().expect("the weights")).expect("a model"));

/// How far the softmax of some scores is from the expected weights.
fn off(scores: &[f32], expected: &[f32]) -> f32 {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = scores.iter().map(|score| (score - top).exp()).sum();
    let apart = scores
        .iter()
        .zip(expected)
        .map(|(score, expected)| ((score - top).exp() / total - expected).abs());
    apart.fold(0.0, f32::max)
}

/// Every map and the logits against the burn model, natively. So too every row that was read one
/// by one, if it was.
fn compare(reading: &Reading) -> Result<()> {
    let forward = MODEL.run(&reading.text)?;
    let seq = forward.tokens.len();
    ensure!(reading.tokens.iter().eq(forward.tokens.iter().map(|token| &token.text)), "tokens");
    let (mut largest, mut alone, mut maps) = (0.0_f32, 0.0_f32, 0);
    for (layer, expected) in forward.attention().iter().enumerate() {
        for (head, expected) in expected.iter().enumerate() {
            for (row, scores) in reading.head_scores(layer, head).chunks(seq).enumerate() {
                largest = largest.max(off(&scores[..=row], &expected[row]));
            }
            if let Some(rows) = reading.head_one_by_one(layer, head) {
                for (row, expected) in expected.iter().enumerate() {
                    let start = row * (row + 1) / 2;
                    alone = alone.max(off(&rows[start..=start + row], expected));
                }
            }
            maps += 1;
        }
    }
    if reading.one_by_one.is_some() {
        println!("{seq} tokens one by one: largest error {alone:.1e}");
    }
    let mut logits = forward.logits.clone();
    logits.sort_by(|a, b| b.total_cmp(a));
    let apart = reading.logits.iter().zip(&logits).map(|(a, b)| (a - b).abs());
    let logit = apart.fold(0.0, f32::max);
    println!("{seq} tokens, {maps} maps: largest error {largest:.1e}; of logits {logit:.1e}");
    ensure!(maps == 270 && reading.logits.len() == logits.len(), "{maps} maps");
    ensure!(largest.max(alone) <= 1e-4, "a weight is off by {largest} or {alone}");
    let named: Vec<String> = forward.top(3)?.into_iter().map(|it| it.token.text).collect();
    ensure!(reading.named[..3] == named, "{:?} is not {named:?}", &reading.named[..3]);
    let shares = |logits: &[f32]| {
        let total: f64 = logits.iter().map(|&it| f64::from(it - logits[0]).exp()).sum();
        logits.iter().map(move |&it| f64::from(it - logits[0]).exp() / total).collect::<Vec<_>>()
    };
    let apart =
        shares(&reading.logits).into_iter().zip(shares(&logits)).map(|(a, b)| (a - b).abs());
    let share = apart.fold(0.0, f64::max);
    println!("next token: largest error of a probability {share:.1e}");
    ensure!(share <= 1e-4, "a probability is off by {share}");
    Ok(())
}

#[test]
fn a_typed_text_is_read_as_natively_in_every_widget_and_without_a_network() -> Result<()> {
    let driver = Driver::start()?;
    let (server, gate) = serve()?;
    let origin = server.origin.clone();
    let mut server = Some(server);
    let locked = || gate.lock().expect("no test panics with the gate");
    browse_at(&driver, &origin, async |tab| {
        tab.before_pages(LISTEN).await?;
        let panel = Panel::open(tab, CHAPTER, "spotlight").await?;
        let offer = tab.find(&panel.inside("[data-press=load]")).await?.text().await?;
        let size = format!("{:.1} MB", smollm2::BYTES as f64 / 1e6);
        ensure!(offer.contains(&size), "the offer is `{offer}`, not of {size}");
        ensure!(locked().asked.is_empty(), "weights were fetched before the reader asked");

        panel.shows(&["load"]).await?;

        // Half of it arrives, and the reader stops.
        locked().held_from = Some(12);
        panel.press("load").await?;
        let bar = "return document.querySelector(arguments[0]).value > 49";
        tab.until_with("half of it has come", bar, json!([panel.inside("progress")])).await?;
        panel.shows(&["cancel"]).await?;
        panel.press("cancel").await?;
        panel.until("Loading was stopped").await?;
        locked().held_from = None;
        // Later, on the same page opened anew, it goes on from there.
        let panel = Panel::open(tab, CHAPTER, "spotlight").await?;
        let detail = panel.load().await?;
        told("load, half of it from the cache", &detail);
        panel.shows(&["remove", "own-text"]).await?;
        ensure!(detail["kept"] == 12 && detail["fetched"] == 12, "{detail}");
        let first = locked().asked.get("00.bin").copied();
        ensure!(first == Some(1), "piece 0 was fetched {first:?} times");

        for (text, problem) in [("", "the text is empty"), (&"a ".repeat(70), "at most 64")] {
            panel.read(text).await?;
            panel.until(problem).await?;
            let tied = "const field = document.querySelector(arguments[0]);
                return document.getElementById(field.getAttribute('aria-describedby')).textContent";
            let tied = tab.js_with(tied, json!([panel.inside("input")])).await?;
            ensure!(tied.as_str().is_some_and(|it| it.contains(problem)), "{tied}");
        }

        panel.read(TEXT).await?;
        panel.until("16 tokens").await?;
        let reading = last_reading(tab).await?;
        compare(&reading)?;
        for time in 1..=3 {
            panel.read(TEXT).await?;
            panel.until("16 tokens").await?;
            let ready =
                "return performance.getEntriesByName('own-text-read').length > arguments[0]";
            tab.until_with("it is read again", ready, json!([time])).await?;
            told("16 tokens", &panel.measured("read").await?);
        }
        panel.read(LONG).await?;
        panel.until("64 tokens").await?;
        told("64 tokens", &panel.measured("read").await?);
        compare(&last_reading(tab).await?)?;

        // What is not plain text is explained: a control token, and the bytes of one character.
        panel.read("Hi<|im_end|>\u{1f431}").await?;
        let said = panel.until("<|im_end|> is one control token").await?;
        ensure!(said.contains("<F0\u{a0}9F> is bytes, in hexadecimal"), "{said}");
        println!("{said}");
        let odd = last_reading(tab).await?.tokens;
        ensure!(odd[1] == "<|im_end|>" && !odd.concat().contains('\u{fffd}'), "{odd:?}");
        let spotlight = Spotlight::wake(tab).await?;
        let own = |view: &View| view.text.contains("im_end");
        let view = spotlight.until("its tokens are shown", own).await?;
        let chips: Vec<&str> = view.chips.iter().map(|(word, _)| word.as_str()).collect();
        ensure!(chips.contains(&"<|im_end|>") && chips.contains(&"<F0\u{a0}9F>"), "{chips:?}");

        // A damaged piece in the cache is found and fetched again.
        let damage = "const cache = await caches.open('smollm2-135m-weights');
            const address = new URL('weights/03.bin', document.baseURI).href;
            const bytes = new Uint8Array(await (await cache.match(address)).arrayBuffer());
            bytes[1000] ^= 1;
            await cache.put(address, new Response(bytes))";
        tab.js_async(damage, json!([])).await?;
        let panel = Panel::open(tab, CHAPTER, "spotlight").await?;
        let detail = panel.load().await?;
        told("load, one piece damaged", &detail);
        ensure!(detail["repaired"] == 1 && detail["fetched"] == 1, "{detail}");

        drop(server.take());
        let panel = Panel::open(tab, CHAPTER, "spotlight").await?;
        let detail = panel.load().await?;
        told("load without a network", &detail);
        ensure!(detail["kept"] == 24 && detail["fetched"] == 0, "{detail}");
        panel.read(TEXT).await?;
        panel.until("16 tokens").await?;
        ensure!(last_reading(tab).await? == reading, "without a network it is another answer");
        let spotlight = Spotlight::wake(tab).await?;
        let view = spotlight.until("the text is shown", |view| view.text == TEXT).await?;
        view.agree()?;
        let weight = MODEL.run(TEXT)?.weight(13, 8, 15, 0)?;
        let shown: f32 = view.cell(15, 0).parse()?;
        ensure!((weight - shown).abs() <= 0.005 + 1e-4, "{weight} is shown as {shown}");
        panel.press("remove").await?;
        panel.until("is removed").await?;
        ensure!(
            tab.js_async("return caches.has('smollm2-135m-weights')", json!([])).await? == false
        );
        Ok(())
    })
}

#[test]
fn every_widget_that_takes_a_text_shows_it() -> Result<()> {
    let driver = Driver::start()?;
    let (server, _gate) = serve()?;
    browse_at(&driver, &server.origin, async |tab| {
        tab.before_pages(LISTEN).await?;
        for (page, name, shows) in [
            ("ch03-score-matrix.html", "score-matrix", "robot"),
            ("ch04-softmax-temperature.html", "temperature", TEXT),
            ("ch05-multi-head.html", "heads", TEXT),
            ("ch02-query-key-value.html", "stepper", "robot"),
        ] {
            let panel = Panel::open(tab, page, name).await?;
            told(page, &panel.load().await?);
            panel.read(TEXT).await?;
            panel.until("16 tokens").await?;
            let text = Widget::in_page(tab, name).everything().await?;
            let shows = shows.replace(' ', "");
            ensure!(text.contains(&shows), "{name} does not show `{shows}`: {text}");
        }
        the_stepper_goes_back(tab).await?;
        the_causal_mask_compares_two_ways(tab).await?;
        the_tiles_are_those_of_the_text(tab).await
    })
}

/// The page with the stepper is open, and its head reads the text.
async fn the_stepper_goes_back(tab: &Tab) -> Result<()> {
    let stepper = Widget::in_page(tab, "stepper");
    stepper.set("step", 4).await?;
    for (choice, last) in [("book", "tired"), ("own", ".")] {
        stepper.set("text", choice).await?;
        let row = "table.map tbody tr:last-child th";
        stepper.until_text("the chosen text", row, |word| word == last).await?;
    }
    stepper.click("[data-event=reset]").await?;
    stepper.until_text("the toy", ".title", |title| title.starts_with("X:")).await.map(drop)
}

/// A short text: one by one each token takes about as long as eight at once.
async fn the_causal_mask_compares_two_ways(tab: &Tab) -> Result<()> {
    let panel = Panel::open(tab, "ch06-causal-masking.html", "causal-mask").await?;
    panel.load().await?;
    let watch = "const bar = document.querySelector(arguments[0]);
        const see = () => { if (!bar.hidden) bar.dataset.seen = Math.max(bar.dataset.seen ?? 0, bar.value); };
        new MutationObserver(see).observe(bar, { attributeFilter: ['hidden', 'value'] })";
    let bar = json!([panel.inside("progress")]);
    tab.js_with(watch, bar.clone()).await?;
    panel.read("The ball was too heavy.").await?;
    let said = panel.until("6 tokens").await?;
    println!("{said}");
    let seen = "const bar = document.querySelector(arguments[0]);
        return bar.hidden && Number(bar.dataset.seen)";
    let seen = tab.js_with(seen, bar).await?;
    ensure!(seen == 100.0, "the bar went to {seen}");
    ensure!(said.contains(" s at once, and in ") && said.contains(" s one by one: 6"), "{said}");
    let reading = last_reading(tab).await?;
    ensure!(reading.one_by_one.is_some(), "it was not read one by one");
    compare(&reading)?;
    let mask = Widget::in_page(tab, "causal-mask");
    mask.click("input[value=one-by-one]").await?;
    mask.set("read", 6).await?;
    let said = mask.until_status("all is read", |said| said.starts_with("6 of 6")).await?;
    let difference = said.rsplit_once("one pass: ").context("a difference")?.1;
    let difference: f32 = difference.trim_end_matches('.').replace("exactly ", "").parse()?;
    ensure!(difference <= 1e-5, "{said}");
    mask.set("scores", "toy").await?;
    mask.until_status("the toy is back", |said| said.contains("of 5 tokens")).await.map(drop)
}

async fn the_tiles_are_those_of_the_text(tab: &Tab) -> Result<()> {
    let panel = Panel::open(tab, "ch08-flash-attention.html", "flash").await?;
    panel.load().await?;
    panel.read(TEXT).await?;
    panel.until("16 tokens").await?;
    let flash = Widget::in_page(tab, "flash");
    let longest = json!([flash.inside("input[name=seq]")]);
    let longest = tab.js_with("return document.querySelector(arguments[0]).max", longest).await?;
    ensure!(longest == "16", "up to {longest} tokens can be chosen");
    flash.set("step", 15).await?;
    flash.until_status("the last tile", |said| said.starts_with("Tile 16 of 16")).await?;
    let carried = "[aria-label='What the queries carry'] tbody tr:last-child";
    let shown = flash.texts(&format!("{carried} td")).await?;
    let first = shown.last().and_then(|output| output.split(',').next()).context("an output")?;
    let first: f32 = first.replace('−', "-").parse()?;
    let output: Vec<f32> = MODEL.head(TEXT, 13, 8)?.steps.output.to_data().iter().collect();
    let expected = output[15 * output.len() / 16];
    println!("the last token's first number: {first}, natively {expected:.4}");
    ensure!((first - expected).abs() <= 0.0051, "{first} is not {expected}");
    for (choice, token) in [("noun", "the"), ("own-13-8", ".")] {
        flash.set("numbers", choice).await?;
        let caption = format!("The last query, “{token}”, after each of its tiles");
        let last = |shown: &str| shown == caption;
        flash.until_text("the chosen text", ".every-step caption", last).await?;
    }
    Ok(())
}

#[test]
fn what_cannot_be_is_said_in_words() -> Result<()> {
    let driver = Driver::start()?;
    let (server, gate) = serve()?;
    gate.lock().expect("no test panics with the gate").absent = true;
    browse_at(&driver, &server.origin, async |tab| {
        let panel = Panel::open(tab, CHAPTER, "spotlight").await?;
        panel.press("load").await?;
        panel.until("the weights are not on this site (404); try again later.").await?;
        // The widget goes on as before, and the reader may try again.
        Spotlight::wake(tab).await?.view().await?.agree()?;
        panel.shows(&["load"]).await?;
        gate.lock().expect("no test panics with the gate").absent = false;
        panel.load().await?;

        let small = "Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => 1 })";
        tab.before_pages(small).await?;
        let panel = Panel::open(tab, CHAPTER, "spotlight").await?;
        panel.press("load").await?;
        panel.until("too little to run the model").await.map(drop)
    })
}

#[test]
fn without_room_to_keep_it_the_model_runs_all_the_same() -> Result<()> {
    let driver = Driver::start()?;
    let (server, _gate) = serve()?;
    browse_at(&driver, &server.origin, async |tab| {
        let quota = json!({ "origin": server.origin, "quotaSize": 20_000_000 });
        tab.cdp("Storage.overrideQuotaForOrigin", quota).await?;
        let panel = Panel::open(tab, CHAPTER, "spotlight").await?;
        let detail = panel.load().await?;
        ensure!(detail["full"] == true && detail["fetched"] == 24, "{detail}");
        panel.until("has no room to keep it").await?;
        panel.read(TEXT).await?;
        panel.until("16 tokens").await.map(drop)
    })
}

#[test]
fn the_pieces_in_the_site_are_the_weights() -> Result<()> {
    let folder = site::book()?.join("weights");
    let mut file = Vec::new();
    for name in site::files(&folder, "bin")? {
        file.extend(fs::read(folder.join(name))?);
    }
    ensure!(file == fs::read(locate()?)?, "the pieces are not the file");
    Ok(())
}

#[test]
fn a_phone_is_told_the_memory_first_and_the_browser_asked_to_keep_the_model() -> Result<()> {
    let driver = Driver::start()?;
    let (server, gate) = serve()?;
    let asked = || gate.lock().expect("no test panics with the gate").asked.len();
    browse_at(&driver, &server.origin, async |tab| {
        let silent =
            "Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => undefined });
            StorageManager.prototype.persist = async () => true;";
        tab.before_pages(silent).await?;
        tab.phone().await?;
        let panel = Panel::open(tab, CHAPTER, "spotlight").await?;
        let offer = tab.find(&panel.inside("[data-part=offer]")).await?.text().await?;
        ensure!(offer.contains("until you remove them or it makes room"), "{offer}");
        panel.press("load").await?;
        let said = panel.until("does not say how much memory").await?;
        let memory = format!("up to {} MB", widgets::user_text::MEMORY / 1_000_000);
        ensure!(said.contains(&memory), "{said}");
        ensure!(asked() == 0, "weights were fetched before the reader was told");
        panel.shows(&["load"]).await?;
        panel.press("load").await?;
        panel.until("Your browser has agreed to keep it").await?;
        ensure!(asked() > 0, "nothing was fetched");
        Ok(())
    })
}
