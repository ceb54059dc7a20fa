//! The stepper, natively: what it shows, how it answers, and that nothing breaks it.

use std::path::Path;

use proptest::prelude::*;

use scraper::{ElementRef, Html};
use widgets::files::PageFile;
use widgets::stepper::real::{Place, RealHead};
use widgets::stepper::toy::{Given, LIMIT, Toy, WORDS, read};
use widgets::stepper::workings::{Workings, workings};
use widgets::stepper::{Matrix, Setup, State, Step, Stepper, Steps};
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, reads_or_refuses, refuses, refuses_setups, send, status,
    text, view,
};
use crate::contract::{Contract, list};

const SEQ: usize = 5;
const HEAD_DIM: usize = 16;

/// A head with some finite numbers.
fn head() -> RealHead {
    let numbers = |seed: f32| {
        (0..SEQ * HEAD_DIM).map(|at| ((at as f32 + seed) * 0.7).sin() * 3.0).collect::<Vec<f32>>()
    };
    RealHead {
        place: place(),
        tokens: ["A", " cat", "\n", "<b>", " y"].map(str::to_owned).to_vec(),
        head_dim: HEAD_DIM,
        d_model: 32,
        kv_head: 1,
        shared_by: vec![3, 4, 5],
        query: numbers(1.0),
        key: numbers(2.5),
        value: numbers(4.0),
    }
}

fn place() -> Place {
    Place { text: "A cat".into(), layer: 2, head: 4 }
}

fn setup() -> Setup {
    Setup { real: Some(place()), opening: State::opening() }
}

fn stepper() -> Opened<Stepper> {
    let mut widget = Opened::new(setup()).expect("a sound setup");
    widget.receive(RealHead::PATH, &head().to_bytes()).unwrap();
    widget
}

fn at(step: Step) -> Opened<Stepper> {
    let mut widget = stepper();
    widget.update("step", &step.place().to_string()).unwrap();
    widget
}

/// A printed number: `−1.584`, `.80`, `−∞`.
fn parse(text: &str) -> Option<f32> {
    text.replace('−', "-").replace('∞', "inf").parse().ok()
}

/// The numbers of the grid, row by row.
fn grid(html: &Html) -> Vec<Vec<f32>> {
    let rows = cells(html, "table[role=grid] tbody tr", "td").into_iter();
    rows.map(|row| row.iter().map(|cell| parse(cell).expect("a number")).collect()).collect()
}

/// What must hold in every state.
fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    let State { step, real, .. } = state;
    let grids = usize::from(*step != Step::X && !(*real && *step == Step::Projected));
    counts(
        html,
        &[
            ("table[role=grid] [tabindex='0']", grids),
            ("table[role=grid]", grids),
            ("a.permalink", 1),
        ],
    )?;
    if *step == Step::Weights {
        for row in grid(html) {
            let sum: f32 = row.iter().sum();
            // Each share is rounded to a hundredth.
            if (sum - 1.0).abs() > 0.005 * row.len() as f32 {
                return Err(format!("a row sums to {sum}: {row:?}"));
            }
        }
    }
    Ok(())
}

/// The toy's steps by loops in f64.
fn by_hand(toy: &Toy, causal: bool) -> Vec<(Step, Vec<Vec<f64>>)> {
    let wide = |given: Given| -> Vec<Vec<f64>> {
        let matrix = toy.matrix(given);
        (0..matrix.rows)
            .map(|row| matrix.row(row).iter().copied().map(f64::from).collect())
            .collect()
    };
    let times = |left: &[Vec<f64>], right: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let cell = |row: &[f64], column: usize| {
            row.iter().zip(right).map(|(left, right)| left * right[column]).sum()
        };
        left.iter().map(|row| (0..right[0].len()).map(|at| cell(row, at)).collect()).collect()
    };
    let each = |rows: &[Vec<f64>], of: &dyn Fn(usize, usize, f64) -> f64| -> Vec<Vec<f64>> {
        let row = |(i, row): (usize, &Vec<f64>)| {
            row.iter().enumerate().map(|(j, number)| of(i, j, *number)).collect()
        };
        rows.iter().enumerate().map(row).collect()
    };
    let x = wide(Given::X);
    let [q, k, v] = [Given::Query, Given::Key, Given::Value].map(|given| times(&x, &wide(given)));
    let turned: Vec<Vec<f64>> =
        (0..k[0].len()).map(|column| k.iter().map(|row| row[column]).collect()).collect();
    let scores = times(&q, &turned);
    let scaled = each(&scores, &|_, _, score| score / 2.0_f64.sqrt());
    let masked =
        each(&scaled, &|i, j, score| if causal && j > i { f64::NEG_INFINITY } else { score });
    let weights = each(&masked, &|i, _, score| {
        score.exp() / masked[i].iter().map(|score| score.exp()).sum::<f64>()
    });
    let output = times(&weights, &v);
    let projected = times(&output, &wide(Given::Output));
    vec![
        (Step::X, x),
        (Step::Query, q),
        (Step::Key, k),
        (Step::Value, v),
        (Step::Scores, scores),
        (Step::Scaled, scaled),
        (Step::Masked, masked),
        (Step::Weights, weights),
        (Step::Output, output),
        (Step::Projected, projected),
    ]
}

#[test]
fn every_step_shows_what_loops_in_f64_compute() {
    let mut largest = 0.0_f64;
    for causal in [false, true] {
        let mut widget = stepper();
        if causal {
            widget.update("causal", "on").unwrap();
        }
        for (step, expected) in by_hand(&Toy::default(), causal) {
            widget.update("step", &step.place().to_string()).unwrap();
            if step == Step::X {
                continue;
            }
            let shown = grid(&view(&widget));
            assert_eq!(shown.len(), expected.len(), "{step:?}");
            for (shown, expected) in shown.iter().flatten().zip(expected.iter().flatten()) {
                if f64::from(*shown) != *expected {
                    largest = largest.max((f64::from(*shown) - expected).abs());
                }
            }
        }
    }
    println!("largest error of a printed number: {largest:.1e}");
    assert!(largest <= 0.000_501, "three decimals are shown, and {largest:.1e} is off");
}

/// The listing `ch02-stepper` holds the same toy, and recorded the same numbers.
#[test]
fn the_listing_prints_the_same_numbers() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../listings/output/ch02-stepper/steps.txt");
    let recorded = std::fs::read_to_string(path).unwrap();
    let steps = Steps::of_toy(&Toy::default(), false);
    let starts = [
        "X  ",
        "\nQ ",
        "\nK ",
        "\nV ",
        "\nraw ",
        "\nscaled ",
        "\nmasked ",
        "\nweights ",
        "\noutput =",
        "\noutput W_O",
    ];
    let mut compared = 0;
    for (step, start) in Step::ALL.into_iter().zip(starts) {
        let (_, table) = recorded.split_once(start).expect(start);
        let matrix = steps.get(step).unwrap();
        let mut lines = table.lines();
        if lines.next().unwrap().ends_with(": as before") {
            assert_eq!(matrix, steps.get(Step::Scaled).unwrap(), "{start}");
            continue;
        }
        for (row, line) in lines.take(matrix.rows).enumerate() {
            let (word, printed) = line.trim().split_once(' ').unwrap();
            assert_eq!(word, WORDS[row], "{start}");
            let printed: Vec<f32> =
                printed.split_whitespace().map(|number| number.parse().unwrap()).collect();
            assert_eq!(printed.len(), matrix.columns, "{start}");
            for (printed, computed) in printed.iter().zip(matrix.row(row)) {
                let apart = (printed - computed).abs();
                assert!(apart <= 0.000_51, "{start}: {printed} and {computed}");
                compared += 1;
            }
        }
    }
    // Nine steps: the mask changes nothing here.
    assert_eq!(compared, 4 * (3 + 2 + 2 + 2 + 4 + 4 + 4 + 2 + 3));
}

#[test]
fn a_number_says_which_products_made_it() {
    let mut widget = at(Step::Query);
    widget.update("cell", "1,0").unwrap();
    assert_eq!(
        status(&widget),
        "Q, cat, number 1: 0.200 × 2.000 + 0.800 × 0.000 + 0.600 × (−1.000) = −0.200."
    );
    widget.update("step", &Step::Scores.place().to_string()).unwrap();
    widget.update("cell", "1,3").unwrap();
    assert_eq!(
        status(&widget),
        "cat asks, down answers: −0.200 × 1.600 + (−0.800) × 1.000 = −1.120."
    );
    widget.update("next", "").unwrap();
    assert_eq!(status(&widget), "cat asks, down answers: −1.120 / 1.414 = −0.792.");
    widget.update("next", "").unwrap();
    assert_eq!(status(&widget), "cat asks, down answers: −0.792 stays. The mask is off.");
    widget.update("next", "").unwrap();
    assert_eq!(
        status(&widget),
        "cat asks, down answers: e to the power of −0.792 − (−0.792) is 1.000. The row’s sum is \
         2.954, so the share is 0.338."
    );
    widget.update("causal", "on").unwrap();
    widget.update("back", "").unwrap();
    assert_eq!(
        status(&widget),
        "cat asks, down answers: down comes later, so −∞ takes the place of −0.792."
    );
    widget.update("cell", "1,0").unwrap();
    assert_eq!(status(&widget), "cat asks, The answers: cat may see The, so −1.584 stays.");
}

/// The terms that a cell names add up to the number that it shows, in every cell.
#[test]
fn the_terms_add_up() {
    let mut largest = 0.0_f32;
    let toy = Toy::default();
    for (steps, toy) in
        [(Steps::of_toy(&toy, true), Some(&toy)), (Steps::of_head(&head(), true), None)]
    {
        for step in Step::ALL {
            let Some(matrix) = steps.get(step) else { continue };
            for cell in (0..matrix.rows).flat_map(|row| (0..matrix.columns).map(move |c| (row, c)))
            {
                let value = matrix.at(cell.0, cell.1);
                let made = match workings(&steps, toy, step, cell) {
                    Workings::Given | Workings::Kept => continue,
                    Workings::Sum { terms, rest } => {
                        assert_eq!(
                            terms.len() + rest.0,
                            match step {
                                Step::Scores if toy.is_none() => HEAD_DIM,
                                Step::Scores | Step::Projected => 2,
                                Step::Output => matrix.rows,
                                _ => 3,
                            }
                        );
                        terms.iter().map(|term| term.left * term.right).sum::<f32>() + rest.1
                    }
                    Workings::Divided { score, by } => score / by,
                    Workings::Hidden { .. } => {
                        assert!(cell.1 > cell.0 && value == f32::NEG_INFINITY);
                        continue;
                    }
                    Workings::Share { powers, total, .. } => powers[cell.1].power / total,
                };
                largest = largest.max((made - value).abs());
            }
        }
    }
    println!("largest difference {largest:.1e}");
    assert!(largest <= 1e-5, "{largest:.1e}");
}

#[test]
fn what_is_typed_changes_what_follows() {
    let mut widget = at(Step::Query);
    widget.update("W_Q-0-0", "1.5").unwrap();
    assert_eq!(widget.state().toy.query[0][0], 1.5);
    let mut toy = Toy::default();
    toy.query[0][0] = 1.5;
    let expected = &by_hand(&toy, false)[1].1;
    let shown = grid(&view(&widget));
    assert!((f64::from(shown[0][0]) - expected[0][0]).abs() < 0.001, "{shown:?}");
    // A comma and a printer's minus will do.
    widget.update("X-3-2", "−0,25").unwrap();
    assert_eq!(widget.state().toy.x[3][2], -0.25);
}

#[test]
fn what_is_no_number_stays_and_says_so() {
    let mut widget = stepper();
    for bad in ["abc", "", "1e9", "11", "-10.5", "NaN", "inf", "1 2", "<b>"] {
        widget.update("X-1-1", bad).unwrap();
        assert_eq!(widget.state().toy, Toy::default(), "{bad}");
        let html = view(&widget);
        let input = all(&html, "input[name=X-1-1]")[0];
        assert_eq!((input.attr("value"), input.attr("aria-invalid")), (Some(bad), Some("true")));
        assert_eq!(all(&html, "[aria-invalid]").len(), 1);
        let label: String = input.parent().and_then(ElementRef::wrap).map(|it| text(&it)).unwrap();
        assert!(
            label.starts_with("X, cat, number 2") && label.ends_with("no: 0.80 stays"),
            "{label}"
        );
        assert_eq!(
            status(&widget),
            format!("X, cat, number 2: “{bad}” is not a number from −10 to 10. 0.80 stays.")
        );
    }
    // On another step the words are about that step again, and the field is remembered.
    widget.update("next", "").unwrap();
    assert!(status(&widget).starts_with("Q, The, number 1"), "{}", status(&widget));
    widget.update("back", "").unwrap();
    widget.update("X-1-1", "0.5").unwrap();
    assert!(all(&view(&widget), "[aria-invalid]").is_empty());
    assert_eq!(widget.state().toy.x[1][1], 0.5);
}

#[test]
fn equal_queries_and_keys_make_equal_scores_both_ways() {
    let mut widget = at(Step::Scores);
    let is_symmetric = |widget: &Opened<Stepper>| {
        let scores = grid(&view(widget));
        (0..4).all(|i| (0..4).all(|j| scores[i][j] == scores[j][i]))
    };
    assert!(!is_symmetric(&widget));
    for (row, numbers) in Toy::default().query.iter().enumerate() {
        for (column, number) in numbers.iter().enumerate() {
            widget.update(&format!("W_K-{row}-{column}"), &number.to_string()).unwrap();
        }
    }
    assert!(is_symmetric(&widget));
}

#[test]
fn buttons_and_slider_walk_the_steps_and_stop_at_the_ends() {
    let mut widget = stepper();
    assert_eq!(widget.update("back", ""), Ok(true));
    assert_eq!(widget.state().step, Step::X);
    for step in Step::ALL {
        assert_eq!(widget.state().step, step);
        let html = view(&widget);
        let slider = all(&html, "input[type=range]")[0];
        let spoken = format!("step {} of 10: {}", step.place() + 1, step.name());
        assert_eq!(slider.attr("aria-valuetext"), Some(spoken.as_str()));
        widget.update("next", "").unwrap();
    }
    assert_eq!(widget.state().step, Step::Projected);
    widget.update("step", "4").unwrap();
    assert_eq!(widget.state().step, Step::Scores);
    widget.update("X-0-0", "3").unwrap();
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), State::opening());
}

#[test]
fn keys_walk_the_grid() {
    let mut widget = at(Step::Scores);
    for (key, cell) in [
        ("ArrowRight", (0, 1)),
        ("ArrowDown", (1, 1)),
        ("End", (1, 3)),
        ("Ctrl+End", (3, 3)),
        ("Home", (3, 0)),
        ("Ctrl+Home", (0, 0)),
    ] {
        assert_eq!(widget.update("key", key), Ok(true));
        assert_eq!(widget.state().cell, cell, "{key}");
    }
    assert_eq!(widget.update("key", "Tab"), Ok(false));
    // A narrower grid keeps the row, and brings the column inside.
    widget.update("cell", "2,3").unwrap();
    widget.update("step", "1").unwrap();
    assert_eq!(widget.state().cell, (2, 1));
    widget.update("step", "0").unwrap();
    assert_eq!(widget.update("key", "ArrowDown"), Ok(false), "X has no grid");
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let bad = [
        ("step", "10"),
        ("step", "-1"),
        ("cell", "4,0"),
        ("cell", "0,2"),
        ("cell", "1"),
        ("X-4-0", "1"),
        ("X-0-3", "1"),
        ("W_O-2-0", "x"),
        ("W_Z-0-0", "1"),
        ("X-0", "1"),
        ("dance", ""),
    ];
    refuses(&mut at(Step::Query), &bad);
}

#[test]
fn the_real_head_shows_what_the_toy_does() {
    let mut widget = at(Step::Scores);
    widget.update("real", "on").unwrap();
    assert!(widget.state().causal, "the real head comes with its mask");
    let head = head();
    let dot = |query: usize, key: usize| -> f64 {
        let row = |numbers: &[f32], at: usize| numbers[at * HEAD_DIM..][..HEAD_DIM].to_vec();
        let pairs = row(&head.query, query).into_iter().zip(row(&head.key, key));
        pairs.map(|(q, k)| f64::from(q) * f64::from(k)).sum()
    };
    let shown = grid(&view(&widget));
    for (query, row) in shown.iter().enumerate() {
        for (key, score) in row.iter().enumerate() {
            assert!((f64::from(*score) - dot(query, key)).abs() <= 0.051, "{query} {key}");
        }
    }
    widget.update("cell", "1,0").unwrap();
    let said = status(&widget);
    assert!(said.starts_with("cat asks, A answers: the 16 products sum to"), "{said}");
    assert!(said.contains("the 10 smallest together are"), "{said}");
    let html = view(&widget);
    let products: Vec<f32> = all(&html, "table.weights tbody td:last-child")
        .iter()
        .filter_map(|it| parse(&text(it)))
        .collect();
    // Six products, the rest, and their sum.
    assert_eq!(products.len(), 8);
    assert!((products[..7].iter().sum::<f32>() - products[7]).abs() <= 0.04, "{products:?}");
    for step in Step::ALL {
        widget.update("step", &step.place().to_string()).unwrap();
        let html = view(&widget);
        assert!(all(&html, ".every-step").is_empty());
        match step {
            Step::X | Step::Projected => assert!(status(&widget).contains("nothing to show")),
            _ if step.is_square() => assert_eq!(grid(&html)[0].len(), SEQ),
            _ => assert_eq!(grid(&html)[0].len(), 8, "the first eight numbers are shown"),
        }
    }
    assert!(!widget.view().contains("<b>"), "tokens are escaped");
    widget.update("real", "off").unwrap();
    assert!(!widget.state().causal);
}

#[test]
fn a_page_fetches_the_real_head_when_it_is_wanted() {
    let mut widget = opens::<Stepper>(&setup(), "");
    assert_eq!(widget.wants(), None);
    assert_eq!(widget.view(), stepper().view(), "the page shows what the book was built with");
    widget.update("step", "7").unwrap();
    widget.update("real", "on").unwrap();
    assert_eq!(widget.wants().as_deref(), Some(RealHead::PATH));
    assert!(widget.view().contains("Loading the real head"));
    widget.failed(RealHead::PATH, "the server answered 404");
    assert!(widget.view().contains("the server answered 404"));
    assert_eq!(widget.wants(), None, "it does not ask again by itself");
    widget.update("again", "").unwrap();
    assert_eq!(widget.wants().as_deref(), Some(RealHead::PATH));
    widget.receive(RealHead::PATH, &head().to_bytes()).unwrap();
    assert_eq!(widget.wants(), None);
    let rows = all(&view(&widget), "table[role=grid] tbody tr").len();
    assert_eq!(rows, SEQ);
}

#[test]
fn a_damaged_head_is_refused_and_told() {
    let good = head().to_bytes();
    let changed = |change: &dyn Fn(&mut RealHead)| {
        let mut head = head();
        change(&mut head);
        head.to_bytes()
    };
    for bytes in [
        Vec::new(),
        good[..good.len() - 1].to_vec(),
        [&[9], &good[1..]].concat(),
        changed(&|head| head.query.truncate(3)),
        changed(&|head| head.key[0] = f32::NAN),
        changed(&|head| head.value[0] = 1e30),
        changed(&|head| head.tokens.clear()),
        changed(&|head| head.head_dim = 0),
        changed(&|head| head.place.layer = 3),
    ] {
        let mut widget = opens::<Stepper>(&setup(), "");
        widget.update("real", "on").unwrap();
        let error = widget.receive(RealHead::PATH, &bytes).unwrap_err();
        assert!(widget.view().contains("could not be loaded"), "{error}");
    }
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let opens = |address: &str| opens::<Stepper>(&setup(), address).state().clone();
    let there = opens("?a=b&stepper=toy_scores_causal_1_3");
    assert_eq!((there.step, there.causal, there.cell), (Step::Scores, true, (1, 3)));
    assert!(opens("?stepper=real_weights_causal_4_4").real);
    let bad = [
        "",
        "?stepper",
        "?stepper=toy",
        "?stepper=toy_scores_causal_1",
        "?stepper=play_scores_causal_1_1",
        "?stepper=toy_dance_causal_1_1",
        "?stepper=toy_scores_shut_1_1",
        "?stepper=toy_scores_causal_x_1",
        "?stepper=toy_scores_causal_1_1_1,2",
        "?stepper=toy_scores_causal_1_1_%",
        &format!("?stepper=toy_scores_causal_1_1_{}_9", Toy::default().in_address()),
        &format!("?stepper=toy_scores_causal_1_1_99{}", Toy::default().in_address()),
    ];
    ignores::<Stepper>(&setup(), &bad);
    // A cell outside is brought inside.
    assert_eq!(opens("?stepper=toy_Q_open_9_9").cell, (3, 1));
    // The link of a view leads back to it.
    let mut widget = stepper();
    let events =
        [("X-2-1", "-0.125"), ("W_O-1-2", "10"), ("causal", ""), ("step", "8"), ("cell", "2,1")];
    send(&mut widget, &events);
    assert_eq!(opens(&widget.address()), *widget.state());
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let mut loud = setup();
    loud.opening.toy.x[0][0] = f32::NAN;
    let mut no_head = setup();
    (no_head.real, no_head.opening.real) = (None, true);
    refuses_setups::<Stepper>([loud, no_head]);
}

#[test]
fn without_the_model_the_toy_stands_alone() {
    let setup = Setup { real: None, opening: State::opening() };
    let mut widget = Opened::<Stepper>::new(setup).unwrap();
    assert!(all(&view(&widget), "input[name=real]").is_empty());
    assert!(widget.update("real", "on").is_err());
}

/// Before any script runs, and on paper, every step is there.
#[test]
fn all_steps_stand_in_the_page() {
    let widget = stepper();
    let html = view(&widget);
    let tables = all(&html, ".every-step table");
    // Ten steps, and the four learned matrices.
    assert_eq!(tables.len(), 14);
    let whole: String = tables.iter().map(text).collect();
    for number in ["−1.584", "0.456", "−0.431"] {
        assert!(whole.contains(number), "{number}");
    }
}

#[test]
fn numbers_are_read_within_limits() {
    for (text, number) in [("1", 1.0), (" -0,5 ", -0.5), ("−2", -2.0), ("10", LIMIT), (".5", 0.5)]
    {
        assert_eq!(read(text), Some(number), "{text}");
    }
    for text in ["", "ten", "10.01", "NaN", "-inf", "1,2,3"] {
        assert_eq!(read(text), None, "{text}");
    }
    let matrix: Matrix = Toy::default().matrix(Given::X);
    assert_eq!((matrix.rows, matrix.columns), (4, 3));
}

#[test]
pub(crate) fn keeps_the_contract() {
    let mut events = list("step back next real causal cell key again");
    for given in Given::ALL {
        let Matrix { rows, columns, .. } = Toy::default().matrix(given);
        let fields = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        events.extend(fields.map(|(row, column)| format!("{}-{row}-{column}", given.name())));
    }
    Contract {
        widget: stepper(),
        events,
        words: list("-10 10 11 0,5 −1"),
        // What was typed and is no number is not kept.
        kept: |state| State { typed: Vec::new(), ..state.clone() },
        sound: is_sound,
    }
    .holds();
}

/// Every weight of a head that was read is finite.
fn has_weights(head: &RealHead) -> bool {
    let steps = Steps::of_head(head, true);
    steps.get(Step::Weights).unwrap().numbers.iter().all(|weight| weight.is_finite())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn no_bytes_break_the_reader(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        reads_or_refuses(RealHead::from_bytes, &bytes, has_weights);
        bytes.insert(0, 1);
        reads_or_refuses(RealHead::from_bytes, &bytes, has_weights);
    }

    #[test]
    fn a_changed_byte_is_an_error_or_a_head(at in 0_usize..1200, value: u8) {
        let mut bytes = head().to_bytes();
        let at = at % bytes.len();
        bytes[at] = value;
        reads_or_refuses(RealHead::from_bytes, &bytes, has_weights);
    }
}
