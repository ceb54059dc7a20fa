//! Chapter 5: all heads at once, and how a layer cuts its vectors.

use crate::book::book;
use crate::page::{Page, is_number, number};

const SHOWS: &str = "Each cell shows";
const NAMED: &str = "A head with a name";
const SENTENCE: &str = "Sentence";

/// The overview, layer by layer.
fn overview(page: &Page) -> Vec<Vec<f64>> {
    let rows = page.map(".overview").into_iter();
    rows.map(|row| row.iter().map(|cell| number(cell)).collect()).collect()
}

/// The head with the largest number, and the number.
fn darkest(page: &Page) -> ((usize, usize), f64) {
    let heads = overview(page);
    let places = heads.iter().enumerate().flat_map(|(layer, row)| {
        row.iter().enumerate().map(move |(head, score)| ((layer, head), *score))
    });
    places.max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are heads")
}

/// The head with the smallest number, and the number.
fn palest(page: &Page) -> ((usize, usize), f64) {
    let heads = overview(page);
    let places = heads.iter().enumerate().flat_map(|(layer, row)| {
        row.iter().enumerate().map(move |(head, score)| ((layer, head), *score))
    });
    places.min_by(|a, b| a.1.total_cmp(&b.1)).expect("there are heads")
}

fn name((layer, head): (usize, usize)) -> String {
    format!("layer {layer}, head {head}")
}

/// How many heads have half or more.
fn strong(page: &Page) -> usize {
    overview(page).concat().iter().filter(|score| **score >= 0.5).count()
}

#[test]
fn as_it_opens() {
    let mut page = Page::open("heads");
    page.step("ch05.dark-and-pale", |page, words| {
        let (head, _) = darkest(page);
        assert_eq!(name(head), words.head(16, 0));
        assert_eq!(page.map(".overview")[16][0], words.fact("multi.cat.previous-16-0"));
        page.tap("16", "0");
        let stripe = page.map(".opened");
        // In each row but the first, the cell before the diagonal is the largest.
        for (row, cells) in stripe.iter().enumerate().skip(1) {
            let before = number(&cells[row - 1]);
            assert!(cells[..=row].iter().all(|it| number(it) <= before), "{row}: {cells:?}");
        }
        let (pale, score) = palest(page);
        page.tap(&pale.0.to_string(), &pale.1.to_string());
        let other = page.map(".opened");
        let before = |map: &[Vec<String>]| -> f64 {
            (1..map.len()).map(|row| number(&map[row][row - 1])).sum::<f64>() / 9.0
        };
        let dark = number(words.fact("multi.cat.previous-16-0"));
        assert!((before(&stripe) - dark).abs() < 0.01 && (before(&other) - score).abs() < 0.01);
        assert!(score < dark / 4.0);
    });
    page.step("ch05.first-token", |page, _| {
        let before = strong(page);
        page.choose(SHOWS, "The mean weight on the first token");
        let all = overview(page).concat().len();
        assert!(strong(page) > all / 2 && before < all / 20, "{} {before}", strong(page));
    });
    page.step("ch05.small-maps", |page, _| {
        page.choose(SHOWS, "Its map, small");
        assert_eq!(page.count(".overview svg").to_string(), book().facts["smollm2.all-heads"]);
        // What is dark in the map of a head: the cells of its first path.
        let strong = |page: &Page, (layer, head): (usize, usize)| {
            page.attributes(".overview svg path.strong", "d")[layer * 9 + head].clone()
        };
        let cells = |path: String| -> Vec<(usize, usize)> {
            let moves = path.split('M').skip(1);
            let place = |it: &str| {
                let (column, rest) = it.split_once(' ').unwrap();
                (rest.split('h').next().unwrap().parse().unwrap(), column.parse().unwrap())
            };
            moves.map(place).collect()
        };
        let stripe = cells(strong(page, (16, 0)));
        assert!(
            stripe.len() >= 9 && stripe.iter().skip(1).all(|(row, column)| *row == column + 1),
            "{stripe:?}"
        );
        let column = cells(strong(page, (18, 8)));
        assert!(column.len() == 10 && column.iter().all(|(_, column)| *column == 0), "{column:?}");
        let spread = cells(strong(page, (0, 4)));
        // Once there is something to choose from, it prefers nothing.
        assert!(spread.iter().all(|(row, _)| *row < 5), "{spread:?}");
    });
}

#[test]
fn heads_with_a_name() {
    let mut page = Page::open("heads");
    page.step("ch05.nothing-twice", |page, words| {
        page.choose(NAMED, words.say("what came next last time"));
        let (head, score) = (&words.head(18, 6), words.fact("multi.repeat.prefix-18-6"));
        let said = page.status().to_lowercase();
        let rank = words.fact("multi.repeat.rank-18-6");
        assert!(said.starts_with(head), "{said}");
        assert!(said.contains(&format!("is {score}, rank {rank} of")), "{said}");
        page.choose(SENTENCE, "The cat sat on the mat");
        assert!(page.status().starts_with("Not measurable on this sentence"), "{}", page.status());
        assert!(page.map(".overview").concat().iter().all(|cell| !is_number(cell)));
    });
    page.step("ch05.pair", |page, words| {
        page.choose(NAMED, "“it” finds its noun");
        let (it, cat) = (words.say("it"), words.say("cat"));
        assert!(page.chosen(SHOWS).contains(&format!("“{it}” on “{cat}”")));
        let (head, _) = darkest(page);
        assert_eq!(name(head), words.head(13, 8));
        assert_eq!(page.map(".overview")[13][8], words.fact("spotlight.it-cat"));
        let mut scores = overview(page).concat();
        scores.sort_by(f64::total_cmp);
        // Far ahead of the next.
        assert!(scores[scores.len() - 2] < 0.65 * scores[scores.len() - 1], "{:?}", &scores[265..]);
        page.tap("tired", "mat");
        assert!(page.chosen(SHOWS).contains("“tired” on “mat”"), "{}", page.chosen(SHOWS));
        let all = overview(page).concat().len().to_string();
        assert_eq!(all, words.fact("smollm2.all-heads"));
    });
    page.step("ch05.too-narrow", |page, words| {
        page.choose(NAMED, "the verb finds its subject");
        words.say("it");
        assert!(page.status().to_lowercase().starts_with(&words.head(13, 8)));
        assert_eq!(page.map(".overview")[13][8], words.fact("keys.are-keys-same-head"));
        assert!(page.chosen(SHOWS).contains("“are” on “keys”"));
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("heads");
    page.step("ch05.above-both", |page, words| {
        page.choose(SENTENCE, "The keys to");
        page.tap("are", "keys");
        page.choose(SHOWS, "The weight of “are” on “keys”");
        page.tap("9", "7");
        let said = page.status();
        assert!(said.to_lowercase().starts_with(&words.head(9, 7)), "{said}");
        let (score, rank) = (words.fact("keys.are-keys"), words.fact("multi.keys.rank-9-7"));
        assert!(said.contains(&format!("is {score}, rank {rank} of")), "{said}");
        assert_eq!(rank, "1");
        let most = number(score);
        assert!(overview(page).concat().iter().all(|it| *it <= most));
        page.tap("16", "0");
        let row = page.map(".opened")[7].clone();
        let most = row.iter().filter(|it| !it.is_empty()).map(|it| number(it)).fold(0.0, f64::max);
        assert_eq!(number(&page.cell("are", words.say("cabinet"))), most);
    });
}

#[test]
fn the_parts_of_a_layer() {
    let mut page = Page::open("assemble");
    page.step("ch05.same-places", |page, words| {
        words.head(13, 8);
        assert!(page.text_of("caption").contains("layer 13 does at “it”"));
        assert_eq!(words.say("it"), "it");
        let mut next = 0.0;
        for head in 0..9 {
            page.choose("Follow head", &head.to_string());
            let said = page.text_of(".below > p");
            let places = |after: &str| {
                let rest = said.split(after).nth(1).unwrap_or_else(|| panic!("{said}"));
                let (first, rest) = rest.split_once(" to ").unwrap();
                (number(first), number(rest))
            };
            let (first, last) = places("fills places ");
            assert_eq!((first, last), places("meets rows "));
            assert_eq!(first, next);
            next = last + 1.0;
        }
        assert_eq!(next, 576.0);
    });
    page.step("ch05.gpt-3", |page, words| {
        page.choose("Model", "GPT-3");
        let heads = words.fact("multi.gpt-3-175b.heads");
        let head_dim = words.fact("multi.gpt-3-175b.head-dim");
        let d_model = words.fact("multi.gpt-3-175b.d-model");
        let said = page.status();
        let bare = d_model.replace(',', "");
        assert!(
            said.contains(&format!("{heads} heads of {head_dim} make {bare} numbers")),
            "{said}"
        );
        assert!(said.contains(&format!("exactly d_model, {bare}")), "{said}");
        let table = page.table("One layer of");
        assert_eq!(table.at("W_O, learned", "Numbers"), words.fact("multi.gpt-3-175b.w-o"));
    });
    page.step("ch05.gemma", |page, _| {
        // The menu has two of them.
        for (model, product) in [("Gemma 2 9B", "more"), ("Gemma 2 27B", "fewer")] {
            page.choose("Model", model);
            let said = page.status();
            assert!(said.contains(&format!("{product} than d_model")), "{said}");
        }
    });
}
