//! The scale, natively: its row against sums in f64, its table against the recorded listing, its
//! events, and that nothing breaks it.

use std::path::Path;

use scraper::Html;
use widgets::scale::{DRAWS, Draw, Event, KEYS, LARGEST_POWER, Scale, Setup, Side, State};
use widgets::show::share;
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, refuses, refuses_setups, status, text, view,
};
use crate::contract::{Contract, list};

fn setup() -> Setup {
    Setup { opening: State { power: 6, draw: 1 } }
}

fn widget() -> Opened<Scale> {
    Opened::new(setup()).expect("a sound setup")
}

/// The cells of a table's body, by the table's place in the widget.
fn table(html: &Html, place: usize) -> Vec<Vec<String>> {
    let body = Html::parse_fragment(&all(html, "table")[place].html());
    cells(&body, "tbody tr", "th, td")
}

fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(html, &[("tr[aria-current=true]", 1), ("table", 3)])?;
    for column in [2, 4] {
        let shares: Vec<f64> =
            table(html, 0).iter().map(|row| row[column].parse().unwrap()).collect();
        let sum: f64 = shares.iter().sum();
        if shares.len() != KEYS || (sum - 1.0).abs() > 0.005 * KEYS as f64 {
            return Err(format!("column {column} sums to {sum}: {shares:?}"));
        }
    }
    Ok(())
}

#[test]
fn its_table_is_what_the_listing_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../listings/output/ch04-scale");
    let recorded = std::fs::read_to_string(folder.join("dimensions.txt")).unwrap();
    let lines = recorded.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let printed: Vec<Vec<&str>> = lines.filter(|line| line[0] != "SmolLM2").collect();
    assert_eq!(printed.len(), LARGEST_POWER as usize + 1);
    assert_eq!(table(&view(&widget()), 2), printed);
}

/// The figures of a row, from its scores, in f64: spread, weights, bits and the slopes' norm.
fn expected(scores: &[f32]) -> (f64, Vec<f64>, f64, f64) {
    let scores: Vec<f64> = scores.iter().copied().map(f64::from).collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
    let powers: Vec<f64> = scores.iter().map(|score| score.exp()).collect();
    let weights: Vec<f64> = powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect();
    let bits = weights.iter().filter(|a| **a > 0.0).map(|a| -a * a.log2()).sum();
    let mut slopes = 0.0;
    for (i, a) in weights.iter().enumerate() {
        for (j, b) in weights.iter().enumerate() {
            let slope = if i == j { a * (1.0 - a) } else { -a * b };
            slopes += slope * slope;
        }
    }
    ((squares / (scores.len() - 1) as f64).sqrt(), weights, bits, slopes.sqrt())
}

#[test]
fn a_row_equals_sums_in_f64() {
    let mut largest = 0.0_f64;
    for draw in [1, 2, DRAWS] {
        for row in Draw::new(draw).rows {
            for side in [&row.raw, &row.scaled] {
                let Side { scores, spread, weights, bits, slopes } = side;
                let (right_spread, right_weights, right_bits, right_slopes) = expected(scores);
                let mut compare = |got: f32, expected: f64, tolerance: f64| {
                    let error = (f64::from(got) - expected).abs();
                    assert!(error < tolerance, "{got} is not {expected}");
                    largest = largest.max(error);
                };
                compare(*spread, right_spread, 1e-4);
                compare(*bits, right_bits, 1e-4);
                compare(*slopes, right_slopes, 1e-5);
                weights.iter().zip(right_weights).for_each(|(a, b)| compare(*a, b, 1e-5));
            }
        }
    }
    println!("largest difference {largest:e}");
}

#[test]
fn the_scale_divides_by_the_root_of_the_dimension() {
    let draw = Draw::new(3);
    for (line, row) in draw.lines.iter().zip(&draw.rows) {
        let root = (line.head_dim as f32).sqrt();
        for (raw, scaled) in row.raw.scores.iter().zip(&row.scaled.scores) {
            assert!((raw / root - scaled).abs() < 1e-5, "{raw} over {root} is not {scaled}");
        }
    }
}

#[test]
fn over_all_draws_the_spread_is_the_root_and_the_scale_keeps_it_at_one() {
    let draws: Vec<Draw> = (1..=DRAWS).map(Draw::new).collect();
    for power in 0..=LARGEST_POWER {
        let lines = draws.iter().map(|draw| &draw.lines[power as usize]);
        let mean: f32 = lines.clone().map(|line| line.spread.powi(2)).sum::<f32>() / DRAWS as f32;
        let root = ((1_u32 << power) as f32).sqrt();
        println!("dimension {}: spread {}, root {root}", 1 << power, mean.sqrt());
        assert!((mean.sqrt() / root - 1.0).abs() < 0.03);
        if power >= 6 {
            for line in lines {
                assert!(line.raw.largest > 0.75 && line.scaled.largest < 0.35, "{line:?}");
                assert!(line.raw.stuck > 0.2 && line.scaled.stuck == 0.0, "{line:?}");
            }
        }
    }
}

#[test]
fn events_change_what_they_name() {
    let mut widget = widget();
    widget.update("power", "9").unwrap();
    widget.update("draw", "2").unwrap();
    assert_eq!(*widget.state(), State { power: 9, draw: 2 });
    let html = view(&widget);
    let row = &Draw::new(2).rows[9];
    let (key, weight) = row.raw.largest();
    let said = status(&widget);
    let start = format!(
        "Dimension 512: without the scale the largest weight is {}, on key {}, and with it {}.",
        share(weight),
        key + 1,
        share(row.scaled.largest().1)
    );
    assert!(said.starts_with(&start), "{said}");
    assert_eq!(text(&all(&html, "tr[aria-current=true] th")[0]), "512");
    assert_eq!(all(&html, "[aria-valuetext='512 numbers in a query and a key']").len(), 1);
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), setup().opening);
    assert_eq!(widget.view(), self::widget().view());
}

#[test]
fn the_dimension_can_be_dragged() {
    let mut widget = widget();
    for (place, power) in [("-9", 0), ("34", 0), ("463", 9), ("999", 9), ("249", 5)] {
        widget.update("pull", &format!(",{place},100,wide")).unwrap();
        assert_eq!(widget.state().power, power, "{place}");
    }
}

#[test]
fn the_picture_shows_the_weights_of_the_row() {
    let html = view(&widget());
    let row = &Draw::new(1).rows[6];
    let words: Vec<String> = all(&html, ".for-wide text").iter().map(text).collect();
    for (name, side) in [("without", &row.raw), ("with the scale", &row.scaled)] {
        let said = format!("{name}: {} on one key", share(side.largest().1));
        assert!(words.contains(&said), "{said} is not among {words:?}");
    }
    // Two half bells for each dimension, and a bar for each weight.
    assert_eq!(all(&html, ".for-wide path.fill-hair").len(), LARGEST_POWER as usize + 1);
    assert_eq!(all(&html, ".for-wide path[class^=heat]").len(), 2 * KEYS);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = widget();
    let bad = [
        ("power", "10"),
        ("power", "-1"),
        ("draw", "0"),
        ("draw", "21"),
        ("draw", "x"),
        ("pull", "1,2,wide"),
        ("a", ""),
    ];
    refuses(&mut widget, &bad);
    assert_eq!(widget.wants(), None);
    let error = widget.receive("a.bin", &[]).unwrap_err().to_string();
    assert!(error.ends_with("nobody asked for `a.bin`"), "{error}");
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let there = opens::<Scale>(&setup(), "?a=b&scale=512_3");
    assert_eq!(*there.state(), State { power: 9, draw: 3 });
    let mut by_hand = widget();
    by_hand.apply(&Event::Power(9)).unwrap();
    by_hand.apply(&Event::Draw(3)).unwrap();
    assert_eq!(there.view(), by_hand.view());
    let bad = [
        "",
        "?scale",
        "?scale=64",
        "?scale=63_1",
        "?scale=0_1",
        "?scale=1024_1",
        "?scale=64_0",
        "?scale=64_21",
        "?scale=64_1_1",
        "?scale=%22_1",
    ];
    ignores::<Scale>(&setup(), &bad);
}

#[test]
fn a_setup_that_makes_no_sense_is_refused() {
    let openings = [State { power: 10, draw: 1 }, State { power: 1, draw: 0 }];
    refuses_setups::<Scale>(openings.map(|opening| Setup { opening }));
}

#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: widget(),
        events: list("power draw pull"),
        words: list(",200,90,wide ,40,90,narrow"),
        kept: |state| *state,
        sound: is_sound,
    }
    .holds();
}
