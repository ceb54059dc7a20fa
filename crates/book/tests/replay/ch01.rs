//! Chapter 1: the spotlight.

use crate::page::{Page, number};

/// What the token in the middle of the view gives to another, as the table has it.
fn weight(page: &Page, query: &str, key: &str) -> String {
    page.table(&format!("What “{query}” looks at")).at(key, "Measured").to_owned()
}

/// Presses the square of a head on the wall, whatever it is called.
fn pick(page: &mut Page, head: &str) {
    let names = page.attributes(".wall [role=gridcell]", "aria-label");
    let start = format!("{head}:");
    let name = names.into_iter().find(|name| name == head || name.starts_with(&start));
    page.tap_mark(&name.unwrap_or_else(|| panic!("no square for {head}")), 0);
}

#[test]
fn as_it_opens() {
    let mut page = Page::open("spotlight");
    page.step("ch01.it", |page, words| {
        page.tap_mark(words.say("it"), 0);
        let table = page.table("What “it” looks at");
        let expected = (words.say("cat"), words.fact("spotlight.it-cat"));
        assert_eq!(table.largest("Measured"), expected);
    });
    page.step("ch01.tired", |page, words| {
        page.tap_mark(words.say("tired"), 0);
        let table = page.table("What “tired” looks at");
        assert_eq!(table.largest("Measured").0, words.say("cat"));
    });
    page.step("ch01.first-square", |page, words| {
        let first = page.attributes(".wall [role=gridcell]", "aria-label")[0].clone();
        assert_eq!(first, words.head(0, 0));
        page.tap_mark(&first, 0);
        let table = page.table("What “tired” looks at");
        let weights: Vec<f64> = table.column("Measured").into_iter().map(number).collect();
        assert_eq!(weights.len(), 10);
        assert!(weights.iter().all(|weight| (0.05..0.2).contains(weight)), "{weights:?}");
    });
    page.step("ch01.menus", |page, words| {
        let sentences = page.options("Sentence").len().to_string();
        assert_eq!(sentences, words.fact("gallery.sentences"));
        assert!(page.count(".named-heads button") > 3);
        // Each has its letter on the wall.
        let letters = page.texts_of(".wall-letter");
        let buttons = page.texts_of(".named-heads button b");
        assert_eq!(letters, buttons);
    });
    page.step("ch01.was", |page, words| {
        pick(page, "layer 13, head 8");
        page.tap_mark(words.say("was"), 0);
        let table = page.table("What “was” looks at");
        let expected = (words.say("mat"), words.fact("spotlight.was-mat"));
        assert_eq!(table.largest("Measured"), expected);
        let cat = words.say("cat");
        assert_eq!(weight(page, "was", cat), words.fact("spotlight.was-cat"));
    });
}

#[test]
fn heads_with_a_name() {
    let mut page = Page::open("spotlight");
    page.step("ch01.one-back", |page, words| {
        page.choose("Sentence", "river lamp seven");
        page.press("one token back");
        assert!(said(page).contains(&words.head(16, 0)), "{}", page.status());
        page.tap_mark(words.say("lamp"), 1);
        let table = page.table("What “lamp” looks at");
        let expected = (words.say("river"), words.fact("repeat.lamp-river"));
        // The second “river” stands just before it.
        assert_eq!(table.rows[5][0], expected.0);
        assert_eq!(table.rows[5][1], expected.1);
        assert_eq!(table.largest("Measured").1, expected.1);
    });
    page.step("ch01.came-next", |page, words| {
        page.press("what came next last time");
        assert!(said(page).contains(&words.head(18, 6)), "{}", page.status());
        page.tap_mark(words.say("cloud"), 1);
        let expected = (words.say("paper"), words.fact("repeat.cloud-paper"));
        let table = page.table("What “cloud” looks at");
        assert_eq!(table.largest("Measured"), expected);
        // It followed the first one.
        let tokens: Vec<&str> = table.column("Token");
        let first = tokens.iter().position(|token| *token == "cloud").unwrap();
        assert_eq!(tokens[first + 1], expected.0);
    });
    page.step("ch01.verb", |page, words| {
        page.choose("Sentence", "The keys to");
        page.press("the verb finds its subject");
        assert!(said(page).contains(&words.head(9, 7)), "{}", page.status());
        page.tap_mark(words.say("are"), 0);
        let expected = (words.say("keys"), words.fact("keys.are-keys"));
        assert_eq!(page.table("What “are” looks at").largest("Measured"), expected);
    });
    page.step("ch01.missing-name", |page, words| {
        page.choose("Sentence", "When Mary and John");
        page.press("the name that is missing");
        assert!(said(page).contains(&words.head(24, 4)), "{}", page.status());
        page.tap_mark(words.say("to"), 1);
        let expected = (words.say("Mary"), words.fact("names.to-mary"));
        assert_eq!(page.table("What “to” looks at").largest("Measured"), expected);
    });
}

#[test]
fn a_head_that_looks_for_the_subject() {
    let mut page = Page::open("spotlight");
    page.step("ch01.subject", |page, words| {
        pick(page, &words.head(13, 8));
        page.choose("Sentence", words.say("The capital of France is"));
        page.tap_mark(words.say("is"), 0);
        assert_eq!(weight(page, "is", words.say("capital")), words.fact("capital.is-capital"));
        page.choose("Sentence", "The keys to");
        page.tap_mark(words.say("are"), 0);
        let seen = weight(page, "are", words.say("keys"));
        assert_eq!(seen, words.fact("keys.are-keys-same-head"));
    });
}

#[test]
fn the_trophy_and_the_suitcase() {
    let mut page = Page::open("spotlight");
    page.step("ch01.trophy", |page, words| {
        let it = words.say("it");
        let trophy = words.say("trophy");
        let (big, small) = (words.say("big"), words.say("small"));
        let sentence = words.say("The trophy did not fit in the suitcase because it was too big");
        page.choose("Sentence", sentence);
        pick(page, &words.head(16, 3));
        page.tap_mark(it, 0);
        assert!(said(page).contains(&words.head(16, 3)), "{}", page.status());
        assert_eq!(weight(page, it, trophy), words.fact("trophy.it-trophy"));
        page.choose("Sentence", &sentence.replace(big, small));
        page.tap_mark(it, 0);
        assert_eq!(weight(page, it, trophy), words.fact("trophy.it-trophy-small"));
        // The row in every head, with either sentence.
        let [with_big, with_small] =
            [sentence.to_owned(), sentence.replace(big, small)].map(|it| {
                page.choose("Sentence", &it);
                every_head(page)
            });
        let pairs = with_big.iter().flatten().zip(with_small.iter().flatten());
        let most = pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
        assert_eq!(with_big.len(), 270);
        assert_eq!(
            format!("{most:.2}").trim_start_matches('0'),
            words.fact("trophy.row-difference")
        );
    });
}

/// The chosen token's row in each head.
fn every_head(page: &mut Page) -> Vec<Vec<f64>> {
    let names = page.attributes(".wall [role=gridcell]", "aria-label");
    let row = |name: &String| {
        page.tap_mark(name, 0);
        let table = page.table("looks at");
        let seen = table.column("Measured").into_iter().filter(|it| *it != "not yet seen");
        seen.map(number).collect()
    };
    names.iter().map(row).collect()
}

/// What the widget says, in small letters.
fn said(page: &Page) -> String {
    page.status().to_lowercase()
}

#[test]
fn exercises() {
    let mut page = Page::open("spotlight");
    page.step("ch01.three", |page, words| {
        page.tap_mark("sat", 0);
        let table = page.table("What “sat” looks at");
        let seen: Vec<_> = table.rows.iter().filter(|row| row[1] != "not yet seen").collect();
        let seen: Vec<&str> = seen.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(seen, [words.say("The"), words.say("cat"), "sat"]);
        // In the map they are the empty cells of the row.
        let row = &page.map(".numbers")[2];
        assert_eq!(row.iter().filter(|cell| cell.is_empty()).count(), table.rows.len() - 3);
    });
    page.step("ch01.before-it", |page, words| {
        page.choose("Sentence", "The trophy did not fit in the suitcase because it was too big");
        page.tap_mark("it", 0);
        pick(page, "layer 16, head 0");
        let expected = (words.say("because"), words.fact("trophy.it-because"));
        assert_eq!(page.table("What “it” looks at").largest("Measured"), expected);
    });
}
