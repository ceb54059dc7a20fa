//! Flash attention, natively: what it shows against loops in f64 and counts by hand, how it
//! answers, and that nothing breaks it.

use proptest::prelude::*;
use scraper::{Html, Selector};
use widgets::files::PageFile;
use widgets::flash::{Entry, Flash, MOST_BLOCKS, Numbers, Setup, State};
use widgets::show::{grouped, number};
use widgets::{Opened, Widget};

use crate::common::{
    all, counts, ignores, opens, reads_or_refuses, refuses, refuses_setups, status, text, view,
};
use crate::contract::{Contract, list};

const LONG: usize = 40;
const HEAD_DIM: usize = 6;

/// Numbers that differ from place to place: some maxima rise and some stay.
fn made_up(name: &str, tokens: usize, head_dim: usize) -> Numbers {
    let matrix = |seed: f32| {
        let number = |at: usize| (at as f32 * 0.7 + seed).sin() * (1.5 + (at as f32 / 37.0).sin());
        (0..tokens * head_dim).map(number).collect()
    };
    Numbers {
        name: name.to_owned(),
        tokens: (0..tokens).map(|at| format!(" t{at}")).collect(),
        head_dim,
        query: matrix(0.1),
        key: matrix(1.3),
        value: matrix(2.9),
    }
}

fn toy() -> Numbers {
    let mut toy = made_up("toy", 4, 2);
    toy.tokens[1] = "<b>".to_owned();
    toy
}

fn long() -> Numbers {
    made_up("long", LONG, HEAD_DIM)
}

fn setup() -> Setup {
    let entry = |name: &str, tokens| Entry {
        name: name.into(),
        label: name.into(),
        layer: 0,
        head: 0,
        tokens,
    };
    Setup {
        toy: toy(),
        heads: vec![entry("long", LONG), entry("short", 3)],
        opening: State::opening("long", LONG, true),
    }
}

fn widget() -> Opened<Flash> {
    at(setup().opening)
}

fn at(opening: State) -> Opened<Flash> {
    let mut widget = Opened::new(Setup { opening, ..setup() }).expect("a sound setup");
    for numbers in [long(), made_up("short", 3, HEAD_DIM)] {
        widget.receive(&Numbers::path(&numbers.name), &numbers.to_bytes()).unwrap();
    }
    widget
}

/// The rows of the table that a caption begins with, cell by cell.
fn table(html: &Html, caption: &str) -> Vec<Vec<String>> {
    let [captions, rows, cells] =
        ["caption", "tbody tr", "th, td"].map(|it| Selector::parse(it).unwrap());
    let found = all(html, "table")
        .into_iter()
        .find(|table| table.select(&captions).any(|it| text(&it).starts_with(caption)));
    let table = found.unwrap_or_else(|| panic!("no table `{caption}`"));
    table.select(&rows).map(|row| row.select(&cells).map(|it| text(&it)).collect()).collect()
}

/// One row of attention over the keys from 0 to `end`, in f64: `m`, `l` and `O / l`.
fn row(numbers: &Numbers, query: usize, end: usize, causal: bool) -> (f64, f64, Vec<f64>) {
    let d = numbers.head_dim;
    let part = |matrix: &[f32], at: usize| -> Vec<f64> {
        matrix[at * d..(at + 1) * d].iter().map(|it| f64::from(*it)).collect()
    };
    let q = part(&numbers.query, query);
    let score = |key: usize| {
        let k = part(&numbers.key, key);
        q.iter().zip(k).map(|(a, b)| a * b).sum::<f64>() / (d as f64).sqrt()
    };
    let end = if causal { end.min(query + 1) } else { end };
    let scores: Vec<f64> = (0..end).map(score).collect();
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    let mixed = (0..d).map(|at| {
        let of = |(key, power): (usize, &f64)| power * part(&numbers.value, key)[at];
        powers.iter().enumerate().map(of).sum::<f64>() / total
    });
    (largest, total, mixed.collect())
}

/// Each step of a shape carries what a pass over the keys so far comes to.
#[test]
fn after_each_tile_the_rows_are_those_of_all_keys_so_far() {
    let (mut largest, mut checked) = (0.0_f64, 0);
    let shapes = [(40, 4, 8, true), (40, 16, 4, false), (33, 8, 8, true), (17, 32, 2, false)];
    for (seq, block_q, block_k, causal) in shapes {
        let state = State { numbers: "long".into(), seq, block_q, block_k, causal, step: 0 };
        let widget = at(state);
        let work = widget.machine().work().expect("the numbers are here");
        for (at, step) in work.flash.steps.iter().enumerate() {
            for found in work.rows(at) {
                let (m, l, mixed) = row(&long(), found.query, step.tile.keys.end, causal);
                let pairs = found.mixed.iter().zip(&mixed).map(|(a, b)| (f64::from(*a) - b).abs());
                let apart = pairs.chain([
                    (f64::from(found.largest) - m).abs(),
                    (f64::from(found.total) - l).abs() / l,
                ]);
                largest = apart.fold(largest, f64::max);
                checked += 1;
            }
        }
    }
    println!("{checked} rows after a tile: within {largest:.1e} of loops in f64");
    assert!(checked > 500 && largest < 1e-5, "{largest:e}");
}

/// What the older sums are multiplied by: one where the maximum stays, and less where it rises.
#[test]
fn older_sums_shrink_where_the_maximum_rises() {
    let widget = at(State { seq: LONG, ..State::opening("long", LONG, false) });
    let work = widget.machine().work().unwrap();
    let (mut rose, mut stayed) = (0, 0);
    for at in 0..work.flash.steps.len() {
        for found in work.rows(at) {
            let keys = work.flash.steps[at].tile.keys.clone();
            let Some(kept) = found.kept else {
                assert_eq!(keys.start, 0, "only the first tile has nothing behind it");
                continue;
            };
            let (before, ..) = row(&long(), found.query, keys.start, false);
            let (after, ..) = row(&long(), found.query, keys.end, false);
            assert!((f64::from(kept) - (before - after).exp()).abs() < 1e-5, "{kept}");
            if after > before { rose += 1 } else { stayed += 1 }
        }
    }
    assert!(rose > 5 && stayed > 5, "{rose} and {stayed}");
}

#[test]
fn the_counters_are_those_of_a_count_by_hand() {
    let state =
        State { numbers: "long".into(), seq: 32, block_q: 8, block_k: 16, causal: true, step: 0 };
    let widget = at(state);
    let work = widget.machine().work().unwrap();
    // Four blocks of queries, two of keys; the second is in the future of the first two.
    let skipped: Vec<bool> = work.flash.steps.iter().map(|step| step.tile.skipped).collect();
    assert_eq!(skipped, [false, true, false, true, false, false, false, false]);
    // After three steps: two blocks of queries, two of keys and values, one output with its sums.
    let numbers = 2 * 8 * HEAD_DIM + 2 * 2 * 16 * HEAD_DIM + 8 * HEAD_DIM + 8;
    assert_eq!(work.so_far(2).moved().0, 4 * numbers as u64);
    let whole = 32 * HEAD_DIM + 6 * 2 * 16 * HEAD_DIM + 32 * HEAD_DIM + 32;
    assert_eq!(work.flash.traffic.moved().0, 4 * whole as u64);
    assert_eq!(work.so_far(7), work.flash.traffic, "at the end all is written");
    assert_eq!(work.standard.moved().0, 4 * (4 * 32 * HEAD_DIM + 4 * 32 * 32) as u64);
    assert_eq!((work.skipped(2), work.skipped(7)), (1, 2));
    let lines = table(&view(&widget), "Between HBM");
    assert_eq!(lines[0][3], work.so_far(0).moved().in_gb());
    assert_eq!(lines[1][3], work.flash.traffic.moved().in_gb());
    assert_eq!((lines[2][3].as_str(), lines[2][6].as_str()), ("19.5 kB", "1,024"));
}

#[test]
fn the_view_prints_the_tile_and_what_its_queries_carry() {
    let mut widget = widget();
    widget.update("step", "4").unwrap();
    let html = view(&widget);
    let work = widget.machine().work().unwrap();
    let scores = table(&html, "Scores in SRAM: 4 by 4");
    assert_eq!(scores[1][2], number(work.scores[5 * 16 + 1], 2));
    let carried = table(&html, "What the queries carry");
    let expected = &work.rows(4)[2];
    assert_eq!(
        carried[2][..4],
        ["t6".to_owned(), number(expected.largest, 2), "–".to_owned(), number(expected.total, 2)]
    );
    assert!(carried[2][5].starts_with(&number(expected.mixed[0], 2)));
    let now: Vec<_> = all(&html, "td.now").iter().map(|it| it.attr("aria-label")).collect();
    assert_eq!(now, [Some("queries 4 to 7, keys 0 to 3: in SRAM now")]);
    // On paper the last query's whole way is printed.
    let history = table(&html, "The last query");
    assert_eq!(
        history.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(),
        ["0 to 3", "4 to 7", "8 to 11", "12 to 15"]
    );
    assert_eq!(history[0][2], "–");
}

#[test]
fn large_tiles_are_printed_in_part_and_say_so() {
    let state =
        State { numbers: "long".into(), seq: 40, block_q: 64, block_k: 64, causal: false, step: 0 };
    let html = view(&at(state));
    let scores = table(&html, "Scores in SRAM: 40 by 40, of which the first 8 by 8");
    assert_eq!((scores.len(), scores[0].len()), (8, 9));
    assert_eq!(
        table(&html, "What the queries carry along, after this tile (the first 8 of 40)").len(),
        8
    );
}

#[test]
fn the_status_tells_what_the_tile_did() {
    let mut widget = widget();
    assert!(
        status(&widget).starts_with(
            "Tile 1 of 16: queries 0 to 3 meet keys 0 to 3. Each maximum is the first. "
        )
    );
    widget.update("next", "").unwrap();
    let said = status(&widget);
    assert!(
        said.contains("Tile 2 of 16 is skipped: keys 4 to 7 come after queries 0 to 3"),
        "{said}"
    );
    widget.update("step", "15").unwrap();
    let rose = widget
        .machine()
        .work()
        .unwrap()
        .rows(15)
        .iter()
        .filter(|row| row.kept.is_some_and(|kept| kept < 1.0))
        .count();
    let said = status(&widget);
    let expected = match rose {
        0 => "No maximum rises".to_owned(),
        rose => format!("The maximum rises for {rose} of 4: what “t"),
    };
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn the_race_runs_at_one_speed_and_the_shorter_way_is_done_first() {
    // Small tiles walk more than standard attention, which is done on the way.
    let small = State { block_q: 2, block_k: 2, ..State::opening("long", 16, false) };
    let mut widget = at(small);
    let mut done = 0;
    for step in 0..63 {
        widget.update("step", &step.to_string()).unwrap();
        let work = widget.machine().work().unwrap();
        let (now, whole) = (work.so_far(step).moved(), work.standard.moved());
        let said = status(&widget);
        assert!(said.contains(&format!("{} moved so far", now.in_gb())), "{said}");
        assert_eq!(said.contains("standard attention is done"), now >= whole, "{said}");
        done += usize::from(now >= whole);
        let counters: Vec<String> =
            all(&view(&widget), ".for-wide text").iter().map(text).collect();
        let finished = format!("✓ {}", whole.in_gb());
        assert_eq!(counters.contains(&finished), now >= whole, "{counters:?}");
        let digits = now.in_gb();
        let digits = digits.split(' ').next().unwrap();
        assert!(counters.iter().any(|it| it.starts_with(digits)), "{counters:?}");
    }
    assert!((1..63).contains(&done), "{done}");
}

/// What crosses between the memories in a step is what the counters rise by.
#[test]
fn what_crosses_adds_up_to_what_is_moved() {
    let crossing = |widget: &Opened<Flash>| {
        let texts: Vec<String> = all(&view(widget), ".for-wide text").iter().map(text).collect();
        let said = texts.iter().find(|it| it.starts_with(['↑', '↓']) || *it == "nothing travels");
        said.expect("the bridge says what crosses").clone()
    };
    let mut widget = widget();
    assert_eq!(crossing(&widget), "↑ Q K V 288 B");
    widget.update("step", "1").unwrap();
    assert_eq!(crossing(&widget), "nothing travels");
    widget.update("step", "3").unwrap();
    assert_eq!(crossing(&widget), "↓ O 112 B");
    widget.update("step", "15").unwrap();
    assert_eq!(crossing(&widget), "↑ K V 192 B   ↓ O 112 B");
}

/// Playing goes on tile by tile, says when it is at the end, and from there begins anew.
#[test]
fn it_plays_to_the_end_and_then_from_the_start() {
    let mut widget = widget();
    let at_end = |widget: &Opened<Flash>| all(&view(widget), "[data-play=play][data-end]").len();
    for step in 1..16 {
        assert_eq!(at_end(&widget), 0);
        widget.update("play", "").unwrap();
        assert_eq!(widget.state().step, step);
    }
    assert_eq!(at_end(&widget), 1);
    widget.update("play", "").unwrap();
    assert_eq!(widget.state().step, 0);
}

/// The distance in units of the last place, by walking from one number to the next.
#[test]
fn the_verdict_counts_floating_point_numbers() {
    let mut seen = 0;
    for block in [2, 4, 8, 16] {
        let mut state = State {
            numbers: "long".into(),
            seq: 30,
            block_q: block,
            block_k: block,
            causal: true,
            step: 0,
        };
        state.step = state.tiles() - 1;
        let widget = at(state);
        let work = widget.machine().work().unwrap();
        let [query, key, value] = long().tensors(30);
        let plain =
            attention::scaled_dot_product_attention(query, key, value, attention::Mask::Causal);
        let plain: Vec<f32> = plain.unwrap().output.into_data().iter().collect();
        let flash: Vec<f32> = work.flash.output.to_data().iter().collect();
        let walk = |from: f32, to: f32| {
            let (mut low, high, mut steps) = (from.min(to), from.max(to), 0);
            while low < high {
                low = low.next_up();
                steps += 1;
            }
            steps
        };
        let ulps = flash.iter().zip(&plain).map(|(a, b)| walk(*a, *b)).max().unwrap();
        assert_eq!(work.difference.ulps, ulps);
        assert!(work.difference.relative < 1e-6, "{:e}", work.difference.relative);
        let said = match ulps {
            0 => "bit for bit".to_owned(),
            1 => "more than 1 unit in".to_owned(),
            ulps => format!("more than {} units in", grouped(ulps.into())),
        };
        assert!(status(&widget).contains(&said), "{}", status(&widget));
        let verdict = text(&all(&view(&widget), ".verdict")[0]);
        assert!(verdict.contains("less than a millionth of the largest"), "{verdict}");
        seen += ulps;
    }
    assert!(seen > 0, "some tile rounds in another way");
}

#[test]
fn sizes_stay_possible_whatever_is_chosen() {
    let mut widget = widget();
    widget.update("seq", "40").unwrap();
    assert_eq!((widget.state().block_q, widget.state().tiles()), (4, 100));
    assert!(widget.update("block-q", "1").is_err(), "twenty blocks are too many");
    widget.update("block-q", "6").unwrap();
    assert_eq!(widget.state().blocks(), (1, 10));
    widget.update("seq", "5").unwrap();
    assert_eq!((widget.state().block_q, widget.state().blocks()), (8, (1, 2)));
    widget.update("numbers", "toy").unwrap();
    assert_eq!(*widget.state(), State::opening("toy", 4, true));
    assert_eq!(widget.state().tiles(), 4);
    widget.update("causal", "").unwrap();
    assert!(!widget.state().causal);
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), setup().opening);
}

#[test]
fn keys_and_taps_go_to_tiles() {
    let mut widget = widget();
    for (key, step) in [
        ("ArrowRight", 1),
        ("ArrowDown", 5),
        ("End", 7),
        ("Ctrl+End", 15),
        ("Home", 12),
        ("ArrowUp", 8),
        ("Ctrl+Home", 0),
        ("ArrowLeft", 0),
    ] {
        assert_eq!(widget.update("tile-key", key), Ok(true));
        assert_eq!(widget.state().step, step, "{key}");
    }
    assert_eq!(widget.update("tile-key", "Tab"), Ok(false));
    widget.update("tile", "2,1").unwrap();
    assert_eq!((widget.state().step, widget.state().cell()), (9, (2, 1)));
    widget.update("back", "").unwrap();
    assert_eq!(widget.state().step, 8);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let bad = [
        ("numbers", "none"),
        ("seq", "1"),
        ("seq", "41"),
        ("seq", "18446744073709551615"),
        ("seq", "x"),
        ("block-q", "5"),
        ("block-k", "64"),
        ("block-k", "4294967295"),
        ("step", "16"),
        ("tile", "4,0"),
        ("tile", "0,4"),
        ("tile", "1"),
        ("dance", ""),
    ];
    refuses(&mut widget(), &bad);
}

#[test]
fn a_page_loads_numbers_as_they_are_wanted() {
    let mut live = opens::<Flash>(&setup(), "");
    assert_eq!(live.wants().as_deref(), Some("flash/long.bin"));
    live.failed("flash/long.bin", "the server answered 404");
    assert!(status(&live).contains("the server answered 404"));
    assert_eq!(live.wants(), None);
    live.update("numbers", "toy").unwrap();
    assert_eq!(live.wants(), None, "the made-up numbers need no file");
    live.update("reset", "").unwrap();
    assert_eq!(live.wants().as_deref(), Some("flash/long.bin"));
    live.receive("flash/long.bin", &long().to_bytes()).unwrap();
    assert_eq!(live.view(), widget().view(), "the page shows what the book was built with");
}

#[test]
fn a_damaged_file_is_refused_and_told() {
    let good = long().to_bytes();
    assert_eq!(Numbers::from_bytes(&good).unwrap(), long(), "nothing is lost");
    let mut short = long();
    short.key.pop();
    let mut infinite = long();
    infinite.value[3] = f32::INFINITY;
    let mut other = long();
    other.name = "short".into();
    for bytes in [
        Vec::new(),
        good[..good.len() - 1].to_vec(),
        [&[9], &good[1..]].concat(),
        short.to_bytes(),
        infinite.to_bytes(),
        other.to_bytes(),
        made_up("long", 12, HEAD_DIM).to_bytes(),
        made_up("toy", 4, 2).to_bytes(),
    ] {
        let mut live = opens::<Flash>(&setup(), "");
        live.receive("flash/long.bin", &bytes).unwrap_err();
        assert!(live.view().contains("could not be loaded"));
    }
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let there = opens::<Flash>(&setup(), "?a=b&flash=long.40.8.16.full.7");
    let there = there.state();
    assert_eq!((there.seq, there.block_q, there.block_k), (40, 8, 16));
    assert_eq!((there.causal, there.step, there.cell()), (false, 7, (2, 1)));
    let bad = [
        "",
        "?flash",
        "?flash=long",
        "?flash=none.16.4.4.causal.0",
        "?flash=long.41.4.4.causal.0",
        "?flash=long.16.3.4.causal.0",
        "?flash=long.16.0.4.causal.0",
        "?flash=long.16.4.4.maybe.0",
        "?flash=long.16.4.4.causal.16",
        "?flash=long.16.4.4.causal.-1",
        "?flash=long.16.4.4.causal.0.0",
        "?flash=%22.%3E",
    ];
    ignores::<Flash>(&setup(), &bad);
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let opening = |change: fn(&mut Setup)| {
        let mut setup = setup();
        change(&mut setup);
        setup
    };
    refuses_setups::<Flash>([
        opening(|it| it.opening.numbers = "none".into()),
        opening(|it| it.opening.seq = 41),
        opening(|it| it.opening.block_k = 0),
        opening(|it| it.opening.step = 16),
        opening(|it| it.toy.query[0] = f32::NAN),
        opening(|it| it.toy.tokens.truncate(1)),
        opening(|it| it.heads[1].tokens = 0),
    ]);
}

/// What must hold in every state.
fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("select[name=numbers] option[selected]", 1),
            ("table.map td[tabindex='0']", 1),
            ("td.now", 1),
            ("td[role=gridcell]", state.tiles()),
        ],
    )?;
    if state.tiles() > MOST_BLOCKS * MOST_BLOCKS { Err("too many tiles".into()) } else { Ok(()) }
}

/// In every state the library does the work: else there would be no map.
#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: widget(),
        events: list("numbers seq block-q block-k causal step next back play tile tile-key"),
        words: list("toy long short none"),
        kept: Clone::clone,
        sound: is_sound,
    }
    .holds();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn a_file_of_any_bytes_is_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let holds = |numbers: &Numbers| {
            let Numbers { tokens, head_dim, query, key, value, .. } = numbers;
            let size = tokens.len() * head_dim;
            let mut all = query.iter().chain(key).chain(value);
            tokens.len() > 1
                && size > 0
                && [query.len(), key.len(), value.len()] == [size; 3]
                && all.all(|number| number.is_finite())
        };
        reads_or_refuses(Numbers::from_bytes, &bytes, holds);
        bytes.insert(0, 1);
        reads_or_refuses(Numbers::from_bytes, &bytes, holds);
    }
}
