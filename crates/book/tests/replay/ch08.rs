//! Chapter 8: the flash stepper.

use crate::page::{Page, number};

const CARRIED: &str = "What the queries carry along";
const TRAFFIC: &str = "Between HBM and SRAM";
const MASK: &str = "Causal";

#[test]
fn through_the_tiles() {
    let mut page = Page::open("flash");
    page.step("ch08.skipped", |page, words| {
        page.slide_left(words.say("Tile"));
        page.press(words.say("Next tile"));
        let said = page.status();
        assert!(said.contains("is skipped: keys 4 to 7 come after queries 0 to 3"), "{said}");
        assert!(said.starts_with("Tile 2 of"), "{said}");
    });
    page.step("ch08.first-rise", |page, words| {
        let rise = words.fact("flash.first-rise");
        while !page.status().starts_with(&format!("Tile {rise} of")) {
            assert!(!page.status().contains("The maximum rises"), "{}", page.status());
            page.press("Next tile");
        }
        assert!(page.status().contains("The maximum rises"), "{}", page.status());
        assert_eq!(page.text_of("details.numbers > summary"), words.say("The numbers"));
        let table = page.table(CARRIED);
        let kept = table.column(words.say("older sums times"));
        assert!(kept.iter().any(|it| number(it) < 1.0), "{kept:?}");
        // The last column is the mix divided by the sum.
        for row in &table.rows {
            let [sum, mix, mean] = [3, 4, 5].map(|place| number(&row[place]));
            assert!((mix / sum - mean).abs() < 0.02, "{row:?}");
        }
    });
    page.step("ch08.larger-tiles", |page, words| {
        page.slide("Tokens", words.fact("flash.read"));
        page.tick(words.say(MASK));
        assert!(!page.is_on(MASK));
        let moved = |page: &mut Page, side: &str| {
            page.slide("Queries in a tile", side);
            page.slide("Keys in a tile", side);
            page.table(TRAFFIC).at("Flash, in the end", "moved").to_owned()
        };
        let standard = page.table(TRAFFIC).at("Standard", "moved").to_owned();
        assert_eq!(standard, words.fact("flash.small-standard"));
        let [four, sixteen, thirty_two] =
            ["4", words.say("16"), words.say("32")].map(|side| moved(page, side));
        assert_eq!(four, words.fact("flash.small-4"));
        assert_eq!(sixteen, words.fact("flash.small-16"));
        assert_eq!(thirty_two, words.fact("flash.small-32"));
        words.say("more");
        assert!(number(&four) > 4.0 * number(&standard));
        assert!(number(&sixteen) > number(&standard) && number(&standard) > number(&thirty_two));
    });
    page.step("ch08.last-tile", |page, _| {
        page.slide_right("Tile");
        let said = page.status();
        assert!(
            said.contains("of plain attention, bit for bit")
                || said.contains("in the last place from that of plain attention"),
            "{said}"
        );
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("flash");
    page.step("ch08.none-skipped", |page, _| {
        assert!(page.is_on(MASK));
        let tokens = number(&page.slider_shows("Tokens"));
        let sides = ["Queries in a tile", "Keys in a tile"];
        page.slide_through(sides[0], |page| {
            page.slide_through(sides[1], |page| {
                let table = page.table(TRAFFIC);
                let skipped = table.at("Flash, in the end", "tiles skipped");
                let one_block = sides.iter().any(|it| number(&page.slider_shows(it)) >= tokens);
                assert_eq!(skipped == "0", one_block, "{table:?}");
                if !one_block {
                    // The one in the upper right is among them.
                    assert_eq!(page.map("")[0].last().unwrap(), "×");
                }
            });
        });
    });
}
