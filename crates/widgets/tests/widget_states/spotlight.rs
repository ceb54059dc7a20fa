//! The spotlight, natively: what it shows, how it answers, and that nothing breaks it.

use proptest::prelude::*;
use scraper::Html;
use widgets::files::PageFile;
use widgets::gallery::{Entry, Gallery, Sentence};
use widgets::spotlight::{Event, Illustration, Look, Preset, Setup, Spotlight, State};
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, reads_or_refuses, refuses, refuses_setups, status,
    sums_to_one, text, view,
};
use crate::contract::{Contract, list};

const LAYERS: usize = 3;
const HEADS: usize = 2;

/// More tokens than have room beside each other, one of them as long as a line.
const LONG: [&str; 24] = {
    let mut tokens = [" word"; 24];
    tokens[5] = "                                                                                ";
    tokens[23] = " internationalisation";
    tokens
};

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
        sentence("long", &LONG),
    ]
}

fn at(sentence: &str, layer: usize, head: usize, query: usize) -> State {
    State { sentence: sentence.into(), layer, head, query, cell: (query, 0), look: None }
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
        opening: at("one", 1, 0, 2),
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
fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    let long = state.sentence == "long";
    let tokens = sentences().iter().find(|it| it.name == state.sentence).unwrap().tokens.len();
    counts(
        html,
        &[
            ("table[role=grid] [tabindex='0']", 1),
            ("select[name=sentence] option[selected]", 1),
            ("input[type=radio][checked]", usize::from(long)),
            (".for-wide [role=radio]", if long { 0 } else { tokens }),
            (".for-wide [role=radio][aria-checked=true][tabindex='0']", usize::from(!long)),
            (".for-narrow [role=radio][aria-checked=true][tabindex='0']", usize::from(!long)),
            (".wall [role=gridcell]", LAYERS * HEADS),
            (".wall [aria-selected=true][tabindex='0']", 1),
            (".wall .loupe > rect", usize::from(matches!(state.look, Some(Look::Head(_))))),
        ],
    )?;
    let picture = |layout: &str| -> Vec<String> {
        let cells = all(html, &format!("{layout} [role=img] > g > text:last-child"));
        cells.iter().map(text).filter(|digits| !digits.is_empty()).collect()
    };
    let (wide, narrow) = (picture(".for-wide"), picture(".for-narrow"));
    if wide != narrow {
        return Err(format!("the two layouts show {wide:?} and {narrow:?}"));
    }
    sums_to_one(&[wide])?;
    sums_to_one(&cells(html, "table[role=grid] tbody tr", "td"))
}

/// The weights that the picture prints, key by key.
fn drawn(html: &Html) -> Vec<String> {
    all(html, ".for-wide [role=img] > g > text:last-child").iter().map(text).collect()
}

#[test]
fn it_opens_as_it_was_told() {
    let html = view(&spotlight());
    is_sound(&html, &setup().opening).unwrap();
    let row = sentences()[0].weights(1, 0)[2].clone();
    let wanted = row.iter().map(|w| widgets::show::share(*w)).collect::<Vec<_>>();
    assert_eq!(drawn(&html)[..3], wanted[..]);
    assert_eq!(drawn(&html)[3], "", "the last token comes later");
    let said = status(&spotlight());
    assert!(said.starts_with("Layer 1, head 0: “sat” gives "), "{said}");
    let named = all(&html, ".for-wide [role=img]")[0].attr("aria-label").unwrap().to_owned();
    assert!(wanted.iter().all(|weight| named.contains(weight)), "{named}");
    assert!(named.contains("Later tokens, from “.” on, are out of reach."), "{named}");
}

#[test]
fn beams_are_as_wide_as_their_weights() {
    let mut widget = spotlight();
    let row = sentences()[0].weights(1, 0)[3].clone();
    widget.apply(&Event::Query(3)).unwrap();
    let html = view(&widget);
    let light: f64 =
        all(&html, ".for-wide rect.fill-query.move")[0].attr("width").unwrap().parse().unwrap();
    let beams = all(&html, ".for-wide g.move:not(.gone) path:last-child");
    let mut widths: Vec<f64> =
        beams.iter().map(|beam| beam.attr("stroke-width").unwrap().parse().unwrap()).collect();
    let mut wanted: Vec<f64> = row.iter().map(|weight| f64::from(*weight) * light).collect();
    widths.sort_by(f64::total_cmp);
    wanted.sort_by(f64::total_cmp);
    assert_eq!(widths.len(), wanted.len());
    assert!(
        widths.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 0.006),
        "{widths:?} {wanted:?}"
    );
}

#[test]
fn a_long_text_has_beams_to_what_gets_most_and_to_the_rest() {
    let mut widget = spotlight();
    widget.update("sentence", "long").unwrap();
    let html = view(&widget);
    is_sound(&html, widget.state()).unwrap();
    let row = sentences()[2].weights(1, 0)[23].clone();
    let chips: Vec<String> = all(&html, ".tokens .weight").iter().map(text).collect();
    assert_eq!(chips, row.iter().map(|w| widgets::show::share(*w)).collect::<Vec<_>>());
    let shown = drawn(&html);
    assert!((3..=11).contains(&shown.len()), "{shown:?}");
    let others: Vec<String> =
        all(&html, ".for-wide [role=img] > g:not([data-look]) text").iter().map(text).collect();
    let count: usize = others[0].strip_suffix(" others").unwrap().parse().unwrap();
    assert_eq!(count, 24 - (shown.len() - 1), "each key is a beam, or one of the others");
    let places: Vec<usize> = all(&html, ".for-wide [role=img] > [data-look]")
        .iter()
        .map(|key| key.attr("data-look").unwrap().parse().unwrap())
        .collect();
    let least = places[..places.len() - 1].iter().map(|key| row[*key]).fold(1.0, f32::min);
    let hidden = (0..23).filter(|key| !places.contains(key));
    assert!(hidden.map(|key| row[key]).all(|weight| weight <= least), "{places:?}");
    assert_eq!(places.last(), Some(&23), "the query is there");
    for query in 0..24 {
        widget.apply(&Event::Query(query)).unwrap();
        is_sound(&view(&widget), widget.state()).unwrap();
    }
}

#[test]
fn a_head_under_the_pointer_is_enlarged() {
    let mut widget = spotlight();
    let label = |widget: &Opened<Spotlight>| {
        let html = view(widget);
        all(&html, ".loupe text").iter().map(text).collect::<Vec<_>>()
    };
    assert!(label(&widget).is_empty());
    widget.update("look", "2,1").unwrap();
    assert_eq!(label(&widget), ["layer 2, head 1", ""]);
    assert_eq!((widget.state().layer, widget.state().head), (1, 0), "to look is not to choose");
    widget.update("wall-key", "ArrowDown").unwrap();
    assert_eq!(widget.state().look, Some(Look::Head((1, 1))), "the loupe goes along");
    widget.update("sentence", "two").unwrap();
    widget.update("look", "2,1").unwrap();
    assert_eq!(label(&widget), ["layer 2, head 1", "a name"]);
    widget.update("look", "").unwrap();
    assert!(label(&widget).is_empty());
    widget.update("look", "1").unwrap();
    assert_eq!(widget.state().look, Some(Look::Key(1)));
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
    for (name, value) in [("wall", "0,1"), ("layer", "2"), ("query", "3"), ("cell", "1,0")] {
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
fn keys_move_the_lamp_and_walk_the_wall() {
    let mut widget = spotlight();
    for (event, key, place) in [
        ("lamp", "ArrowLeft", (1, 0, 1)),
        ("lamp", "ArrowDown", (1, 0, 2)),
        ("lamp", "End", (1, 0, 3)),
        ("lamp", "ArrowRight", (1, 0, 3)),
        ("lamp", "Home", (1, 0, 0)),
        ("wall-key", "ArrowRight", (2, 0, 0)),
        ("wall-key", "ArrowRight", (2, 0, 0)),
        ("wall-key", "ArrowDown", (2, 1, 0)),
        ("wall-key", "Home", (0, 1, 0)),
    ] {
        assert_eq!(widget.update(event, key), Ok(true));
        let State { layer, head, query, .. } = *widget.state();
        assert_eq!((layer, head, query), place, "{event} {key}");
    }
    for event in ["lamp", "wall-key"] {
        assert_eq!(widget.update(event, "Tab"), Ok(false));
    }
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
            ("wall", "3,0"),
            ("wall", "1"),
            ("look", "4"),
            ("look", "3,0"),
            ("look", "cat"),
            ("sentence", "three"),
            ("dance", ""),
        ],
    );
}

#[test]
fn a_page_loads_sentences_as_they_are_wanted() {
    let text = widgets::setup::write(&setup());
    let mut widget = widgets::open("spotlight", &text, "").unwrap();
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
    let text = widgets::setup::write(&setup());
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
        let mut widget = widgets::open("spotlight", &text, "").unwrap();
        let error = widget.receive("gallery/one.bin", &bytes).unwrap_err();
        assert!(widget.view().contains("could not be loaded"), "{error}");
    }
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    for address in ["?a=b&spotlight=two_2_1_5", "?spotlight=two.2.1.5"] {
        let there = opens::<Spotlight>(&setup(), address).state().clone();
        let expected = at("two", 2, 1, 5);
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
    let names: Vec<&str> = all(&html, "table [role=gridcell]")
        .iter()
        .map(|cell| cell.attr("aria-label").unwrap())
        .collect();
    assert_eq!(names[0], "x looks at x: 1.00");
    assert_eq!(names[1], "x cannot look at ⏎: it comes later");
    assert!(names[3 * 6].starts_with("<b> looks at x: "));
    let walls: Vec<_> = all(&html, ".wall [role=gridcell]")
        .iter()
        .map(|it| it.attr("aria-label").unwrap())
        .collect();
    assert_eq!((walls[0], walls[5]), ("layer 0, head 0", "layer 2, head 1: a name"));
    assert!(all(&html, "svg b").is_empty(), "tokens are escaped");
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
        events: list("sentence preset layer head query cell key lamp wall wall-key look"),
        words: list("one two three long"),
        kept: |state| State { cell: (state.query, 0), look: None, ..state.clone() },
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
