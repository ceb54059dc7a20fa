//! The causal mask, natively: what it shows, how it answers, and that nothing breaks it.

use scraper::Html;
use widgets::causal_mask::{CausalMask, Pass, Setup, State};
use widgets::square::{Square, Squares};
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, refuses, refuses_setups, send, status, sums_to_one, view,
};
use crate::contract::{Contract, list};

/// Scores whose lower triangle is also what reading one by one gives, but for `off` in the last.
fn square(name: &str, tokens: &[&str], off: f32) -> Square {
    let seq = tokens.len();
    let raw: Vec<f32> = (0..seq * seq).map(|at| (at as f32 * 0.7).sin() * 3.0).collect();
    let mut one_by_one: Vec<f32> =
        (0..seq).flat_map(|row| raw[row * seq..=row * seq + row].to_vec()).collect();
    *one_by_one.last_mut().unwrap() += off;
    Square {
        name: name.to_owned(),
        label: format!("the scores {name}"),
        whose: "made-up vectors".to_owned(),
        tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
        masked: name != "toy",
        query: 0,
        head_dim: 4,
        raw,
        one_by_one,
    }
}

fn setup() -> Setup {
    let squares = vec![
        square("toy", &["I", "love", "mystery", "novels", "!"], 0.0),
        square("other", &["<b>", " x", "\n"], 1.0),
    ];
    let opening =
        State { scores: "toy".into(), pass: Pass::Masked, read: 1, query: 0, cell: (0, 0) };
    Setup { squares: Squares(squares), opening }
}

fn mask() -> Opened<CausalMask> {
    Opened::new(setup()).expect("a sound setup")
}

fn after(events: &[(&str, &str)]) -> Opened<CausalMask> {
    let mut widget = mask();
    send(&mut widget, events);
    widget
}

/// The texts of a table's body, row by row.
fn table(widget: &dyn Widget, selector: &str) -> Vec<Vec<String>> {
    cells(&view(widget), &format!("{selector} tbody tr"), "td")
}

/// The shares of a row over its first `seen` keys in f64, independent of the library.
fn shares(square: &Square, query: usize, seen: usize) -> Vec<f64> {
    let seq = square.tokens.len();
    let row = &square.raw[query * seq..query * seq + seen];
    let powers: Vec<f64> =
        row.iter().map(|raw| (f64::from(*raw) / (square.head_dim as f64).sqrt()).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

fn close(shown: &str, expected: f64) -> bool {
    (shown.parse::<f64>().expect("a share") - expected).abs() <= 0.005001
}

/// What must hold in every state.
fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("table[role=grid] [tabindex='0']", 1),
            ("input[name=causal-mask-pass][checked]", 1),
            ("select[name=scores] option[selected]", 1),
            ("table[role=grid] tr.chosen", 1),
        ],
    )?;
    sums_to_one(&cells(html, "table[role=grid] tbody tr", "td"))?;
    for row in cells(html, "table.rows tbody tr", "td") {
        if row[1] != row[2] {
            return Err(format!("{} lies on later tokens, and {} moved", row[1], row[2]));
        }
    }
    Ok(())
}

#[test]
fn each_row_moves_by_what_it_had_on_the_future() {
    let widget = mask();
    let (toy, rows) = (&setup().squares.0[0], table(&widget, "table.rows"));
    for query in 0..5 {
        let (open, masked) = (shares(toy, query, 5), shares(toy, query, query + 1));
        let future: f64 = open[query + 1..].iter().sum();
        let moved: f64 = open
            .iter()
            .enumerate()
            .map(|(key, share)| (share - masked.get(key).unwrap_or(&0.0)).abs() / 2.0)
            .sum();
        assert!((future - moved).abs() < 1e-12);
        assert_eq!(rows[query][0], format!("{} of 5", query + 1));
        assert!(close(&rows[query][1], future) && close(&rows[query][2], moved), "{query}");
    }
    assert_eq!(rows[4][2], ".00", "the last row sees all");
}

#[test]
fn the_mask_goes_on_and_off() {
    let toy = &setup().squares.0[0];
    let on = table(&mask(), "table[role=grid]");
    let off = table(&after(&[("pass", "open")]), "table[role=grid]");
    assert_eq!(on[0], ["1.00", "", "", "", ""]);
    for query in 0..5 {
        for key in 0..5 {
            assert!(close(&off[query][key], shares(toy, query, 5)[key]));
            if key <= query {
                assert!(close(&on[query][key], shares(toy, query, query + 1)[key]));
            } else {
                assert_eq!(on[query][key], "");
            }
        }
    }
    assert_eq!(on[4], off[4], "the last row stays");
}

#[test]
fn the_chosen_row_stands_side_by_side() {
    let widget = after(&[("cell", "1,0")]);
    let (toy, rows) = (&setup().squares.0[0], table(&widget, "table.sides"));
    let (open, masked) = (shares(toy, 1, 5), shares(toy, 1, 2));
    for key in 0..5 {
        assert!(close(&rows[key][0], open[key]));
    }
    assert!(close(&rows[0][1], masked[0]) && close(&rows[1][1], masked[1]));
    assert_eq!([&rows[2][1], &rows[4][1]], ["hidden"; 2]);
    let change =
        |key: usize| rows[key][2].replace('−', "-").replace('+', "").parse::<f64>().unwrap();
    assert!((change(0) - (masked[0] - open[0])).abs() <= 0.005001);
    assert!((change(4) + open[4]).abs() <= 0.005001);
}

#[test]
fn one_by_one_reveals_row_after_row_and_measures_the_difference() {
    let mut widget = after(&[("pass", "one-by-one")]);
    let masked = table(&mask(), "table[role=grid]");
    for read in 1..=5 {
        let rows = table(&widget, "table[role=grid]");
        for row in 0..5 {
            let shown: Vec<&str> = rows[row].iter().map(String::as_str).collect();
            if row < read {
                assert_eq!(shown[..=row], masked[row][..=row], "row {row} of {read}");
                assert!(shown[row + 1..read].iter().all(|cell| cell.is_empty()));
            } else {
                assert_eq!(shown, ["·"; 5], "row {row} of {read} is not read yet");
            }
        }
        assert!(status(&widget).ends_with("the one pass: exactly 0."), "{}", status(&widget));
        widget.update("next", "").unwrap();
    }
    assert_eq!(widget.state().read, 1, "after the last token it begins again");
    // A difference that is there is told.
    let other = after(&[("scores", "other"), ("pass", "one-by-one"), ("read", "3")]);
    let square = &setup().squares.0[1];
    let at_once = shares(square, 2, 3);
    let mut changed = square.clone();
    changed.raw[8] += 1.0;
    let alone = shares(&changed, 2, 3);
    let difference = at_once.iter().zip(&alone).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(status(&other).contains(&format!("{difference:.1e}")), "{}", status(&other));
}

#[test]
fn events_and_keys_do_what_they_name() {
    let mut widget = after(&[("pass", "one-by-one"), ("read", "4")]);
    assert_eq!((widget.state().read, widget.state().query), (4, 3));
    for (key, cell) in [("ArrowUp", (2, 0)), ("End", (2, 4)), ("Ctrl+Home", (0, 0))] {
        assert_eq!(widget.update("key", key), Ok(true));
        assert_eq!((widget.state().cell, widget.state().query), (cell, cell.0));
    }
    assert_eq!(widget.update("key", "Tab"), Ok(false));
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), setup().opening);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = mask();
    let bad = [
        ("scores", "none"),
        ("pass", "Open"),
        ("read", "0"),
        ("read", "6"),
        ("read", "x"),
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
    let widget =
        after(&[("scores", "other"), ("pass", "one-by-one"), ("read", "2"), ("cell", "2,1")]);
    assert_eq!(widget.address(), "?causal-mask=other_one-by-one_2_2_1");
    let older = "?causal-mask=other.one-by-one.2.2.1";
    assert_eq!(opens::<CausalMask>(&setup(), older).state(), widget.state());
    let bad = [
        "",
        "?causal-mask",
        "?causal-mask=toy.open.1.0",
        "?causal-mask=none.open.1.0.0",
        "?causal-mask=toy.shut.1.0.0",
        "?causal-mask=toy.open.0.0.0",
        "?causal-mask=other.open.1.3.0",
        "?causal-mask=other.open.4.0.0",
        "?causal-mask=%.x.1.0.0",
    ];
    ignores::<CausalMask>(&setup(), &bad);
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let broken: [fn(&mut Setup); 6] = [
        |setup| setup.opening.scores = "none".into(),
        |setup| setup.opening.cell = (1, 0),
        |setup| setup.opening.read = 0,
        |setup| setup.opening.read = 6,
        |setup| setup.squares.0[1].one_by_one.clear(),
        |setup| setup.squares.0[1].one_by_one.truncate(5),
    ];
    refuses_setups::<CausalMask>(broken.map(|spoil| {
        let mut spoilt = setup();
        spoil(&mut spoilt);
        spoilt
    }));
}

#[test]
fn cells_are_named_for_a_screen_reader() {
    let names = |events: &[(&str, &str)]| -> Vec<String> {
        let html = view(&after(events));
        let cells = all(&html, "table [role=gridcell]");
        cells.iter().map(|cell| cell.attr("aria-label").unwrap().to_owned()).collect()
    };
    let masked = names(&[("scores", "other")]);
    assert_eq!(masked[0], "<b> looks at <b>: 1.00");
    assert_eq!(masked[1], "<b> cannot look at x: it comes later");
    let reading = names(&[("scores", "other"), ("pass", "one-by-one")]);
    assert_eq!(reading[1], "<b> to x: not read yet");
    assert!(!after(&[("scores", "other")]).view().contains("<b>"), "tokens are escaped");
}

#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: mask(),
        events: list("scores pass read next cell key walk"),
        words: list("toy other open masked one-by-one"),
        kept: Clone::clone,
        sound: is_sound,
    }
    .holds();
}
