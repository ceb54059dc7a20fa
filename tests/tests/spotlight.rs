//! Chapter 1's widget, worked as a reader works it: mouse, keyboard, finger, and no scripts.

use anyhow::{Context, Result, ensure};
use reader_tests::spotlight::{
    CAT, CHAPTER, HEADS, IT, LAYERS, Spotlight, View, WIDGET, cell, chip, narrow_chip, square,
};
use reader_tests::{Tab, browse};
use serde_json::{Value, json};
use thirtyfour::Key;

/// The opening view: layer 13, head 8, and "it" gives .80 to "cat", wherever one looks.
fn it_looks_at_cat(view: &View) -> Result<()> {
    view.agree()?;
    ensure!(view.head == (13, 8), "{view:?}");
    ensure!(view.query == IT && view.chips[IT].0 == "it" && view.chips[CAT].0 == "cat");
    let shown = [view.chip(CAT), view.measured(CAT), view.cell(IT, CAT)];
    ensure!(shown == [".80"; 3], "cat gets {shown:?} in chip, table and grid");
    ensure!(view.cells[IT][CAT].name == "it looks at cat: .80", "{:?}", view.cells[IT][CAT]);
    ensure!(view.status.contains("“it” gives .80 to “cat”"), "the status says `{}`", view.status);
    ensure!(view.described.starts_with("“it” gives .80 to “cat”, "), "{}", view.described);
    ensure!(view.rows[CAT].get(2).is_some_and(|made_up| made_up == ".42"), "{:?}", view.rows);
    Ok(())
}

/// Where the focus is.
async fn focus(tab: &Tab) -> Result<Value> {
    tab.js_with(
        "const element = document.activeElement;
         const text = (element.getAttribute('aria-label') ?? element.textContent).trim();
         return {
             inside: Boolean(element.closest(arguments[0])),
             tag: element.localName,
             event: element.dataset.event ?? null,
             value: element.localName === 'td' ? null : element.value ?? element.dataset.value ?? null,
             cell: element.dataset.row ? [Number(element.dataset.row), Number(element.dataset.column)] : null,
             text: text.replace(/\\s+/g, ' ').slice(0, 60),
         };",
        json!([WIDGET]),
    )
    .await
}

/// Puts the focus on an element without pressing anything.
async fn focus_on(tab: &Tab, selector: &str) -> Result<()> {
    let script = "document.querySelector(arguments[0]).focus()";
    tab.js_with(script, json!([selector])).await.map(drop)
}

#[test]
fn a_click_on_it_shows_cat() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        it_looks_at_cat(&spotlight.view().await?)?;
        tab.click(&chip(CAT)).await?;
        let other = spotlight.until_at(13, 8, CAT).await?;
        ensure!(other.chip(IT).is_empty(), "“cat” cannot look at what comes later: {other:?}");
        tab.click(&chip(IT)).await?;
        it_looks_at_cat(&spotlight.until_at(13, 8, IT).await?)?;
        spotlight.numbers().await?;
        tab.click(&cell(2, 1)).await?;
        let view = spotlight.until_at(13, 8, 2).await?;
        ensure!(view.stops() == [(2, 1)], "the pressed cell is the tab stop: {:?}", view.stops());
        Ok(())
    })
}

#[test]
fn the_keyboard_alone_reaches_it_and_leaves_again() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        spotlight.numbers().await?;
        let mut stops = Vec::new();
        let mut inside = false;
        for presses in 0.. {
            ensure!(presses < 300, "after 300 tabs still not through: {stops:?}");
            tab.press(Key::Tab).await?;
            let stop = focus(tab).await?;
            if inside && stop["inside"] == false {
                println!("stops inside the widget: {stops:#?}\nand then: {stop}");
                break;
            }
            inside = stop["inside"] == true;
            if !inside {
                continue;
            }
            if stop["event"] == "query" {
                tab.press(Key::Left).await?;
                spotlight.until_at(13, 8, IT - 1).await?;
                tab.press(Key::Right).await?;
                it_looks_at_cat(&spotlight.until_at(13, 8, IT).await?)?;
            }
            ensure!(stops.last() != Some(&stop), "Tab is caught at {stop}");
            stops.push(stop);
        }
        for event in ["sentence", "wall", "reset", "query", "cell"] {
            let count = stops.iter().filter(|stop| stop["event"] == event).count();
            ensure!(count == 1, "Tab stops {count} times at `{event}`: {stops:?}");
        }
        ensure!(stops.iter().any(|stop| stop["event"] == "preset"), "Tab passes the names by");
        ensure!(stops.iter().any(|stop| stop["tag"] == "a"), "Tab passes the link by");
        Ok(())
    })
}

#[test]
fn a_tap_on_a_phone_shows_cat() -> Result<()> {
    browse(async |tab| {
        tab.phone().await?;
        let spotlight = Spotlight::open(tab, "").await?;
        tab.tap(&narrow_chip(5)).await?;
        spotlight.until_at(13, 8, 5).await?;
        tab.tap(&narrow_chip(IT)).await?;
        it_looks_at_cat(&spotlight.until_at(13, 8, IT).await?)?;
        // Where squares are too small for a finger, buttons move by one.
        let step = |event: &str, to: usize| {
            format!("{WIDGET} .wall-steps [data-event={event}][data-value='{to}']")
        };
        tab.tap(&step("layer", 12)).await?;
        spotlight.until_at(12, 8, IT).await?;
        tab.tap(&step("head", 7)).await?;
        spotlight.until_at(12, 7, IT).await?;
        spotlight.numbers().await?;
        tab.tap(&cell(CAT, CAT)).await?;
        spotlight.until_at(12, 7, CAT).await?;
        Ok(())
    })
}

#[test]
fn without_scripts_the_tables_remain() -> Result<()> {
    browse(async |tab| {
        tab.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await?;
        tab.open(CHAPTER).await?;
        let awake = "return document.querySelector(arguments[0]).dataset.awake ?? 'asleep'";
        ensure!(tab.js_with(awake, json!([WIDGET])).await? == "asleep", "scripts did run");
        let view = Spotlight::look(tab).await?.map_err(anyhow::Error::msg)?;
        it_looks_at_cat(&view)?;
        let shown = "return [...document.querySelectorAll(`${arguments[0]} ${arguments[1]}`)]
            .map(element => element.checkVisibility())";
        for (selector, visible) in [
            (".needs-script", false),
            ("select", false),
            ("button", false),
            (".for-wide [role=img]", true),
            (".wall svg", true),
            ("table.weights", true),
            ("table.map", true),
            ("[role=status]", true),
        ] {
            let found = tab.js_with(shown, json!([WIDGET, selector])).await?;
            let found = found.as_array().context("a list")?;
            ensure!(!found.is_empty(), "without scripts there is no `{selector}` at all");
            ensure!(found.iter().all(|it| *it == visible), "`{selector}` visible: {found:?}");
        }
        Ok(())
    })
}

#[test]
fn every_sentence_and_every_named_head_can_be_chosen() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        let opening = spotlight.view().await?;
        ensure!(opening.sentences.len() >= 6, "only {:?}", opening.sentences);
        for sentence in opening.sentences.iter().rev() {
            spotlight.choose("sentence", sentence).await?;
            let what = format!("the sentence `{sentence}` is shown");
            spotlight.until_agreed(&what, |view| view.sentence == *sentence).await?;
        }
        let presets = &opening.presets;
        ensure!(presets.len() >= 2, "only {presets:?}");
        for preset in presets {
            tab.click(&format!("{WIDGET} [data-event=preset][data-value='{preset}']")).await?;
            let what = format!("named head {preset} is shown");
            spotlight
                .until_agreed(&what, |view| view.named.as_deref() == Some(preset.as_str()))
                .await?;
        }
        Ok(())
    })
}

/// Weights that an independent implementation measured (layer, head, weight of "cat").
const MEASURED: [(usize, usize, &str); 3] = [(3, 8, ".49"), (9, 2, ".45"), (16, 5, ".43")];

#[test]
fn the_wall_reaches_the_measured_heads() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        for (layer, head, weight) in MEASURED {
            spotlight.pick(layer, head).await?;
            let view = spotlight.until_at(layer, head, IT).await?;
            ensure!(view.chip(CAT) == weight, "layer {layer}, head {head}: {}", view.chip(CAT));
        }
        tab.click(&format!("{WIDGET} [data-event=reset]")).await?;
        it_looks_at_cat(&spotlight.until_at(13, 8, IT).await?)
    })
}

#[test]
fn focus_stays_where_the_reader_put_it() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        focus_on(tab, &square(13, 8)).await?;
        for layer in [14, 15, 16] {
            tab.press(Key::Right).await?;
            spotlight.until_at(layer, 8, IT).await?;
            let now = focus(tab).await?;
            ensure!(now["value"] == format!("{layer},8"), "the focus is at {now}");
        }
        tab.press(Key::Up).await?;
        spotlight.until_at(16, 7, IT).await?;
        // The loupe goes along.
        let script = "return document.querySelector(`${arguments[0]} .loupe text`)?.textContent";
        let loupe = "the loupe is over the head that has the focus";
        let shows = format!("{script} === 'layer 16, head 7'");
        tab.until_with(loupe, &shows, json!([WIDGET])).await?;

        focus_on(tab, &chip(IT)).await?;
        tab.press(Key::Left).await?;
        spotlight.until_at(16, 7, IT - 1).await?;
        let now = focus(tab).await?;
        let before_it = (IT - 1).to_string();
        ensure!(now["event"] == "query" && now["value"] == before_it.as_str(), "{now}");

        focus_on(tab, &format!("{WIDGET} select[name=sentence]")).await?;
        tab.press(Key::Down).await?;
        let opening = &spotlight.view().await?.sentences[0];
        spotlight.until_agreed("another sentence is shown", |it| it.sentence != *opening).await?;
        ensure!(focus(tab).await?["event"] == "sentence", "the focus is lost");

        focus_on(tab, &format!("{WIDGET} [data-event=reset]")).await?;
        tab.press(Key::Enter).await?;
        it_looks_at_cat(&spotlight.until_at(13, 8, IT).await?)?;
        ensure!(focus(tab).await?["event"] == "reset", "the focus is lost");
        Ok(())
    })
}

#[test]
fn focus_stays_while_the_widget_wakes() -> Result<()> {
    browse(async |tab| {
        let early = format!(
            "addEventListener('DOMContentLoaded', () => {{
                 window.early = document.querySelector(\"{}\");
                 early.focus({{ preventScroll: true }});
             }})",
            chip(IT)
        );
        tab.before_pages(&early).await?;
        Spotlight::open(tab, "").await?;
        ensure!(tab.js("return early.isConnected").await? == true, "waking replaced the controls");
        let now = focus(tab).await?;
        ensure!(now["event"] == "query", "waking took the focus away: it is at {now}");
        Ok(())
    })
}

#[test]
fn the_link_opens_the_same_view_elsewhere() -> Result<()> {
    let mut seen = None;
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        let sentence = spotlight.view().await?.sentences.last().cloned().context("no sentence")?;
        spotlight.choose("sentence", &sentence).await?;
        spotlight.until_agreed("the sentence is shown", |view| view.sentence == sentence).await?;
        spotlight.pick(20, 3).await?;
        tab.click(&chip(2)).await?;
        seen = Some(spotlight.until_at(20, 3, 2).await?);
        Ok(())
    })?;
    let seen = seen.context("nothing was seen")?;
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, &seen.permalink).await?;
        let again = spotlight.until_at(20, 3, 2).await?;
        let parts = |view: &View| {
            (view.sentence.clone(), view.chips.clone(), view.rows.clone(), view.status.clone())
        };
        ensure!(parts(&again) == parts(&seen), "{:?}\nis not\n{:?}", parts(&again), parts(&seen));
        ensure!(again.permalink == seen.permalink, "{} {}", again.permalink, seen.permalink);
        Ok(())
    })
}

#[test]
fn a_link_that_makes_no_sense_opens_the_widget_as_usual() -> Result<()> {
    browse(async |tab| {
        for address in ["?spotlight=cat.99.8.7", "?spotlight=absent.1.1.1", "?spotlight=%22%3E"] {
            let spotlight = Spotlight::open(tab, address).await?;
            it_looks_at_cat(&spotlight.until_at(13, 8, IT).await?)?;
        }
        Ok(())
    })
}

#[test]
fn arrows_walk_the_grid_from_one_tab_stop() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        let opening = spotlight.view().await?;
        ensure!(opening.stops().len() == 1, "Tab stops at {:?}", opening.stops());
        spotlight.numbers().await?;
        let last = opening.chips.len() - 1;
        tab.click(&cell(IT, CAT)).await?;
        spotlight.until("the pressed cell is the stop", |it| it.stops() == [(IT, CAT)]).await?;

        let plain = [
            (Key::Up, (6, 1)),
            (Key::Right, (6, 2)),
            (Key::Down, (7, 2)),
            (Key::Left, (7, 1)),
            (Key::Home, (7, 0)),
            (Key::Left, (7, 0)),
            (Key::End, (7, last)),
            (Key::Right, (7, last)),
        ];
        for (key, wanted) in plain {
            tab.press(key).await?;
            arrive(tab, &spotlight, wanted).await?;
        }
        for (key, wanted, beyond) in
            [(Key::Home, (0, 0), Key::Up), (Key::End, (last, last), Key::Down)]
        {
            tab.press_with(Key::Control, key).await?;
            arrive(tab, &spotlight, wanted).await?;
            tab.press(beyond).await?;
            arrive(tab, &spotlight, wanted).await?;
        }
        Ok(())
    })
}

/// The focus is on this cell, it is the only tab stop, its row is the query, and its name says
/// both tokens and the weight.
async fn arrive(tab: &Tab, spotlight: &Spotlight<'_>, wanted: (usize, usize)) -> Result<()> {
    let (row, column) = wanted;
    let view = spotlight.until_at(13, 8, row).await?;
    ensure!(view.stops() == [wanted], "Tab stops at {:?}, not at {wanted:?}", view.stops());
    let now = focus(tab).await?;
    ensure!(now["cell"] == json!([row, column]), "the focus is at {now}, not at {wanted:?}");
    let (cell, words) = (&view.cells[row][column], (&view.chips[row].0, &view.chips[column].0));
    let expected = match cell.text.as_str() {
        "" => format!("{} cannot look at {}: it comes later", words.0, words.1),
        weight => format!("{} looks at {}: {weight}", words.0, words.1),
    };
    ensure!(cell.name == expected, "`{}` is not `{expected}`", cell.name);
    Ok(())
}

#[test]
fn arrows_turn_pages_outside_the_widget_only() -> Result<()> {
    browse(async |tab| {
        let spotlight = Spotlight::open(tab, "").await?;
        let here = tab.driver.current_url().await?;
        let menus = format!("{WIDGET} select[name=sentence]");
        spotlight.numbers().await?;
        for place in [chip(IT), cell(IT, CAT), menus, square(13, 8)] {
            focus_on(tab, &place).await?;
            for key in [Key::Right, Key::Left] {
                tab.press(key).await?;
            }
            spotlight.until_agreed("the widget is still there", |_| true).await?;
            let now = tab.driver.current_url().await?;
            ensure!(now == here, "arrows at {place} lead from {here} to {now}");
        }
        let link = "const link = document.querySelector('a[rel=next], a[rel=prev]');
            return link && [link.rel, link.href]";
        let link = tab.js(link).await?;
        let goal = link[1].as_str().context("chapter 1 has no chapter beside it")?;
        tab.js("document.activeElement.blur()").await?;
        let key = if link[0] == "next" { Key::Right } else { Key::Left };
        tab.press(key).await?;
        tab.until_with(
            "the page is turned",
            "return location.href === arguments[0]",
            json!([goal]),
        )
        .await?;
        Ok(())
    })
}

#[test]
fn all_270_heads_can_be_seen() -> Result<()> {
    browse(async |tab| {
        Spotlight::open(tab, "").await?;
        let script = r"
            const widget = document.querySelector(arguments[0]);
            const [layer, heads] = [arguments[1], arguments[2]];
            const turn = () => new Promise(resolve => setTimeout(resolve));
            const problems = [];
            let seen = 0;
            for (let head = 0; head < heads; head++) {
                widget.querySelector(`.wall [data-value='${layer},${head}']`).dispatchEvent(new Event('click', { bubbles: true }));
                const here = `layer ${layer}, head ${head} of`;
                const there = () => widget.querySelector('.weights caption')?.textContent.includes(here);
                for (let turns = 0; turns < 200 && !there(); turns++) await turn();
                const rows = [...widget.querySelectorAll('.map tbody tr')];
                const off = rows.find(row => {
                    const weights = [...row.querySelectorAll('td')].map(cell => cell.textContent.trim()).filter(Boolean);
                    const sum = weights.reduce((sum, weight) => sum + Number(weight), 0);
                    return !(Math.abs(sum - 1) <= .005 * weights.length + 1e-9);
                });
                if (!there()) problems.push(`${here}: not shown`);
                else if (!rows.length || off) problems.push(`${here}: a row does not sum to 1: ${off?.textContent}`);
                else seen++;
            }
            if (widget.dataset.error || widget.querySelector('[role=alert]')) problems.push('the widget shows an error');
            return { seen, problems };";
        // A layer at a time: the browser gives a script a minute.
        for layer in 0..LAYERS {
            let result = tab.js_async(script, json!([WIDGET, layer, HEADS])).await?;
            ensure!(result["problems"] == json!([]), "{:#}", result["problems"]);
            ensure!(result["seen"] == HEADS, "saw {} heads of layer {layer}", result["seen"]);
        }
        Ok(())
    })
}

#[test]
fn the_live_region_is_there_from_the_start_and_not_hasty() -> Result<()> {
    browse(async |tab| {
        tab.before_pages(
            "addEventListener('DOMContentLoaded', () => {
                 const status = document.querySelector('attention-widget [role=status]');
                 window.statusAtLoad = status;
                 window.messages = [];
                 new MutationObserver(() => messages.push([performance.now(), status.textContent]))
                     .observe(status, { childList: true, characterData: true, subtree: true });
             })",
        )
        .await?;
        let spotlight = Spotlight::open(tab, "").await?;
        let same = "return window.statusAtLoad === document.querySelector('attention-widget [role=status]')";
        ensure!(tab.js(same).await? == true, "the live region is not the one from the page's load");
        for layer in 0..20 {
            spotlight.pick(layer, 8).await?;
        }
        spotlight.until_at(19, 8, IT).await?;
        let messages = tab.js("return window.messages").await?;
        let messages = messages.as_array().context("a list")?;
        ensure!(!messages.is_empty(), "the live region said nothing");
        let times: Vec<f64> = messages.iter().filter_map(|message| message[0].as_f64()).collect();
        // The page may be busy when a message is noticed: that one may seem late.
        let allowed = (times[times.len() - 1] - times[0]) / 500.0 + 2.0;
        ensure!(times.len() as f64 <= allowed, "more than one message in 500 ms: {times:?}");
        ensure!(times.len() < 20, "every step of the slider was read out: {times:?}");
        Ok(())
    })
}
