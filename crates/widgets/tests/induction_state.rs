//! The training of an induction head, natively: the widget talks with the real trainer, and shows
//! what that answers.

mod common;

use common::{all, text, view};
use induction::message::{Answer, Ask, News, Record, WHOLE};
use induction::{DRAWN, HEADS, LAYERS, STEPS, record};
use proptest::prelude::*;
use trainer::Lab;
use widgets::induction::{Event, Induction, Phase, RATES, SEEDS, SEQ, Setup, State, WORKER};
use widgets::show::{number, share};
use widgets::{Error, Widget};

fn opening() -> State {
    let typed = record().continued.text;
    State { seed: 1, rate: 2, head: (1, 0), cell: (DRAWN, 1), cut: WHOLE, typed }
}

fn setup() -> Setup {
    Setup { record: record(), opening: opening() }
}

fn widget() -> Induction {
    Induction::new(setup()).expect("a sound setup")
}

fn status(widget: &Induction) -> String {
    text(&all(&view(widget), "[role=status]")[0])
}

/// Hands the widget's questions to the trainer, and its answers back.
fn carry(widget: &mut Induction, lab: &mut Lab) {
    while let Some(post) = widget.post() {
        assert_eq!(post.worker, WORKER);
        if let Some(answer) = lab.ask(&post.message).unwrap() {
            widget.update("worker", &answer).unwrap();
        }
    }
}

/// One moment of training and its report.
fn work(widget: &mut Induction, lab: &mut Lab) {
    lab.work().unwrap();
    let report = lab.report().unwrap().expect("there is news");
    widget.update("worker", &report).unwrap();
}

#[test]
fn the_recorded_training_is_shown_with_its_numbers() {
    let widget = widget();
    let html = view(&widget);
    let Record { progress, rest, .. } = record();
    let last = progress.points.last().unwrap();
    let said = status(&widget);
    assert!(
        said.starts_with("A recorded training, seed 1, learning rate 0.006, after 300"),
        "{said}"
    );
    assert!(said.contains(&format!("loss {}", number(last.loss, 2))), "{said}");
    // The map has the weights of the chosen head, and its stripe is one below the half.
    let cells = all(&html, "[role=gridcell]");
    assert_eq!(cells.len(), SEQ * SEQ);
    for (place, cell) in cells.iter().enumerate() {
        let (row, column) = (place / SEQ, place % SEQ);
        let weight = progress.maps[1][0].get(row * (row + 1) / 2 + column);
        let expected = if column <= row { share(*weight.unwrap()) } else { String::new() };
        assert_eq!(text(cell), expected, "{row}, {column}");
        let stripe = cell.attr("class").unwrap().contains("stripe");
        let letters: Vec<char> = progress.word.chars().collect();
        let after_the_same = column > 0 && row >= DRAWN && letters[column - 1] == letters[row];
        assert_eq!(stripe, after_the_same && column <= DRAWN, "{row}, {column}");
    }
    // The table of heads has each head's loss.
    let losses: Vec<String> = rest.loss.concat().iter().map(|loss| number(*loss, 2)).collect();
    let shown: Vec<String> = all(&html, "tbody td:nth-child(4)").iter().map(text).collect();
    assert!(shown.windows(losses.len()).any(|some| some == losses), "{shown:?} {losses:?}");
    assert!(text(&all(&html, ".continued")[0]).starts_with(&opening().typed));
}

#[test]
fn it_trains_pauses_goes_on_and_drops_what_was_trained() {
    let (mut widget, mut lab) = (widget(), Lab::new());
    widget.update("train", "").unwrap();
    assert_eq!(widget.phase(), &Phase::Running);
    assert_eq!(status(&widget), "The trainer is being loaded…");
    carry(&mut widget, &mut lab);
    work(&mut widget, &mut lab);
    work(&mut widget, &mut lab);
    let steps: Vec<u32> = widget.points().iter().map(|point| point.step).collect();
    assert_eq!(steps, [0, 5, 10]);
    assert!(status(&widget).starts_with("Step 10 of 300: loss "), "{}", status(&widget));

    widget.update("pause", "").unwrap();
    carry(&mut widget, &mut lab);
    assert!(!lab.work().unwrap(), "it trains on");
    widget.update("worker", &lab.rest().unwrap().unwrap()).unwrap();
    // The answer about the typed text is asked for by itself.
    carry(&mut widget, &mut lab);
    assert!(!all(&view(&widget), ".continued mark").is_empty());
    widget.update("cut-6", "").unwrap();
    carry(&mut widget, &mut lab);
    let said = status(&widget);
    assert!(said.contains("Without layer 1 head 2: loss "), "{said}");

    widget.update("train", "").unwrap();
    carry(&mut widget, &mut lab);
    work(&mut widget, &mut lab);
    assert_eq!(widget.points().last().unwrap().step, 15);

    // A new seed drops it, and late answers about it are not shown.
    widget.update("seed", "3").unwrap();
    lab.work().unwrap();
    let late = lab.report().unwrap().unwrap();
    widget.update("worker", &late).unwrap();
    assert_eq!(widget.phase(), &Phase::Recorded);
    assert_eq!(widget.points(), record().progress.points);
    widget.update("train", "").unwrap();
    let asks: Vec<Ask> = std::iter::from_fn(|| widget.post())
        .map(|post| serde_json::from_str(&post.message).unwrap())
        .collect();
    assert!(matches!(asks[..], [Ask::Pause, Ask::Start { seed: 3, .. }]), "{asks:?}");
}

#[test]
fn after_the_last_step_it_is_done() {
    let mut widget = widget();
    widget.update("train", "").unwrap();
    let Record { progress, rest, continued, .. } = record();
    let tell = |widget: &mut Induction, news| {
        let answer = serde_json::to_string(&Answer { run: 1, news }).unwrap();
        widget.update("worker", &answer).unwrap();
    };
    tell(&mut widget, News::Progress(progress));
    assert_eq!(widget.phase(), &Phase::Done);
    assert!(status(&widget).starts_with(&format!("Done after {STEPS} steps: ")));
    tell(&mut widget, News::Rest(rest));
    tell(&mut widget, News::Continued(continued.clone()));
    assert_eq!(text(&all(&view(&widget), ".continued mark")[0]), continued.added);
    assert_eq!(all(&view(&widget), "[data-event=train][disabled]").len(), 1);
}

#[test]
fn a_worker_that_fails_is_told_in_words_and_can_be_tried_again() {
    let mut widget = widget();
    for (event, value) in [("worker-failed", "no network"), ("worker", "{nonsense")] {
        widget.update("train", "").unwrap();
        widget.update(event, value).unwrap();
        assert!(matches!(widget.phase(), Phase::Failed(_)));
        let said = status(&widget);
        assert!(said.starts_with("The training stopped: "), "{said}");
        assert!(said.ends_with("Press Train to begin again."), "{said}");
    }
    while widget.post().is_some() {}
    widget.update("train", "").unwrap();
    let message = widget.post().unwrap().message;
    assert!(matches!(serde_json::from_str(&message).unwrap(), Ask::Start { .. }));
}

#[test]
fn what_cannot_be_read_is_kept_and_told() {
    let mut widget = widget();
    for typed in ["Rust", "", "a-b", &"x".repeat(40)] {
        widget.update("text", typed).unwrap();
        let html = view(&widget);
        let input = all(&html, "input[type=text]")[0];
        assert_eq!(input.attr("value"), Some(typed));
        assert_eq!(input.attr("aria-invalid"), Some("true"), "{typed}");
        assert_eq!(all(&html, ".wrong").len(), 1);
    }
    widget.update("text", "rust").unwrap();
    assert!(all(&view(&widget), ".wrong").is_empty());
}

#[test]
fn bad_setups_and_events_are_refused_and_bad_addresses_ignored() {
    let mut short = setup();
    short.record.progress.maps[0][0].pop();
    let mut empty = setup();
    empty.record.progress.points.clear();
    let far = Setup { opening: State { rate: RATES.len(), ..opening() }, ..setup() };
    for bad in [short, empty, far] {
        assert!(matches!(Induction::new(bad), Err(Error::Setup { .. })));
    }
    assert!(matches!(Induction::open("{}", ""), Err(Error::Setup { .. })));
    let mut widget = widget();
    for (name, value) in
        [("seed", "99"), ("rate", "9"), ("head", "8"), ("cut-8", ""), ("cell", "20,0"), ("x", "")]
    {
        assert!(matches!(widget.update(name, value), Err(Error::Event { .. })), "{name}");
        assert_eq!(widget.state(), &opening());
    }
    assert_eq!(widget.update("key", "Tab"), Ok(false));
    let setup = serde_json::to_string(&setup()).unwrap();
    for address in
        ["?induction=1", "?induction=1_0.006_4_0_0_0101_rust", "?induction=1_7_4_0_0_00000000_a"]
    {
        assert_eq!(Induction::open(&setup, address).unwrap().state(), &opening(), "{address}");
    }
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Train),
        Just(Event::Pause),
        Just(Event::Reset),
        (0..SEEDS + 1).prop_map(Event::Seed),
        (0..RATES.len() + 1).prop_map(Event::Rate),
        (0..LAYERS * HEADS + 1).prop_map(Event::Head),
        (0..LAYERS * HEADS + 1).prop_map(Event::Cut),
        "[a-zA-Z]{0,35}".prop_map(Event::Text),
        (0..SEQ + 1, 0..SEQ).prop_map(Event::Cell),
        prop_oneof!["ArrowDown", "Home", "x"].prop_map(Event::Key),
        "\\PC{0,9}".prop_map(Event::Worker),
        "\\PC{0,9}".prop_map(Event::WorkerFailed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nothing_a_reader_does_breaks_it(events in proptest::collection::vec(events(), 1..15)) {
        let mut widget = widget();
        for event in events {
            let before = widget.state().clone();
            if widget.apply(event).is_err() {
                prop_assert_eq!(widget.state(), &before);
            }
        }
        let html = view(&widget);
        prop_assert_eq!(all(&html, "[role=gridcell]").len(), SEQ * SEQ);
        prop_assert_eq!(all(&html, "[role=gridcell][tabindex='0']").len(), 1);
        // The link leads back, but for what was typed and is no letter.
        let link = all(&html, "a.permalink")[0].attr("href").unwrap().to_owned();
        let again = Induction::open(&serde_json::to_string(&setup()).unwrap(), &link).unwrap();
        let letters = |state: &State| {
            let typed = state.typed.chars().filter(|it| it.is_ascii_lowercase()).collect();
            State { typed, ..state.clone() }
        };
        prop_assert_eq!(again.state(), &letters(widget.state()));
    }
}
