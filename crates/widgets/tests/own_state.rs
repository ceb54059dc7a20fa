//! A text of the reader's own, natively: every widget that takes one shows it, and no other.

mod common;

use common::{all, text, view};
use reading::Reading;
use widgets::gallery::Sentence;
use widgets::heads::{Heads, Show};
use widgets::readings::{Entry, Gallery};
use widgets::score_matrix::ScoreMatrix;
use widgets::spotlight::{Illustration, Spotlight};
use widgets::square::{Square, Squares};
use widgets::stepper::Stepper;
use widgets::stepper::real::Place;
use widgets::temperature::Temperature;
use widgets::{Error, Widget, heads, own, score_matrix, spotlight, stepper, temperature};

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

fn a_spotlight() -> Spotlight {
    let (gallery, sentence) = gallery();
    let opening =
        spotlight::State { sentence: "one".into(), layer: 2, head: 1, query: 1, cell: (1, 0) };
    let illustration = Illustration { sentence: "one".into(), query: 1, weights: vec![0.5, 0.5] };
    let setup = spotlight::Setup { gallery, presets: Vec::new(), illustration, opening };
    Spotlight::new(setup, vec![sentence]).unwrap()
}

fn some_heads() -> Heads {
    let (gallery, sentence) = gallery();
    let opening =
        heads::State { sentence: "one".into(), show: Show::First, head: (2, 1), pair: (1, 0) };
    Heads::new(heads::Setup { gallery, named: Vec::new(), opening }, vec![sentence]).unwrap()
}

fn a_stepper(layer: usize) -> Stepper {
    let place = Place { text: "A cat".into(), layer, head: 1 };
    let setup = stepper::Setup { real: Some(place), opening: stepper::State::opening() };
    Stepper::new(setup, None).unwrap()
}

fn a_matrix() -> ScoreMatrix {
    let square = |name: &str| Square {
        name: name.into(),
        label: name.into(),
        whose: "somebody".into(),
        tokens: vec!["A".into(), " cat".into()],
        masked: true,
        query: 1,
        head_dim: HEAD_DIM,
        raw: vec![0.0; 4],
        one_by_one: Vec::new(),
    };
    let opening = score_matrix::State {
        scores: "toy".into(),
        show: score_matrix::Show::Raw,
        mask: false,
        query: 1,
        key: 0,
        nudge: 0,
        whole_row: false,
        cell: (1, 0),
    };
    let squares = Squares(vec![square("toy"), square("2-1"), square("0-0")]);
    ScoreMatrix::new(score_matrix::Setup { squares, opening }).unwrap()
}

fn a_temperature() -> Temperature {
    let setup = temperature::Setup {
        toy_text: "She".into(),
        toy: vec!["a".into(), "b".into()],
        prompts: Vec::new(),
        opening: temperature::State::neutral(vec![1.0, 0.0]),
    };
    Temperature::new(setup, Vec::new()).unwrap()
}

fn options(widget: &dyn Widget, menu: &str) -> Vec<String> {
    let html = view(widget);
    let options = all(&html, &format!("select[name={menu}] option"));
    options.iter().map(|option| option.value().attr("value").unwrap().to_owned()).collect()
}

#[test]
fn the_spotlight_shows_the_texts_weights() {
    let mut widget = a_spotlight();
    widget.own(&mine()).unwrap();
    assert_eq!(widget.state().sentence, own::NAME);
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
    widget.own(&reading_of_two()).unwrap();
    assert_eq!(options(&widget, "sentence"), ["one", own::NAME]);
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
    widget.own(&mine()).unwrap();
    widget.own(&mine()).unwrap();
    assert_eq!(options(&widget, "sentence"), ["one", own::NAME]);
    assert_eq!(widget.state().sentence, own::NAME);
    let html = view(&widget);
    assert_eq!(all(&html, "[data-keys=head-key] tbody td").len(), LAYERS * HEADS);
    assert_eq!(all(&html, "[data-keys=pair-key] tbody td").len(), 9);
}

#[test]
fn the_stepper_takes_its_head_of_the_text() {
    let mut widget = a_stepper(2);
    widget.own(&mine()).unwrap();
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
    widget.own(&mine()).unwrap();
    widget.own(&mine()).unwrap();
    assert_eq!(options(&widget, "scores"), ["toy", "2-1", "0-0", "own-2-1", "own-0-0"]);
    assert_eq!(widget.state().scores, "own-2-1");
    assert!(widget.state().mask);
    widget.update("scores", "own-0-0").unwrap();
}

#[test]
fn the_temperature_turns_what_comes_next() {
    let mut widget = a_temperature();
    widget.own(&mine()).unwrap();
    assert_eq!(options(&widget, "source"), [temperature::TOY, own::NAME]);
    let html = view(&widget);
    assert!(html.html().contains("&lt;b&gt;") && html.html().contains("next"));
    let all: f32 = mine().logits.iter().map(|logit| logit.exp()).sum();
    let first = format!("{:.2}", 3.0_f32.exp() / all);
    assert!(html.html().contains(&first[1..]), "{first}");
}

#[test]
fn another_model_is_refused_and_nothing_changes() {
    let strange = Reading { layers: LAYERS * 2, heads: 1, ..mine() };
    let (mut spotlight, mut heads, mut stepper) = (a_spotlight(), some_heads(), a_stepper(7));
    for widget in [&mut spotlight as &mut dyn Widget, &mut heads, &mut stepper] {
        let before = widget.view();
        assert!(matches!(widget.own(&strange), Err(Error::Gallery { .. })));
        assert_eq!(widget.view(), before);
    }
}

#[test]
fn widgets_that_take_no_text_say_so() {
    let mut without = a_stepper_without_the_model();
    let error = without.own(&mine()).unwrap_err().to_string();
    assert!(error.contains("shows no text of the reader's"), "{error}");
    assert!(!own::TAKERS.contains(&widgets::causal_mask::NAME));
}

fn a_stepper_without_the_model() -> Stepper {
    let setup = stepper::Setup { real: None, opening: stepper::State::opening() };
    Stepper::new(setup, None).unwrap()
}

#[test]
fn the_panel_says_what_it_costs_before_anything_is_fetched() {
    let html = scraper::Html::parse_fragment(&own::panel("v1", 98_362_432, 64).into_string());
    let said = text(&all(&html, "own-text")[0]);
    assert!(said.contains("98.4 MB") && said.contains("98,362,432 bytes"), "{said}");
    assert!(said.contains("up to 64 tokens"), "{said}");
    assert_eq!(all(&html, "[id], [style]").len(), 0);
    assert_eq!(all(&html, "[role=status]").len(), 1);
    assert_eq!(all(&html, "form[hidden]").len(), 1);
}

#[test]
fn the_summary_counts_and_names() {
    assert_eq!(own::summary(&mine()), "3 tokens. Likeliest to come next: “next”, “<b>”.");
    assert!(own::summary(&reading(&["One"])).starts_with("1 token. "));
}
