//! The temperature, natively: its shares against sums in f64, its events, and that nothing
//! breaks it.

use proptest::prelude::*;
use scraper::{ElementRef, Html};
use widgets::files::PageFile;
use widgets::next_token::NextToken;
use widgets::show::{number, share, significant};
use widgets::temperature::curves::{SHOWN, Spread, alone};
use widgets::temperature::{Prompt, Setup, Shares, State, TEMPERATURES, TOY, Temperature};
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, reads_or_refuses, refuses, refuses_setups, status, text,
    view,
};
use crate::contract::{Contract, list};

const LOGITS: [f32; 4] = [3.2, 2.5, 0.5, -0.8];
const VOCABULARY: usize = 300;

/// The logits of an imaginary model: sorted, some above zero and some below.
fn asked(name: &str) -> NextToken {
    let logits: Vec<f32> = (0..VOCABULARY).map(|at| (at as f32 * 0.37).sin() * 9.0).collect();
    let token = |place: usize| Ok::<_, ()>(format!(" <{place}>"));
    NextToken::rank(name, &format!("A text {name}"), &logits, 50, token).unwrap()
}

fn setup() -> Setup {
    let prompt = |asked: NextToken| Prompt {
        name: asked.name,
        text: asked.text,
        vocabulary: asked.logits.len(),
    };
    Setup {
        toy_text: "She bought".into(),
        toy: ["a", "the", "my", "<b>"].map(str::to_owned).to_vec(),
        prompts: ["one", "two"].map(asked).map(prompt).to_vec(),
        opening: State::neutral(LOGITS.to_vec()),
    }
}

fn widget() -> Opened<Temperature> {
    let mut widget = Opened::new(setup()).expect("a sound setup");
    for name in ["one", "two"] {
        widget.receive(&NextToken::path(name), &asked(name).to_bytes()).unwrap();
    }
    widget
}

/// The cells of the table of tokens.
fn table(html: &Html) -> Vec<Vec<String>> {
    cells(html, "table.bars tbody tr", "th, td")
}

/// Shares as the formula says, in f64, after the filters, by sorting and adding up.
fn expected(logits: &[f32], temperature: f32, k: usize, p: f64) -> (Vec<f64>, Vec<f64>) {
    let softmax = |kept: &[bool]| {
        let power = |at: usize| {
            let exponent = f64::from(logits[at]) / f64::from(temperature);
            if kept[at] { exponent.exp() } else { 0.0 }
        };
        let powers: Vec<f64> = (0..logits.len()).map(power).collect();
        let total: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / total).collect::<Vec<f64>>()
    };
    let warm = softmax(&vec![true; logits.len()]);
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    let mut kept = vec![false; logits.len()];
    order.iter().take(k).for_each(|&token| kept[token] = true);
    let among = softmax(&kept);
    let mut reached = 0.0;
    for &token in &order {
        kept[token] &= reached < p;
        reached += among[token];
    }
    (warm, softmax(&kept))
}

/// What must hold in every state.
fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(html, &[("select[name=source] option[selected]", 1)])?;
    let rows = table(html);
    for column in 2..5 {
        let shares: Vec<f64> = rows
            .iter()
            .filter(|row| row[column] != "out")
            .map(|row| row[column].parse().map_err(|_| format!("a share is {:?}", row[column])))
            .collect::<Result<_, _>>()?;
        let sum: f64 = shares.iter().sum();
        if !rows.is_empty() && (sum - 1.0).abs() > 0.005 * shares.len() as f64 + 1e-9 {
            return Err(format!("column {column} sums to {sum}: {shares:?}"));
        }
    }
    for bar in all(html, ".share-bar rect") {
        let width: f64 = bar.attr("width").unwrap().parse().unwrap();
        if !(0.0..=100.0).contains(&width) {
            return Err(format!("a bar is {width} wide"));
        }
    }
    Ok(())
}

#[test]
fn it_opens_on_the_made_up_tokens_at_temperature_one() {
    let html = view(&widget());
    let (shares, _) = expected(&LOGITS, 1.0, 4, 1.0);
    let rows = table(&html);
    for (row, (logit, weight)) in rows.iter().zip(LOGITS.iter().zip(&shares)) {
        let weight = share(*weight as f32);
        assert_eq!(row[1..], [number(*logit, 2), weight.clone(), weight.clone(), weight]);
    }
    let entropy: f64 = shares.iter().map(|share| -share * share.ln()).sum();
    let bits = entropy / 2.0_f64.ln();
    assert!(html.html().contains(&format!("<td>{bits:.2}</td>")), "{bits}");
    let effective = significant(entropy.exp());
    assert!(status(&widget()).contains(&format!("the choice is among {effective} tokens")));
    assert!(!widget().view().contains("<b>"), "tokens are escaped");
}

#[test]
fn the_printed_temperature_is_the_one_that_is_used() {
    for (step, temperature) in TEMPERATURES.into_iter().enumerate() {
        assert_eq!(format!("{temperature:.2}").parse(), Ok(temperature));
        let mut widget = widget();
        widget.update("temperature", &step.to_string()).unwrap();
        assert_eq!(widget.state().temperature(), temperature);
        let (shares, _) = expected(&LOGITS, temperature, 4, 1.0);
        assert_eq!(table(&view(&widget))[0][3], share(shares[0] as f32), "{temperature}");
        let spoken = format!("temperature {temperature:.2}");
        assert_eq!(all(&view(&widget), &format!("[aria-valuetext='{spoken}']")).len(), 1);
    }
    assert!(TEMPERATURES.is_sorted());
    assert_eq!((TEMPERATURES[0], TEMPERATURES[20], TEMPERATURES[34]), (0.1, 1.0, 5.0));
}

#[test]
fn filters_keep_what_sorting_and_adding_up_keeps() {
    let logits = asked("one").logits;
    let mut largest = 0.0_f64;
    for temperature in [0.1, 0.5, 1.0, 2.24, 5.0] {
        for k in [None, Some(1), Some(7), Some(50)] {
            for percent in [5, 50, 80, 95, 100] {
                let got = Shares::new(&logits, temperature, k, percent);
                let p = percent as f64 / 100.0;
                let (warm, kept) = expected(&logits, temperature, k.unwrap_or(VOCABULARY), p);
                let pairs = got.warm.shares.iter().zip(&warm);
                for (got, expected) in pairs.chain(got.kept.shares.iter().zip(&kept)) {
                    largest = largest.max((got - expected).abs());
                }
                let stay = kept.iter().filter(|share| **share > 0.0).count();
                assert_eq!(got.stay(), stay, "T {temperature}, k {k:?}, p {p}");
            }
        }
    }
    println!("largest difference {largest:e}");
    assert!(largest < 1e-12, "{largest:e}");
}

#[test]
fn a_filtered_token_is_out_and_the_status_says_how_many_stay() {
    let mut widget = widget();
    widget.update("source", "two").unwrap();
    widget.update("top-k", "3").unwrap();
    let rows = table(&view(&widget));
    assert_eq!(rows.len(), 13, "twelve tokens, and all others");
    assert_ne!(rows[2][4], "out");
    assert_eq!(rows[3][4], "out");
    assert_eq!((rows[12][0].as_str(), rows[12][4].as_str()), ("288 others", "out"));
    assert!(status(&widget).contains("The filters keep 3 of 300 tokens"), "{}", status(&widget));
    // The end of the slider is no filter.
    widget.update("top-k", "51").unwrap();
    assert_eq!(widget.state().top_k, None);
    assert!(!status(&widget).contains("filters"));
    widget.update("top-p", "5").unwrap();
    let stay = Shares::new(&asked("two").logits, 1.0, None, 5).stay();
    assert!(status(&widget).contains(&format!("keep {stay} of 300")));
}

#[test]
fn the_curves_pass_through_the_shares_of_the_table() {
    for logits in [LOGITS.to_vec(), asked("one").logits] {
        let alone = alone(50, logits.len());
        for temperature in TEMPERATURES {
            let curve = Spread::new(&logits, alone, temperature);
            let warm = Shares::new(&logits, temperature, None, 100).warm;
            assert!((curve.bits - warm.bits()).abs() < 1e-9, "{temperature}");
            assert!((curve.effective() - warm.effective()).abs() < 1e-9 * warm.effective());
            let pairs = curve.shown.iter().zip(&warm.shares).take(alone);
            pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{temperature}"));
            assert!((curve.shown.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
    assert_eq!([alone(4, 4), alone(50, 300), alone(2, 300)], [4, SHOWN - 1, 2]);
}

#[test]
fn lines_are_dragged_as_sliders_are_moved() {
    let (mut dragged, mut moved) = (widget(), widget());
    let pairs = [
        (("source", "one"), ("source", "one")),
        (("turn", ",-50,90,wide"), ("temperature", "0")),
        (("turn", ",900,90,narrow"), ("temperature", "34")),
        (("cut", "k,300,112,wide"), ("top-k", "3")),
        (("cut", "p,-9,60,wide"), ("top-p", "5")),
        (("cut", "k,300,900,narrow"), ("top-k", "51")),
        (("cut", "p,447,60,wide"), ("top-p", "50")),
        (("cut", "p,999,60,narrow"), ("top-p", "100")),
    ];
    for (drag, slide) in pairs {
        dragged.update(drag.0, drag.1).unwrap();
        moved.update(slide.0, slide.1).unwrap();
        assert_eq!(dragged.state(), moved.state(), "{drag:?}");
        assert_eq!(dragged.view(), moved.view(), "{drag:?}");
    }
    let mut early = opens::<Temperature>(&setup(), "?temperature=one_1.00_all_100_3_2_1_0");
    refuses(&mut early, &[("cut", "k,300,112,wide"), ("cut", "x,300,112,wide")]);
}

#[test]
fn pointing_at_a_token_marks_its_curve() {
    let mut widget = widget();
    let marked = |widget: &Opened<Temperature>| all(&view(widget), ".at-all .line-accent").len();
    assert_eq!(marked(&widget), 0);
    widget.update("look", "1").unwrap();
    assert_eq!(marked(&widget), 2, "once in each layout");
    widget.update("look", "").unwrap();
    assert_eq!(marked(&widget), 0);
}

#[test]
fn a_k_that_fits_one_source_and_not_the_other_is_let_go() {
    let mut widget = widget();
    widget.update("source", "one").unwrap();
    widget.update("top-k", "20").unwrap();
    widget.update("source", TOY).unwrap();
    assert_eq!(widget.state().top_k, None);
    widget.update("top-k", "2").unwrap();
    widget.update("source", "one").unwrap();
    assert_eq!(widget.state().top_k, Some(2));
}

#[test]
fn a_logit_can_be_typed_and_a_wrong_one_is_told() {
    let mut widget = widget();
    for (typed, understood) in [("4", 4.0), (" -0,5 ", -0.5), ("−1.25", -1.25), ("50", 50.0)] {
        widget.update("logit-1", typed).unwrap();
        assert_eq!(widget.state().logits[1], understood, "{typed}");
        let html = view(&widget);
        assert!(all(&html, "[aria-invalid=true], .wrong").is_empty());
        let (shares, _) = expected(&widget.state().logits, 1.0, 4, 1.0);
        assert_eq!(table(&html)[1][2], share(shares[1] as f32));
    }
    let before = table(&view(&widget));
    for typed in ["", "-", "many", "NaN", "inf", "50.5", "1e9", "<b>"] {
        widget.update("logit-1", typed).unwrap();
        let html = view(&widget);
        assert_eq!(table(&html), before, "the last good value stays");
        let field = all(&html, "input[aria-invalid=true]");
        assert_eq!(field.len(), 1, "{typed}");
        assert_eq!(field[0].attr("value"), Some(typed), "what was typed stays");
        let label = ElementRef::wrap(field[0].parent().unwrap()).unwrap();
        assert!(text(&label).contains("Not a number from −50 to 50: 50 still counts."));
    }
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), setup().opening);
}

#[test]
fn the_same_added_to_every_logit_changes_no_share() {
    let shares = |add: f32| Shares::new(&LOGITS.map(|logit| logit + add), 0.5, None, 100).warm;
    let pairs = shares(0.0).shares.into_iter().zip(shares(16.0).shares);
    // The sums themselves are rounded in f32.
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let bad = [
        ("source", "three"),
        ("temperature", "35"),
        ("temperature", "x"),
        ("top-k", "0"),
        ("top-k", "5"),
        ("top-p", "0"),
        ("top-p", "52"),
        ("top-p", "105"),
        ("logit-4", "1"),
        ("logit-x", "1"),
        ("look", "6"),
        ("turn", "1,2,wide"),
        ("turn", ",NaN,2,wide"),
        ("cut", "q,1,2,wide"),
        ("dance", ""),
    ];
    refuses(&mut widget(), &bad);
}

#[test]
fn a_page_loads_logits_as_they_are_wanted() {
    let mut live = opens::<Temperature>(&setup(), "");
    assert_eq!(live.wants(), None, "the made-up tokens need no file");
    assert_eq!(live.view(), widget().view(), "the page shows what the book was built with");
    live.update("source", "one").unwrap();
    assert_eq!(live.wants().as_deref(), Some("next/one.bin"));
    live.failed("next/one.bin", "the server answered 404");
    assert!(live.view().contains("the server answered 404"));
    assert_eq!(live.wants(), None);
    live.update("source", "one").unwrap();
    live.receive("next/one.bin", &asked("one").to_bytes()).unwrap();
    let mut there = widget();
    there.update("source", "one").unwrap();
    assert_eq!(live.view(), there.view());
}

#[test]
fn a_damaged_file_is_refused_and_told() {
    let good = asked("one").to_bytes();
    assert_eq!(NextToken::from_bytes(&good).unwrap(), asked("one"), "nothing is lost");
    let mut short = asked("one");
    short.logits.pop();
    let mut nameless = asked("one");
    nameless.named.clear();
    let mut infinite = asked("one");
    infinite.logits[0] = f32::INFINITY;
    for bytes in [
        Vec::new(),
        good[..good.len() - 1].to_vec(),
        [&[9], &good[1..]].concat(),
        short.to_bytes(),
        nameless.to_bytes(),
        infinite.to_bytes(),
        asked("two").to_bytes(),
    ] {
        let address = "?temperature=one_1.00_all_100_3_2_1_0";
        let mut live = opens::<Temperature>(&setup(), address);
        live.receive("next/one.bin", &bytes).unwrap_err();
        assert!(live.view().contains("could not be loaded"));
    }
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let there = opens::<Temperature>(&setup(), "?a=b&temperature=two_0.50_20_90_1_2.5_-3_0");
    let there = there.state();
    assert_eq!((there.source.as_str(), there.temperature()), ("two", 0.5));
    assert_eq!((there.top_k, there.top_p), (Some(20), 90));
    assert_eq!(there.logits, [1.0, 2.5, -3.0, 0.0]);
    let bad = [
        "",
        "?temperature",
        "?temperature=toy",
        "?temperature=three_1.00_all_100_1_2_3_4",
        "?temperature=toy_1.01_all_100_1_2_3_4",
        "?temperature=toy_1.00_4_100_1_2_3_4",
        "?temperature=toy_1.00_0_100_1_2_3_4",
        "?temperature=toy_1.00_all_0_1_2_3_4",
        "?temperature=toy_1.00_all_100_1_2_3",
        "?temperature=toy_1.00_all_100_1_2_3_4_5",
        "?temperature=toy_1.00_all_100_1_2_3_NaN",
        "?temperature=%22_%3E",
    ];
    ignores::<Temperature>(&setup(), &bad);
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let mut no_tokens = setup();
    (no_tokens.toy, no_tokens.opening) = (Vec::new(), State::neutral(Vec::new()));
    let mut no_source = setup();
    no_source.opening.source = "three".into();
    let mut no_step = setup();
    no_step.opening.step = TEMPERATURES.len();
    let mut no_logit = setup();
    no_logit.opening.logits.pop();
    refuses_setups::<Temperature>([no_tokens, no_source, no_step, no_logit]);
}

#[test]
pub(crate) fn keeps_the_contract() {
    let mut events = list("source temperature top-k top-p turn cut look");
    events.extend((0..LOGITS.len()).map(|place| format!("logit-{place}")));
    Contract {
        widget: widget(),
        events,
        words: list("toy one two three 50 55 100 p,300,50,wide k,300,120,narrow ,200,10,wide"),
        // What was typed and not understood is not kept.
        kept: |state| {
            let typed = state.logits.iter().map(f32::to_string).collect();
            State { typed, look: None, ..state.clone() }
        },
        sound: is_sound,
    }
    .holds();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn a_file_of_any_bytes_is_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let holds = |next: &NextToken| {
            (1..=next.logits.len()).contains(&next.named.len())
                && next.logits.iter().all(|logit| logit.is_finite())
                && next.logits.is_sorted_by(|a, b| a >= b)
        };
        reads_or_refuses(NextToken::from_bytes, &bytes, holds);
        bytes.insert(0, 1);
        reads_or_refuses(NextToken::from_bytes, &bytes, holds);
    }
}
