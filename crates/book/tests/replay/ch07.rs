//! Chapter 7: the translator.

use crate::page::{Page, number};

const FRENCH: &str = "French sentence";
const TYPED: &str = "Or type one of your own";

/// Where the decoder looked most to write a word: the French word and its weight.
fn most(page: &mut Page, word: &str) -> (String, String) {
    page.tap_word(word, 0);
    let table = page.table(&format!("Where the decoder looked to write “{word}”"));
    let (french, weight) = table.largest("Trained");
    (french.to_owned(), weight.to_owned())
}

#[test]
fn as_it_opens() {
    let mut page = Page::open("translation");
    page.step("ch07.cat", |page, words| {
        assert!(page.chosen("Head").starts_with("mean"));
        let (french, weight) = most(page, words.say("cat"));
        assert_eq!((&french[..], &weight[..]), (words.say("chat"), words.fact("cross.cat-chat")));
        assert!(number(&weight) > 0.5, "{weight}");
    });
    page.step("ch07.black", |page, words| {
        assert_eq!(most(page, words.say("black")).0, words.say("noir"));
        let table = page.table("Where the decoder looked");
        let french = table.column("French");
        let place = |word: &str| french.iter().position(|it| *it == word).unwrap();
        assert_eq!(place("noir"), place("chat") + 1);
    });
    page.step("ch07.own-words", |page, words| {
        page.choose(FRENCH, words.say("un jeune chat vert chante"));
        let pairs = [
            ("a", "un"),
            ("young", "jeune"),
            ("green", "vert"),
            ("cat", "chat"),
            ("sings", "chante"),
        ];
        assert_eq!(page.count(".tokens .token"), pairs.len() + 1, "and the end");
        for (english, french) in pairs {
            assert_eq!(most(page, english).0, french, "{english}");
        }
    });
    page.step("ch07.first-the", |page, words| {
        words.say("the");
        // Not at its article, but at the verb: see the last point below the widget.
        for (sentence, verb) in [("attend le chien", "attend"), ("les petits enfants", "voient")] {
            page.choose(FRENCH, sentence);
            let (french, weight) = most(page, "the");
            assert!(french == verb && number(&weight) > 0.5, "{french} {weight}");
        }
    });
}

#[test]
fn a_sentence_of_ones_own() {
    let mut page = Page::open("translation");
    page.step("ch07.type", |page, _| {
        let listed = |page: &Page| -> Vec<String> {
            let problem = page.text_of(".problem");
            let words = problem.split_once("Here the grammar knows: ").expect("a list of words").1;
            words.trim_end_matches('.').split(", ").map(str::to_owned).collect()
        };
        // A word that it does not know, and one that it knows, but not at this place.
        page.fill(TYPED, "le chien parle");
        assert!(page.text_of(".problem").contains("is not known"));
        assert!(listed(page).contains(&"dort".to_owned()));
        page.fill(TYPED, "le dort");
        assert!(listed(page).contains(&"chien".to_owned()));
        // From nothing, by the first word of each list, to a sentence.
        let mut typed = String::new();
        page.fill(TYPED, &typed);
        while page.count(".problem") > 0 {
            let next = listed(page)[0].clone();
            typed = format!("{typed} {next}").trim().to_owned();
            page.fill(TYPED, &typed);
            assert!(typed.len() < 200, "{typed}");
        }
        let written = page.text_of(".verdict");
        assert!(written.contains("The model writes: "), "{written}");
    });
}

#[test]
fn exercises() {
    let mut page = Page::open("translation");
    page.step("ch07.crossing", |page, words| {
        page.choose(FRENCH, "le chat noir d'Alice chante toujours");
        let (always, toujours) = (words.say("always"), words.say("toujours"));
        let (sings, chante) = (words.say("sings"), words.say("chante"));
        assert!(page.chosen("Head").starts_with("mean"));
        assert_eq!(page.chosen("Layer of the decoder"), "layer 1");
        assert_eq!(most(page, always).0, toujours);
        assert_eq!(page.cell(always, toujours), words.fact("owner.always-toujours"));
        assert_eq!(most(page, sings).0, chante);
        assert_eq!(page.cell(sings, chante), words.fact("owner.sings-chante"));
    });
}
