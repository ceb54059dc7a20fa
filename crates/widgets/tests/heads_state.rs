//! The heads, natively: what the overview shows, how it answers, and that nothing breaks it.

mod common;

use common::{all, text, view};
use proptest::prelude::*;
use scraper::{Html, Selector};
use widgets::gallery::Sentence;
use widgets::heads::{Event, Heads, Named, Overview, Setup, Show, State};
use widgets::readings::{Entry, Gallery};
use widgets::show::share;
use widgets::{Error, Widget};

const LAYERS: usize = 4;
const HEADS: usize = 3;

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
        sentence("twice", &["x", "\n", " <b>", "x", "\n", " <b>"]),
        sentence("short", &["Oh"]),
    ]
}

fn view_of(sentence: &str, show: Show, head: (usize, usize), pair: (usize, usize)) -> State {
    State { sentence: sentence.into(), show, head, pair }
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
        named: vec![Named {
            label: "a name".into(),
            view: view_of("twice", Show::Prefix, (3, 2), (4, 2)),
        }],
        opening: view_of("one", Show::Previous, (1, 0), (2, 0)),
    }
}

fn heads() -> Heads {
    Heads::new(setup(), sentences()).expect("a sound setup")
}

fn status(widget: &dyn Widget) -> String {
    text(&all(&view(widget), "[role=status]")[0])
}

fn cells(widget: &dyn Widget) -> Vec<String> {
    all(&view(widget), "[data-keys=head-key] td").iter().map(text).collect()
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
    count("[data-keys=head-key] td", LAYERS * HEADS)?;
    count("[data-keys=head-key] [tabindex='0']", 1)?;
    count("[data-keys=head-key] .open", 1)?;
    count("[data-keys=pair-key] [tabindex='0']", 1)?;
    count("select[name=sentence] option[selected]", 1)?;
    count("select[name=named] option[selected]", 1)?;
    count("select[name=show] option[selected]", 1)?;
    for cell in all(html, "[role=gridcell]") {
        if cell.attr("aria-label").is_none_or(str::is_empty) {
            return Err("a cell without a name".to_owned());
        }
    }
    for row in all(html, "[data-keys=pair-key] tbody tr") {
        let cell = Selector::parse("td").unwrap();
        let shares: Vec<f32> =
            row.select(&cell).filter_map(|cell| text(&cell).parse().ok()).collect();
        let sum: f32 = shares.iter().sum();
        // Each share is rounded to a hundredth.
        if (sum - 1.0).abs() > 0.005 * shares.len() as f32 + 1e-6 {
            return Err(format!("a row sums to {sum}: {shares:?}"));
        }
    }
    Ok(())
}

/// The weights of a head in f64, from the scores alone.
fn weights(sentence: &Sentence, layer: usize, head: usize) -> Vec<Vec<f64>> {
    let seq = sentence.tokens.len();
    let start = (layer * HEADS + head) * seq * (seq + 1) / 2;
    let mut packed = sentence.scores[start..].iter().map(|score| f64::from(*score).exp());
    let rows = (1..=seq).map(|seen| packed.by_ref().take(seen).collect::<Vec<f64>>());
    let share = |row: Vec<f64>| {
        let total: f64 = row.iter().sum();
        row.into_iter().map(|power| power / total).collect()
    };
    rows.map(share).collect()
}

/// What is shown of a head, in f64 and without the library.
fn expected(
    sentence: &Sentence,
    show: Show,
    layer: usize,
    head: usize,
    pair: (usize, usize),
) -> f64 {
    let rows = weights(sentence, layer, head);
    let mean = |numbers: Vec<f64>| numbers.iter().sum::<f64>() / numbers.len() as f64;
    let later = 1..rows.len();
    match show {
        Show::Previous => mean(later.map(|query| rows[query][query - 1]).collect()),
        Show::First => mean(later.map(|query| rows[query][0]).collect()),
        // Three tokens, and the same again.
        Show::Prefix => mean((3..6).map(|query| rows[query][query - 2]).collect()),
        Show::Pair | Show::Maps => rows[pair.0].get(pair.1).copied().unwrap_or(0.0),
        Show::Entropy => {
            let entropy = |row: &Vec<f64>| row.iter().map(|share| -share * share.ln()).sum();
            mean(rows.iter().map(entropy).collect())
        }
    }
}

#[test]
fn each_number_is_that_of_an_independent_detector() {
    let mut largest = 0.0_f64;
    for (sentence, shows) in sentences()[..2].iter().zip([4, 5]) {
        let overview = Overview::new(sentence).unwrap();
        let measurable =
            [Show::Previous, Show::First, Show::Pair, Show::Entropy, Show::Prefix].into_iter();
        for show in measurable.take(shows) {
            for pair in [(2, 1), (3, 3), (1, 3)] {
                let scores = overview.scores(show, pair).unwrap();
                for layer in 0..LAYERS {
                    for head in 0..HEADS {
                        let wanted = expected(sentence, show, layer, head, pair);
                        let error = (scores[layer * HEADS + head] - wanted).abs();
                        largest = largest.max(error);
                    }
                }
            }
        }
    }
    println!("largest error {largest:.1e}");
    assert!(largest <= 1e-6, "off by {largest:.1e}");
}

#[test]
fn it_opens_as_it_was_told() {
    let widget = heads();
    let html = view(&widget);
    is_sound(&html).unwrap();
    let one = &sentences()[0];
    let wanted: Vec<String> = (0..LAYERS * HEADS)
        .map(|at| share(expected(one, Show::Previous, at / HEADS, at % HEADS, (2, 0)) as f32))
        .collect();
    assert_eq!(cells(&widget), wanted);
    let open = all(&html, ".open")[0].attr("aria-label").unwrap();
    assert_eq!(open, format!("layer 1, head 0: {}", wanted[HEADS]));
    let above = wanted.iter().filter(|score| **score > wanted[HEADS]).count();
    let status = status(&widget);
    let start = format!(
        "Layer 1, head 0: the mean weight on the previous token is {}, rank {} of {};",
        wanted[HEADS],
        above + 1,
        LAYERS * HEADS
    );
    assert!(status.starts_with(&start), "{status}");
    assert!(status.contains("Here “sat” looks most at “"), "{status}");
}

#[test]
fn events_change_what_they_name() {
    let mut widget = heads();
    for (name, value) in [("show", "entropy"), ("head", "2,1"), ("pair", "3,1")] {
        assert_eq!(widget.update(name, value), Ok(true), "{name}");
    }
    assert_eq!(*widget.state(), view_of("one", Show::Entropy, (2, 1), (3, 1)));
    widget.update("sentence", "twice").unwrap();
    assert_eq!(*widget.state(), view_of("twice", Show::Entropy, (2, 1), (5, 1)));
    widget.update("sentence", "short").unwrap();
    assert_eq!(widget.state().pair, (0, 0), "one token has one cell");
    widget.update("named", "0").unwrap();
    assert_eq!(*widget.state(), setup().named[0].view);
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), setup().opening);
}

#[test]
fn keys_walk_either_grid() {
    let mut widget = heads();
    for (event, key, head, pair) in [
        ("head-key", "ArrowRight", (1, 1), (2, 0)),
        ("head-key", "End", (1, 2), (2, 0)),
        ("head-key", "ArrowRight", (1, 2), (2, 0)),
        ("head-key", "Ctrl+End", (3, 2), (2, 0)),
        ("head-key", "ArrowUp", (2, 2), (2, 0)),
        ("pair-key", "ArrowDown", (2, 2), (3, 0)),
        ("pair-key", "End", (2, 2), (3, 3)),
        ("pair-key", "Ctrl+Home", (2, 2), (0, 0)),
        ("head-key", "Home", (2, 0), (0, 0)),
    ] {
        assert_eq!(widget.update(event, key), Ok(true));
        assert_eq!((widget.state().head, widget.state().pair), (head, pair), "{event} {key}");
    }
    for event in ["head-key", "pair-key"] {
        assert_eq!(widget.update(event, "Tab"), Ok(false));
    }
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = heads();
    let before = widget.view();
    for (name, value) in [
        ("head", "4,0"),
        ("head", "0,3"),
        ("head", "1"),
        ("pair", "4,0"),
        ("pair", "x,0"),
        ("named", "1"),
        ("named", ""),
        ("show", "nothing"),
        ("sentence", "three"),
        ("dance", ""),
    ] {
        let refused = widget.update(name, value);
        assert_eq!(refused, Err(Error::Event { name: name.into(), value: value.into() }));
    }
    assert_eq!(widget.view(), before);
}

#[test]
fn what_cannot_be_measured_is_said() {
    let mut widget = heads();
    widget.apply(Event::Show(Show::Prefix)).unwrap();
    assert!(cells(&widget).iter().all(|cell| cell == "–"));
    let said = status(&widget);
    assert!(said.starts_with("Not measurable on this sentence: no query's token"), "{said}");
    widget.update("sentence", "twice").unwrap();
    assert!(cells(&widget).iter().all(|cell| cell != "–"));
    widget.update("sentence", "short").unwrap();
    widget.apply(Event::Show(Show::Previous)).unwrap();
    assert!(status(&widget).contains("no query has a token before it"));
    is_sound(&view(&widget)).unwrap();
}

#[test]
fn a_later_token_gets_nothing_from_any_head() {
    let mut widget = heads();
    widget.apply(Event::Show(Show::Pair)).unwrap();
    widget.apply(Event::Pair((1, 3))).unwrap();
    assert!(cells(&widget).iter().all(|cell| cell == ".00"));
}

#[test]
fn small_maps_draw_each_large_share_once() {
    let mut widget = heads();
    widget.apply(Event::Show(Show::Maps)).unwrap();
    let html = view(&widget);
    is_sound(&html).unwrap();
    let pictures = all(&html, "[data-keys=head-key] svg");
    assert_eq!(pictures.len(), LAYERS * HEADS);
    for (at, picture) in pictures.iter().enumerate() {
        let rows = weights(&sentences()[0], at / HEADS, at % HEADS);
        let drawn = |class: &str| {
            let path = Selector::parse(&format!("path.{class}")).unwrap();
            let lines: String = picture.select(&path).filter_map(|path| path.attr("d")).collect();
            lines.matches('M').count()
        };
        let strong = rows.iter().flatten().filter(|share| **share >= 0.5).count();
        let some = rows.iter().flatten().filter(|share| **share >= 0.07).count();
        assert_eq!(drawn("strong"), strong, "head {at}");
        assert_eq!(drawn("strong") + drawn("middling") + drawn("weak"), some, "head {at}");
    }
}

#[test]
fn a_page_loads_sentences_as_they_are_wanted() {
    let json = serde_json::to_string(&setup()).unwrap();
    let mut widget = widgets::open("heads", &json, "").unwrap();
    assert_eq!(widget.wants().as_deref(), Some("gallery/one.bin"));
    assert!(widget.view().contains("Loading the sentence"));
    widget.receive("gallery/one.bin", &sentences()[0].to_bytes()).unwrap();
    assert_eq!(widget.wants(), None);
    assert_eq!(widget.view(), heads().view(), "the page shows what the book was built with");

    widget.update("sentence", "twice").unwrap();
    widget.failed("gallery/twice.bin", "the server answered 404");
    assert!(widget.view().contains("the server answered 404"));
    assert_eq!(widget.wants(), None, "it does not ask again by itself");
    widget.update("sentence", "twice").unwrap();
    assert_eq!(widget.wants().as_deref(), Some("gallery/twice.bin"), "but it does when told to");
    let good = sentences()[1].to_bytes();
    widget.receive("gallery/twice.bin", &good[..good.len() - 1]).unwrap_err();
    assert!(widget.view().contains("could not be loaded"));
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let json = serde_json::to_string(&setup()).unwrap();
    let opens = |address: &str| Heads::open(&json, address).unwrap().state().clone();
    let there = opens("?a=b&heads=twice.maps.2.1.5.3");
    assert_eq!(there, view_of("twice", Show::Maps, (2, 1), (5, 3)));
    for bad in [
        "",
        "?heads",
        "?heads=twice",
        "?heads=twice.maps.2.1.5",
        "?heads=twice.maps.4.1.5.3",
        "?heads=twice.maps.2.1.6.3",
        "?heads=one.nothing.2.1.0.0",
        "?heads=%.x.y.z.-1.0",
    ] {
        assert_eq!(opens(bad), setup().opening, "{bad}");
    }
    // The link of a view leads back to it.
    let mut widget = heads();
    widget.apply(Event::Named(0)).unwrap();
    let html = view(&widget);
    assert_eq!(opens(all(&html, "a.permalink")[0].attr("href").unwrap()), *widget.state());
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let mut no_sentence = setup();
    no_sentence.opening.sentence = "three".into();
    let mut no_head = setup();
    no_head.named[0].view.head = (LAYERS, 0);
    let mut no_token = setup();
    no_token.opening.pair = (0, 4);
    for wrong in [no_sentence, no_head, no_token] {
        assert!(matches!(Heads::new(wrong, sentences()), Err(Error::Setup { .. })));
    }
    assert!(matches!(Heads::open("{}", ""), Err(Error::Setup { .. })));
}

#[test]
fn tokens_are_escaped() {
    let mut widget = heads();
    widget.update("sentence", "twice").unwrap();
    assert!(!widget.view().contains("<b>"));
    assert!(widget.view().contains("&lt;b&gt;"));
}

#[test]
fn without_the_model_it_says_so() {
    let html = widgets::heads::without_model("no weights");
    assert!(html.contains("no weights") && html.contains("role=\"status\""));
}

fn any_event() -> impl Strategy<Value = (String, String)> {
    let name = prop::sample::select(vec![
        "sentence", "named", "show", "head", "head-key", "pair", "pair-key", "reset", "?",
    ]);
    let words = vec![
        "one",
        "twice",
        "short",
        "three",
        "previous",
        "first",
        "prefix",
        "pair",
        "entropy",
        "maps",
        "ArrowDown",
        "ArrowRight",
        "Home",
        "Ctrl+End",
        "Tab",
    ];
    let value = prop_oneof![
        (0_usize..3).prop_map(|number| number.to_string()),
        (0_usize..7, 0_usize..7).prop_map(|(row, column)| format!("{row},{column}")),
        prop::sample::select(words).prop_map(str::to_owned),
        ".{0,6}",
    ];
    (name.prop_map(str::to_owned), value)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_row_of_events_breaks_it(events in prop::collection::vec(any_event(), 1..40)) {
        let mut widget = heads();
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
}
