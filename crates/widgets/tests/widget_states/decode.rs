//! One step of decoding, natively: what it counts, and that nothing breaks it.

use scraper::Html;
use widgets::decode::{Decode, MOST_TOKENS, Setup, State, made};
use widgets::{Opened, Widget};

use crate::common::{all, counts, ignores, opens, refuses, refuses_setups, status, text, view};
use crate::contract::{Contract, list};

fn setup() -> Setup {
    let words = ["<b>", "cat", "sat", "on", "because"].map(str::to_owned).to_vec();
    let weights = (1..=words.len()).map(|many| vec![1.0 / many as f32; many]).collect();
    Setup { words, whose: "made up".to_owned(), weights, opening: State { step: 3 } }
}

fn widget() -> Opened<Decode> {
    Opened::new(setup()).expect("a sound setup")
}

/// Counted by doing it: every way makes what it needs, step by step.
#[test]
fn the_counts_are_those_of_doing_it() {
    let (mut keys, mut scores, mut cached) = (0, 0, 0);
    for read in 1..=MOST_TOKENS {
        let now = (0..read).flat_map(|query| (0..=query).map(move |key| (query, key))).count();
        (keys, scores, cached) = (keys + read, scores + now, cached + read);
        let [without, with] = made(read);
        assert_eq!((without.keys, without.scores), (read, now));
        assert_eq!((without.keys_so_far, without.scores_so_far), (keys, scores));
        assert_eq!((with.keys, with.scores), (1, read));
        assert_eq!((with.keys_so_far, with.scores_so_far), (read, cached));
    }
}

#[test]
fn the_picture_the_sentence_and_the_table_say_the_same() {
    let mut widget = widget();
    for step in 0..5 {
        widget.update("step", &step.to_string()).unwrap();
        let [without, with] = made(step + 1);
        let html = view(&widget);
        let rows: Vec<String> = all(&html, ".numbers tbody tr").iter().map(text).collect();
        let row = |name: &str, it: widgets::decode::Made| {
            format!("{name}{0}{0}{1}{2}{3}", it.keys, it.scores, it.keys_so_far, it.scores_so_far)
        };
        assert_eq!(rows[..2], [row("without a cache", without), row("with a cache", with)]);
        for layout in [".for-wide text", ".for-narrow text"] {
            let texts: Vec<String> = all(&html, layout).iter().map(text).collect();
            let scores = if with.scores == 1 {
                "1 score now".to_owned()
            } else {
                format!("{} scores now", with.scores)
            };
            for said in
                [format!("{} made", without.keys), scores, without.scores_so_far.to_string()]
            {
                assert!(texts.contains(&said), "{said} in {texts:?}");
            }
        }
        let said = status(&widget);
        assert_eq!(said.contains("both ways do the same"), step == 0, "{said}");
    }
    assert!(status(&widget).contains("their 4 keys and values are kept, and 10 scores"));
}

#[test]
fn it_walks_plays_and_stops_at_the_ends() {
    let mut widget = widget();
    for (event, step, ends) in [
        ("next", 4, 1),
        ("next", 4, 1),
        ("play", 0, 0),
        ("back", 0, 0),
        ("play", 1, 0),
        ("back", 0, 0),
    ] {
        widget.update(event, "").unwrap();
        assert_eq!(widget.state().step, step, "{event}");
        assert_eq!(all(&view(&widget), "[data-end]").len(), ends, "{event}");
    }
}

#[test]
fn without_weights_all_that_is_counted_is_there() {
    let widget = Opened::<Decode>::new(Setup { weights: Vec::new(), ..setup() }).unwrap();
    let html = view(&widget);
    assert_eq!(all(&html, "table").len(), 1);
    assert!(all(&html, ".for-wide text").iter().any(|it| text(it) == "10 scores now"));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    refuses(&mut widget(), &[("step", "5"), ("step", "-1"), ("step", "x"), ("dance", "")]);
    let there = opens::<Decode>(&setup(), "?decode=1");
    assert_eq!(there.state().step, 1);
    ignores::<Decode>(&setup(), &["", "?decode", "?decode=5", "?decode=x", "?decode=1.1"]);
    let changed = |change: fn(&mut Setup)| {
        let mut setup = setup();
        change(&mut setup);
        setup
    };
    refuses_setups::<Decode>([
        changed(|it| it.opening.step = 5),
        changed(|it| it.words.truncate(4)),
        changed(|it| it.weights[2].push(0.1)),
        changed(|it| it.weights[2][1] = f32::NAN),
        changed(|it| it.words = vec!["a".into(); MOST_TOKENS + 1]),
        changed(|it| it.words.clear()),
    ]);
}

/// As many marks in every state: they can move.
fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    counts(
        html,
        &[
            (".for-wide rect", 2 * (2 * 2 * 5 + 2 * 15 + 1) + 4),
            (".for-narrow rect", 2 * (2 * 2 * 5 + 2 * 15 + 1) + 4),
            ("input[type=range]", 1),
        ],
    )
}

#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: widget(),
        events: list("step next back play"),
        words: Vec::new(),
        kept: |state| *state,
        sound: is_sound,
    }
    .holds();
}

/// Without a cache the scores of all steps are a pyramid, and with one a triangle.
// claim: cache-saves-old-rows
#[test]
fn without_a_cache_a_text_costs_a_cube_and_with_one_a_square() {
    for tokens in [1, 2, 7, 100, 1000] {
        let [without, with] = made(tokens);
        assert_eq!(without.scores_so_far, tokens * (tokens + 1) * (tokens + 2) / 6);
        assert_eq!(with.scores_so_far, tokens * (tokens + 1) / 2);
        // Each key that is made is a token that passes through the whole layer.
        assert_eq!([without.keys_so_far, with.keys_so_far], [with.scores_so_far, tokens]);
        // A third of the tokens, and two thirds of one.
        assert_eq!(3 * without.scores_so_far, (tokens + 2) * with.scores_so_far);
    }
}
