//! Chapter 2: the stepper.

use crate::page::{Page, number};

const CAUSAL: &str = "Causal mask: no word sees a later one";
const REAL: &str = "The real thing";

/// Moves to the step that is called so.
fn go(page: &mut Page, step: &str) {
    let place = ["X", "Q", "K", "V", "scores", "scaled", "masked", "weights", "output"]
        .iter()
        .position(|name| *name == step)
        .unwrap_or(9);
    let name = if place == 9 { "projected" } else { step };
    page.slide("Step", &format!("{} of 10: {name}", place + 1));
}

/// The six fields of a learned matrix.
fn fields(matrix: &str) -> Vec<String> {
    let fields = (1..=3).flat_map(|row| (1..=2).map(move |column| (row, column)));
    fields.map(|(row, column)| format!("{matrix}, row {row}, column {column}")).collect()
}

#[test]
fn through_the_toy() {
    let mut page = Page::open("stepper");
    page.step("ch02.query", |page, words| {
        go(page, words.say("Q"));
        page.tap(words.say("cat"), "1");
        let said = page.status();
        assert_eq!(said.matches(" × ").count(), 3, "{said}");
        assert!(said.ends_with(&format!("= {}.", words.fact("stepper.query-cat"))), "{said}");
    });
    page.step("ch02.negative", |page, words| {
        go(page, words.say("scores"));
        let cat = words.say("cat");
        let scores = page.map("")[1].clone();
        assert_eq!(scores.len(), 4);
        assert!(scores.iter().all(|score| number(score) < 0.0), "{scores:?}");
        go(page, words.say("weights"));
        let weights: Vec<f64> = page.map("")[1].iter().map(|it| number(it)).collect();
        let sum: f64 = weights.iter().sum();
        assert!(weights.iter().all(|it| *it > 0.0) && (sum - 1.0).abs() < 0.002, "{weights:?}");
        let largest = page.cell(cat, words.say("down"));
        assert_eq!(largest, words.fact("stepper.weight-cat-down"));
        assert!(weights.iter().all(|it| *it <= number(&largest)), "{weights:?}");
    });
    page.step("ch02.equal", |page, words| {
        go(page, "Q");
        let typed: Vec<String> = fields("W_Q").iter().map(|field| page.field(field)).collect();
        go(page, words.say("K"));
        for (field, number) in fields("W_K").iter().zip(&typed) {
            page.fill(field, number);
        }
        let keys = page.map("");
        go(page, "Q");
        assert_eq!(page.map(""), keys);
        go(page, "scores");
        let (cat, down) = (words.say("cat"), words.say("down"));
        assert_eq!(page.cell(cat, down), page.cell(down, cat));
        let scores = page.map("");
        for (row, cells) in scores.iter().enumerate() {
            let turned: Vec<&String> = scores.iter().map(|other| &other[row]).collect();
            assert_eq!(cells.iter().collect::<Vec<_>>(), turned);
        }
    });
    page.step("ch02.zeros", |page, words| {
        page.press("Reset");
        go(page, "Q");
        for field in fields("W_Q") {
            page.fill(&field, "0");
        }
        go(page, "weights");
        let even = words.fact("stepper.even");
        assert!(page.map("").concat().iter().all(|it| it == even), "{:?}", page.map(""));
    });
    page.step("ch02.causal", |page, words| {
        page.press("Reset");
        page.tick(CAUSAL);
        go(page, words.say("weights"));
        let the = words.say("The");
        assert_eq!(page.cell(the, the), words.fact("stepper.causal-the"));
        assert_eq!(number(&page.cell(the, the)), 1.0);
    });
    page.step("ch02.real", |page, words| {
        page.tick(REAL);
        go(page, words.say("scores"));
        page.tap(words.say("it"), words.say("cat"));
        let sum = words.fact("qkv.raw-it-cat");
        assert!(page.status().contains(&format!("products sum to {sum}.")), "{}", page.status());
        let products = page.table("The largest of the products").rows.len();
        assert!(products > 4, "{products}");
    });
}

#[test]
fn both_answers() {
    let mut page = Page::open("stepper");
    page.step("ch02.answers", |page, words| {
        let (cat, down) = (words.say("cat"), words.say("down"));
        go(page, "weights");
        let weights: Vec<f64> = page.map("")[1].iter().map(|it| number(it)).collect();
        assert!(weights.iter().all(|weight| *weight > 0.0), "{weights:?}");
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 0.002, "{weights:?}");
        assert!(page.table("The row of").rows.len() == 5, "a line for each, and their sum");
        go(page, "scores");
        assert_eq!(page.cell(down, cat), words.fact("stepper.score-down-cat"));
        assert_ne!(page.cell(down, cat), page.cell(cat, down));
    });
}

#[test]
fn in_the_real_head() {
    let mut page = Page::open("stepper");
    page.step("ch02.products", |page, words| {
        page.tick(REAL);
        go(page, words.say("scores"));
        page.tap(words.say("it"), words.say("cat"));
        let (sum, count) = (words.fact("qkv.raw-it-cat"), words.fact("smollm2.head-dim"));
        let (largest, place) = (words.fact("qkv.largest-product"), words.fact("qkv.largest-place"));
        let (others, rest) = (words.fact("qkv.others"), words.fact("qkv.other-products"));
        let said = page.status();
        assert!(said.contains(&format!("the {count} products sum to {sum}.")), "{said}");
        assert!(said.contains(&format!("= {largest};")), "{said}");
        assert!(said.ends_with(&format!("the {others} smallest together are {rest}.")), "{said}");
        assert_eq!(page.table("The largest of the products").rows[0][0], place);
    });
    page.step("ch02.never-seen", |page, words| {
        let (cat, it) = (words.say("cat"), words.say("it"));
        assert_eq!(words.say("It").to_lowercase(), it);
        go(page, "scores");
        assert_eq!(page.cell(it, cat), words.fact("qkv.raw-it-cat"));
        assert_eq!(page.cell(cat, it), words.fact("qkv.raw-cat-it"));
        go(page, "masked");
        assert!(page.is_on(CAUSAL));
        assert_eq!(page.cell(cat, it), "−∞");
        page.tick(CAUSAL);
        let scaled = number(&page.cell(cat, it));
        assert!((scaled - number(words.fact("qkv.raw-cat-it")) / 8.0).abs() < 0.02, "{scaled}");
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("stepper");
    page.step("ch02.by-hand", |page, words| {
        for (step, fact) in [
            ("scores", "stepper.score-cat-down"),
            ("scaled", "stepper.scaled-cat-down"),
            ("weights", "stepper.weight-cat-down"),
        ] {
            go(page, step);
            assert_eq!(page.cell("cat", "down"), words.fact(fact));
        }
        let row = page.map("")[1].clone();
        assert!(row.iter().all(|it| number(it) <= number(&row[3])), "{row:?}");
    });
    page.step("ch02.two-matrices", |page, _| {
        let steps = ["Q", "K", "V", "scores", "scaled", "masked", "weights", "output", "projected"];
        let every = |page: &mut Page| {
            steps.map(|step| {
                go(page, step);
                page.map("")
            })
        };
        let changed = |page: &mut Page, step: &str, field: &str| {
            page.press("Reset");
            let before = every(page);
            go(page, step);
            page.fill(field, "7");
            let after = every(page);
            let pairs = steps.iter().zip(before.iter().zip(&after));
            pairs
                .filter(|(_, (one, other))| one != other)
                .map(|(step, _)| *step)
                .collect::<Vec<_>>()
        };
        assert_eq!(changed(page, "V", "W_V, row 1, column 1"), ["V", "output", "projected"]);
        let by_key = changed(page, "K", "W_K, row 1, column 1");
        assert_eq!(by_key, ["K", "scores", "scaled", "masked", "weights", "output", "projected"]);
    });
}

#[test]
fn on_a_plane() {
    let mut page = Page::open("plane");
    page.step("ch02.plane", |page, words| {
        page.choose("Who asks?", words.say("cat"));
        let table = page.table("cat asks with");
        let scores = table.column("÷ √2");
        assert_eq!(scores.len(), 4);
        assert!(scores.iter().all(|score| number(score) < 0.0), "{scores:?}");
        assert!(table.column("Share").iter().all(|share| number(share) > 0.0), "{table:?}");
        let (word, share) = table.largest("Share");
        assert_eq!(word, words.say("down"));
        let weight = words.fact("stepper.weight-cat-down");
        assert!((number(share) - number(weight)).abs() <= 0.0006, "{share} is not {weight}");
        let pieces = page.texts_of(".for-wide g[data-look] .strong.end");
        assert!((number(&pieces[3]) - number(weight)).abs() <= 0.0055, "{pieces:?}");
    });
    page.step("ch02.drag", |page, words| {
        let shares = |page: &Page| -> Vec<f64> {
            page.table("cat asks with").column("Share").iter().map(|share| number(share)).collect()
        };
        let before = shares(page);
        page.press_key(&format!("Key of {}", words.say("sat")), "Shift+ArrowDown");
        let after = shares(page);
        for (word, (before, after)) in before.iter().zip(&after).enumerate() {
            assert_eq!(word == 2, after > before, "{word}: from {before} to {after}");
        }
    });
}
