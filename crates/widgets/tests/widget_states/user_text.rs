//! A text of the reader's own, natively: every widget that takes one shows it, and no other.

use proptest::prelude::*;
use reading::Reading;
use widgets::causal_mask::{CausalMask, Pass};
use widgets::flash::{Flash, Numbers};
use widgets::gallery::{Entry, Gallery, Sentence};
use widgets::heads::{Heads, Show};
use widgets::machine::UserText;
use widgets::score_matrix::ScoreMatrix;
use widgets::spotlight::{Illustration, Spotlight};
use widgets::square::{Square, Squares};
use widgets::stepper::Stepper;
use widgets::stepper::real::Place;
use widgets::temperature::Temperature;
use widgets::{
    Error, Machine, Opened, Widget, causal_mask, flash, heads, registry, score_matrix, spotlight,
    stepper, temperature, user_text,
};

use crate::common::{all, status, text, view};

const LAYERS: usize = 3;
const HEADS: usize = 2;
const HEAD_DIM: usize = 4;

/// Three layers of two query heads that share a key and value head, and what they make of a text.
fn reading(tokens: &[&str]) -> Reading {
    let seq = tokens.len();
    let numbers = |seed: f32, count: usize| -> Vec<f32> {
        (0..count).map(|place| (place as f32 * 0.9 + seed).sin()).collect()
    };
    let query = numbers(1.0, LAYERS * HEADS * seq * HEAD_DIM);
    let key = numbers(2.0, LAYERS * seq * HEAD_DIM);
    let mut scores = Vec::new();
    for (place, queries) in query.chunks(seq * HEAD_DIM).enumerate() {
        let keys = &key[place / HEADS * seq * HEAD_DIM..][..seq * HEAD_DIM];
        for query in queries.chunks(HEAD_DIM) {
            for key in keys.chunks(HEAD_DIM) {
                let dot: f32 = query.iter().zip(key).map(|(query, key)| query * key).sum();
                scores.push(dot / (HEAD_DIM as f32).sqrt());
            }
        }
    }
    Reading {
        text: tokens.concat(),
        tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
        layers: LAYERS,
        heads: HEADS,
        kv_heads: 1,
        head_dim: HEAD_DIM,
        d_model: 8,
        scores,
        one_by_one: None,
        query,
        key,
        value: numbers(3.0, LAYERS * seq * HEAD_DIM),
        named: vec![" next".into(), "<b>".into()],
        logits: vec![3.0, 1.0, 0.5, -2.0],
    }
}

fn mine() -> Reading {
    reading(&["My", " own", " <i>"])
}

/// The same, and what reading it one by one comes to: the scores up to the diagonal, but for `off`
/// in the last score of each head.
fn read_twice(tokens: &[&str], off: f32) -> Reading {
    let at_once = reading(tokens);
    let seq = tokens.len();
    let mut rows = Vec::new();
    for head in at_once.scores.chunks(seq * seq) {
        for (query, row) in head.chunks(seq).enumerate() {
            rows.extend(&row[..=query]);
        }
        *rows.last_mut().unwrap() += off;
    }
    Reading { one_by_one: Some(rows), ..at_once }
}

fn gallery() -> (Gallery, Sentence) {
    let sentence = Sentence {
        name: "one".into(),
        text: "A cat".into(),
        tokens: vec!["A".into(), " cat".into()],
        layers: LAYERS,
        heads: HEADS,
        scores: vec![0.5; LAYERS * HEADS * 3],
    };
    let entry = Entry { name: "one".into(), text: "A cat".into(), query: 1, tokens: 2 };
    (Gallery { sentences: vec![entry], layers: LAYERS, heads: HEADS }, sentence)
}

fn a_spotlight() -> Opened<Spotlight> {
    let (gallery, sentence) = gallery();
    let opening = spotlight::State {
        sentence: "one".into(),
        layer: 2,
        head: 1,
        query: 1,
        cell: (1, 0),
        look: None,
    };
    let illustration = Illustration { sentence: "one".into(), query: 1, weights: vec![0.5, 0.5] };
    let setup = spotlight::Setup { gallery, presets: Vec::new(), illustration, opening };
    let mut widget = Opened::new(setup).unwrap();
    widget.receive("gallery/one.bin", &sentence.to_bytes()).unwrap();
    widget
}

fn some_heads() -> Opened<Heads> {
    let (gallery, sentence) = gallery();
    let opening =
        heads::State { sentence: "one".into(), show: Show::First, head: (2, 1), pair: (1, 0) };
    let setup = heads::Setup { gallery, named: Vec::new(), opening };
    let mut widget = Opened::new(setup).unwrap();
    widget.receive("gallery/one.bin", &sentence.to_bytes()).unwrap();
    widget
}

fn a_stepper(layer: usize) -> Opened<Stepper> {
    let place = Place { text: "A cat".into(), layer, head: 1 };
    let setup = stepper::Setup { real: Some(place), opening: stepper::State::opening() };
    Opened::new(setup).unwrap()
}

fn squares() -> Squares {
    let square = |name: &str| Square {
        name: name.into(),
        label: name.into(),
        whose: "somebody".into(),
        tokens: vec!["A".into(), " cat".into()],
        masked: true,
        query: 1,
        head_dim: HEAD_DIM,
        raw: vec![0.0; 4],
        one_by_one: vec![0.0; 3],
    };
    Squares(vec![square("toy"), square("2-1"), square("0-0")])
}

fn a_matrix() -> Opened<ScoreMatrix> {
    let opening = score_matrix::State {
        scores: "toy".into(),
        show: score_matrix::Show::Raw,
        mask: false,
        query: 1,
        key: 0,
        nudge: 0,
        whole_row: false,
        cell: (1, 0),
        shuffle: 0,
    };
    Opened::new(score_matrix::Setup { squares: squares(), opening }).unwrap()
}

fn a_mask() -> Opened<CausalMask> {
    let scores = "toy".into();
    let opening =
        causal_mask::State { scores, pass: Pass::Masked, read: 1, query: 0, cell: (0, 0) };
    Opened::new(causal_mask::Setup { squares: squares(), opening }).unwrap()
}

fn some_tiles() -> Opened<Flash> {
    let numbers = |name: &str, tokens: usize| Numbers {
        name: name.into(),
        tokens: vec!["t".into(); tokens],
        head_dim: 1,
        query: vec![1.0; tokens],
        key: vec![1.0; tokens],
        value: vec![1.0; tokens],
    };
    let entry = |name: &str, layer, head| flash::Entry {
        name: name.into(),
        label: name.into(),
        layer,
        head,
        tokens: 20,
    };
    let setup = flash::Setup {
        toy: numbers("toy", 4),
        heads: vec![entry("noun", 2, 1), entry("sink", 0, 0)],
        opening: flash::State::opening("noun", 20, true),
    };
    let mut widget = Opened::new(setup).unwrap();
    widget.receive("flash/noun.bin", &numbers("noun", 20).to_bytes()).unwrap();
    widget
}

fn a_temperature() -> Opened<Temperature> {
    let setup = temperature::Setup {
        toy_text: "She".into(),
        toy: vec!["a".into(), "b".into()],
        prompts: Vec::new(),
        opening: temperature::State::neutral(vec![1.0, 0.0]),
    };
    Opened::new(setup).unwrap()
}

fn options(widget: &dyn Widget, menu: &str) -> Vec<String> {
    let html = view(widget);
    let options = all(&html, &format!("select[name={menu}] option"));
    options.iter().map(|option| option.value().attr("value").unwrap().to_owned()).collect()
}

#[test]
fn the_spotlight_shows_the_texts_weights() {
    let mut widget = a_spotlight();
    widget.take_text(&mine()).unwrap();
    assert_eq!(widget.state().sentence, user_text::NAME);
    let html = view(&widget);
    let cells = all(&html, "table.map tbody td");
    assert_eq!(cells.len(), 9);
    // The last row, by the formula.
    let reading = mine();
    let powers: Vec<f32> = reading.head_scores(2, 1)[6..].iter().map(|score| score.exp()).collect();
    let total: f32 = powers.iter().sum();
    for (cell, power) in cells[6..].iter().zip(&powers) {
        let shown: f32 = text(cell).parse().unwrap();
        assert!((shown - power / total).abs() <= 0.00501, "{shown}");
    }
    // Another text takes its place, and the book's sentence is still there.
    widget.take_text(&reading_of_two()).unwrap();
    assert_eq!(options(&widget, "sentence"), ["one", user_text::NAME]);
    assert_eq!(all(&view(&widget), "table.map tbody td").len(), 4);
    widget.update("reset", "").unwrap();
    assert_eq!(widget.state().sentence, "one");
}

fn reading_of_two() -> Reading {
    reading(&["No", " more"])
}

#[test]
fn the_heads_measure_the_text() {
    let mut widget = some_heads();
    widget.take_text(&mine()).unwrap();
    widget.take_text(&mine()).unwrap();
    assert_eq!(options(&widget, "sentence"), ["one", user_text::NAME]);
    assert_eq!(widget.state().sentence, user_text::NAME);
    let html = view(&widget);
    assert_eq!(all(&html, "[data-keys=head-key] tbody td").len(), LAYERS * HEADS);
    assert_eq!(all(&html, "[data-keys=pair-key] tbody td").len(), 9);
}

#[test]
fn the_stepper_takes_its_head_of_the_text() {
    let mut widget = a_stepper(2);
    widget.take_text(&mine()).unwrap();
    assert!(widget.state().real && widget.state().causal);
    assert_eq!(widget.wants(), None);
    widget.update("step", "4").unwrap();
    let html = view(&widget);
    let reading = mine();
    let cells = all(&html, "table.map tbody td");
    assert_eq!(cells.len(), 9);
    for (cell, score) in cells.iter().zip(reading.head_scores(2, 1)) {
        let shown: f32 = text(cell).replace('−', "-").parse().unwrap();
        assert!((shown - score * 2.0).abs() <= 0.0501, "{shown} {score}");
    }
}

#[test]
fn the_score_matrix_has_each_of_its_heads_on_the_text() {
    let mut widget = a_matrix();
    widget.take_text(&mine()).unwrap();
    widget.take_text(&mine()).unwrap();
    assert_eq!(options(&widget, "scores"), ["toy", "2-1", "0-0", "own-2-1", "own-0-0"]);
    assert_eq!(widget.state().scores, "own-2-1");
    assert!(widget.state().mask);
    widget.update("scores", "own-0-0").unwrap();
}

#[test]
fn the_causal_mask_compares_what_was_read_in_two_ways() {
    let mut widget = a_mask();
    let tokens = ["My", " own", " <i>"];
    let reading = read_twice(&tokens, 0.25);
    widget.take_text(&reading).unwrap();
    widget.take_text(&reading).unwrap();
    assert_eq!(options(&widget, "scores"), ["toy", "2-1", "0-0", "own-2-1", "own-0-0"]);
    assert_eq!((&*widget.state().scores, widget.state().query), ("own-2-1", 0));
    widget.update("pass", "one-by-one").unwrap();
    widget.update("read", "3").unwrap();
    // The last row by the formula, with the last score as it was and as it is one by one.
    let shares = |off: f32| {
        let mut row = reading.head_scores(2, 1)[6..].to_vec();
        row[2] += off;
        let total: f32 = row.iter().map(|score| score.exp()).sum();
        row.into_iter().map(move |score| score.exp() / total).collect::<Vec<f32>>()
    };
    let html = view(&widget);
    let shown = all(&html, "table.map tbody tr:last-child td");
    for (cell, share) in shown.iter().zip(shares(0.25)) {
        assert!((text(cell).parse::<f32>().unwrap() - share).abs() <= 0.00501, "{share}");
    }
    let apart = shares(0.25).into_iter().zip(shares(0.0)).map(|(a, b)| (a - b).abs());
    let largest = apart.fold(0.0, f32::max);
    let said = status(&widget);
    assert!(said.contains("3 of 3") && said.ends_with(&format!("{largest:.1e}.")), "{said}");
}

#[test]
fn the_causal_mask_wants_the_text_read_one_by_one() {
    let mut widget = a_mask();
    let before = widget.view();
    let error = widget.take_text(&mine()).unwrap_err().to_string();
    assert!(error.contains("was not read one by one"), "{error}");
    assert_eq!(widget.view(), before);
    // The page asks for it below this widget alone.
    let panel = |shows| user_text::panel(shows, "v1", 1, 64).into_string();
    let asks = |entry: &&registry::Entry| panel(entry.user_text).contains("data-one-by-one");
    let asking: Vec<&str> = registry::all().filter(asks).map(|entry| entry.name).collect();
    assert_eq!(asking, [CausalMask::NAME]);
}

/// The output of the last query of layer 2, head 1, by loops in f64.
fn last_output(reading: &Reading) -> Vec<f64> {
    let seq = reading.tokens.len();
    let scores = &reading.head_scores(2, 1)[(seq - 1) * seq..];
    let powers: Vec<f64> = scores.iter().map(|score| f64::from(*score).exp()).collect();
    let values = &reading.value[2 * seq * HEAD_DIM..][..seq * HEAD_DIM];
    let total: f64 = powers.iter().sum();
    let mixed = |at: usize| {
        let terms = powers.iter().zip(values.chunks(HEAD_DIM));
        terms.map(|(power, value)| power / total * f64::from(value[at])).sum()
    };
    (0..HEAD_DIM).map(mixed).collect()
}

#[test]
fn the_tiles_are_cut_from_the_text() {
    let mut widget = some_tiles();
    let long = ["a", " b", " c", " d", " e", " f", " g", " h", " i", " <j>"];
    let mut largest = 0.0_f64;
    // The second text is as long as the first, and the third is shorter.
    let texts = [&long[..], &["z"; 10], &long[3..8]];
    for (place, tokens) in texts.into_iter().enumerate() {
        let mut reading = reading(tokens);
        reading.value.iter_mut().for_each(|number| *number += place as f32);
        widget.take_text(&reading).unwrap();
        assert_eq!(options(&widget, "numbers"), ["noun", "sink", "own-2-1", "own-0-0", "toy"]);
        assert_eq!((&*widget.state().numbers, widget.state().causal), ("own-2-1", true));
        assert_eq!(widget.wants(), None);
        let html = view(&widget);
        let slider = all(&html, "input[name=seq]")[0].value();
        assert_eq!(slider.attr("max"), Some(&*tokens.len().to_string()));
        assert!(
            text(&all(&html, ".every-step caption")[0]).contains(tokens[tokens.len() - 1].trim())
        );
        let work = widget.machine().work().unwrap();
        let rows = work.rows(work.flash.steps.len() - 1);
        let mixed = &rows.last().unwrap().mixed;
        for (found, expected) in mixed.iter().zip(last_output(&reading)) {
            largest = largest.max((f64::from(*found) - expected).abs());
        }
    }
    println!("largest error of an output: {largest:.1e}");
    assert!(largest <= 1e-6, "{largest}");
    widget.update("seq", "6").unwrap_err();
}

#[test]
fn each_widget_offers_both_texts_and_goes_back() {
    let chosen = |widget: &dyn Widget, menu: &str| {
        let html = view(widget);
        let option = all(&html, &format!("select[name={menu}] option[selected]"))[0].value();
        option.attr("value").unwrap().to_owned()
    };
    let link = |widget: &dyn Widget| {
        all(&view(widget), "a.permalink")[0].value().attr("href").unwrap().to_owned()
    };
    let widgets: [(Box<dyn Widget>, &str, &str, &str); 7] = [
        (Box::new(a_spotlight()), "sentence", "one", user_text::NAME),
        (Box::new(a_stepper(2)), "text", stepper::BOOK, user_text::NAME),
        (Box::new(a_matrix()), "scores", "2-1", "own-2-1"),
        (Box::new(a_temperature()), "source", temperature::TOY, user_text::NAME),
        (Box::new(some_heads()), "sentence", "one", user_text::NAME),
        (Box::new(a_mask()), "scores", "2-1", "own-2-1"),
        (Box::new(some_tiles()), "numbers", "noun", "own-2-1"),
    ];
    let takes = |entry: &&registry::Entry| entry.user_text != UserText::None;
    assert_eq!(widgets.len(), registry::all().filter(takes).count());
    for (mut widget, menu, book, own) in widgets {
        let opening = link(&*widget);
        for tokens in [&["My", " own"][..], &[" x"; 64]] {
            widget.take_text(&read_twice(tokens, 0.0)).unwrap();
            assert_eq!(chosen(&*widget, menu), own);
            for text in [book, own, book] {
                assert_eq!(widget.update(menu, text), Ok(true));
                assert_eq!(chosen(&*widget, menu), text);
            }
            widget.update(menu, own).unwrap();
            widget.update("reset", "").unwrap();
            assert_eq!(link(&*widget), opening);
        }
    }
}

#[test]
fn the_stepper_has_the_books_text_again() {
    let mut widget = a_stepper(2);
    assert!(widget.update("text", user_text::NAME).is_err(), "there is none yet");
    widget.take_text(&mine()).unwrap();
    assert!(widget.view().contains("My own &lt;i&gt;") && widget.wants().is_none());
    widget.update("text", stepper::BOOK).unwrap();
    assert_eq!(widget.wants().as_deref(), Some("stepper/head.bin"));
    widget.failed("stepper/head.bin", "no network");
    assert!(widget.view().contains("no network"));
    // The reader's own text needs no network.
    widget.update("text", user_text::NAME).unwrap();
    assert!(!widget.view().contains("no network"));
    for (name, value) in [("text", "other"), ("text", "")] {
        assert!(widget.update(name, value).is_err());
    }
    // After Reset the real head reads the book's text, as at the beginning.
    widget.update("reset", "").unwrap();
    widget.update("real", "on").unwrap();
    assert!(widget.wants().is_some());
}

#[test]
fn a_text_of_one_token_is_shown_or_refused_in_words() {
    let one = read_twice(&["One"], 0.0);
    let mut tiles = some_tiles();
    let before = tiles.view();
    let error = tiles.take_text(&one).unwrap_err().to_string();
    assert_eq!(error, "it is 1 token long, and this widget shows 2 or more");
    assert_eq!(tiles.view(), before);
    let mut mask = a_mask();
    mask.take_text(&one).unwrap();
    for pass in ["open", "masked", "one-by-one"] {
        mask.update("pass", pass).unwrap();
        let html = view(&mask);
        let cells = all(&html, "table.map tbody td");
        assert_eq!(cells.iter().map(text).collect::<Vec<_>>(), ["1.00"], "{pass}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Texts of any length come between other events, and nothing breaks.
    #[test]
    fn texts_between_events_break_nothing(
        acts in prop::collection::vec((0_usize..20, 0_usize..70, 0_usize..70), 1..25)
    ) {
        let names = [
            "step", "cell", "tile", "seq", "block-q", "block-k", "causal", "next", "back", "read",
            "pass", "scores", "numbers", "text", "real", "key", "tile-key", "reset",
        ];
        let mut widgets: [Box<dyn Widget>; 3] =
            [Box::new(a_stepper(2)), Box::new(a_mask()), Box::new(some_tiles())];
        for (act, one, two) in acts {
            let values = [
                format!("{one}"), format!("{one},{two}"), "own-2-1".into(), "own".into(),
                "book".into(), "toy".into(), "one-by-one".into(), "End".into(),
            ];
            for widget in &mut widgets {
                let before = widget.view();
                let answer = match names.get(act) {
                    Some(name) => widget.update(name, &values[two % values.len()]).map(drop),
                    None => widget.take_text(&read_twice(&vec![" y"; one.clamp(1, 64)], 0.0)),
                };
                if answer.is_err() {
                    prop_assert_eq!(widget.view(), before);
                }
                prop_assert!(!widget.view().contains("NaN"));
            }
        }
    }
}

#[test]
fn the_temperature_turns_what_comes_next() {
    let mut widget = a_temperature();
    widget.take_text(&mine()).unwrap();
    assert_eq!(options(&widget, "source"), [temperature::TOY, user_text::NAME]);
    let html = view(&widget);
    assert!(html.html().contains("&lt;b&gt;") && html.html().contains("next"));
    let all: f32 = mine().logits.iter().map(|logit| logit.exp()).sum();
    let first = format!("{:.2}", 3.0_f32.exp() / all);
    assert!(html.html().contains(&first[1..]), "{first}");
}

#[test]
fn another_model_is_refused_and_nothing_changes() {
    let strange = Reading { layers: LAYERS * 2, heads: 1, ..mine() };
    let strange = Reading { one_by_one: Some(vec![0.0; LAYERS * 2 * 6]), ..strange };
    let (mut spotlight, mut heads, mut stepper) = (a_spotlight(), some_heads(), a_stepper(7));
    let (mut mask, mut tiles) = (a_mask(), some_tiles());
    for widget in
        [&mut spotlight as &mut dyn Widget, &mut heads, &mut stepper, &mut mask, &mut tiles]
    {
        let before = widget.view();
        assert!(matches!(widget.take_text(&strange), Err(Error::File { .. })));
        assert_eq!(widget.view(), before);
    }
}

#[test]
fn numbers_beyond_measure_are_refused_and_nothing_changes() {
    let mut loud = read_twice(&["My", " own"], 0.0);
    loud.scores.fill(3e38);
    loud.query.fill(3e38);
    let (mut matrix, mut mask, mut tiles) = (a_matrix(), a_mask(), some_tiles());
    for widget in [&mut matrix as &mut dyn Widget, &mut mask, &mut tiles] {
        let before = widget.view();
        assert!(matches!(widget.take_text(&loud), Err(Error::File { .. })));
        assert_eq!(widget.view(), before);
    }
}

#[test]
fn widgets_that_take_no_text_say_so() {
    let mut without = a_stepper_without_the_model();
    let error = without.take_text(&mine()).unwrap_err().to_string();
    assert!(error.contains("shows no text of the reader's"), "{error}");
}

fn a_stepper_without_the_model() -> Opened<Stepper> {
    let setup = stepper::Setup { real: None, opening: stepper::State::opening() };
    Opened::new(setup).unwrap()
}

#[test]
fn the_panel_says_what_it_costs_before_anything_is_fetched() {
    let html = scraper::Html::parse_fragment(
        &user_text::panel(UserText::AtOnce, "v1", 98_362_432, 64).into_string(),
    );
    let said = text(&all(&html, "own-text")[0]);
    assert!(said.contains("98.4 MB") && said.contains("98,362,432 bytes"), "{said}");
    assert!(said.contains("up to 64 tokens"), "{said}");
    assert_eq!(all(&html, "[id], [style]").len(), 0);
    assert_eq!(all(&html, "[role=status]").len(), 1);
    assert_eq!(all(&html, "form[hidden]").len(), 1);
}

#[test]
fn the_summary_counts_and_names() {
    assert_eq!(user_text::summary(&mine()), "3 tokens. Likeliest to come next: “next”, “<b>”.");
    assert!(user_text::summary(&reading(&["One"])).starts_with("1 token. "));
}
