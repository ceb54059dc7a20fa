//! The translation widget, natively: what it shows, how it answers, and that nothing breaks it.

use std::sync::LazyLock;

use burn::tensor::Device;
use scraper::Html;
use translator::{HEADS, LAYERS, Pair, Random, Translator, WEIGHTS, join};
use widgets::translation::{Event, Example, Illustration, Setup, State, Translation, weights_path};
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, refuses, refuses_setups, send, status, sums_to_one, text,
    view,
};
use crate::contract::{Contract, list};

static MODEL: LazyLock<Translator> = LazyLock::new(|| Translator::of_the_book(&Device::flex()));

fn setup() -> Setup {
    let example = |french: &str, word| Example { french: french.into(), word };
    Setup {
        examples: vec![
            example("le chat noir attend le chien", 2),
            example("l'oiseau vert n'écoute jamais la femme fatiguée", 1),
        ],
        weights: weights_path(),
        illustration: Illustration { english: "cat".into(), french: "chat".into(), weight: 0.75 },
        layer: 1,
        head: None,
    }
}

fn widget() -> Opened<Translation> {
    let mut widget = Opened::new(setup()).expect("a sound setup");
    widget.receive(&weights_path(), WEIGHTS).unwrap();
    widget
}

/// What must hold in every state.
fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("table[role=grid] [tabindex='0']", 1),
            ("input[type=radio][checked]", 1),
            ("select[name=example] option[selected]", 1),
            ("select[name=layer] option[selected]", 1),
            ("select[name=head] option[selected]", 1),
            ("input[aria-invalid=true]", all(html, ".problem").len()),
        ],
    )?;
    sums_to_one(&map(html))
}

/// The numbers of the map, row by row.
fn map(html: &Html) -> Vec<Vec<String>> {
    cells(html, "table[role=grid] tbody tr", "td")
}

#[test]
fn it_shows_what_the_model_says() {
    let mut widget = widget();
    let pair = Pair::read("le chat noir attend le chien").unwrap();
    let translation = MODEL.translate(&pair.french).unwrap();
    for layer in 0..LAYERS {
        widget.update("layer", &layer.to_string()).unwrap();
        for head in 0..HEADS {
            widget.update("head", &head.to_string()).unwrap();
            let html = view(&widget);
            let expected: Vec<Vec<String>> = translation.weights[layer][head]
                .iter()
                .map(|row| row.iter().map(|weight| widgets::show::share(*weight)).collect())
                .collect();
            assert_eq!(map(&html), expected, "layer {layer}, head {head}");
        }
        widget.update("head", "mean").unwrap();
        let html = view(&widget);
        let mean = |row: usize, column: usize| {
            let sum: f64 = (0..HEADS)
                .map(|head| f64::from(translation.weights[layer][head][row][column]))
                .sum();
            (sum / HEADS as f64) as f32
        };
        for (row, shown) in map(&html).iter().enumerate() {
            for (column, shown) in shown.iter().enumerate() {
                let shown: f32 = shown.parse().unwrap();
                assert!((shown - mean(row, column)).abs() <= 0.00501, "{row}, {column}: {shown}");
            }
        }
    }
}

#[test]
fn it_opens_on_the_cat_with_the_illustration_beside() {
    let mut widget = widget();
    let html = view(&widget);
    let said = status(&widget);
    assert!(
        said.starts_with(
            "layer 1, mean of 4 heads: to write “cat”, the decoder looks most at “chat”, "
        ),
        "{said}"
    );
    let made_up: Vec<String> = all(&html, "td.made-up").iter().map(text).collect();
    assert_eq!(made_up, ["–", ".75", "–", "–", "–", "–"]);
    let verdict = text(&all(&html, ".verdict")[0]);
    assert!(verdict.contains("the black cat waits for the dog"), "{verdict}");
    assert!(verdict.contains("say the same") && verdict.contains("never saw"), "{verdict}");
    widget.apply(&Event::Word(1)).unwrap();
    assert!(all(&view(&widget), "td.made-up").is_empty(), "beside its own row alone");
}

#[test]
fn a_sentence_of_ones_own_is_translated() {
    let mut widget = widget();
    assert_eq!(widget.update("text", "Les souris dansent."), Ok(true));
    let html = view(&widget);
    assert!(text(&all(&html, ".verdict")[0]).contains("the mice dance"));
    let chosen = all(&html, "select[name=example] option[selected]")[0];
    assert_eq!(text(&chosen), "les souris dansent", "its own line in the menu");
    assert_eq!(map(&html).len(), 4, "three words and the end");
}

#[test]
fn a_word_that_does_not_fit_is_told_beside_the_field() {
    let mut widget = widget();
    for (typed, told) in [
        ("le cheval", "Word 2, “cheval”, is not known. Here the grammar knows: "),
        ("la chat", "Word 2, “chat”, cannot stand here."),
        ("", "There is no sentence yet."),
        ("<b>", "Word 1, “<b>”, is not known."),
    ] {
        assert_eq!(widget.update("text", typed), Ok(true), "{typed}");
        let html = view(&widget);
        let problem = text(&all(&html, "label > .problem")[0]);
        assert!(problem.starts_with(told), "{problem}");
        assert_eq!(all(&html, "input[type=text]")[0].attr("value"), Some(typed));
        // The last good sentence stays.
        assert!(text(&all(&html, ".verdict")[0]).contains("the black cat waits for the dog"));
    }
    widget.update("text", "le chat noir attend le chien").unwrap();
    assert!(all(&view(&widget), ".problem").is_empty());
}

#[test]
fn keys_walk_the_grid_and_take_the_row_along() {
    let mut widget = widget();
    for (key, cell) in [
        ("ArrowRight", (2, 1)),
        ("ArrowDown", (3, 1)),
        ("Home", (3, 0)),
        ("Ctrl+Home", (0, 0)),
        ("End", (0, 5)),
        ("Ctrl+End", (7, 5)),
        ("ArrowDown", (7, 5)),
    ] {
        assert_eq!(widget.update("key", key), Ok(true));
        assert_eq!((widget.state().cell, widget.state().word), (cell, cell.0), "{key}");
    }
    assert_eq!(widget.update("key", "Tab"), Ok(false));
    assert!(status(&widget).contains("to write the end, "));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let bad = [
        ("layer", "2"),
        ("head", "4"),
        ("head", "x"),
        ("word", "8"),
        ("cell", "8,0"),
        ("cell", "0,6"),
        ("cell", "1"),
        ("example", "2"),
        ("dance", ""),
    ];
    refuses(&mut widget(), &bad);
}

#[test]
fn a_page_loads_the_weights_once_and_checks_them() {
    let mut page = opens::<Translation>(&setup(), "");
    assert_eq!(page.wants(), Some(weights_path()));
    assert!(page.view().contains("Loading the model"));
    let mut damaged = WEIGHTS.to_vec();
    damaged[1000] ^= 1;
    let error = page.receive(&weights_path(), &damaged).unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
    assert!(page.view().contains("could not be loaded"));
    assert_eq!(page.wants(), None, "it does not ask again by itself");
    page.update("reset", "").unwrap();
    assert_eq!(page.wants(), Some(weights_path()), "but it does when told to");
    page.receive(&weights_path(), WEIGHTS).unwrap();
    assert_eq!(page.wants(), None);
    assert_eq!(page.view(), widget().view(), "the page shows what the book was built with");
}

#[test]
fn a_failed_download_is_told() {
    let mut page = opens::<Translation>(&setup(), "");
    page.failed(&weights_path(), "the server answered 404");
    assert!(page.view().contains("the server answered 404"));
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    for sentence in
        ["l'oiseau n'écoute pas l'ami d'Alice", "j'attends le chat", "je ne dors jamais"]
    {
        let mut there = widget();
        let events = [("text", sentence), ("layer", "0"), ("head", "3"), ("word", "1")];
        send(&mut there, &events);
        let link = there.address();
        assert!(link.is_ascii() && !link.contains('\''), "{link} survives every browser");
        for link in [link.clone(), link.replace('_', ".")] {
            let mut page = opens::<Translation>(&setup(), &link);
            page.receive(&weights_path(), WEIGHTS).unwrap();
            assert_eq!(page.state(), &State { cell: (1, 0), ..there.state().clone() });
        }
    }
    let bad = [
        "",
        "?translation",
        "?translation=le-chat",
        "?translation=le-chat-dort.2.mean.0",
        "?translation=le-chat-dort.1.4.0",
        "?translation=le-chat-dort.1.mean.9",
        "?translation=%.x.y.z",
    ];
    ignores::<Translation>(&setup(), &bad);
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let mut wrong: Vec<Setup> = (0..5).map(|_| setup()).collect();
    wrong[0].examples.clear();
    wrong[1].examples[1].french = "le cheval dort".into();
    wrong[2].examples[0].word = 9;
    wrong[3].layer = LAYERS;
    wrong[4].head = Some(HEADS);
    refuses_setups::<Translation>(wrong);
}

#[test]
fn cells_are_named_for_a_screen_reader() {
    let html = view(&widget());
    let names: Vec<&str> =
        all(&html, "[role=gridcell]").iter().map(|cell| cell.attr("aria-label").unwrap()).collect();
    assert!(names[2 * 6 + 1].starts_with("cat looks at chat: "), "{}", names[13]);
    assert!(names[7 * 6].starts_with("(end) looks at le: "), "{}", names[42]);
}

/// What is typed is never refused.
#[test]
fn any_text_is_taken() {
    let mut widget = widget();
    for seed in 0..200 {
        let sentence = join(&Pair::random(&mut Random::new(seed)).french);
        let middle = sentence.chars().count() / 2;
        let half: String = sentence.chars().take(middle).collect();
        for text in [sentence, half] {
            assert_eq!(widget.update("text", &text), Ok(true), "{text}");
            assert_eq!(is_sound(&view(&widget), widget.state()), Ok(()), "{text}");
        }
    }
}

#[test]
pub(crate) fn keeps_the_contract() {
    let sentence = |seed| join(&Pair::random(&mut Random::new(seed)).french);
    let mut words: Vec<String> = (0..40).map(sentence).collect();
    words.extend(list("mean mean mean mean mean mean mean mean"));
    Contract {
        widget: widget(),
        events: list("example text layer head word cell key walk"),
        words,
        // What was typed and not understood is not kept.
        kept: |state| State {
            typed: join(&state.pair.french),
            problem: None,
            cell: (state.word, 0),
            ..state.clone()
        },
        sound: is_sound,
    }
    .holds();
}
