//! Chapter 10: who shares with whom, and how large a cache is.

use crate::book::book;
use crate::page::{Page, Table, number};

const SHARE: &str = "Key and value heads";

#[test]
fn one_step() {
    let mut page = Page::open("decode");
    page.step("ch10.one-row", |page, words| {
        page.press(words.say("Next token"));
        let table = page.table("Made in this step");
        let count = |way: &str, what: &str| number(table.at(way, what));
        let read = count("without a cache", "keys");
        assert!(read > 1.0);
        assert_eq!(count("without a cache", "scores"), read * (read + 1.0) / 2.0);
        let with = ["keys", "values", "scores"].map(|what| count("with a cache", what));
        assert_eq!(with, [1.0, 1.0, read]);
    });
    page.step("ch10.counters", |page, _| {
        page.slide_left("Token");
        while page.slide_on("Token") {}
        let table = page.table("Made in this step");
        let times = |what: &str| {
            number(table.at("without a cache", what)) / number(table.at("with a cache", what))
        };
        // Scores outgrow keys in number; both ways' ratio is printed in the picture.
        let more = |what: &str| {
            number(table.at("without a cache", what)) - number(table.at("with a cache", what))
        };
        assert!(times("keys so far") > 1.0 && more("scores so far") > more("keys so far"));
    });
}

/// How far to the right the lines of the picture begin and end.
fn lines(page: &Page) -> Vec<(String, String)> {
    let ends = |line: &String| {
        let mut numbers = line[1..].split([' ', 'C']);
        let from = numbers.next().unwrap_or_default().to_owned();
        (from, numbers.rev().nth(1).unwrap_or_default().to_owned())
    };
    page.attributes(".for-wide path.reads", "d").iter().map(ends).collect()
}

#[test]
fn sharing() {
    let mut page = Page::open("sharing");
    page.step("ch10.neighbours", |page, _| {
        assert_eq!(page.slider_shows("Query heads"), "8");
        assert_eq!(page.table("Who reads what").rows.len(), 2);
        page.slide_left("Follow query head");
        for head in 0..8 {
            let said = page.status();
            let (kept, neighbours) = (head / 4, ["0, 1, 2, 3", "4, 5, 6, 7"][head / 4]);
            let reads = format!(
                "Query head {head} reads key and value head {kept}, which answers query heads \
                 {neighbours}"
            );
            assert!(said.contains(&reads), "{said}");
            assert_eq!(page.slide_on("Follow query head"), head < 7);
        }
    });
    page.step("ch10.ladder-and-fan", |page, _| {
        page.choose(SHARE, "8 (MHA)");
        assert!(lines(page).iter().all(|(above, below)| above == below), "{:?}", lines(page));
        let (mha, kept) = (page.texts_of("tr.here").concat(), page.table("What one layer keeps"));
        assert!(mha.contains("MHA"), "{mha}");
        page.choose(SHARE, "1 (MQA)");
        let fan = lines(page);
        assert!(fan.len() == 8 && fan.iter().all(|(_, below)| *below == fan[0].1), "{fan:?}");
        assert!(page.texts_of("tr.here").concat().contains("MQA"));
        let [all, one] = ["MHA", "MQA"].map(|kind| number(kept.at(kind, "Numbers")));
        assert_eq!(all, 8.0 * one);
    });
    page.step("ch10.smollm2", |page, _| {
        page.slide("Query heads", &book().facts["smollm2.heads"]);
        page.choose(SHARE, &format!("{} (GQA)", book().facts["smollm2.kv-heads"]));
        assert_eq!(page.slider_shows("Query heads"), "9");
        assert_eq!(
            page.table("Who reads what").column("Read by query heads"),
            ["0, 1, 2", "3, 4, 5", "6, 7, 8"]
        );
    });
}

/// The cache in the ways to keep it.
fn kinds(page: &Page) -> Table {
    page.table("kept in different ways")
}

/// The model's own cache, in bytes.
fn own(page: &Page) -> f64 {
    let table = kinds(page);
    let row = table.rows.iter().find(|row| row[0].contains("(this model)"));
    number(&row.unwrap_or_else(|| panic!("{table:?}"))[2])
}

#[test]
fn the_calculator() {
    let mut page = Page::open("cache");
    page.step("ch10.three-kinds", |page, words| {
        assert_eq!(page.slider_shows("Tokens of a text"), words.fact("cache.tokens"));
        assert_eq!(page.text_of("details.numbers > summary"), words.say("The numbers"));
        let table = kinds(page);
        let shown = ["MHA", "GQA (this model)", "MQA"].map(|kind| table.at(kind, "Binary"));
        let expected = ["mha", "gqa", "mqa"].map(|kind| words.fact(&format!("cache.{kind}-gib")));
        assert_eq!(shown, expected);
    });
    page.step("ch10.texts-at-once", |page, words| {
        let texts = words.say("Texts at once");
        let weights = |page: &Page| {
            let said = page.status();
            said.split("the weights ").nth(1).unwrap().split('.').next().unwrap().to_owned()
        };
        let fits = |page: &Page| {
            page.table("On a device").column("Fits").iter().filter(|it| **it == "yes").count()
        };
        let (mut cache, at_first, fitting) = (own(page), weights(page), fits(page));
        while page.slide_on(texts) {
            assert_eq!(own(page), 2.0 * cache);
            assert_eq!(weights(page), at_first);
            cache = own(page);
        }
        assert!(fits(page) < fitting);
    });
    page.step("ch10.window", |page, words| {
        page.press("Reset");
        let tokens = words.fact("cache.tokens");
        page.choose("Model", "Mistral 7B v0.1");
        let window = number(&page.field("Tokens in the window"));
        let mut before = 0.0;
        page.slide_through("Tokens of a text", |page| {
            let (shown, cache) = (page.slider_shows("Tokens of a text"), own(page));
            let grows = number(&shown) <= window;
            assert!(if grows { cache > before } else { cache == before }, "{shown}: {cache}");
            if shown == tokens {
                let gib = words.fact("cache.of-mistral-gib");
                assert_eq!(kinds(page).at("GQA (this model)", "Binary"), gib);
            }
            before = cache;
        });
        page.choose("Model", "Gemma 2 9B");
        page.slide_left("Tokens of a text");
        let mut ratios = Vec::new();
        let mut before = own(page);
        while page.slide_on("Tokens of a text") {
            ratios.push(own(page) / before);
            before = own(page);
        }
        assert!(ratios.iter().all(|ratio| *ratio >= 1.5), "{ratios:?}");
        // At the window's length all layers hold the same; half of them hold no more later on.
        page.slide("Tokens of a text", "4,096");
        let windows = own(page) / 2.0;
        page.slide("Tokens of a text", tokens);
        let percent = 100.0 * (1.0 - windows / own(page));
        assert_eq!(format!("{percent:.0}"), words.fact("cache.gemma.full-percent"));
    });
    page.step("ch10.int4", |page, words| {
        page.press("Reset");
        let before = own(page);
        page.choose("A number of the cache", words.say("int4, with scales"));
        let times = before / own(page);
        assert!((2.0..3.9).contains(&times), "{times}");
    });
    page.step("ch10.more-query-heads", |page, words| {
        page.press("Reset");
        assert_eq!(page.text_of("details.numbers > summary"), words.say("The numbers"));
        page.choose("Model", "Your own numbers");
        let before = kinds(page);
        page.fill("Query heads", "64");
        let after = kinds(page);
        for kind in ["GQA (this model)", "MQA"] {
            assert_eq!(before.at(kind, "Bytes"), after.at(kind, "Bytes"));
        }
        assert!(number(after.at("MHA", "Bytes")) > number(before.at("MHA", "Bytes")));
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("cache");
    page.step("ch10.gemma", |page, _| {
        page.choose("Model", "Gemma 2 9B");
        page.slide("Tokens of a text", "4,096");
        let mut ratios = Vec::new();
        let mut before = own(page);
        while page.slide_on("Tokens of a text") {
            ratios.push(own(page) / before);
            before = own(page);
        }
        assert!(ratios.windows(2).all(|pair| pair[0] < pair[1]), "{ratios:?}");
        assert!(ratios.iter().all(|ratio| (1.0..2.0).contains(ratio)));
        assert!(*ratios.last().unwrap() > 1.98, "{ratios:?}");
    });
}
