//! The training of an induction head, natively: the widget talks with the real trainer, and shows
//! what that answers.

use induction::message::{Answer, Ask, News, Record, WHOLE};
use induction::{DRAWN, HEADS, LAYERS, STEPS, record};
use scraper::Html;
use trainer::Lab;
use widgets::induction::{Induction, Phase, RATES, SEQ, Setup, State, WORKER};
use widgets::show::{number, share};
use widgets::{Opened, Widget};

use crate::common::{all, counts, ignores, refuses, refuses_setups, status, text, view};
use crate::contract::{Contract, list};

fn opening() -> State {
    let typed = record().continued.text;
    State { seed: 1, rate: 2, head: (1, 0), cell: (DRAWN, 1), cut: WHOLE, typed, at: None }
}

fn setup() -> Setup {
    Setup { record: record(), opening: opening() }
}

fn widget() -> Opened<Induction> {
    Opened::new(setup()).expect("a sound setup")
}

/// Hands the widget's questions to the trainer, and its answers back.
fn carry(widget: &mut Opened<Induction>, lab: &mut Lab) {
    while let Some(post) = widget.post() {
        assert_eq!(post.worker, WORKER);
        if let Some(answer) = lab.ask(&post.message).unwrap() {
            widget.update("worker", &answer).unwrap();
        }
    }
}

/// One moment of training and its report.
fn work(widget: &mut Opened<Induction>, lab: &mut Lab) {
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
fn the_slider_goes_through_the_recorded_training_with_both_maps() {
    let mut widget = widget();
    let Record { progress, pair, .. } = record();
    assert_eq!(pair.maps.len(), progress.points.len());
    for (layer, head) in pair.heads.into_iter().enumerate() {
        let last = &pair.maps.last().unwrap()[layer];
        for (kept, weight) in last.iter().zip(&progress.maps[layer][head]) {
            assert!((f32::from(*kept) / 100.0 - weight).abs() < 0.0056, "{kept} {weight}");
        }
    }
    let found = DRAWN * (DRAWN + 1) / 2 + 1;
    for (at, (point, maps)) in progress.points.iter().zip(&pair.maps).enumerate() {
        widget.update("at", &at.to_string()).unwrap();
        let (said, html) = (status(&widget), view(&widget));
        assert!(said.contains(&format!("loss {}", number(point.loss, 2))), "{said}");
        let label = all(&html, ".for-wide > svg")[0].attr("aria-label").unwrap().to_owned();
        let looks = share(f32::from(maps[1][found]) / 100.0);
        assert!(label.ends_with(&format!("with weight {looks}.")), "{label} {looks}");
    }
    widget.update("curves", ",34,300,wide").unwrap();
    assert_eq!(widget.state().at, Some(0));
    widget.update("curves", ",9999,300,narrow").unwrap();
    assert_eq!(widget.state().at, Some(60));
    refuses(&mut widget, &[("at", "61"), ("curves", ""), ("curves", ",x,1,wide")]);
    assert_eq!(widget.address(), self::widget().address());
    widget.update("train", "").unwrap();
    assert_eq!(widget.state().at, None);
}

#[test]
fn it_trains_pauses_goes_on_and_drops_what_was_trained() {
    let (mut widget, mut lab) = (widget(), Lab::new());
    widget.update("train", "").unwrap();
    assert_eq!(widget.machine().phase(), &Phase::Running);
    assert_eq!(status(&widget), "The trainer is being loaded…");
    carry(&mut widget, &mut lab);
    work(&mut widget, &mut lab);
    work(&mut widget, &mut lab);
    let steps: Vec<u32> = widget.machine().points().iter().map(|point| point.step).collect();
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
    assert_eq!(widget.machine().points().last().unwrap().step, 15);

    // A new seed drops it, and late answers about it are not shown.
    widget.update("seed", "3").unwrap();
    lab.work().unwrap();
    let late = lab.report().unwrap().unwrap();
    widget.update("worker", &late).unwrap();
    assert_eq!(widget.machine().phase(), &Phase::Recorded);
    assert_eq!(widget.machine().points(), record().progress.points);
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
    let tell = |widget: &mut Opened<Induction>, news| {
        let answer = serde_json::to_string(&Answer { run: 1, news }).unwrap();
        widget.update("worker", &answer).unwrap();
    };
    tell(&mut widget, News::Progress(progress));
    assert_eq!(widget.machine().phase(), &Phase::Done);
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
        assert!(matches!(widget.machine().phase(), Phase::Failed(_)));
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
    let mut unpaired = setup();
    unpaired.record.pair.maps.pop();
    refuses_setups::<Induction>([short, empty, far, unpaired]);
    let bad = [
        ("seed", "99"),
        ("rate", "9"),
        ("head", "8"),
        ("cut-8", ""),
        ("cell", "20,0"),
        ("at", "-1"),
        ("x", ""),
    ];
    refuses(&mut widget(), &bad);
    assert_eq!(widget().update("key", "Tab"), Ok(false));
    let bad =
        ["?induction=1", "?induction=1_0.006_4_0_0_0101_rust", "?induction=1_7_4_0_0_00000000_a"];
    ignores::<Induction>(&setup(), &bad);
}

fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(html, &[("[role=gridcell]", SEQ * SEQ), ("[role=gridcell][tabindex='0']", 1)])
}

#[test]
pub(crate) fn keeps_the_contract() {
    let mut events = list("train pause seed rate head at text cell key worker worker-failed");
    events.extend((0..LAYERS * HEADS).map(|place| format!("cut-{place}")));
    let Record { progress, rest, continued, .. } = record();
    let news = [News::Progress(progress), News::Rest(rest), News::Continued(continued)];
    let answers = news.into_iter().map(|news| serde_json::to_string(&Answer { run: 1, news }));
    let mut words = list("rust again Rust a-b");
    words.extend(answers.map(Result::unwrap));
    Contract {
        widget: widget(),
        events,
        words,
        // What was typed and is no letter is not kept.
        kept: |state| {
            let typed = state.typed.chars().filter(char::is_ascii_lowercase).collect();
            State { typed, at: None, ..state.clone() }
        },
        sound: is_sound,
    }
    .holds();
}
