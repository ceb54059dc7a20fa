//! The cache calculator, natively: its bytes counted by hand, what it does with what is typed.

use attention::cost::Kind;
use attention::devices::DEVICES;
use attention::presets::PRESETS;
use scraper::Html;
use widgets::assemble::short;
use widgets::cache::{CUSTOM, Cache, Field, MOST_TEXTS, MOST_TOKENS, State};
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, refuses, refuses_setups, status, text, view,
};
use crate::contract::{Contract, list};

fn opening() -> State {
    State::of("llama-3-8b", 17).expect("it is in the table")
}

fn cache() -> Opened<Cache> {
    Opened::new(opening()).expect("a sound setup")
}

/// The cells of the row that begins with `name`.
fn row(html: &Html, name: &str) -> Vec<String> {
    let mut rows = cells(html, "tbody tr", "th, td").into_iter();
    let mut row = rows.find(|row| row[0].starts_with(name)).expect("the row is there");
    row.split_off(1)
}

fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("select option[selected]", 3),
            ("input[type=radio][checked]", 2),
            ("input[type=range]", 2),
            ("tr.here", 1),
            (".wrong", all(html, "[aria-invalid=true]").len()),
        ],
    )?;
    let (found, expected) = (state.cache(&state.shape()), by_hand(state));
    match found {
        Ok(bytes) if u128::from(bytes.0) == expected => Ok(()),
        found => Err(format!("{found:?} and not {expected} bytes")),
    }
}

#[test]
fn it_opens_on_the_example_of_the_chapter() {
    let html = view(&cache());
    assert_eq!(
        status(&cache()),
        "Llama 3 8B, one text of 131,072 tokens: the cache takes 16.0 GiB = 17.2 GB, the weights \
         15.0 GiB = 16.1 GB. Together they fit on 7 of the 8 devices with a known memory."
    );
    assert_eq!(row(&html, "MHA")[..4], ["32", "68,719,476,736", "64.0 GiB", "68.7 GB"]);
    assert_eq!(row(&html, "GQA (this")[..4], ["8", "17,179,869,184", "16.0 GiB", "17.2 GB"]);
    assert_eq!(row(&html, "MQA")[..4], ["1", "2,147,483,648", "2.0 GiB", "2.1 GB"]);
}

/// Bytes from the numbers alone: no call into the library.
fn by_hand(state: &State) -> u128 {
    let [layers, _, kv_heads, head_dim, latent, rotary, window, _] = state.numbers.map(u128::from);
    let tokens = 1_u128 << state.tokens;
    let bits = |dim: u128| match state.precision.as_str() {
        "fp16" => 16 * dim,
        "fp8" => 8 * dim,
        _ => 4 * dim + 32 * dim.div_ceil(32),
    };
    // A latent in fp8 has scales, and its rotary key has 16 bits a number.
    let scales = if state.precision == "fp8" { 32 * latent.div_ceil(128) } else { 0 };
    let token = if state.latent {
        bits(latent) + scales + 16 * rotary
    } else {
        2 * kv_heads * bits(head_dim)
    };
    let seen = tokens.min(window);
    let kept = match state.window.as_str() {
        "full" => layers * tokens,
        "every" => layers * seen,
        _ => layers.div_ceil(2) * seen + layers / 2 * tokens,
    };
    (kept * token * (1 << state.texts)).div_ceil(8)
}

#[test]
fn every_model_at_every_length_is_counted_by_hand() {
    for preset in PRESETS {
        for tokens in 0..=MOST_TOKENS {
            for precision in ["fp16", "fp8", "int4"] {
                let texts = tokens % (MOST_TEXTS + 1);
                let state = State {
                    texts,
                    precision: precision.into(),
                    ..State::of(&short(preset.name), tokens).unwrap()
                };
                let bytes = state.cache(&state.shape()).unwrap();
                assert_eq!(u128::from(bytes.0), by_hand(&state), "{} {tokens}", preset.name);
                assert!(Opened::<Cache>::new(state).is_ok());
            }
        }
    }
}

#[test]
fn devices_are_filled_and_bound_by_bandwidth() {
    let mut widget = cache();
    widget.update("texts", "2").unwrap();
    let html = view(&widget);
    // 16.06 GB of weights, of which the embedding is not read, and 16 GiB a text. 81,559 MiB are
    // 85.5 GB and hold four.
    let h100 = row(&html, "NVIDIA H100 80GB");
    let rate = |bandwidth: f64| {
        4.0 * bandwidth / (15.01e9 + 4.0 * (17_179_869_184.0 + 32.0 * 32.0 * 256.0 * 2.0))
    };
    assert_eq!(h100, ["79.6 GiB", "3350 GB/s", "yes", "4", &format!("{:.0}", rate(3350e9))]);
    // 143,771 MiB are 150.8 GB and hold seven. A step reads the weights, four caches, and a little for the queries.
    let h200 = row(&html, "NVIDIA H200");
    assert_eq!(h200, ["140.4 GiB", "4800 GB/s", "yes", "7", &format!("{:.0}", rate(4800e9))]);
    let laptop = row(&html, "AMD");
    assert_eq!(laptop[..4], ["the buyer’s choice", "89.6 GB/s", "?", "?"]);
    widget.update("texts", "3").unwrap();
    assert_eq!(row(&view(&widget), "NVIDIA H200")[2..4], ["no", "7"]);
    // Weights of 4 bits, and a fourth as much for their scales: 5 GB beside eight texts.
    widget.update("weight-bits", "4").unwrap();
    assert_eq!(row(&view(&widget), "NVIDIA H200")[2..4], ["yes", "8"]);
    let llama = State { weight_bits: "4".into(), ..State::of("llama-3-70b", 10).unwrap() };
    assert_eq!(llama.weights().unwrap().0.in_gb(), "44.1 GB");
    // Of a mixture of experts all weights must fit, and few are read.
    let experts = State::of("deepseek-v3", 10).unwrap();
    let (all, active) = experts.weights().unwrap();
    assert_eq!((all.0, active.0), (2 * 671_000_000_000, 2 * 35_800_000_000));
}

#[test]
fn own_numbers_are_typed_and_what_makes_no_sense_is_told() {
    let mut widget = cache();
    for (name, value) in [("layers", "16"), ("kv-heads", "4"), ("millions", "1,000")] {
        widget.update(name, value).unwrap();
    }
    assert_eq!(widget.state().model, CUSTOM);
    assert!(status(&widget).starts_with("Your own numbers, one text of 131,072 tokens"));
    assert_eq!(row(&view(&widget), "GQA")[2], "4.0 GiB");

    let before = status(&widget);
    for (name, value, told) in [
        ("kv-heads", "5", "32 query heads cannot share 5 evenly: 4 still counts."),
        ("layers", "", "Not a whole number from 1 to 1000: 16 still counts."),
        ("head-dim", "lots", "Not a whole number from 1 to 1024: 128 still counts."),
        ("heads", "-3", "Not a whole number from 1 to 1024: 32 still counts."),
    ] {
        assert_eq!(widget.update(name, value), Ok(true));
        let html = view(&widget);
        let field = &all(&html, &format!("input[name={name}]"))[0];
        assert_eq!(
            (field.attr("value"), field.attr("aria-invalid")),
            (Some(value), Some("true")),
            "{name}"
        );
        assert!(all(&html, ".wrong").iter().any(|wrong| text(wrong) == told), "{told}");
        assert_eq!(status(&widget), before);
    }
    // All of it made right: now it counts.
    for (name, value) in [("kv-heads", "5"), ("layers", "2"), ("head-dim", "64"), ("heads", "10")] {
        widget.update(name, value).unwrap();
    }
    let html = view(&widget);
    assert!(all(&html, ".wrong").is_empty());
    // 2 layers, keys and values, 5 heads of 64 numbers of 2 bytes, 131,072 tokens.
    assert_eq!(row(&html, "GQA")[1], "335,544,320");
}

#[test]
fn kinds_and_windows_change_what_is_asked_for() {
    let mut widget = cache();
    widget.update("window", "alternate").unwrap();
    widget.update("window-size", "1024").unwrap();
    let state = widget.state().clone();
    assert_eq!((state.model.as_str(), state.numbers[Field::Window as usize]), (CUSTOM, 1024));
    widget.update("kind", "latent").unwrap();
    let html = view(&widget);
    assert_eq!(all(&html, "input[name=kv-heads]").len(), 0);
    assert_eq!(all(&html, "input[name=latent], input[name=rotary]").len(), 2);
    assert!(matches!(widget.state().shape().kind, Kind::Latent { kv_lora_rank: 512, .. }));
    // The heads change while nobody shares them; back among heads, the numbers fit again.
    widget.update("heads", "6").unwrap();
    widget.update("latent", "nonsense").unwrap();
    widget.update("kind", "heads").unwrap();
    assert_eq!(widget.state().numbers[Field::KvHeads as usize], 6);
    widget.update("model", "deepseek-v2").unwrap();
    assert_eq!(row(&view(&widget), "MLA (this")[2], "8.4 GiB");
    widget.update("model", CUSTOM).unwrap();
    assert!(widget.state().latent);
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), opening());
    widget.update("model", "mistral-7b-v0-1").unwrap();
    assert!(status(&widget).ends_with("The model is made for 8,192 tokens at most."));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = cache();
    let bad = [
        ("model", "Llama 3 8B"),
        ("model", ""),
        ("tokens", "21"),
        ("tokens", "-1"),
        ("texts", "9"),
        ("precision", "fp7"),
        ("weight-bits", "5"),
        ("window", "round"),
        ("rotary", "64"),
        ("window-size", "12"),
        ("kind", "sheep"),
        ("dance", ""),
    ];
    refuses(&mut widget, &bad);
    assert_eq!(widget.wants(), None);
    assert!(widget.receive("gallery/cat.bin", &[]).is_err());
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let older = "?cache=own.17.0.fp16.16.heads.full.32.32.8.128.512.64.4096.8000";
    let numbers = [32, 32, 8, 128, 512, 64, 4096, 8000];
    let there = opens::<Cache>(&opening(), older);
    assert_eq!((&*there.state().model, there.state().numbers), (CUSTOM, numbers));
    let bad = [
        "",
        "?cache",
        "?cache=gpt-5.17.0.fp16.16",
        "?cache=llama-3-8b.21.0.fp16.16",
        "?cache=llama-3-8b.17.0.fp16",
        "?cache=llama-3-8b.17.0.fp16.16.heads.full.1.1.1.1.1.1.1.1",
        "?cache=own.17.0.fp16.16",
        "?cache=own.17.0.fp16.16.heads.full.32.32.5.128.512.64.4096.8000",
        "?cache=own.17.0.fp16.16.heads.full.32.0.0.128.512.64.4096.8000",
        "?cache=own.17.0.fp16.16.heads.full.32.32.8.128.512.64.4096",
        "?cache=....",
    ];
    ignores::<Cache>(&opening(), &bad);
    refuses_setups::<Cache>([State { tokens: 40, ..opening() }]);
    assert_eq!(all(&view(&cache()), ".sources li").len(), DEVICES.len());
}

/// The largest numbers that can be typed, all at once: a size, and no overflow.
#[test]
fn the_largest_numbers_are_counted() {
    for latent in [false, true] {
        let mut widget = cache();
        widget.update("kind", if latent { "latent" } else { "heads" }).unwrap();
        widget.update("tokens", &MOST_TOKENS.to_string()).unwrap();
        widget.update("texts", &MOST_TEXTS.to_string()).unwrap();
        for field in Field::ALL {
            if field.counts(widget.state()) {
                widget.update(field.event(), &field.range().1.to_string()).unwrap();
            }
        }
        is_sound(&view(&widget), widget.state()).unwrap();
        let shape = widget.state().shape();
        assert_eq!(
            u128::from(widget.state().cache(&shape).unwrap().0),
            by_hand(widget.state()),
            "{}",
            status(&widget)
        );
    }
}

#[test]
pub(crate) fn keeps_the_contract() {
    let mut events = list("model kind window tokens texts precision weight-bits");
    events.extend(Field::ALL.map(|field| field.event().to_owned()));
    let mut words = list("own heads latent full every alternate int4 fp8 1 2 4 8 16 32");
    words.extend(PRESETS.iter().map(|preset| short(preset.name)));
    Contract {
        widget: cache(),
        events,
        words,
        // What was typed and not understood is not kept.
        kept: |state| {
            let typed = state.numbers.map(|number| number.to_string());
            State { typed, ..state.clone() }
        },
        sound: is_sound,
    }
    .holds();
}
