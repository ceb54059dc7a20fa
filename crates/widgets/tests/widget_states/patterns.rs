//! The patterns, natively: counts against rules written anew, reach against powers of a matrix, and
//! that nothing breaks the widget.

use std::time::{Duration, Instant};

use scraper::Html;
use widgets::patterns::{
    DEEPEST, Event, JOINS, PATTERNS, POWERS, Patterns, Setup, State, TOKENS, hops,
};
use widgets::{Opened, Widget};

use crate::common::{counts, ignores, opens, refuses, refuses_setups, status};
use crate::contract::{Contract, list};

fn opening() -> State {
    State {
        first: 2,
        join: 1,
        second: 1,
        tokens: 12,
        window: 2,
        power: 10,
        layers: 3,
        cell: (0, 0),
    }
}

fn widget() -> Opened<Patterns> {
    Opened::new(Setup { opening: opening() }).expect("a sound setup")
}

/// Whether a pattern lets `query` see `key`, by its rule in words.
fn rule(pattern: &str, query: i64, key: i64, n: i64, window: i64) -> Option<bool> {
    let far = (query - key).abs();
    let near = far <= window;
    let root = (1..=n).take_while(|it| it * it <= n).last().unwrap();
    let global = query == 0 || key == 0;
    Some(match pattern {
        "full" => true,
        "causal" => key <= query,
        "window" => near,
        "dilated" => far % 2 == 0 && far <= 2 * window,
        "strided" => key <= query && (far <= root || far % root == 0),
        "global" => global,
        "longformer" => near || global,
        "padding" => key < n - n / 4,
        _ => return None, // drawn by lot
    })
}

#[test]
fn each_pattern_sees_what_its_rule_says() {
    let mut compared = 0;
    for (first, (name, _)) in PATTERNS.iter().enumerate() {
        for (tokens, window) in [(4, 1), (12, 2), (24, 6)] {
            let state = State { first, join: 0, tokens, window, ..opening() };
            let grid = state.grid(tokens);
            for (query, key) in
                (0..tokens).flat_map(|query| (0..tokens).map(move |key| (query, key)))
            {
                let [i, j, n, w] = [query, key, tokens, window].map(|it| it as i64);
                if let Some(expected) = rule(name, i, j, n, w) {
                    assert_eq!(
                        grid.sees(query, key),
                        expected,
                        "{name}: {query}, {key} of {tokens}"
                    );
                    compared += 1;
                }
            }
        }
    }
    println!("{compared} pairs compared");
}

#[test]
fn the_status_counts_as_the_grid_does() {
    let said = status(&widget());
    // 1 + 2 + 3 * 10 and 1 + 2 + 3 * 1022, counted by hand; reach 3 * 2 + 1.
    let expected = "Sliding window and causal over 12 tokens: 33 of 144 pairs, 22.9 %. Over 1,024: \
                    3,069 of 1,048,576 pairs, 0.3 %. Through 3 layers the last token is reached by \
                    7 of 12.";
    assert_eq!(said, expected);
}

/// Every pattern alone and with every other, both ways.
fn compositions() -> impl Iterator<Item = State> {
    let all = |join| {
        let firsts = 0..PATTERNS.len();
        firsts.flat_map(move |first| {
            let seconds = if join == 0 { 1 } else { PATTERNS.len() };
            (0..seconds).map(move |second| State { first, join, second, ..opening() })
        })
    };
    (0..JOINS.len()).flat_map(all)
}

#[test]
fn every_composition_is_counted_as_its_grid() {
    let mut counted = 0;
    for state in compositions() {
        for (n, window) in [(0, 1), (1, 2), (4, 1), (24, 6), (47, 3), (512, 2)] {
            let state = State { window, ..state.clone() };
            assert_eq!(state.count(n), state.grid(n).count() as u64, "{state:?}, {n} tokens");
            counted += 1;
        }
    }
    println!("{counted} counts compared with grids");
}

#[test]
fn the_longer_text_has_up_to_a_million_tokens() {
    let mut widget = widget();
    let mut status = |events: &[Event]| {
        events.iter().for_each(|event| assert_eq!(widget.apply(event), Ok(())));
        self::status(&widget)
    };
    // 3 a token, but 1 and 2 for the first two.
    let said = status(&[Event::Power(20)]);
    let expected = "Over 1,048,576: 3,145,725 of 1,099,511,627,776 pairs, 1 of every 349,526.";
    assert!(said.contains(expected), "{said}");
    // n (n + 1) / 2.
    let said = status(&[Event::Join(0), Event::First(1)]);
    let expected = "Over 1,048,576: 549,756,338,176 of 1,099,511,627,776 pairs, 50.0 %.";
    assert!(said.contains(expected), "{said}");
    let said = status(&[Event::First(0)]);
    assert!(said.contains("of 1,099,511,627,776 pairs, 100.0 %."), "{said}");
}

/// A share that is printed as nothing or as all must be that.
#[test]
fn shares_are_true_at_every_power() {
    let (mut shares, mut dearest) = (0, (Duration::ZERO, String::new()));
    for state in compositions() {
        for power in [POWERS[0], 10, 15, POWERS[1]] {
            let state = State { power, ..state.clone() };
            let (n, start) = (1 << power, Instant::now());
            let (count, all_pairs) = (state.count(n), (n * n) as u64);
            dearest = dearest.max((start.elapsed(), format!("{state:?}")));
            let widget = Opened::<Patterns>::new(Setup { opening: state }).unwrap();
            let said = status(&widget);
            let longer = said.split(". ").nth(1).unwrap();
            assert_eq!(longer.ends_with(", 100.0 %"), count == all_pairs, "{said}");
            assert!(!longer.ends_with(", 0.0 %"), "{said}");
            if let Some((_, every)) = longer.split_once("1 of every ") {
                let every: String = every.chars().filter(char::is_ascii_digit).collect();
                let every = every.parse::<f64>().unwrap();
                assert!((every * count as f64 / all_pairs as f64 - 1.0).abs() < 0.001, "{said}");
            }
            shares += 1;
        }
    }
    let (time, state) = dearest;
    println!("{shares} shares; the dearest count took {time:.1?}: {state}");
}

#[test]
fn hops_are_the_first_power_of_the_mask_that_has_the_pair() {
    for first in 0..PATTERNS.len() {
        let state = State { first, ..opening() };
        let mask = state.grid(12);
        let found = hops(&mask, DEEPEST);
        let one = |i: usize, j: usize| u64::from(mask.sees(i, j));
        let mut power: Vec<Vec<u64>> =
            (0..12).map(|i| (0..12).map(|j| one(i, j)).collect()).collect();
        for layer in 1..=DEEPEST {
            for (i, j) in (0..12).flat_map(|i| (0..12).map(move |j| (i, j))) {
                let first = found[i][j] == Some(layer);
                let earlier = found[i][j].is_some_and(|hop| hop < layer);
                assert!(earlier || first == (power[i][j] > 0), "{layer}: {i}, {j}");
            }
            let product =
                |i: usize, j: usize| (0..12).map(|m| one(i, m) * power[m][j]).sum::<u64>().min(1);
            power = (0..12).map(|i| (0..12).map(|j| product(i, j)).collect()).collect();
        }
    }
}

#[test]
fn bad_setups_and_events_are_refused_and_bad_addresses_ignored() {
    let bad = [
        State { first: PATTERNS.len(), ..opening() },
        State { tokens: TOKENS[1] + 1, ..opening() },
        State { cell: (12, 0), ..opening() },
    ];
    refuses_setups::<Patterns>(bad.map(|opening| Setup { opening }));
    let bad =
        [("first", "none"), ("tokens", "99"), ("window", "0"), ("cell", "12,0"), ("what", "")];
    refuses(&mut widget(), &bad);
    assert_eq!(widget().update("key", "Tab"), Ok(false));
    let bad = [
        "?patterns=full",
        "?patterns=full.and.causal.99.1.10.1.0.0",
        "?patterns=full.and.causal.12.1.21.1.0.0",
        "?other=1",
    ];
    ignores::<Patterns>(&Setup { opening: opening() }, &bad);
    // The longer text once ended at ten, and such links are about.
    for power in POWERS[0]..=POWERS[1] {
        let address = format!("?patterns=full.and.causal.12.1.{power}.1.0.0");
        let there = opens::<Patterns>(&Setup { opening: opening() }, &address);
        assert_eq!((there.state().first, there.state().power), (0, power));
    }
}

/// A cell for each pair, of which Tab comes to one.
fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    let pairs = state.tokens * state.tokens;
    counts(html, &[("[role=gridcell]", pairs), ("[role=gridcell][tabindex='0']", 1)])
}

#[test]
pub(crate) fn keeps_the_contract() {
    let names = PATTERNS.iter().chain(&JOINS).map(|(name, _)| (*name).to_owned());
    Contract {
        widget: widget(),
        events: list("first join second tokens window power layers cell key"),
        words: names.collect(),
        kept: Clone::clone,
        sound: is_sound,
    }
    .holds();
}
