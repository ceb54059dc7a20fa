//! What every widget of the book must do, whatever it shows.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use reader_tests::widget::{self, Widget};
use reader_tests::{Tab, browse};
use serde_json::{Value, json};
use thirtyfour::Key;
use widgets::registry;

/// Where the focus is: inside the widget or not, and on what.
async fn focus(tab: &Tab, widget: &Widget<'_>) -> Result<Value> {
    tab.js_with(
        "const element = document.activeElement;
         return {
             inside: Boolean(element.closest(arguments[0])),
             tag: element.localName, type: element.type ?? null, event: element.dataset.event ?? null,
             text: (element.getAttribute('aria-label') ?? element.textContent).trim().slice(0, 50),
         };",
        json!([widget.inside("")]),
    )
    .await
}

/// The names of every control in the widget that Tab should reach: a radio group is one.
async fn controls(tab: &Tab, widget: &Widget<'_>) -> Result<Vec<String>> {
    let script = "const names = [...document.querySelectorAll(arguments[0])]
            .filter(it => it.checkVisibility() && !it.disabled)
            .map(it => `${it.localName} ${it.dataset.event}`);
        return [...new Set(names)]";
    let selector = widget.inside("[data-event]:is(input, select, button, td[tabindex='0'])");
    Ok(serde_json::from_value(tab.js_with(script, json!([selector])).await?)?)
}

#[test]
fn each_page_needs_one_module() -> Result<()> {
    let mut pages = BTreeMap::new();
    for place in widget::all()? {
        let module = registry::module_of(&place.name).context("a widget has a module")?;
        let before = pages.insert(place.page.clone(), module.name);
        let same = before.is_none_or(|before| before == module.name);
        ensure!(same, "{place:?} is in `{}`, and the page has `{before:?}`", module.name);
    }
    ensure!(pages.len() > 10, "only {pages:?} have widgets");
    println!("{pages:?}");
    Ok(())
}

#[test]
fn each_wakes_to_what_the_page_showed() -> Result<()> {
    let places = widget::all()?;
    ensure!(!places.is_empty(), "the book has no widget");
    browse(async |tab| {
        for place in &places {
            // Nothing wakes while the module cannot be had: this is the page as it was built.
            tab.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await?;
            tab.open(&place.page).await?;
            let still = Widget::in_page(tab, &place.name).everything().await?;
            tab.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await?;
            let awake = Widget::open(tab, &place.page, &place.name, "").await?;
            let live = awake.everything().await?;
            ensure!(still == live, "{place:?}: built as\n{still}\nbut wakes as\n{live}");
            println!("{place:?}: {} characters", live.len());
        }
        Ok(())
    })
}

#[test]
fn each_shows_its_numbers_without_scripts() -> Result<()> {
    browse(async |tab| {
        tab.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await?;
        for place in widget::all()? {
            tab.open(&place.page).await?;
            let widget = Widget::in_page(tab, &place.name);
            let script = "const all = selector => [...document.querySelectorAll(`${arguments[0]} ${selector}`)];
                return {
                    controls: all('input, select, button').filter(it => it.checkVisibility()).length,
                    tables: all('table').filter(it => it.checkVisibility()).length,
                    numbers: all('td').filter(it => it.checkVisibility() && /[0-9]/.test(it.textContent)).length,
                    status: all('[role=status]').length,
                }";
            let found = tab.js_with(script, json!([widget.inside("")])).await?;
            println!("{place:?}: {found}");
            ensure!(found["controls"] == 0, "{place:?} shows controls that do nothing: {found}");
            ensure!(found["tables"].as_u64() > Some(0), "{place:?} has no table: {found}");
            ensure!(found["numbers"].as_u64() >= Some(8), "{place:?} has few numbers: {found}");
            ensure!(found["status"] == 1, "{place:?} needs one live region: {found}");
        }
        Ok(())
    })
}

#[test]
fn the_keyboard_alone_works_each_and_leaves_it() -> Result<()> {
    browse(async |tab| {
        for place in widget::all()? {
            let widget = Widget::open(tab, &place.page, &place.name, "").await?;
            let here = tab.driver.current_url().await?;
            let wanted = controls(tab, &widget).await?;
            // From just before the widget.
            let script = "const widget = document.querySelector(arguments[0]);
                const start = document.createElement('button');
                start.textContent = 'start'; widget.before(start); start.focus()";
            tab.js_with(script, json!([widget.inside("")])).await?;
            let mut reached = Vec::new();
            for presses in 0.. {
                ensure!(presses < 200, "{place:?}: 200 tabs and still inside: {reached:?}");
                tab.press(Key::Tab).await?;
                let stop = focus(tab, &widget).await?;
                if stop["inside"] == false {
                    break;
                }
                let text = |key: &str| stop[key].as_str().unwrap_or_default().to_owned();
                let name = format!("{} {}", text("tag"), text("event"));
                work(tab, &widget, &name, &text("type"))
                    .await
                    .with_context(|| format!("{place:?}: {stop}"))?;
                reached.push(name);
            }
            let missed: Vec<_> = wanted.iter().filter(|name| !reached.contains(name)).collect();
            ensure!(missed.is_empty(), "{place:?}: Tab never comes to {missed:?}: {reached:?}");
            let now = tab.driver.current_url().await?;
            ensure!(here == now, "{place:?}: a key in the widget turned the page to {now}");
            let noise = tab.console().await?;
            ensure!(noise.is_empty(), "{place:?}: the console says {noise:?}");
            println!("{place:?}: {} stops, {} controls", reached.len(), wanted.len());
        }
        Ok(())
    })
}

/// Works the control that has the focus, and checks that it keeps the focus.
async fn work(tab: &Tab, widget: &Widget<'_>, name: &str, kind: &str) -> Result<()> {
    let value = "return document.activeElement.value ?? ''";
    match (name.split(' ').next().unwrap_or_default(), kind) {
        ("input", "range") => {
            let spoken = "return document.activeElement.getAttribute('aria-valuetext')";
            let before = tab.js(value).await?;
            let said = tab.js(spoken).await?;
            ensure!(said.as_str().is_some_and(|said| !said.is_empty()), "it says nothing");
            tab.press(Key::Right).await?;
            let back = if tab.js(value).await? == before { Key::Right } else { Key::Left };
            if tab.js(value).await? == before {
                tab.press(Key::Left).await?;
            }
            ensure!(tab.js(value).await? != before, "arrows do not move it");
            tab.until_with(
                "it says its new value",
                "return document.activeElement.getAttribute('aria-valuetext') !== arguments[0]",
                json!([said]),
            )
            .await?;
            // Back again: another value may hide controls that are still to come.
            tab.press(back).await?;
        }
        ("input", "checkbox") => {
            let on = "return document.activeElement.checked";
            let before = tab.js(on).await?;
            tab.press(" ").await?;
            ensure!(tab.js(on).await? != before, "the space bar does not switch it");
            tab.press(" ").await?;
        }
        ("input", "radio") | ("select", _) => {
            tab.press(Key::Down).await?;
            tab.press(Key::Up).await?;
        }
        ("td", _) => {
            for key in [Key::Right, Key::Down, Key::End, Key::Home] {
                tab.press(key).await?;
                let at = focus(tab, widget).await?;
                ensure!(at["tag"] == "td" && at["inside"] == true, "a key lost the cell: {at}");
                ensure!(at["text"].as_str().is_some_and(|it| !it.is_empty()), "a nameless cell");
            }
        }
        _ => {}
    }
    let now = focus(tab, widget).await?;
    ensure!(now["inside"] == true, "the focus left the widget for {now}");
    Ok(())
}

/// Moves every control that has a value to its other end, as a reader who tries everything.
const STIR: &str = "
    const settle = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    const send = control => {
        control.dispatchEvent(new Event('input', { bubbles: true }));
        control.dispatchEvent(new Event('change', { bubbles: true }));
    };
    const names = [...new Set([...widget.querySelectorAll('input[type=range], select, input[type=checkbox]')]
        .filter(it => it.checkVisibility()).map(it => it.name))];
    for (const name of names) {
        const control = widget.querySelector(`[name='${name}']`);
        if (!control || control.disabled) continue;
        if (control.type === 'range') control.value = control.value === control.max ? control.min : control.max;
        else if (control.type === 'checkbox') control.checked = !control.checked;
        else control.selectedIndex = control.options.length - 1;
        send(control);
        await settle();
    }
    const last = [...widget.querySelectorAll('td[data-event], input[type=radio]')].filter(it =>
        it.matches('td') || (!names.length && it.closest('label')?.checkVisibility())).at(-1);
    last?.click();
    for (let wait = 0; wait < 20; wait++) await settle();";

#[test]
fn each_can_be_shared_and_reset() -> Result<()> {
    browse(async |tab| {
        for place in widget::all()? {
            let widget = Widget::open(tab, &place.page, &place.name, "").await?;
            let opening = widget.everything().await?;
            widget.js_async(STIR).await?;
            let stirred = widget.everything().await?;
            ensure!(stirred != opening, "{place:?}: nothing changes anything");
            let link = widget.permalink().await?;
            widget.click("[data-event=reset]").await?;
            let after = until_same(&widget, &opening).await?;
            ensure!(after == opening, "{place:?}: Reset leads to\n{after}\nnot to\n{opening}");
            let shared = Widget::open(tab, &place.page, &place.name, &link).await?;
            let again = until_same(&shared, &stirred).await?;
            ensure!(again == stirred, "{place:?}: {link} opens\n{again}\nnot\n{stirred}");
            let nonsense = format!("?{}=%22%3E.99999.-1", place.name);
            let usual = Widget::open(tab, &place.page, &place.name, &nonsense).await?;
            ensure!(usual.everything().await? == opening, "{place:?}: nonsense is not ignored");
        }
        Ok(())
    })
}

/// What the widget shows once it is `wanted`, or after a while.
async fn until_same(widget: &Widget<'_>, wanted: &str) -> Result<String> {
    let mut seen = String::new();
    for _ in 0..100 {
        seen = widget.everything().await?;
        if seen == wanted {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    Ok(seen)
}

/// From the press to the new layout, in ms: the widget's answer, and what the browser makes of
/// it. The picture itself follows with the next frame.
const PRESS: &str = "
    const samples = [];
    const answered = () => new Promise(resolve => {
        const watch = new MutationObserver(() => { watch.disconnect(); resolve(true); });
        watch.observe(widget, { subtree: true, childList: true, attributes: true, characterData: true });
        setTimeout(() => { watch.disconnect(); resolve(false); }, 200);
    });
    const frame = () => new Promise(requestAnimationFrame);
    for (let round = 0; round < 60; round++) {
        const targets = [...widget.querySelectorAll(
            'td[data-event], input[type=range], .token input, .chip input, [role=radio][data-event], button[data-event]:not([disabled])')]
            .filter(it => (it.closest('label') ?? it).checkVisibility());
        const target = targets[(round * 7919) % targets.length];
        await frame();
        const answer = answered();
        const start = performance.now();
        if (target.type === 'range') {
            target.value = target.value === target.max ? target.min : target.max;
            target.dispatchEvent(new Event('input', { bubbles: true }));
        } else target.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
        if (!await answer) continue;
        widget.getBoundingClientRect();
        samples.push(performance.now() - start);
    }
    samples.sort((a, b) => a - b);
    const at = share => samples[Math.min(samples.length - 1, Math.floor(share * samples.length))];
    return { samples: samples.length, median: at(.5), p95: at(.95), longest: samples.at(-1) };";

#[test]
fn the_time_from_press_to_layout_is_printed() -> Result<()> {
    browse(async |tab| {
        println!("{:<34} {:>7} {:>7} {:>7} ms", "widget", "median", "p95", "longest");
        for place in widget::all()? {
            let widget = Widget::open(tab, &place.page, &place.name, "").await?;
            let times = widget.js_async(PRESS).await?;
            let number = |name: &str| {
                times[name].as_f64().with_context(|| format!("{place:?}: no {name}: {times}"))
            };
            let name = format!("{} in {}", place.name, place.page.trim_end_matches(".html"));
            let [median, p95, longest] = [number("median")?, number("p95")?, number("longest")?];
            println!("{name:<34} {median:7.1} {p95:7.1} {longest:7.1}");
            ensure!(times["samples"].as_u64() >= Some(20), "{place:?} hardly answers: {times}");
            let ordered = 0.0 <= median && median <= p95 && p95 <= longest;
            ensure!(ordered, "{place:?}: these are no times: {times}");
        }
        Ok(())
    })
}
