//! The plane, natively: its numbers against the library's attention, its events, and that nothing
//! breaks it.

use attention::{AttentionOptions, attention_steps};
use burn::tensor::{Device, Tensor, TensorData};
use scraper::Html;
use widgets::plane::{Answer, PlaneWidget, Points, Setup, State, WORDS};
use widgets::show::share;
use widgets::{Opened, Widget};

use crate::common::{all, cells, counts, ignores, opens, refuses, refuses_setups, status, view};
use crate::contract::{Contract, list};

fn setup() -> Setup {
    Setup { opening: State::opening() }
}

fn widget() -> Opened<PlaneWidget> {
    Opened::new(setup()).expect("a sound setup")
}

/// All numbers of the points, rounded to a ten-thousandth, stand in one place of each layout.
fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("[name=plane-ask][checked]", 1),
            (".for-wide [role=slider]", 9),
            (".for-narrow [role=slider]", 9),
            ("tbody tr", 4),
        ],
    )?;
    let shares: Vec<f64> = cells(html, "tbody tr", "td")
        .iter()
        .map(|row| row[5].parse().map_err(|_| format!("a share is {:?}", row[5])))
        .collect::<Result<_, _>>()?;
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > 0.002 + 1e-9 {
        return Err(format!("the shares sum to {sum} in {state:?}"));
    }
    Ok(())
}

fn tensor(points: &Points) -> Tensor<4> {
    let numbers: Vec<f32> = points.iter().flatten().copied().collect();
    Tensor::from_data(TensorData::new(numbers, [1, 1, 4, 2]), &Device::flex())
}

#[test]
fn its_numbers_are_those_of_attention() {
    let mut state = State::opening();
    state.key[2] = [-1.0, 2.5];
    let [query, key, value] = [&state.query, &state.key, &state.value].map(tensor);
    let steps = attention_steps(query, key, value, AttentionOptions::default()).unwrap();
    let rows = |tensor: &Tensor<4>| -> Vec<f32> { tensor.to_data().iter().collect() };
    let (raw, scaled) = (rows(&steps.raw_scores), rows(&steps.scaled));
    let (weights, output) = (rows(&steps.weights), rows(&steps.output));
    for ask in 0..WORDS.len() {
        let answer = Answer::new(&State { ask, ..state.clone() });
        let is = |got: f64, expected: f32| {
            assert!((got - f64::from(expected)).abs() < 1e-5, "{got} is not {expected}");
        };
        for key in 0..WORDS.len() {
            is(answer.raw[key], raw[ask * 4 + key]);
            is(answer.scores[key], scaled[ask * 4 + key]);
            is(answer.shares[key], weights[ask * 4 + key]);
            is(answer.along[key] * answer.length, raw[ask * 4 + key]);
        }
        (0..2).for_each(|at| is(answer.output[at], output[ask * 2 + at]));
    }
}

#[test]
fn it_opens_on_the_toy_and_says_what_the_first_word_asks() {
    let answer = Answer::new(&State::opening());
    assert_eq!(State::opening().query[1], [-0.2, -0.8]);
    let said = status(&widget());
    assert!(said.starts_with("The query of The meets the key of The"), "{said}");
    assert!(said.ends_with(&format!("Its share: {}.", share(answer.shares[0] as f32))), "{said}");
}

#[test]
fn a_query_of_zeros_gives_even_shares_and_breaks_nothing() {
    let mut state = State::opening();
    state.query[0] = [0.0; 2];
    let mut widget = widget();
    widget.enter(state);
    let html = view(&widget);
    is_sound(&html, widget.state()).unwrap();
    assert!(status(&widget).ends_with("Its share: .25."));
    assert!(all(&html, ".behind:not(.gone)").is_empty(), "no side is the far one");
}

#[test]
fn points_are_dragged_and_moved_by_keys() {
    let mut widget = widget();
    let before = widget.state().key[1];
    widget.update("nudge-k1", "ArrowLeft").unwrap();
    widget.update("nudge-k1", "Shift+ArrowUp").unwrap();
    let after = widget.state().key[1];
    assert!((before[0] - after[0] - 0.05).abs() < 1e-6, "{before:?} {after:?}");
    assert!((after[1] - before[1] - 0.25).abs() < 1e-6, "{before:?} {after:?}");
    assert_eq!(widget.state().look, Some(1), "it is followed");
    assert_eq!(widget.update("nudge-k1", "a"), Ok(false), "the browser may have it");
    // The origin of the wide picture, by the paper's strong lines.
    for layout in ["wide", "narrow"] {
        widget.update("move", &format!("q0,-500,-500,{layout}")).unwrap();
        assert_eq!(widget.state().query[0], [-1.15, 2.6], "at the corner and no further");
        widget.update("move", &format!("v3,9000,9000,{layout}")).unwrap();
        assert_eq!(widget.state().value[3], [2.05, -0.85]);
    }
    widget.update("ask", "2").unwrap();
    assert_eq!(widget.state().look, None);
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), State::opening());
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let bad = [
        ("ask", "4"),
        ("ask", "x"),
        ("look", "4"),
        ("move", "k4,1,1,wide"),
        ("move", "k0,1,wide"),
        ("move", "k0,NaN,1,wide"),
        ("move", "é0,1,1,wide"),
        ("nudge-z0", "ArrowLeft"),
        ("dance", ""),
    ];
    refuses(&mut widget(), &bad);
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    assert_eq!(widget().address(), "?plane=0");
    let mut moved = widget();
    moved.update("ask", "3").unwrap();
    moved.update("nudge-v0", "ArrowUp").unwrap();
    let there = opens::<PlaneWidget>(&setup(), &moved.address());
    assert_eq!(there.state(), &State { look: None, ..moved.state().clone() });
    let moved = moved.address();
    let bad = [
        "?plane=4".to_owned(),
        "?plane=0_1,2".to_owned(),
        format!("{moved},1"),
        moved.replacen(',', ",9", 1),
        moved.replacen(',', "0005,", 1),
    ];
    ignores::<PlaneWidget>(&setup(), &bad.each_ref().map(String::as_str));
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let word = Setup { opening: State { ask: 4, ..State::opening() } };
    let mut far = setup();
    far.opening.key[0] = [9.0, 0.0];
    refuses_setups::<PlaneWidget>([word, far]);
}

#[test]
pub(crate) fn keeps_the_contract() {
    let mut events = list("ask move look");
    for kind in ["q", "k", "v"] {
        events.extend((0..WORDS.len()).map(|word| format!("nudge-{kind}{word}")));
    }
    Contract {
        widget: widget(),
        events,
        words: list(
            "k1,200,90,wide q0,120,200,narrow v2,700,200,wide Shift+ArrowUp Shift+ArrowLeft",
        ),
        // What is looked at is not kept.
        kept: |state| State { look: None, ..state.clone() },
        sound: is_sound,
    }
    .holds();
}
