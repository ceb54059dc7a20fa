//! The heads, natively: what the overview shows, how it answers, and that nothing breaks it.

use scraper::{Html, Selector};
use widgets::files::PageFile;
use widgets::gallery::{Entry, Gallery, Sentence};
use widgets::heads::{Event, Heads, Named, Overview, Setup, Show, State};
use widgets::show::share;
use widgets::{Opened, Widget};

use crate::common::{
    self, all, counts, ignores, opens, refuses, refuses_setups, send, status, sums_to_one, text,
    view,
};
use crate::contract::{Contract, list};

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

fn heads() -> Opened<Heads> {
    let mut widget = Opened::new(setup()).expect("a sound setup");
    for sentence in sentences() {
        let path = Sentence::path(&sentence.name);
        widget.receive(&path, &sentence.to_bytes()).unwrap();
    }
    widget
}

fn cells(widget: &dyn Widget) -> Vec<String> {
    all(&view(widget), "[data-keys=head-key] td").iter().map(text).collect()
}

/// What must hold in every state.
fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("[data-keys=head-key] td", LAYERS * HEADS),
            ("[data-keys=head-key] [tabindex='0']", 1),
            ("[data-keys=head-key] .open", 1),
            ("[data-keys=pair-key] [tabindex='0']", 1),
            ("select[name=sentence] option[selected]", 1),
            ("select[name=named] option[selected]", 1),
            ("select[name=show] option[selected]", 1),
            ("[role=gridcell]:not([aria-label]), [role=gridcell][aria-label='']", 0),
        ],
    )?;
    sums_to_one(&common::cells(html, "[data-keys=pair-key] tbody tr", "td"))
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
    let one = &sentences()[0];
    let wanted: Vec<String> = (0..LAYERS * HEADS)
        .map(|at| share(expected(one, Show::Previous, at / HEADS, at % HEADS, (2, 0)) as f32))
        .collect();
    assert_eq!(cells(&widget), wanted);
    let open = all(&html, ".open")[0].attr("aria-label").unwrap();
    assert_eq!(open, format!("layer 1, head 0: {}", wanted[HEADS]));
    let above = wanted.iter().filter(|score| **score > wanted[HEADS]).count();
    let said = status(&widget);
    let start = format!(
        "Layer 1, head 0: the mean weight on the previous token is {}, rank {} of {};",
        wanted[HEADS],
        above + 1,
        LAYERS * HEADS
    );
    assert!(said.starts_with(&start), "{said}");
    assert!(said.contains("Here “sat” looks most at “"), "{said}");
}

#[test]
fn events_change_what_they_name() {
    let mut widget = heads();
    send(&mut widget, &[("show", "entropy"), ("head", "2,1"), ("pair", "3,1")]);
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
    let bad = [
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
    ];
    refuses(&mut heads(), &bad);
}

#[test]
fn what_cannot_be_measured_is_said() {
    let mut widget = heads();
    widget.apply(&Event::Show(Show::Prefix)).unwrap();
    assert!(cells(&widget).iter().all(|cell| cell == "–"));
    let said = status(&widget);
    assert!(said.starts_with("Not measurable on this sentence: no query's token"), "{said}");
    widget.update("sentence", "twice").unwrap();
    assert!(cells(&widget).iter().all(|cell| cell != "–"));
    widget.update("sentence", "short").unwrap();
    widget.apply(&Event::Show(Show::Previous)).unwrap();
    assert!(status(&widget).contains("no query has a token before it"));
}

#[test]
fn a_later_token_gets_nothing_from_any_head() {
    let mut widget = heads();
    widget.apply(&Event::Show(Show::Pair)).unwrap();
    widget.apply(&Event::Pair((1, 3))).unwrap();
    assert!(cells(&widget).iter().all(|cell| cell == ".00"));
}

#[test]
fn small_maps_draw_each_large_share_once() {
    let mut widget = heads();
    widget.apply(&Event::Show(Show::Maps)).unwrap();
    let html = view(&widget);
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
    let text = widgets::setup::write(&setup());
    let mut widget = widgets::open("heads", &text, "").unwrap();
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
    let there = opens::<Heads>(&setup(), "?a=b&heads=twice.maps.2.1.5.3");
    assert_eq!(*there.state(), view_of("twice", Show::Maps, (2, 1), (5, 3)));
    let bad = [
        "",
        "?heads",
        "?heads=twice",
        "?heads=twice.maps.2.1.5",
        "?heads=twice.maps.4.1.5.3",
        "?heads=twice.maps.2.1.6.3",
        "?heads=one.nothing.2.1.0.0",
        "?heads=%.x.y.z.-1.0",
    ];
    ignores::<Heads>(&setup(), &bad);
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let mut no_sentence = setup();
    no_sentence.opening.sentence = "three".into();
    let mut no_head = setup();
    no_head.named[0].view.head = (LAYERS, 0);
    let mut no_token = setup();
    no_token.opening.pair = (0, 4);
    refuses_setups::<Heads>([no_sentence, no_head, no_token]);
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

#[test]
pub(crate) fn keeps_the_contract() {
    let mut words = list("one twice short three");
    words.extend(Show::ALL.map(|show| show.key().to_owned()));
    Contract {
        widget: heads(),
        events: list("sentence named show head head-key pair pair-key"),
        words,
        kept: Clone::clone,
        sound: is_sound,
    }
    .holds();
}
