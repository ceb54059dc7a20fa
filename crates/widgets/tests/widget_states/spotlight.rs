//! The spotlight, natively: what it shows, how it answers, and that nothing breaks it.

use proptest::prelude::*;
use scraper::Html;
use widgets::files::PageFile;
use widgets::gallery::{Entry, Gallery, Sentence};
use widgets::spotlight::{Event, Illustration, Preset, Setup, Spotlight, State};
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, reads_or_refuses, refuses, refuses_setups, status,
    sums_to_one, text, view,
};
use crate::contract::{Contract, list};

const LAYERS: usize = 3;
const HEADS: usize = 2;

fn sentence(name: &str, tokens: &[&str]) -> Sentence {
    let triangle = tokens.len() * (tokens.len() + 1) / 2;
    Sentence {
        name: name.to_owned(),
        text: tokens.concat(),
        tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
        layers: LAYERS,
        heads: HEADS,
        // Some finite numbers that differ from head to head.
        scores: (0..LAYERS * HEADS * triangle).map(|at| (at as f32 * 0.7).sin() * 3.0).collect(),
    }
}

fn sentences() -> Vec<Sentence> {
    vec![
        sentence("one", &["A", " cat", " sat", "."]),
        sentence("two", &["x", "\n", "  ", "<b>", " y", "z"]),
    ]
}

fn setup() -> Setup {
    let entry = |sentence: &Sentence| Entry {
        name: sentence.name.clone(),
        text: sentence.text.clone(),
        query: sentence.tokens.len() - 1,
        tokens: sentence.tokens.len(),
    };
    Setup {
        gallery: Gallery {
            sentences: sentences().iter().map(entry).collect(),
            layers: LAYERS,
            heads: HEADS,
        },
        presets: vec![Preset {
            layer: 2,
            head: 1,
            label: "a name".into(),
            sentence: "two".into(),
            query: 4,
        }],
        illustration: Illustration {
            sentence: "one".into(),
            query: 2,
            weights: vec![0.2, 0.7, 0.1, 0.0],
        },
        opening: State {
            sentence: "one".into(),
            layer: 1,
            head: 0,
            query: 2,
            cell: (2, 0),
            look: None,
        },
    }
}

fn spotlight() -> Opened<Spotlight> {
    let mut widget = Opened::new(setup()).expect("a sound setup");
    for sentence in sentences() {
        let path = Sentence::path(&sentence.name);
        widget.receive(&path, &sentence.to_bytes()).unwrap();
    }
    widget
}

/// What must hold in every state.
fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("table[role=grid] [tabindex='0']", 1),
            ("input[type=radio][checked]", 1),
            ("select[name=sentence] option[selected]", 1),
            ("select[name=preset] option[selected]", 1),
        ],
    )?;
    sums_to_one(&cells(html, "table[role=grid] tbody tr", "td"))
}

#[test]
fn it_opens_as_it_was_told() {
    let html = view(&spotlight());
    is_sound(&html, &setup().opening).unwrap();
    let row = sentences()[0].weights(1, 0)[2].clone();
    let shown: Vec<String> = all(&html, ".tokens .weight").iter().map(text).collect();
    assert_eq!(shown[..3], row.iter().map(|w| widgets::show::share(*w)).collect::<Vec<_>>()[..]);
    assert_eq!(shown[3], "–", "the last token comes later");
    let said = status(&spotlight());
    assert!(said.starts_with("layer 1, head 0: “sat” gives most to "), "{said}");
}

#[test]
fn the_illustration_stands_beside_its_own_row_alone() {
    let mut widget = spotlight();
    let made_up = |widget: &Opened<Spotlight>| all(&view(widget), "td.made-up").len();
    assert_eq!(made_up(&widget), 4);
    widget.apply(&Event::Query(1)).unwrap();
    assert_eq!(made_up(&widget), 0);
}

#[test]
fn events_change_what_they_name() {
    let mut widget = spotlight();
    for (name, value) in [("layer", "2"), ("head", "1"), ("query", "3"), ("cell", "1,0")] {
        assert_eq!(widget.update(name, value), Ok(true), "{name}");
    }
    let State { layer, head, query, cell, .. } = widget.state().clone();
    assert_eq!((layer, head, query, cell), (2, 1, 1, (1, 0)));
    widget.update("preset", "0").unwrap();
    assert_eq!((widget.state().sentence.as_str(), widget.state().query), ("two", 4));
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), setup().opening);
}

#[test]
fn keys_walk_the_grid_and_take_the_row_along() {
    let mut widget = spotlight();
    for (key, cell) in [
        ("ArrowRight", (2, 1)),
        ("ArrowDown", (3, 1)),
        ("ArrowDown", (3, 1)),
        ("Home", (3, 0)),
        ("Ctrl+Home", (0, 0)),
        ("End", (0, 3)),
        ("Ctrl+End", (3, 3)),
    ] {
        assert_eq!(widget.update("key", key), Ok(true));
        assert_eq!((widget.state().cell, widget.state().query), (cell, cell.0), "{key}");
    }
    assert_eq!(widget.update("key", "Tab"), Ok(false));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    refuses(
        &mut spotlight(),
        &[
            ("layer", "3"),
            ("layer", "-1"),
            ("head", "x"),
            ("query", "4"),
            ("cell", "4,0"),
            ("cell", "1"),
            ("preset", "1"),
            ("sentence", "three"),
            ("dance", ""),
        ],
    );
}

#[test]
fn a_page_loads_sentences_as_they_are_wanted() {
    let json = serde_json::to_string(&setup()).unwrap();
    let mut widget = widgets::open("spotlight", &json, "").unwrap();
    assert_eq!(widget.wants().as_deref(), Some("gallery/one.bin"));
    assert!(widget.view().contains("Loading the sentence"));
    widget.receive("gallery/one.bin", &sentences()[0].to_bytes()).unwrap();
    assert_eq!(widget.wants(), None);
    assert_eq!(widget.view(), spotlight().view(), "the page shows what the book was built with");

    widget.update("sentence", "two").unwrap();
    assert_eq!(widget.wants().as_deref(), Some("gallery/two.bin"));
    widget.failed("gallery/two.bin", "the server answered 404");
    assert!(widget.view().contains("the server answered 404"));
    assert_eq!(widget.wants(), None, "it does not ask again by itself");
    widget.update("sentence", "two").unwrap();
    assert_eq!(widget.wants().as_deref(), Some("gallery/two.bin"), "but it does when told to");
}

#[test]
fn a_damaged_sentence_is_refused_and_told() {
    let json = serde_json::to_string(&setup()).unwrap();
    let good = sentences()[0].to_bytes();
    let mut wrong_size = sentences()[0].clone();
    wrong_size.scores.pop();
    let mut not_a_number = sentences()[0].clone();
    not_a_number.scores[0] = f32::NAN;
    let mut other_model = sentences()[0].clone();
    (other_model.layers, other_model.heads) = (HEADS, LAYERS);
    for bytes in [
        Vec::new(),
        good[..good.len() - 1].to_vec(),
        [&[9], &good[1..]].concat(),
        wrong_size.to_bytes(),
        not_a_number.to_bytes(),
        other_model.to_bytes(),
        sentences()[1].to_bytes(),
    ] {
        let mut widget = widgets::open("spotlight", &json, "").unwrap();
        let error = widget.receive("gallery/one.bin", &bytes).unwrap_err();
        assert!(widget.view().contains("could not be loaded"), "{error}");
    }
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    for address in ["?a=b&spotlight=two_2_1_5", "?spotlight=two.2.1.5"] {
        let there = opens::<Spotlight>(&setup(), address).state().clone();
        let (sentence, cell) = ("two".into(), (5, 0));
        let expected = State { sentence, layer: 2, head: 1, query: 5, cell, look: None };
        assert_eq!(there, expected);
    }
    let bad = [
        "",
        "?",
        "?spotlight",
        "?spotlight=two",
        "?spotlight=two.2.1.6",
        "?spotlight=two.3.1.0",
        "?spotlight=two_3.1.0",
        "?spotlight=%.x.y.z",
    ];
    ignores::<Spotlight>(&setup(), &bad);
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let mut no_sentence = setup();
    no_sentence.opening.sentence = "three".into();
    let mut no_head = setup();
    no_head.presets[0].head = HEADS;
    let mut no_token = setup();
    no_token.gallery.sentences[0].query = 4;
    refuses_setups::<Spotlight>([no_sentence, no_head, no_token]);
}

#[test]
fn cells_are_named_for_a_screen_reader() {
    let mut widget = spotlight();
    widget.update("sentence", "two").unwrap();
    let html = view(&widget);
    let names: Vec<&str> =
        all(&html, "[role=gridcell]").iter().map(|cell| cell.attr("aria-label").unwrap()).collect();
    assert_eq!(names[0], "x looks at x: 1.00");
    assert_eq!(names[1], "x cannot look at ⏎: it comes later");
    assert!(names[3 * 6].starts_with("<b> looks at x: "));
    assert!(!widget.view().contains("<b>"), "tokens are escaped");
}

#[test]
fn without_the_model_the_illustration_stands_alone() {
    let tokens: Vec<String> = ["A", "cat", "sat", "."].map(str::to_owned).to_vec();
    let html = widgets::spotlight::without_model(&setup().illustration, &tokens, "no weights");
    assert!(html.contains("no weights") && html.contains(".70") && !html.contains("<input"));
}

#[test]
fn weights_equal_a_softmax_in_f64() {
    let mut largest = 0.0_f64;
    for sentence in sentences() {
        let n = sentence.tokens.len();
        for layer in 0..LAYERS {
            for head in 0..HEADS {
                let start = (layer * HEADS + head) * n * (n + 1) / 2;
                let mut packed = sentence.scores[start..].iter().map(|score| f64::from(*score));
                for row in sentence.weights(layer, head) {
                    let powers: Vec<f64> =
                        row.iter().map(|_| packed.next().unwrap().exp()).collect();
                    let total: f64 = powers.iter().sum();
                    for (got, power) in row.iter().zip(powers) {
                        largest = largest.max((f64::from(*got) - power / total).abs());
                    }
                }
            }
        }
    }
    println!("largest error {largest:.1e}");
    assert!(largest <= 1e-6, "off by {largest:.1e}");
}

#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: spotlight(),
        events: list("sentence preset layer head query cell key"),
        words: list("one two three"),
        kept: |state| State { cell: (state.query, 0), ..state.clone() },
        sound: is_sound,
    }
    .holds();
}

/// Every weight of a sentence that was read is finite, and none is missing.
fn has_weights(sentence: &Sentence) -> bool {
    let heads = (0..sentence.layers).flat_map(|l| (0..sentence.heads).map(move |h| (l, h)));
    let mut rows = heads.map(|(layer, head)| sentence.weights(layer, head));
    rows.all(|rows| {
        rows.len() == sentence.tokens.len() && rows.iter().flatten().all(|w| w.is_finite())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_bytes_break_the_reader(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        reads_or_refuses(Sentence::from_bytes, &bytes, has_weights);
        bytes.insert(0, 1);
        reads_or_refuses(Sentence::from_bytes, &bytes, has_weights);
    }

    #[test]
    fn a_changed_byte_is_an_error_or_a_sentence(at in 0_usize..300, value: u8) {
        let mut bytes = sentences()[0].to_bytes();
        let at = at % bytes.len();
        bytes[at] = value;
        reads_or_refuses(Sentence::from_bytes, &bytes, has_weights);
    }
}
