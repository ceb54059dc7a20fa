//! The score matrix, natively: what it shows, how it answers, and that nothing breaks it.

use scraper::Html;
use widgets::score_matrix::{ScoreMatrix, Setup, Show, State};
use widgets::square::{Square, Squares};
use widgets::{Opened, Widget};

use crate::common::{
    self, all, counts, ignores, opens, refuses, refuses_setups, send, status, text, view,
};
use crate::contract::{Contract, list};

fn square(name: &str, tokens: &[&str], head_dim: usize) -> Square {
    let seq = tokens.len();
    Square {
        name: name.to_owned(),
        label: format!("the scores {name}"),
        whose: "made-up vectors".to_owned(),
        tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
        masked: name != "toy",
        query: seq - 1,
        head_dim,
        raw: (0..seq * seq).map(|at| (at as f32 * 0.7).sin() * 5.0).collect(),
        one_by_one: Vec::new(),
    }
}

fn setup() -> Setup {
    let squares =
        vec![square("toy", &["The", "cat", "sat", "down"], 2), square("real", &["<b>", " x"], 64)];
    let opening = State {
        scores: "toy".into(),
        show: Show::Shares,
        mask: false,
        query: 2,
        key: 1,
        nudge: 0,
        whole_row: false,
        cell: (2, 1),
        shuffle: 0,
    };
    Setup { squares: Squares(squares), opening }
}

fn matrix() -> Opened<ScoreMatrix> {
    Opened::new(setup()).expect("a sound setup")
}

fn after(events: &[(&str, &str)]) -> Opened<ScoreMatrix> {
    let mut widget = matrix();
    send(&mut widget, events);
    widget
}

/// The texts of the matrix, row by row.
fn cells(widget: &dyn Widget) -> Vec<Vec<String>> {
    common::cells(&view(widget), "table[role=grid] tbody tr", "td")
}

/// A number as it is printed: `−0.50`, `.30`.
fn number(shown: &str) -> f64 {
    match shown {
        "−∞" => f64::NEG_INFINITY,
        _ => shown.replace('−', "-").replace('+', "").parse().expect("a number"),
    }
}

/// The shares of a row in f64, independent of the library.
fn shares(square: &Square, query: usize, last: usize) -> Vec<f64> {
    let seq = square.tokens.len();
    let row = &square.raw[query * seq..query * seq + last + 1];
    let powers: Vec<f64> =
        row.iter().map(|raw| (f64::from(*raw) / (square.head_dim as f64).sqrt()).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// What must hold in every state.
fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("table[role=grid] [tabindex='0']", 1),
            ("input[name=score-matrix-show][checked]", 1),
            ("select[name=scores] option[selected]", 1),
            ("input[type=range]", 1),
            (".for-wide svg [role=gridcell][tabindex='0']", 1),
            ("table[role=grid] tr.chosen", 1),
        ],
    )?;
    let sum = text(&all(html, "table.weights tfoot td:nth-last-child(2)")[0]);
    if sum == "1.00" { Ok(()) } else { Err(format!("the row sums to {sum}")) }
}

#[test]
fn it_opens_on_the_shares_of_the_toy() {
    let widget = matrix();
    let (rows, toy) = (cells(&widget), &setup().squares.0[0]);
    for (query, row) in rows[..4].iter().enumerate() {
        for (shown, expected) in row.iter().zip(shares(toy, query, 3)) {
            assert!((number(shown) - expected).abs() <= 0.005001, "{query}: {row:?}");
        }
        assert_eq!(row[4], "1.00");
    }
    for (key, shown) in rows[4][..4].iter().enumerate() {
        let sum: f64 = (0..4).map(|query| shares(toy, query, 3)[key]).sum();
        assert!((number(shown) - sum).abs() <= 0.005001, "column {key}");
    }
    assert_eq!(rows[4][4], "4.00", "all rows together");
}

#[test]
fn scores_are_raw_then_scaled_then_masked() {
    let toy = &setup().squares.0[0];
    let raw = cells(&after(&[("show", "raw"), ("mask", "")]));
    let scaled = cells(&after(&[("show", "scaled"), ("mask", "")]));
    assert_eq!((raw.len(), raw[0].len()), (4, 4), "scores have no sums");
    for query in 0..4 {
        for key in 0..4 {
            let expected = f64::from(toy.raw[query * 4 + key]);
            assert!((number(&raw[query][key]) - expected).abs() <= 0.05001);
            if key > query {
                assert_eq!(scaled[query][key], "−∞");
            } else {
                let expected = expected / 2.0_f64.sqrt();
                assert!((number(&scaled[query][key]) - expected).abs() <= 0.05001);
            }
        }
    }
    let masked = cells(&after(&[("mask", "")]));
    assert_eq!(masked[0], ["1.00", "", "", "", "1.00"]);
    for (key, expected) in shares(toy, 2, 2).into_iter().enumerate() {
        assert!((number(&masked[2][key]) - expected).abs() <= 0.005001);
    }
}

#[test]
fn signs_are_printed_and_shaded_apart() {
    let html = view(&after(&[("show", "raw")]));
    for cell in all(&html, "table [role=gridcell]") {
        let (shown, class) = (text(&cell), cell.attr("class").unwrap());
        let below = class.starts_with("shade-below-");
        match number(&shown) {
            value if value <= -0.5 => assert!(below, "{shown} {class}"),
            value if value >= 0.5 => assert!(class.starts_with("shade-") && !below, "{shown}"),
            _ => {}
        }
    }
    let legend = text(&all(&html, ".legend")[0]);
    let raw = setup().squares.0[0].raw.clone();
    let lowest = raw.iter().copied().fold(f32::INFINITY, f32::min);
    assert!(legend.contains(&format!("Lowest {}", widgets::show::signed(lowest, 2))), "{legend}");
}

#[test]
fn raising_one_score_moves_its_row_and_no_other() {
    let before = cells(&matrix());
    let raised = after(&[("nudge", "2")]);
    let now = cells(&raised);
    let toy = &setup().squares.0[0];
    let mut by_hand = toy.clone();
    by_hand.raw[2 * 4 + 1] += 2.0 * 2.0_f32.sqrt();
    for (key, expected) in shares(&by_hand, 2, 3).into_iter().enumerate() {
        assert!((number(&now[2][key]) - expected).abs() <= 0.005001);
    }
    for row in [0, 1, 3] {
        assert_eq!(before[row], now[row], "row {row} stays");
    }
    assert!(status(&raised).contains("With +2.0 for “cat”, its share goes from"));
    let whole = after(&[("nudge", "-7.5"), ("whole-row", "")]);
    assert_eq!(before, cells(&whole), "a constant on the whole row changes nothing");
    assert!(status(&whole).contains("no share moves by more than .00"), "{}", status(&whole));
    let elsewhere = after(&[("nudge", "2"), ("cell", "3,0")]);
    assert_eq!(before, cells(&elsewhere), "what was added stays with its cell");
    let hidden = after(&[("mask", ""), ("cell", "0,2"), ("nudge", "8")]);
    assert!(status(&hidden).contains("“sat” is hidden from “The”"), "{}", status(&hidden));
}

#[test]
fn shuffled_words_keep_their_shares_and_the_mask_goes_by_places() {
    let words = |widget: &Opened<ScoreMatrix>| {
        let html = view(widget);
        let heads = all(&html, "table[role=grid] tbody th");
        heads.iter().map(text).collect::<Vec<_>>()
    };
    let (before, mut widget) = (matrix(), matrix());
    for _ in 1..widgets::score_matrix::ORDERS {
        widget.update("shuffle", "").unwrap();
        let (names, places) = (words(&widget), words(&before));
        assert_ne!(names, places);
        let at: Vec<usize> =
            names.iter().map(|name| places.iter().position(|it| it == name).unwrap()).collect();
        let (now, was) = (cells(&widget), cells(&before));
        for (row, from) in at.iter().enumerate() {
            for (column, key) in at.iter().enumerate() {
                assert_eq!(now[row][column], was[*from][*key], "{names:?}");
            }
        }
        assert_eq!(widget.state().query, 2, "the chosen row goes with its word");
        assert_eq!(widget.address(), before.address());
    }
    widget.update("shuffle", "").unwrap();
    assert_eq!(words(&widget), words(&before), "all orders have come");
    let masked = cells(&after(&[("shuffle", ""), ("mask", "")]));
    assert_eq!(masked[0], ["1.00", "", "", "", "1.00"], "the first place sees itself alone");
    assert!(
        after(&[("scores", "real")]).update("shuffle", "").is_err(),
        "places matter to a model"
    );
}

#[test]
fn the_picture_says_what_the_table_says() {
    for events in [&[][..], &[("mask", ""), ("shuffle", "")], &[("show", "scaled")]] {
        let widget = after(events);
        let html = view(&widget);
        let table: Vec<String> = all(&html, "table[role=grid] [role=gridcell]")
            .iter()
            .filter_map(|cell| cell.attr("aria-label").map(str::to_owned))
            .filter(|name| !name.starts_with("sum of"))
            .collect();
        for layout in [".for-wide", ".for-narrow"] {
            let cells = all(&html, &format!("{layout} svg [role=gridcell]"));
            assert_eq!(cells.len(), 16);
            for cell in cells {
                let name = cell.attr("aria-label").unwrap();
                let hidden = name.contains("the mask hides it");
                assert!(hidden || table.iter().any(|other| other == name), "{name}");
            }
        }
    }
}

#[test]
fn keys_walk_into_the_sums_and_back() {
    let mut widget = matrix();
    for (key, cell, chosen) in [
        ("ArrowRight", (2, 2), (2, 2)),
        ("End", (2, 4), (2, 2)),
        ("Ctrl+End", (4, 4), (2, 2)),
        ("ArrowUp", (3, 4), (2, 2)),
        ("Ctrl+Home", (0, 0), (0, 0)),
    ] {
        assert_eq!(widget.update("key", key), Ok(true));
        let state = widget.state();
        assert_eq!((state.cell, (state.query, state.key)), (cell, chosen), "{key}");
    }
    assert_eq!(widget.update("key", "Tab"), Ok(false));
    widget.update("cell", "4,1").unwrap();
    widget.update("show", "raw").unwrap();
    assert_eq!(widget.state().cell, (0, 0), "scores have no sums to stand on");
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = matrix();
    let bad = [
        ("scores", "none"),
        ("show", "Raw"),
        ("nudge", "8.5"),
        ("nudge", "0.3"),
        ("nudge", "NaN"),
        ("nudge", "x"),
        ("cell", "5,0"),
        ("cell", "1"),
        ("dance", ""),
    ];
    refuses(&mut widget, &bad);
    assert_eq!(widget.wants(), None);
    assert!(widget.receive("gallery/cat.bin", &[]).is_err());
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let widget = after(&[("scores", "real"), ("cell", "1,0"), ("nudge", "-1.5")]);
    assert_eq!(widget.address(), "?score-matrix=real_shares_masked_1_0_-3_one");
    let older = "?score-matrix=real.shares.masked.1.0.-3.one";
    assert_eq!(opens::<ScoreMatrix>(&setup(), older).state(), widget.state());
    let bad = [
        "",
        "?score-matrix",
        "?score-matrix=real",
        "?score-matrix=other.raw.open.0.0.0.one",
        "?score-matrix=real.raw.open.2.0.0.one",
        "?score-matrix=real.raw.open.0.0.17.one",
        "?score-matrix=real.raw.shut.0.0.0.one",
        "?score-matrix=real.raw.open.0.0.0.two",
        "?score-matrix=real.%.open.0.0.0.one",
    ];
    ignores::<ScoreMatrix>(&setup(), &bad);
    assert_eq!(*after(&[("show", "raw"), ("mask", ""), ("reset", "")]).state(), setup().opening);
}

#[test]
fn a_real_head_opens_with_the_mask_that_the_model_has() {
    assert!(after(&[("scores", "real")]).state().mask);
    assert!(!after(&[("scores", "real"), ("mask", "")]).state().mask);
    assert!(!after(&[("scores", "real"), ("scores", "toy")]).state().mask);
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let broken: [fn(&mut Setup); 8] = [
        |setup| setup.opening.scores = "none".into(),
        |setup| setup.opening.cell = (0, 0),
        |setup| (setup.opening.query, setup.opening.cell) = (4, (4, 1)),
        |setup| setup.opening.nudge = 17,
        |setup| setup.squares.0[0].head_dim = 0,
        |setup| setup.squares.0[1].name = "a.b".into(),
        |setup| setup.squares.0[1].raw.truncate(3),
        |setup| setup.squares.0[1].raw[0] = f32::NAN,
    ];
    refuses_setups::<ScoreMatrix>(broken.map(|spoil| {
        let mut spoilt = setup();
        spoil(&mut spoilt);
        spoilt
    }));
}

#[test]
fn cells_are_named_for_a_screen_reader() {
    let html = view(&after(&[("scores", "real")]));
    let names: Vec<&str> = all(&html, "table [role=gridcell]")
        .iter()
        .map(|cell| cell.attr("aria-label").unwrap())
        .collect();
    assert_eq!(names[0], "<b> looks at <b>: 1.00");
    assert_eq!(names[1], "<b> cannot look at x: the mask hides it");
    assert_eq!(names[2], "sum of the row of <b>: 1.00");
    assert!(names[6].starts_with("sum of the column of <b>: "), "{}", names[6]);
    assert!(!matrix().view().contains("<b>"), "tokens are escaped");
}

#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: matrix(),
        events: list("scores show mask nudge whole-row cell key walk row shuffle in-order"),
        words: list("toy real raw scaled shares"),
        kept: |state| State { cell: (state.query, state.key), shuffle: 0, ..state.clone() },
        sound: is_sound,
    }
    .holds();
}
