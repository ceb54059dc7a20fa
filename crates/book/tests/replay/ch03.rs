//! Chapter 3: the score matrix.

use crate::page::{Page, number};

const SHOWS: &str = "Show";
const WHOSE: &str = "Whose scores";
const MASK: &str = "Causal mask";
const ADD: &str = "Add to";

/// The map as numbers; an empty cell is no number.
fn numbers(page: &Page) -> Vec<Vec<f64>> {
    let rows = page.map("").into_iter();
    let cell = |it: String| if it.is_empty() { f64::NAN } else { number(&it) };
    rows.map(|row| row.into_iter().map(cell).collect()).collect()
}

/// The lowest and the highest score, as the line below the map has them.
fn range(page: &Page) -> (f64, f64) {
    let said = page.texts_of(".legend").concat();
    let after = |word: &str| number(said.split(word).nth(1).unwrap_or_else(|| panic!("{said}")));
    (after("Lowest "), after("highest "))
}

#[test]
fn as_it_opens() {
    let mut page = Page::open("score-matrix");
    page.step("ch03.shares", |page, words| {
        assert_eq!(page.chosen(SHOWS), "Shares");
        let (sat, cat) = (words.say("sat"), words.say("cat"));
        let expected = (cat, words.fact("matrix.toy-cat"));
        assert_eq!(page.table(&format!("The row of “{sat}”")).largest("Share"), expected);
        assert_eq!(page.cell(sat, cat), expected.1);
        for word in ["The", "cat", "sat", "down"] {
            assert_eq!(page.cell(word, "sum"), "1.00");
        }
        assert_eq!(page.cell("sum", cat), words.fact("matrix.toy-cat-column"));
        assert_eq!(page.cell("sum", sat), words.fact("matrix.toy-sat-column"));
    });
    page.step("ch03.back", |page, words| {
        page.choose(SHOWS, words.say("Scaled and masked"));
        let scaled = numbers(page);
        page.choose(SHOWS, words.say("Raw scores"));
        let raw = numbers(page);
        // Four rows and four columns: nothing is summed up.
        assert_eq!((raw.len(), raw[0].len(), scaled.len()), (4, 4, 4));
        for (raw, scaled) in raw.iter().flatten().zip(scaled.iter().flatten()) {
            assert!((raw / 2_f64.sqrt() - scaled).abs() < 0.1, "{raw} {scaled}");
        }
        let signs = |row: &Vec<f64>| row.iter().any(|it| *it < 0.0);
        assert!(raw.iter().any(signs) && !raw.iter().all(signs), "{raw:?}");
    });
    page.step("ch03.raise", |page, _| {
        page.choose(SHOWS, "Shares");
        page.tap("sat", "down");
        let before = numbers(page);
        page.slide(ADD, "+2.0");
        let after = numbers(page);
        for (row, (was, is)) in before.iter().zip(&after).enumerate() {
            if row != 2 && row != 4 {
                assert_eq!(was, is, "row {row}");
            }
        }
        let (was, is) = (&before[2], &after[2]);
        assert!(is[3] > was[3], "{was:?} {is:?}");
        let left = (1.0 - is[3]) / (1.0 - was[3]);
        for key in 0..3 {
            assert!((is[key] - was[key] * left).abs() < 0.01, "{was:?} {is:?}");
        }
    });
    page.step("ch03.whole-row", |page, words| {
        page.slide(ADD, "0.0");
        let (shares, scaled) = (numbers(page), page.table("The row of “sat”"));
        page.tick(words.say("Whole row"));
        page.slide(ADD, "+5.0");
        assert_eq!(numbers(page), shares);
        let raised = page.table("The row of “sat”");
        for word in ["The", "cat", "sat", "down"] {
            let by = number(raised.at(word, "Scaled")) - number(scaled.at(word, "Scaled"));
            assert!((by - 5.0).abs() < 0.011, "{word}: {by}");
            assert_eq!(raised.at(word, "Share"), scaled.at(word, "Share"));
        }
    });
    page.step("ch03.shuffle", |page, words| {
        page.slide(ADD, "0.0");
        let words_of = ["The", "cat", "sat", "down"];
        let share = |page: &Page, query: &str, key: &str| page.cell(query, key);
        let pairs = words_of.map(|query| words_of.map(|key| share(page, query, key)));
        let before = page.map("");
        page.press(words.say("Shuffle the words"));
        assert_ne!(page.map(""), before, "rows and columns change their places");
        assert_eq!(words_of.map(|query| words_of.map(|key| share(page, query, key))), pairs);
        page.press("In order");
        assert_eq!(page.map(""), before);
    });
    page.step("ch03.hide", |page, words| {
        let (sat, down) = (words.say("sat"), words.say("down"));
        assert!(number(&page.cell(sat, down)) > 0.05);
        let before = numbers(page);
        page.tick(words.say(MASK));
        assert_eq!(page.cell(sat, down), "");
        let after = numbers(page);
        assert!((0..3).all(|key| after[2][key] > before[2][key]), "{before:?} {after:?}");
        assert_eq!(page.cell(sat, "sum"), "1.00");
    });
}

#[test]
fn real_heads() {
    let mut page = Page::open("score-matrix");
    page.step("ch03.two-heads", |page, words| {
        page.choose(WHOSE, "looks one token back");
        words.say("The cat sat on the mat");
        page.choose(SHOWS, "Raw scores");
        let (lowest, highest) = range(page);
        assert!(lowest < -100.0 && highest > 20.0, "{lowest} {highest}");
        page.choose(SHOWS, "Shares");
        let map = numbers(page);
        let rows = map[..6].iter().enumerate();
        let largest: Vec<f64> =
            rows.map(|(row, cells)| cells[..=row].iter().copied().fold(0.0, f64::max)).collect();
        assert!(largest[..5].iter().all(|it| *it > 0.85) && largest[5] < 0.85, "{largest:?}");
        page.choose(WHOSE, "spreads out");
        page.choose(SHOWS, "Raw scores");
        let (low, high) = range(page);
        assert!(highest - lowest > 3.0 * (high - low), "{low} {high}");
    });
    page.step("ch03.mask-off", |page, words| {
        page.choose(SHOWS, "Shares");
        page.choose(WHOSE, "looks for the subject");
        assert!(page.is_on(MASK));
        page.tick(MASK);
        let the = words.say("The");
        let row = numbers(page)[0].clone();
        let unseen = 1.0 - number(&page.cell(the, the));
        assert!((unseen - 0.9).abs() < 0.05, "{row:?}");
        assert!(row[1..6].iter().all(|it| *it < 0.3), "{row:?}");
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("score-matrix");
    page.step("ch03.whole-sum", |page, words| {
        words.say("The numbers");
        assert_eq!(number(&page.cell("sum", "sum")), 4.0);
    });
    page.step("ch03.gap", |page, words| {
        page.choose(WHOSE, "parks on the first token");
        page.choose(SHOWS, "Scaled and masked");
        let (the, cat) = (words.say("The"), words.say("cat"));
        page.tap("sat", cat);
        let table = page.table("The row of “sat”");
        let gap = number(table.at(the, "Scaled")) - number(table.at(cat, "Scaled"));
        page.slide_right(ADD);
        let most = number(&page.slider_shows(ADD));
        assert!(gap > 2.0 * most);
        assert_eq!(format!("{gap:.1}"), words.fact("matrix.gap"));
        assert_eq!(page.table("The row of “sat”").largest("Share").0, the);
    });
}
