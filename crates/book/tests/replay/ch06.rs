//! Chapter 6: the causal mask.

use crate::page::{Page, number};
use crate::words::Words;

const READ: &str = "Read";
const WHOSE: &str = "Whose scores";

/// How far the mask moves each row, from above.
fn moved(page: &Page) -> Vec<String> {
    let table = page.table("What the mask does to each row");
    table.column("Moved").into_iter().map(str::to_owned).collect()
}

#[test]
fn the_toy() {
    let mut page = Page::open("causal-mask");
    page.step("ch06.alone", |page, words| {
        assert_eq!(page.chosen(READ), "At once, with the mask");
        assert_eq!(page.cell(words.say("I"), "I"), words.fact("mask.toy-alone"));
        let rows = page.map("");
        assert_eq!(rows[0].iter().filter(|it| !it.is_empty()).count(), 1);
        assert!(rows[4].len() == 5 && rows[4].iter().all(|it| !it.is_empty()));
    });
    page.step("ch06.fill", |page, words| {
        let empty = |page: &Page| page.map("").concat().iter().filter(|it| it.is_empty()).count();
        assert_eq!(empty(page).to_string(), words.fact("mask.toy-hidden"));
        page.choose(READ, words.say("At once, nothing hidden"));
        assert_eq!(empty(page), 0);
        assert_eq!(page.map("").concat().len().to_string(), words.fact("mask.toy-all"));
    });
    page.step("ch06.moved", |page, words| {
        let expected = ["first", "second", "third", "fourth", "last"]
            .map(|row| words.fact(&format!("mask.toy-{row}")));
        words.say("The numbers");
        words.say("On later tokens");
        words.say("Moved");
        assert_eq!(moved(page), expected);
        let numbers: Vec<f64> = expected.iter().map(|it| number(it)).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] > pair[1]), "{numbers:?}");
    });
    page.step("ch06.same-columns", |page, _| {
        let table = page.table("What the mask does to each row");
        assert_eq!(table.column("On later tokens"), table.column("Moved"));
    });
    page.step("ch06.one-by-one", |page, words| {
        page.choose(READ, words.say("One by one"));
        let mut before = page.map("");
        for read in 1..5 {
            let word = ["I", "love", "mystery", "novels", "!"][read];
            page.press(&format!("Read “{word}”"));
            let after = page.map("");
            // What was read stays; where a dot stood for a token to come there is now nothing.
            for (row, (was, is)) in before.iter().zip(&after).take(read).enumerate() {
                assert_eq!(was[..=row], is[..=row]);
            }
            assert!(before[read].iter().all(|it| it == "·"), "{before:?}");
            assert!(after[read][..=read].iter().all(|it| number(it) >= 0.0), "{after:?}");
            before = after;
        }
        let said = page.status();
        let difference = said.split("the one pass: ").nth(1).unwrap_or_else(|| panic!("{said}"));
        let difference = difference.trim_end_matches('.').trim_start_matches("exactly ");
        assert!(difference.parse::<f64>().unwrap() < 1e-5, "{said}");
    });
}

#[test]
fn real_heads() {
    let mut page = Page::open("causal-mask");
    // A head of the menu, and the rows that the text names with their facts.
    let look = |page: &mut Page, words: &Words, head: &str, rows: &[(usize, &str)]| {
        let (layer, place) = head.split_once('-').expect("a layer and a head");
        page.choose(WHOSE, &words.head(number(layer) as usize, number(place) as usize));
        for (row, name) in rows {
            assert_eq!(moved(page)[*row], words.fact(&format!("mask.{head}-{name}")));
        }
        let table = page.table("What the mask does to each row");
        table.rows.iter().map(|row| number(&row[3])).collect::<Vec<f64>>()
    };
    page.step("ch06.as-the-rule-says", |page, words| {
        let rows = look(page, words, "0-6", &[(0, "first"), (6, "because"), (7, "it")]);
        words.say("because");
        words.say("it");
        assert!(rows.windows(2).all(|pair| pair[0] >= pair[1]), "{rows:?}");
    });
    page.step("ch06.second-row", |page, words| {
        let rows = look(page, words, "13-8", &[(0, "first"), (1, "second"), (6, "because")]);
        words.say("because");
        words.say("cat");
        // From “cat” on, less than half is in the future.
        assert!(rows[2..].iter().all(|it| *it < 0.5), "{rows:?}");
    });
    page.step("ch06.looks-back", |page, words| {
        let rows = look(page, words, "16-0", &[(0, "first"), (1, "second")]);
        assert!(rows[1..].iter().all(|it| *it <= 0.01), "{rows:?}");
    });
    page.step("ch06.far-down", |page, words| {
        let rows = look(page, words, "22-8", &[(7, "it")]);
        words.say("it");
        assert!(rows[7] > 0.5 && rows.len() == 10, "{rows:?}");
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("causal-mask");
    page.step("ch06.hidden", |page, words| {
        let cells = page.map("").concat();
        assert_eq!(cells.len().to_string(), words.fact("mask.toy-all"));
        let hidden = cells.iter().filter(|it| it.is_empty()).count();
        assert_eq!(hidden.to_string(), words.fact("mask.toy-hidden"));
        assert_eq!(hidden, 5 * 4 / 2);
    });
    page.step("ch06.order", |page, _| {
        for query in ["I", "love", "mystery", "novels", "!"] {
            page.tap(query, "I");
            let table = page.table(&format!("The row of “{query}”"));
            let seen = table.rows.iter().filter(|row| row[2] != "hidden" && row[0] != "Sum");
            let seen: Vec<[f64; 2]> = seen.map(|row| [1, 2].map(|at| number(&row[at]))).collect();
            let kept: f64 = seen.iter().map(|[without, _]| without).sum();
            for [without, with] in &seen {
                assert!((without / kept - with).abs() < 0.021, "{query}: {seen:?}");
            }
            for (one, other) in seen.iter().zip(&seen[1..]) {
                assert!(
                    (one[0] < other[0]) == (one[1] < other[1])
                        || one[0] == other[0]
                        || one[1] == other[1],
                    "{query}: {seen:?}"
                );
            }
        }
    });
}
