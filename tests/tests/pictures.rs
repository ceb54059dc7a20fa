//! What is drawn can be read: no text lies over another one or leaves its picture, every colour
//! stands out from its ground in every theme, and every target is large enough for a finger.

use anyhow::{Result, ensure};
use reader_tests::{Tab, browse, site, widget};
use serde_json::{Value, json};

/// The themes, and what the system prefers.
const THEMES: [(&str, &str); 6] = [
    ("light", "light"),
    ("rust", "light"),
    ("coal", "dark"),
    ("navy", "dark"),
    ("ayu", "dark"),
    ("auto", "dark"),
];

/// What all looks share: the pictures that are shown, their texts, and a name for each mark.
const TOOLS: &str = "
    const shown = (mark) => mark.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const pictures = [...document.querySelectorAll('.drawn svg, svg.drawn')].filter(shown);
    const texts = (picture) => [...picture.querySelectorAll('text')]
        .filter((text) => text.textContent.trim() && shown(text));
    const where = (picture) => (picture.closest('attention-widget')?.getAttribute('name')
        ?? picture.getAttribute('aria-label') ?? 'a picture').slice(0, 60);
    const say = (text) => `“${text.textContent.trim()}”`;";

/// Texts that cover each other or leave their picture.
const CROWDED: &str = "
    const found = [];
    for (const picture of pictures) {
        const frame = picture.getBoundingClientRect();
        const all = texts(picture).map((text) => ({ text, box: text.getBoundingClientRect() }));
        for (const { text, box } of all) {
            const out = Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom);
            if (out > 2) found.push(`${where(picture)}: ${say(text)} is ${out.toFixed(1)} px outside`);
        }
        // A line of text is less tall than its box.
        const inner = ({ left, right, top, bottom }) => {
            const height = bottom - top;
            return { left: left + 1, right: right - 1, top: top + height * .2, bottom: bottom - height * .2 };
        };
        // A slanting text fills less than its box, and keeps apart from its like by its slant.
        const slanting = ({ text }) => (text.getAttribute('transform') ?? '').includes('rotate');
        for (let one = 0; one < all.length; one++) for (let other = one + 1; other < all.length; other++) {
            const [a, b] = [inner(all[one].box), inner(all[other].box)];
            if (slanting(all[one]) && slanting(all[other])) continue;
            if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) {
                found.push(`${where(picture)}: ${say(all[one].text)} lies over ${say(all[other].text)}`);
            }
        }
    }
    return { pictures: pictures.length, found };";

/// Targets that are smaller than 24 px either way. Where a picture has small ones on a phone, as
/// the wall of heads has, buttons beside it do the same.
const SMALL: &str = "
    const found = [];
    const targets = [...document.querySelectorAll('.drawn :is(button, select, input, summary, a, [data-event], [data-drag], [role=slider])')]
        .filter((target) => shown(target) && !(arguments[0] && target.matches('.wall-cell')));
    const size = (target) => {
        const box = (target.closest('label') ?? target).getBoundingClientRect();
        return Math.min(box.width, box.height);
    };
    // A small mark is no hindrance where a large control of the same widget says the same.
    const same = (one, other) => one.dataset.event === other.dataset.event
        && (one.dataset.value ?? one.value) === (other.dataset.value ?? other.value)
        && one.closest('attention-widget') === other.closest('attention-widget');
    for (const target of targets) {
        const box = (target.closest('label') ?? target).getBoundingClientRect();
        const instead = () => target.dataset.event && targets.some((other) => size(other) >= 23.9 && same(target, other));
        if (size(target) < 23.9 && !instead()) {
            found.push(`${target.closest('attention-widget')?.getAttribute('name')}: ${target.tagName} `
                + `“${(target.getAttribute('aria-label') ?? target.textContent).trim().slice(0, 40)}” is `
                + `${box.width.toFixed(1)} by ${box.height.toFixed(1)} px`);
        }
    }
    return { pictures: targets.length, found };";

/// Texts that stand out too little from what they stand on: less than 4.5 to 1.
const FAINT: &str = "
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null)));
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data;
    };
    const bright = (colour) => {
        const [r, g, b] = [...rgb(colour)].slice(0, 3).map((part) => part / 255)
            .map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ratio = (one, other) => {
        const [low, high] = [bright(one), bright(other)].sort((a, b) => a - b);
        return (high + .05) / (low + .05);
    };
    const found = [];
    let looked = 0;
    for (const picture of pictures) {
        const panel = getComputedStyle(picture.closest('.widget') ?? document.body).backgroundColor;
        for (const text of texts(picture)) {
            text.scrollIntoView({ block: 'center', behavior: 'instant' });
            const style = getComputedStyle(text);
            const box = text.getBoundingClientRect();
            const under = document.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2)
                .filter((mark) => picture.contains(mark) && mark.matches('rect, circle, path') && shown(mark))
                .map((mark) => getComputedStyle(mark).fill)
                .find((fill) => fill !== 'none' && rgb(fill)[3] > 250);
            const halo = style.paintOrder.startsWith('stroke') && style.stroke !== 'none';
            const ground = halo ? style.stroke : under ?? panel;
            const contrast = ratio(style.fill, ground);
            looked += 1;
            if (contrast < 4.5) found.push(`${where(picture)}: ${say(text)} ${contrast.toFixed(2)} to 1`);
        }
    }
    return { pictures: looked, found: [...new Set(found)] };";

/// Runs a look at the open page: how much it looked at, and what it found.
async fn look(tab: &Tab, script: &str, phone: bool) -> Result<(u64, Vec<String>)> {
    let answer: Value = tab.js_async(&format!("{TOOLS}{script}"), json!([phone])).await?;
    Ok((answer["pictures"].as_u64().unwrap_or(0), serde_json::from_value(answer["found"].clone())?))
}

/// The pages that have pictures, each with its widgets awake.
async fn each_page(
    tab: &Tab,
    mut at: impl AsyncFnMut(&str) -> Result<Vec<String>>,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for path in site::pages()?.into_iter().filter(|path| path != "print.html") {
        tab.open(&path).await?;
        if tab.js("return !document.querySelector('.drawn')").await? == true {
            continue;
        }
        widget::wake_all(tab).await?;
        found.extend(at(&path).await?.into_iter().map(|line| format!("{path}: {line}")));
    }
    Ok(found)
}

fn verdict(looked: u64, found: &[String]) -> Result<()> {
    ensure!(looked > 0, "there was nothing to look at");
    ensure!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
    println!("{looked} looked at");
    Ok(())
}

/// Looks at texts and targets at one size.
async fn legible(tab: &Tab, phone: bool) -> Result<()> {
    let mut looked = 0;
    let found = each_page(tab, async |_| {
        let mut found = Vec::new();
        for script in [CROWDED, SMALL] {
            let (count, more) = look(tab, script, phone).await?;
            looked += count;
            found.extend(more);
        }
        Ok(found)
    })
    .await?;
    verdict(looked, &found)
}

#[test]
fn texts_keep_apart_and_targets_are_large_on_a_desktop() -> Result<()> {
    browse(async |tab| {
        tab.window(1280, 720).await?;
        legible(tab, false).await
    })
}

#[test]
fn texts_keep_apart_and_targets_are_large_on_a_phone() -> Result<()> {
    browse(async |tab| {
        tab.phone().await?;
        legible(tab, true).await
    })
}

#[test]
fn texts_stand_out_from_their_ground_in_every_theme() -> Result<()> {
    browse(async |tab| {
        tab.window(1280, 720).await?;
        let mut looked = 0;
        let found = each_page(tab, async |_| {
            let mut found = Vec::new();
            for (theme, system) in THEMES {
                tab.media("", &[("prefers-color-scheme", system)]).await?;
                tab.dress(theme).await?;
                let (count, more) = look(tab, FAINT, false).await?;
                looked += count;
                found.extend(more.into_iter().map(|line| format!("{theme}: {line}")));
            }
            Ok(found)
        })
        .await?;
        verdict(looked, &found)
    })
}

#[test]
fn a_text_over_another_a_small_target_and_a_faint_text_are_found() -> Result<()> {
    browse(async |tab| {
        tab.open("ch01-spotlight.html").await?;
        widget::wake_all(tab).await?;
        let script = "document.querySelector('.for-wide svg').insertAdjacentHTML('beforeend', `
            <text x=\"200\" y=\"100\">covered</text><text x=\"210\" y=\"102\">covering</text>
            <text x=\"825\" y=\"60\">leaving the picture</text>
            <rect x=\"300\" y=\"100\" width=\"90\" height=\"30\" class=\"fill-ink\"></rect>
            <text x=\"310\" y=\"120\">faint</text>
            <rect x=\"10\" y=\"80\" width=\"9\" height=\"9\" class=\"hit\" data-event=\"query\" aria-label=\"tiny\"></rect>`)";
        tab.js(script).await?;
        for (script, words) in [
            (CROWDED, &["lies over", "outside"][..]),
            (SMALL, &["tiny"]),
            (FAINT, &["“faint” 1.00 to 1"]),
        ] {
            let (_, found) = look(tab, script, false).await?;
            for word in words {
                ensure!(found.iter().any(|line| line.contains(word)), "no {word} in {found:?}");
            }
        }
        Ok(())
    })
}
