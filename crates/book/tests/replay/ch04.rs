//! Chapter 4: the temperature of sampling, and the scale inside attention.

use crate::page::{Page, Table, number};

/// The shares at temperature one, at the chosen one, and after the filters.
fn shares(page: &Page) -> Table {
    page.table("Shares after")
}

/// A column of numbers.
fn column(table: &Table, place: usize) -> Vec<f64> {
    table.rows.iter().map(|row| number(&row[place])).collect()
}

/// Columns of the table of shares, from 0: the temperature's, and the filtered one.
const WARM: usize = 3;

#[test]
fn six_tokens() {
    let mut page = Page::open("temperature");
    page.step("ch04.left-end", |page, words| {
        let a = words.say("a");
        assert_eq!(shares(page).at(a, "T = 1"), words.fact("toy.a-one"));
        page.slide_left("Temperature");
        let lowest = number(&shares(page).rows[0][WARM]);
        assert!((lowest - number(words.fact("toy.a-lowest-fine"))).abs() <= 0.005, "{lowest}");
        assert_eq!(lowest, 1.0);
    });
    page.step("ch04.right-end", |page, words| {
        page.slide_right("Temperature");
        let table = shares(page);
        assert_eq!(table.rows[0][WARM], words.fact("toy.a-highest"));
        assert_eq!(table.rows[5][0], words.say("blue"));
        assert_eq!(table.rows[5][WARM], words.fact("toy.blue-highest"));
        assert_eq!(table.rows.len(), 6);
        let even = number(words.fact("toy.even"));
        assert!((even - 1.0 / 6.0).abs() < 0.005 && even < number(&table.rows[0][WARM]));
    });
    page.step("ch04.add-ten", |page, words| {
        page.slide("Temperature", words.fact("temperature.one"));
        assert_eq!(page.text_of("details summary"), words.say("The numbers"));
        let before: Vec<Vec<String>> = shares(page).rows;
        for row in &before {
            let field = format!("“{}”", row[0]);
            let logit: f64 = page.field(&field).parse().unwrap();
            page.fill(&field, &format!("{:.1}", logit + 10.0));
        }
        for (was, is) in before.iter().zip(shares(page).rows) {
            assert!((number(&is[1]) - number(&was[1]) - 10.0).abs() < 0.001, "{is:?}");
            assert_eq!(was[2..], is[2..]);
        }
    });
}

#[test]
fn the_whole_vocabulary() {
    let mut page = Page::open("temperature");
    page.step("ch04.tail", |page, words| {
        page.choose(words.say("What comes next?"), words.say("The capital of France is"));
        assert_eq!(page.text_of("details summary"), words.say("The numbers"));
        let table = shares(page);
        assert_eq!(table.rows.len(), 13);
        let others = &table.rows[12][0];
        let all = number(words.fact("smollm2.vocabulary"));
        assert_eq!(number(others), all - 12.0, "{others}");
        assert!(number(table.at(others, "T = 1")) < 0.1, "{table:?}");
        page.slide("Temperature", "2.00");
        assert!(number(&shares(page).rows[12][WARM]) > 0.8, "{:?}", shares(page));
    });
    page.step("ch04.half-nucleus", |page, words| {
        page.slide(words.say("Top-p"), "0.50");
        let table = page.table("How spread out");
        let [all, left] =
            ["T = 1", "Filtered"].map(|column| number(table.at("Tokens left", column)));
        assert!(left < 0.05 * all, "{table:?}");
        // The last row, of the many unlikely tokens, is cut whole.
        let after = page.texts_of(".below .for-wide text.end.muted");
        assert_eq!(after.last().map(String::as_str), Some("–"), "{after:?}");
        assert!(page.count(".below .for-wide .dashed:not(.gone)") > 0);
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("temperature");
    page.step("ch04.more-than-half", |page, words| {
        page.choose("What comes next?", "The cat sat on the");
        page.slide_left("Temperature");
        let mut last = String::new();
        while number(&shares(page).rows[0][WARM]) > 0.5 {
            last = page.slider_shows("Temperature");
            assert!(page.slide_on("Temperature"));
        }
        assert_eq!(last, words.fact("next.sat-half-temperature"));
        page.slide("Temperature", &last);
        page.slide("Top-p", "0.80");
        let left = page.table("How spread out").at("Tokens left", "Filtered").to_owned();
        assert_eq!(left, words.fact("next.sat-half-nucleus"));
    });
}

#[test]
fn the_scale() {
    let mut page = Page::open("scale");
    page.step("ch04.dimension-one", |page, _| {
        page.slide_left("Dimension d");
        assert_eq!(page.slider_shows("Dimension d"), "1");
        let table = page.table("That row in short");
        assert_eq!(table.column("Without"), table.column("With"));
        for row in page.table("One query and its").rows {
            assert_eq!(row[1..3], row[3..5]);
        }
    });
    page.step("ch04.to-the-right", |page, words| {
        words.say("slopes, norm");
        let (mut largest, mut slopes) = (Vec::new(), Vec::new());
        while page.slide_on("Dimension d") {
            let row = page.table("That row in short");
            largest.push(number(row.at("Largest weight", "Without")));
            slopes.push(number(row.at("Slopes, norm", "Without")));
        }
        // The last step but one, and the last, where two raw scores lie close together.
        let [.., before, last] = slopes[..] else { panic!("{slopes:?}") };
        assert!(largest[largest.len() - 2] > 0.99 && before < 0.001, "{largest:?} {slopes:?}");
        assert!(last > 0.1, "{slopes:?}");
        let mut scores = column(&page.table("One query and its"), 1);
        scores.sort_by(f64::total_cmp);
        let [lowest, .., second, first] = scores[..] else { panic!("{scores:?}") };
        assert!(first - second < 2.0 && first - lowest > 40.0, "{scores:?}");
    });
    page.step("ch04.many-rows", |page, words| {
        assert_eq!(page.text_of("details summary"), words.say("The numbers"));
        let table = page.table("such rows at each dimension");
        let [largest, stuck, with] = [2, 4, 5].map(|place| column(&table, place));
        assert!(largest.windows(2).all(|pair| pair[0] < pair[1]), "{largest:?}");
        assert!(stuck.windows(2).all(|pair| pair[0] <= pair[1]) && stuck[9] > 0.5, "{stuck:?}");
        let from_eight = &with[3..];
        assert_eq!(table.rows[3][0], "8");
        let (least, most) = (
            from_eight.iter().copied().fold(1.0, f64::min),
            from_eight.iter().copied().fold(0.0, f64::max),
        );
        assert!(most - least < 0.02, "{with:?}");
    });
    page.step("ch04.other-draws", |page, _| {
        page.slide_through("Draw", |page| {
            let all = page.table("such rows at each dimension");
            let last = all.rows.last().expect("dimension 512");
            let [raw, stuck, scaled] = [2, 4, 5].map(|place| number(&last[place]));
            assert!(raw > 0.9 && stuck > 0.5 && scaled < 0.3, "{last:?}");
        });
    });
}
