//! Chapter 9: the patterns that people choose, and one that a model finds.

use crate::page::{Page, number};

const PATTERN: &str = "Pattern";
const SECOND: &str = "Second pattern";
const JOIN: &str = "With a second pattern";
const BOTH: &str = "Both must allow it";
const LAYERS: &str = "Layers";

/// Pairs that see each other in the longer text, and all its pairs.
fn longer(page: &Page) -> (f64, f64) {
    let said = page.status();
    let over = said.split("Over ").nth(1).unwrap_or_else(|| panic!("{said}"));
    let (pairs, rest) = over.split_once(": ").unwrap().1.split_once(" of ").unwrap();
    (number(pairs), number(rest))
}

#[test]
fn patterns() {
    let mut page = Page::open("patterns");
    page.step("ch09.opens", |page, words| {
        assert_eq!(page.chosen(PATTERN).to_lowercase(), words.say("sliding window"));
        assert_eq!(page.chosen(SECOND).to_lowercase(), words.say("causal"));
        assert_eq!(page.chosen(JOIN), BOTH);
    });
    page.step("ch09.alone", |page, words| {
        let ahead = |page: &Page| {
            let map = page.map("").into_iter().enumerate();
            map.flat_map(|(row, cells)| cells[row + 1..].to_vec())
                .filter(|it| !it.is_empty())
                .count()
        };
        let (before, none) = (page.map(""), ahead(page));
        page.choose(JOIN, words.say("The first alone"));
        assert!(none == 0 && ahead(page) > 0);
        page.choose(JOIN, BOTH);
        assert_eq!(page.map(""), before);
    });
    page.step("ch09.layers", |page, words| {
        words.say("The numbers");
        page.slide_right(words.say(LAYERS));
        let table = page.table("What is reached");
        let reach: Vec<f64> =
            table.column("Reach the last token").into_iter().map(number).collect();
        let all = page.map("").len() as f64;
        let steps: Vec<f64> = reach
            .windows(2)
            .take_while(|pair| pair[1] < all)
            .map(|pair| pair[1] - pair[0])
            .collect();
        assert!(steps.len() > 2 && steps.iter().all(|step| *step == steps[0]), "{reach:?}");
        // The number in a cell: the last token's row, from right to left.
        let last = page.map("").pop().unwrap();
        for (layer, reached) in reach.iter().enumerate() {
            let within = |it: &&String| !it.is_empty() && number(it) <= (layer + 1) as f64;
            assert_eq!(last.iter().filter(within).count() as f64, *reached);
        }
    });
    page.step("ch09.longformer", |page, words| {
        page.choose(PATTERN, words.say("Longformer"));
        page.choose(JOIN, words.say("The first alone"));
        page.slide(LAYERS, "2");
        assert!(page.map("").concat().iter().all(|it| !it.is_empty()));
        page.slide(LAYERS, "1");
        assert!(page.map("").concat().iter().any(|it| it.is_empty()));
    });
    page.step("ch09.no-shortcut", |page, _| {
        page.choose(JOIN, BOTH);
        page.slide(LAYERS, "8");
        let with_global = page.map("");
        assert_eq!(with_global[0].iter().filter(|it| !it.is_empty()).count(), 1);
        page.choose(PATTERN, "Sliding window");
        let window = page.map("");
        // But for the first token itself, nothing comes through fewer layers than by the window.
        for (row, (one, other)) in with_global.iter().zip(&window).enumerate() {
            assert_eq!(one[1..], other[1..], "row {row}");
        }
    });
    page.step("ch09.longer-text", |page, words| {
        page.choose(PATTERN, words.say("sliding window").replace('s', "S").as_str());
        let (mut pairs, mut all) = longer(page);
        assert!(pairs / all < 0.01, "{}", page.status());
        words.say("Longer text");
        while page.slide_on("Longer text") {
            let (more, most) = longer(page);
            assert!((more / pairs - 2.0).abs() < 0.01, "{}", page.status());
            assert_eq!(most, 4.0 * all);
            (pairs, all) = (more, most);
        }
    });
    page.step("ch09.causal-half", |page, words| {
        page.choose(PATTERN, words.say("Causal"));
        page.choose(JOIN, words.say("The first alone"));
        page.slide_through("Longer text", |page| {
            let (pairs, all) = longer(page);
            assert!((0.5..0.52).contains(&(pairs / all)), "{}", page.status());
        });
    });
}

#[test]
fn a_training_of_ones_own() {
    let mut page = Page::open("induction");
    page.step("ch09.scrub", |page, words| {
        let step = words.say("Step");
        let scores = |page: &Page| {
            let said = page.status();
            let after = |words: &str| {
                let rest = said.split(words).nth(1).unwrap_or_else(|| panic!("{said}"));
                number(rest.split([',', '.']).nth(1).unwrap()) / 100.0
            };
            (after("looking one back "), after("induction "))
        };
        page.slide_left(step);
        let (previous, induction) = scores(page);
        assert!(previous < 0.2 && induction < 0.2, "{}", page.status());
        let drawn = page.texts_of(".for-wide .ink-value.mid").concat();
        assert!(number(drawn.split(": ").nth(1).unwrap()) < 0.2, "{drawn}");
        page.slide(step, "200");
        let (later, risen) = scores(page);
        assert!(later > previous + 0.2 && risen > 0.8, "{}", page.status());
        page.slide_right(step);
        assert!(page.status().starts_with("A recorded training"), "{}", page.status());
    });
    page.step("ch09.train", |page, words| {
        assert!(page.status().starts_with("A recorded training"), "{}", page.status());
        page.press(words.say("Train"));
        page.train_to_the_end();
        assert!(page.status().starts_with("Done"), "{}", page.status());
        let loss: Vec<f64> =
            page.table("How the training goes").column("Loss").into_iter().map(number).collect();
        // A line is twenty-five steps. On the plateau little is gained, and then it falls.
        assert!(loss[1] - loss[3] < 0.3, "{loss:?}");
        let fall = loss.windows(3).map(|some| some[0] - some[2]).fold(0.0, f64::max);
        assert!(fall > loss[1] / 2.0 && loss[loss.len() - 1] < 0.1, "{loss:?}");
        // The stripe: in the second saying, what came after the letter in the first.
        let (row, column) =
            ["data-row", "data-column"].map(|name| page.attributes("td.stripe", name)).into();
        let letters = page.texts_of("[role=grid] tbody th");
        let map = page.map("");
        assert_eq!(row.len(), letters.len() / 2);
        for (row, column) in row.iter().zip(&column) {
            let (row, column): (usize, usize) = (row.parse().unwrap(), column.parse().unwrap());
            assert!(row >= letters.len() / 2);
            assert_eq!(letters[column - 1], letters[row]);
            assert!(number(&map[row][column]) > 0.5, "{row}, {column}");
        }
        words.say("after");
    });
    page.step("ch09.cut", |page, _| {
        let table = page.table("What each head does");
        let mut costly = Vec::new();
        for row in &table.rows {
            let (head, loss) = (&row[0], &row[3]);
            page.tick(head);
            let said = page.status();
            let (layer, place) = head.split_once('.').unwrap();
            let without = format!("Without layer {layer} head {place}: loss {loss}");
            assert!(said.contains(&without), "{said} is not {without}");
            page.tick(head);
            if number(loss) > 1.0 {
                costly.push(layer);
            }
        }
        assert_eq!(costly, ["0"]);
    });
    page.step("ch09.own-word", |page, _| {
        page.fill("Begin to say a word again", "quickbrownfxqui");
        let added = page.text_of(".continued mark");
        assert!(added.starts_with("ckbrownfx"), "{added}");
    });
    page.step("ch09.two-followers", |page, _| {
        let typed = "bananb";
        page.fill("Begin to say a word again", typed);
        let table = page.table("How sure it was");
        let (letters, shares) = (&table.rows[0][1..], &table.rows[1][1..]);
        let before = std::iter::once("b").chain(letters.iter().map(String::as_str));
        let after: Vec<(&str, f64)> = before.zip(shares.iter().map(|it| number(it))).collect();
        // An “a” followed the first “n”, and a “b” the second.
        let first = after.iter().find(|(letter, _)| *letter == "n").expect("an “n”");
        assert!(first.1 < 0.8, "{after:?}");
        assert!(after.iter().all(|(letter, share)| *letter == "n" || *share > 0.9), "{after:?}");
    });
    page.step("ch09.one-at-a-time", |page, _| {
        let table = page.table("What each head does");
        let second = table.rows.iter().filter(|row| row[0].starts_with("1."));
        let mut second: Vec<_> = second.map(|row| (number(&row[2]), row[0].clone())).collect();
        second.sort_by(|one, other| other.0.total_cmp(&one.0));
        let mut losses = Vec::new();
        for (_, head) in &second {
            page.tick(head);
            let said = page.status();
            let without = said.split("Without ").nth(1).unwrap_or_else(|| panic!("{said}"));
            let loss = without.split("loss ").nth(1).unwrap_or_else(|| panic!("{said}"));
            losses.push(number(loss.split([',', ' ']).next().unwrap()));
        }
        println!("the loss with one, two, three and four cut: {losses:?}");
        assert!(losses[0] < 0.1 && losses[1] < 1.0, "{losses:?}");
        assert!(losses[2] > 1.0 && losses[3] > 26_f64.ln(), "{losses:?}");
    });
}

#[test]
fn a_step_too_large() {
    let mut page = Page::open("induction");
    page.step("ch09.too-large", |page, words| {
        page.choose("Learning rate", words.fact("induction.rate-too-large"));
        page.press("Train");
        page.train_to_the_end();
        let table = page.table("How the training goes");
        let scores = table.column("Induction").into_iter().map(number);
        assert!(scores.fold(0.0, f64::max) < 0.2, "{table:?}");
        let loss: Vec<f64> = table.column("Loss").into_iter().map(number).collect();
        assert!(loss[loss.len() - 1] > 3.0, "{loss:?}");
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("induction");
    page.step("ch09.outlined", |page, _| {
        let rows = page.attributes("td.stripe", "data-row");
        let columns = page.attributes("td.stripe", "data-column");
        let first = rows.iter().position(|row| row == "10").unwrap();
        assert_eq!(columns[first], "1");
        let stripes = rows.iter().filter(|row| *row == "10").count();
        assert_eq!(stripes, 1);
    });
}
