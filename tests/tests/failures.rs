//! Whatever fails in a widget is said in words, can be tried again, and leaves nothing waiting.

use anyhow::{Context, Result, ensure};
use axum::http::StatusCode;
use reader_tests::browser::{browse_at, wait};
use reader_tests::site::{Driver, Fault, Faults};
use reader_tests::spotlight::{CHAPTER, HEADS, LAYERS, Spotlight, chip};
use reader_tests::widget::{self, Widget};
use reader_tests::{Tab, browse};
use reading::Reading;
use serde_json::json;

const GONE: Fault = Fault::Status(StatusCode::NOT_FOUND);

/// What would run out after a minute or more waits in a page until `hurry` is called.
const PATIENT: &str =
    "const waits = new Map(), [start, stop] = [window.setTimeout, window.clearTimeout];
    window.setTimeout = (done, time, ...rest) => {
        const id = start(done, time >= 60_000 ? 2 ** 31 - 1 : time, ...rest);
        if (time >= 60_000) waits.set(id, done);
        return id;
    };
    window.clearTimeout = id => { waits.delete(id); stop(id); };
    window.hurry = () => waits.forEach((done, id) => { clearTimeout(id); done(); });
    window.waiting = () => waits.size;";

/// Lets the time run out for what the page waits for, once it waits for something.
async fn hurry(tab: &Tab) -> Result<()> {
    tab.until("the page waits for something", "return waiting()").await?;
    tab.js("hurry()").await.map(drop)
}

/// As [`hurry`], once the server has been asked for a file that it keeps silent about.
async fn hurry_after(tab: &Tab, faults: &Faults, asked: usize) -> Result<()> {
    wait("the silent file is asked for", async || {
        let now = faults.silences();
        Ok(if now > asked { Ok(()) } else { Err(format!("{now} times")) })
    })
    .await?;
    hurry(tab).await
}

/// Runs `body` in a browser that looks at a server with faults.
fn browse_faulty(body: impl AsyncFnOnce(&Tab, &Faults) -> Result<()>) -> Result<()> {
    let (driver, faults) = (Driver::start()?, Faults::default());
    let server = faults.serve()?;
    browse_at(&driver, &server.origin, async |tab| body(tab, &faults).await)
}

/// Waits until the note above a widget says something with `words` in it and has the button `offer`.
/// Returns all that it says.
async fn note(widget: &Widget<'_>, words: &str, offer: &str) -> Result<String> {
    let what = format!("the note says “{words}”");
    let has = |text: &str| text.contains(words);
    let said = widget.until_text(&what, ".widget-problem [role=alert]", has).await?;
    let button = widget.text(".widget-problem button").await?;
    ensure!(button == offer, "the note offers `{button}`: {said}");
    println!("{said} [{button}]");
    Ok(said)
}

/// Waits until there is no note, and checks that nothing was left undone.
async fn no_note(tab: &Tab, widget: &Widget<'_>) -> Result<()> {
    let gone = "return !document.querySelector(arguments[0])";
    let note = json!([widget.inside(".widget-problem")]);
    tab.until_with("the note goes", gone, note).await.map(drop)
}

async fn try_again(widget: &Widget<'_>) -> Result<()> {
    widget.click(".widget-problem button").await
}

#[test]
fn a_refused_event_is_said_and_the_next_one_counts() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        let widget = Widget::in_page(tab, "spotlight");
        let before = widget.everything().await?;
        let forge = "document.querySelector(arguments[0]).dataset.event = 'nonsense'";
        tab.js_with(forge, json!([widget.inside("[data-event=reset]")])).await?;
        widget.click("[data-event=nonsense]").await?;
        let said = note(&widget, "the event `nonsense`", "Try again").await?;
        ensure!(said.contains("All is as it was"), "{said}");
        ensure!(widget.everything().await? == before, "a refused event changed the widget");
        try_again(&widget).await?;
        note(&widget, "the event `nonsense`", "Try again").await?;
        tab.click(&chip(2)).await?;
        spotlight.until_at(13, 8, 2).await?;
        no_note(tab, &widget).await?;
        let noise = tab.console().await?;
        ensure!(noise.is_empty(), "{noise:?}");
        Ok(())
    })
}

/// The class of the widgets that this page uses, and the module's exports.
const MODULE: &str =
    "const { version, module: name } = document.querySelector('attention-widget').dataset;
    const module = await import(`/${name}/module.js?v=${version}`);
    const wasm = await module.default();
    const { prototype } = module.Live;";

/// Lets the next event of this name reach outside the module's memory.
fn trap_at(event: &str) -> String {
    format!(
        "{MODULE}
         const {{ update }} = prototype;
         prototype.update = function (name, value) {{
             if (name === '{event}') this.__wbg_ptr = 0xfffffff0;
             return update.call(this, name, value);
         }};"
    )
}

#[test]
fn after_a_trap_every_widget_of_the_page_opens_as_it_stood() -> Result<()> {
    browse(async |tab| {
        let decode = Widget::open(tab, "ch10-kv-cache.html", "decode", "").await?;
        let cache = Widget::in_page(tab, "cache");
        // Both leave the state that they opened in.
        decode.set("step", 3).await?;
        cache.set("layers", "16").await?;
        decode.until_status("the fourth token", |said| said.contains("token 4.")).await?;
        cache.until_status("numbers of one's own", |said| said.starts_with("Your own")).await?;
        let stood = [decode.permalink().await?, cache.permalink().await?];
        decode.js_async(&trap_at("next")).await?;
        decode.click("[data-event=next]").await?;
        let said = note(&decode, "This widget broke", "Try again").await?;
        ensure!(said.contains("memory access out of bounds"), "{said}");
        widget::wake_all(tab).await?;
        let stand = [decode.permalink().await?, cache.permalink().await?];
        ensure!(stand == stood, "they stand at {stand:?}, and stood at {stood:?}");
        no_note(tab, &cache).await?;

        // It is a new module, in which the event does what it should.
        try_again(&decode).await?;
        decode.until_status("the fifth token", |said| said.contains("token 5.")).await?;
        no_note(tab, &decode).await?;
        let inside =
            "return document.activeElement.closest('attention-widget')?.getAttribute('name')";
        ensure!(tab.js(inside).await? == "decode", "the focus was lost with the note");
        cache.click("[data-event=reset]").await?;
        let reset = |link: &str| link != stood[1];
        wait("the other one answers too", async || {
            let link = cache.permalink().await?;
            Ok(if reset(&link) { Ok(()) } else { Err(link) })
        })
        .await
    })
}

/// What a model of the right shape might make of three tokens.
fn reading() -> Reading {
    let (kv_heads, head_dim, seq) = (3, 64, 3);
    let numbers = |count: usize| (0..count).map(|at| (at % 7) as f32 / 8.0).collect::<Vec<_>>();
    Reading {
        text: "one two three".to_owned(),
        tokens: ["one", " two", " three"].map(str::to_owned).to_vec(),
        layers: LAYERS,
        heads: HEADS,
        kv_heads,
        head_dim,
        d_model: HEADS * head_dim,
        scores: numbers(LAYERS * HEADS * seq * seq),
        one_by_one: None,
        query: numbers(LAYERS * HEADS * seq * head_dim),
        key: numbers(LAYERS * kv_heads * seq * head_dim),
        value: numbers(LAYERS * kv_heads * seq * head_dim),
        named: vec![" four".to_owned()],
        logits: vec![1.0, 0.5],
    }
}

#[test]
fn a_text_of_the_readers_own_is_there_after_a_trap_as_well() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        let widget = Widget::in_page(tab, "spotlight");
        let take =
            "return document.querySelector('attention-widget').own(new Uint8Array(arguments[0]))";
        tab.js_async(take, json!([reading().to_bytes()])).await?;
        spotlight.pick(20, 8).await?;
        tab.click(&chip(1)).await?;
        let stood = spotlight.until_at(20, 8, 1).await?;
        ensure!(stood.text == "one two three", "{stood:?}");
        widget.js_async(&trap_at("wall")).await?;
        spotlight.pick(20, 2).await?;
        note(&widget, "This widget broke", "Try again").await?;
        let stands = spotlight.until_at(20, 8, 1).await?;
        ensure!(stands.chips == stood.chips, "{stands:?}, and not {stood:?}");
        try_again(&widget).await?;
        spotlight.until_at(20, 2, 1).await?;
        no_note(tab, &widget).await
    })
}

#[test]
fn a_panic_is_said_in_its_own_words() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "?spotlight=cat.27.5.7").await?;
        let widget = Widget::in_page(tab, "spotlight");
        // The layer in the widget's own memory becomes one that no model has.
        let damage = format!(
            "{MODULE}
             const {{ view }} = prototype;
             prototype.view = function () {{
                 const words = new Uint32Array(wasm.memory.buffer);
                 const cell = this.__wbg_ptr >> 2;
                 const inside = (word) => word > 1024 && word < wasm.memory.buffer.byteLength;
                 const places = [...words.slice(cell, cell + 24)].filter(inside);
                 for (const place of places.map((word) => word >> 2)) {{
                     for (let at = place; at < place + 150; at++) if (words[at] === 27) words[at] = 5000;
                 }}
                 return view.call(this);
             }};"
        );
        widget.js_async(&damage).await?;
        tab.click(&chip(3)).await?;
        let said = note(&widget, "This widget broke (panicked at ", "Try again").await?;
        ensure!(said.contains("opened anew as it stood before"), "{said}");
        spotlight.until_at(27, 5, 7).await?;
        try_again(&widget).await?;
        spotlight.until_at(27, 5, 3).await?;
        no_note(tab, &widget).await
    })
}

#[test]
fn a_module_that_does_not_come_is_said_and_asked_for_again() -> Result<()> {
    let half = Fault::Script("throw new Error('half a file')");
    // Each in a browser of its own: one waits for a silent server, whatever is asked for next.
    for (file, fault, words) in [
        ("/front/module.js", GONE, "could not start"),
        ("/front/module_bg.wasm", GONE, "the server answered 404"),
        ("/front/module.js", Fault::Silence, "no answer within 60 seconds"),
        ("/front/module_bg.wasm", Fault::Silence, "no answer within 60 seconds"),
        ("/front/module.js", half, "half a file"),
    ] {
        browse_faulty(async |tab, faults| {
            tab.before_pages(PATIENT).await?;
            faults.put(file, fault);
            tab.open(CHAPTER).await?;
            let widget = Widget::in_page(tab, "spotlight");
            tab.js("document.querySelector('attention-widget').scrollIntoView()").await?;
            for time in 0..2 {
                if matches!(fault, Fault::Silence) {
                    hurry_after(tab, faults, time).await?;
                }
                let said = note(&widget, words, "Try again").await?;
                ensure!(said.contains("Everything below stays readable"), "{said}");
                if time == 1 {
                    faults.mend();
                }
                try_again(&widget).await?;
            }
            no_note(tab, &widget).await?;
            let spotlight = Spotlight::wake(tab).await?;
            tab.click(&chip(3)).await?;
            spotlight.until_at(13, 8, 3).await.map(drop)
        })?;
    }
    Ok(())
}

#[test]
fn a_script_of_the_page_that_does_not_come_is_said_too() -> Result<()> {
    browse_faulty(async |tab, faults| {
        faults.put("/theme/widgets-", GONE);
        faults.put("/theme/own-text-", GONE);
        tab.open(CHAPTER).await?;
        let widget = Widget::in_page(tab, "spotlight");
        note(&widget, "could not be loaded", "Try again").await?;
        try_again(&widget).await?;
        note(&widget, "could not be loaded", "Try again").await?;
        let panel = "return document.querySelector('own-text .widget-problem button')?.textContent";
        ensure!(tab.js(panel).await? == "Try again", "the panel for a text says nothing");
        faults.mend();
        try_again(&widget).await?;
        no_note(tab, &widget).await?;
        Spotlight::wake(tab).await?.view().await?.agree()?;
        tab.click("own-text summary").await?;
        tab.click("own-text .widget-problem button").await?;
        let defined = "return Boolean(customElements.get('own-text'))
            && !document.querySelector('.widget-problem')";
        tab.until("the panel works", defined).await.map(drop)
    })
}

#[test]
fn a_file_that_does_not_come_is_said_and_asked_for_again() -> Result<()> {
    for (fault, words) in [
        (Fault::Status(StatusCode::INTERNAL_SERVER_ERROR), "the server answered 500"),
        (Fault::Silence, "no answer within 60 seconds"),
        (Fault::Script("damaged"), "cannot be used"),
    ] {
        browse_faulty(async |tab, faults| {
            tab.before_pages(PATIENT).await?;
            let spotlight = Spotlight::open(tab, "").await?;
            let other = spotlight.view().await?.sentences.last().context("a sentence")?.clone();
            faults.put("/gallery/", fault);
            spotlight.choose("sentence", &other).await?;
            if matches!(fault, Fault::Silence) {
                hurry_after(tab, faults, 0).await?;
            }
            let widget = Widget::in_page(tab, "spotlight");
            let told = |said: &str| said.contains(words) && said.contains("try again");
            println!("{}", widget.until_status("the failure is said", told).await?);
            no_note(tab, &widget).await?;
            faults.mend();
            widget.click("[role=status] button").await?;
            let what = format!("{other} is shown");
            spotlight.until_agreed(&what, |view| view.sentence == other).await.map(drop)
        })?;
    }
    Ok(())
}

#[test]
fn a_worker_that_does_not_work_is_said_and_another_one_started() -> Result<()> {
    browse_faulty(async |tab, faults| {
        tab.before_pages(PATIENT).await?;
        let script = "/trainer/worker.js";
        for (file, fault, words) in [
            (script, GONE, "its script could not be loaded"),
            (script, Fault::Script("onmessage = () => undefined"), "it does not answer"),
            (script, Fault::Script("onmessage = () => { throw new Error('it died') }"), "it died"),
            ("/trainer/module.js", GONE, "module"),
            ("/trainer/module_bg.wasm", Fault::Silence, "it does not answer"),
        ] {
            faults.mend();
            let widget = Widget::open(tab, "ch09-patterns.html", "induction", "").await?;
            faults.put(file, fault);
            widget.click("[data-event=train]").await?;
            if words == "it does not answer" {
                hurry(tab).await?;
            }
            let told =
                |said: &str| said.starts_with("The training stopped: ") && said.contains(words);
            let said = widget.until_status("it is told", told).await?;
            ensure!(said.ends_with("Press Train to begin again."), "{said}");
            println!("{said}");
            faults.mend();
            widget.click("[data-event=train]").await?;
            widget.until_status("it trains", |said| said.starts_with("Step")).await?;
        }
        Ok(())
    })
}

#[test]
fn a_model_that_does_not_answer_is_given_up_and_loaded_again() -> Result<()> {
    browse_faulty(async |tab, faults| {
        tab.before_pages(PATIENT).await?;
        tab.open(CHAPTER).await?;
        tab.click("own-text summary").await?;
        let says = "return document.querySelector('[data-part=said]').textContent";
        for (fault, words) in [
            (GONE, "its worker does not start"),
            (Fault::Script("onmessage = () => undefined"), "does not answer any more"),
            (Fault::Script("onmessage = () => { throw new Error('it died') }"), "it died"),
            (
                Fault::Script(
                    "onmessage = () => postMessage({ problem: 'unreachable', of: 'model' })",
                ),
                "broke",
            ),
        ] {
            faults.put("/reader/worker.js", fault);
            tab.click("[data-press=load]").await?;
            if words.starts_with("does not answer") {
                hurry(tab).await?;
            }
            let told = format!("{says}.includes(arguments[0])");
            tab.until_with("the failure is said", &told, json!([words])).await?;
            println!("{}", tab.js(says).await?);
        }
        let half = "onmessage = () => postMessage({ progress: 1, total: 2 })";
        faults.put("/reader/worker.js", Fault::Script(half));
        tab.click("[data-press=load]").await?;
        let bar = "return document.querySelector('own-text progress').value === 50";
        tab.until("it loads", bar).await.map(drop)
    })
}

#[test]
fn a_card_that_does_not_answer_is_said_and_asked_again() -> Result<()> {
    browse_faulty(async |tab, faults| {
        tab.before_pages(PATIENT).await?;
        let card = "let card = () => new Promise(() => { window.asked = true; });
            Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: () => card() } });
            window.mend = () => { card = async () => null };";
        tab.before_pages(card).await?;
        let widget = Widget::open(tab, "flash-on-your-card.html", "gpu", "").await?;
        for (fault, words) in
            [(GONE, "dynamically imported module"), (Fault::Silence, "no answer within 60 seconds")]
        {
            faults.put("/theme/gpu-", fault);
            widget.click("[data-event=run]").await?;
            if matches!(fault, Fault::Silence) {
                hurry_after(tab, faults, 0).await?;
            }
            let told = |said: &str| said.starts_with("The run failed: ") && said.contains(words);
            println!("{}", widget.until_status("the script is missed", told).await?);
        }
        faults.mend();
        widget.click("[data-event=run]").await?;
        tab.until("the card is asked", "return window.asked").await?;
        hurry(tab).await?;
        let told = |said: &str| said.starts_with("The run failed: no answer within 60 seconds");
        println!("{}", widget.until_status("the card is given up", told).await?);
        tab.js("mend()").await?;
        widget.click("[data-event=run]").await?;
        let told = |said: &str| said.starts_with("No run here: ") && said.contains("finds no card");
        widget.until_status("the card is asked again", told).await.map(drop)
    })
}

#[test]
fn a_key_reaches_a_worker_as_a_press_does() -> Result<()> {
    browse(async |tab| {
        let hear = "window.posted = [];
            window.Worker = class { postMessage(message) { posted.push(message); } terminate() {} };";
        tab.before_pages(hear).await?;
        let widget = Widget::open(tab, "ch09-patterns.html", "induction", "").await?;
        let speak = format!(
            "{MODULE}
             const posts = [['trainer', 'by a key']];
             prototype.post = () => posts.shift();"
        );
        widget.js_async(&speak).await?;
        tab.js("document.querySelectorAll('details').forEach(details => (details.open = true))")
            .await?;
        widget.focus("[data-keys] [tabindex='0']").await?;
        tab.press(thirtyfour::Key::Down).await?;
        ensure!(tab.js("return posted").await? == json!(["by a key"]), "a key posts nothing");
        Ok(())
    })
}
