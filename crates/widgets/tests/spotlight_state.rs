//! The spotlight, natively: what it shows, how it answers, and that nothing breaks it.

mod common;

use common::{all, text, view};
use proptest::prelude::*;
use scraper::{Html, Selector};
use widgets::gallery::Sentence;
use widgets::readings::{Entry, Gallery};
use widgets::spotlight::{Event, Illustration, Preset, Setup, Spotlight, State};
use widgets::{Error, Widget};

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
        opening: State { sentence: "one".into(), layer: 1, head: 0, query: 2, cell: (2, 0) },
    }
}

fn spotlight() -> Spotlight {
    Spotlight::new(setup(), sentences()).expect("a sound setup")
}

/// What must hold in every state.
fn is_sound(html: &Html) -> Result<(), String> {
    let count = |selector: &str, expected: usize| {
        let found = all(html, selector).len();
        if found == expected {
            Ok(())
        } else {
            Err(format!("{found} of {selector}, not {expected}"))
        }
    };
    count("[role=status]", 1)?;
    count("[id]", 0)?;
    count("[style]", 0)?;
    count("table[role=grid] [tabindex='0']", 1)?;
    count("input[type=radio][checked]", 1)?;
    count("select[name=sentence] option[selected]", 1)?;
    count("select[name=preset] option[selected]", 1)?;
    for row in all(html, "table[role=grid] tbody tr") {
        let shares: Vec<f32> = row
            .select(&Selector::parse("td").unwrap())
            .filter_map(|cell| text(&cell).parse().ok())
            .collect();
        let sum: f32 = shares.iter().sum();
        // Each share is rounded to a hundredth.
        if (sum - 1.0).abs() > 0.005 * shares.len() as f32 + 1e-6 {
            return Err(format!("a row sums to {sum}: {shares:?}"));
        }
    }
    Ok(())
}

#[test]
fn it_opens_as_it_was_told() {
    let html = view(&spotlight());
    is_sound(&html).unwrap();
    let row = sentences()[0].weights(1, 0)[2].clone();
    let shown: Vec<String> = all(&html, ".tokens .weight").iter().map(text).collect();
    assert_eq!(shown[..3], row.iter().map(|w| widgets::show::share(*w)).collect::<Vec<_>>()[..]);
    assert_eq!(shown[3], "–", "the last token comes later");
    let status = text(&all(&html, "[role=status]")[0]);
    assert!(status.starts_with("layer 1, head 0: “sat” gives most to "), "{status}");
}

#[test]
fn the_illustration_stands_beside_its_own_row_alone() {
    let mut widget = spotlight();
    let made_up = |widget: &Spotlight| all(&view(widget), "td.made-up").len();
    assert_eq!(made_up(&widget), 4);
    widget.apply(Event::Query(1)).unwrap();
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
    let mut widget = spotlight();
    let before = widget.view();
    for (name, value) in [
        ("layer", "3"),
        ("layer", "-1"),
        ("head", "x"),
        ("query", "4"),
        ("cell", "4,0"),
        ("cell", "1"),
        ("preset", "1"),
        ("sentence", "three"),
        ("dance", ""),
    ] {
        let refused = widget.update(name, value);
        assert_eq!(refused, Err(Error::Event { name: name.into(), value: value.into() }));
    }
    assert_eq!(widget.view(), before);
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
    let json = serde_json::to_string(&setup()).unwrap();
    let opens = |address: &str| Spotlight::open(&json, address).unwrap().state().clone();
    let there = opens("?a=b&spotlight=two.2.1.5");
    assert_eq!((there.sentence.as_str(), there.layer, there.head, there.query), ("two", 2, 1, 5));
    for bad in [
        "",
        "?",
        "?spotlight",
        "?spotlight=two",
        "?spotlight=two.2.1.6",
        "?spotlight=two.3.1.0",
        "?spotlight=%.x.y.z",
    ] {
        assert_eq!(opens(bad), setup().opening, "{bad}");
    }
    // The link of a view leads back to it.
    let mut widget = spotlight();
    widget.apply(Event::Preset(0)).unwrap();
    let html = view(&widget);
    let link = all(&html, "a.permalink")[0].attr("href").unwrap();
    assert_eq!(opens(link), *widget.state());
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let mut no_sentence = setup();
    no_sentence.opening.sentence = "three".into();
    let mut no_head = setup();
    no_head.presets[0].head = HEADS;
    let mut no_token = setup();
    no_token.gallery.sentences[0].query = 4;
    for wrong in [no_sentence, no_head, no_token] {
        assert!(matches!(Spotlight::new(wrong, sentences()), Err(Error::Setup { .. })));
    }
    assert!(matches!(Spotlight::open("{}", ""), Err(Error::Setup { .. })));
    assert!(matches!(widgets::open("torch", "{}", ""), Err(Error::Unknown { .. })));
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

fn any_event() -> impl Strategy<Value = (String, String)> {
    let name = prop::sample::select(vec![
        "sentence", "preset", "layer", "head", "query", "cell", "key", "reset", "?",
    ]);
    let value = prop_oneof![
        (0_usize..8).prop_map(|number| number.to_string()),
        (0_usize..8, 0_usize..8).prop_map(|(row, column)| format!("{row},{column}")),
        prop::sample::select(vec![
            "one",
            "two",
            "three",
            "ArrowDown",
            "ArrowRight",
            "Home",
            "Ctrl+End",
            "Tab"
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    (name.prop_map(str::to_owned), value)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_row_of_events_breaks_it(events in prop::collection::vec(any_event(), 1..40)) {
        let mut widget = spotlight();
        for (name, value) in events {
            let before = widget.view();
            match widget.update(&name, &value) {
                Ok(_) => {}
                Err(_) => prop_assert_eq!(&widget.view(), &before),
            }
            if let Err(problem) = is_sound(&view(&widget)) {
                prop_assert!(false, "after {name} {value}: {problem}");
            }
        }
    }

    #[test]
    fn no_bytes_break_the_reader(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Sentence::from_bytes(&bytes);
        bytes.insert(0, 1);
        let _ = Sentence::from_bytes(&bytes);
    }

    #[test]
    fn a_changed_byte_is_an_error_or_a_sentence(at in 0_usize..300, value: u8) {
        let mut bytes = sentences()[0].to_bytes();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(sentence) = Sentence::from_bytes(&bytes) {
            for layer in 0..sentence.layers {
                for head in 0..sentence.heads {
                    prop_assert!(sentence.weights(layer, head).iter().flatten().all(|w| w.is_finite()));
                }
            }
        }
    }
}
