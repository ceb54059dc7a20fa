//! The cache calculator, natively: its bytes counted by hand, what it does with what is typed.

mod common;

use attention::cost::Kind;
use attention::devices::DEVICES;
use attention::presets::PRESETS;
use common::{all, text, view};
use proptest::prelude::*;
use scraper::{Html, Selector};
use widgets::assemble::short;
use widgets::cache::{Cache, Event, Field, MOST_TEXTS, MOST_TOKENS, OWN, State};
use widgets::{Error, Widget};

fn opening() -> State {
    State::of("llama-3-8b", 17).expect("it is in the table")
}

fn cache() -> Cache {
    Cache::new(opening()).expect("a sound setup")
}

fn status(html: &Html) -> String {
    text(&all(html, "[role=status]")[0])
}

/// The cells of the row that begins with `name`.
fn row(html: &Html, name: &str) -> Vec<String> {
    let rows = all(html, "tbody tr");
    let row = rows.iter().find(|row| text(row).starts_with(name)).expect("the row is there");
    row.select(&Selector::parse("td").unwrap()).map(|cell| text(&cell)).collect()
}

fn is_sound(html: &Html) -> Result<(), String> {
    for (selector, expected) in [
        ("[role=status]", 1),
        ("[id]", 0),
        ("[style]", 0),
        ("select option[selected]", 3),
        ("input[type=radio][checked]", 2),
        ("input[type=range]", 2),
        ("tr.here", 1),
        (".wrong", all(html, "[aria-invalid=true]").len()),
    ] {
        let found = all(html, selector).len();
        if found != expected {
            return Err(format!("{found} of {selector}, not {expected}"));
        }
    }
    Ok(())
}

#[test]
fn it_opens_on_the_example_of_the_chapter() {
    let html = view(&cache());
    is_sound(&html).unwrap();
    assert_eq!(
        status(&html),
        "Llama 3 8B, one text of 131,072 tokens: the cache takes 16.0 GiB = 17.2 GB, the weights \
         14.9 GiB = 16.0 GB. Together they fit on 7 of the 8 devices with a known memory."
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
    let token =
        if state.latent { bits(latent) + bits(rotary) } else { 2 * kv_heads * bits(head_dim) };
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
                assert!(Cache::new(state).is_ok());
            }
        }
    }
}

#[test]
fn devices_are_filled_and_bound_by_bandwidth() {
    let mut widget = cache();
    widget.update("texts", "2").unwrap();
    let html = view(&widget);
    // 16 GB of weights and 16 GiB a text. 81,559 MiB are 85.5 GB and hold four.
    let h100 = row(&html, "NVIDIA H100 80GB");
    let rate = |bandwidth: f64| {
        4.0 * bandwidth / (16e9 + 4.0 * (17_179_869_184.0 + 32.0 * 32.0 * 256.0 * 2.0))
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
    assert_eq!(llama.weights().unwrap().0.in_gb(), "43.8 GB");
    // Of a mixture of experts all weights must fit, and few are read.
    let experts = State::of("deepseek-v3", 10).unwrap();
    let (all, active) = experts.weights().unwrap();
    assert_eq!((all.0, active.0), (2 * 671_000_000_000, 2 * 37_000_000_000));
}

#[test]
fn own_numbers_are_typed_and_what_makes_no_sense_is_told() {
    let mut widget = cache();
    for (name, value) in [("layers", "16"), ("kv-heads", "4"), ("millions", "1,000")] {
        widget.update(name, value).unwrap();
    }
    assert_eq!(widget.state().model, OWN);
    assert!(status(&view(&widget)).starts_with("Your own numbers, one text of 131,072 tokens"));
    assert_eq!(row(&view(&widget), "GQA")[2], "4.0 GiB");

    let before = status(&view(&widget));
    for (name, value, told) in [
        ("kv-heads", "5", "32 query heads cannot share 5 evenly: 4 still counts."),
        ("layers", "", "Not a whole number from 1 to 1000: 16 still counts."),
        ("head-dim", "lots", "Not a whole number from 1 to 1024: 128 still counts."),
        ("heads", "-3", "Not a whole number from 1 to 1024: 32 still counts."),
    ] {
        assert_eq!(widget.update(name, value), Ok(true));
        let html = view(&widget);
        is_sound(&html).unwrap();
        let field = &all(&html, &format!("input[name={name}]"))[0];
        assert_eq!(
            (field.attr("value"), field.attr("aria-invalid")),
            (Some(value), Some("true")),
            "{name}"
        );
        assert!(all(&html, ".wrong").iter().any(|wrong| text(wrong) == told), "{told}");
        assert_eq!(status(&html), before);
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
    assert_eq!((state.model.as_str(), state.numbers[Field::Window as usize]), (OWN, 1024));
    widget.update("kind", "latent").unwrap();
    let html = view(&widget);
    is_sound(&html).unwrap();
    assert_eq!(all(&html, "input[name=kv-heads]").len(), 0);
    assert_eq!(all(&html, "input[name=latent], input[name=rotary]").len(), 2);
    assert!(matches!(widget.state().shape().kind, Kind::Latent { kv_lora_rank: 512, .. }));
    // The heads change while nobody shares them; back among heads, the numbers fit again.
    widget.update("heads", "6").unwrap();
    widget.update("latent", "nonsense").unwrap();
    widget.update("kind", "heads").unwrap();
    is_sound(&view(&widget)).unwrap();
    assert_eq!(widget.state().numbers[Field::KvHeads as usize], 6);
    widget.update("model", "deepseek-v2").unwrap();
    assert_eq!(row(&view(&widget), "MLA (this")[2], "8.4 GiB");
    widget.update("model", OWN).unwrap();
    assert!(widget.state().latent);
    widget.apply(Event::Reset).unwrap();
    assert_eq!(*widget.state(), opening());
    widget.update("model", "mistral-7b-v0-1").unwrap();
    assert!(status(&view(&widget)).ends_with("The model is made for 8,192 tokens at most."));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = cache();
    let before = widget.view();
    for (name, value) in [
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
        ("dance", ""),
    ] {
        let refused = widget.update(name, value);
        assert_eq!(refused, Err(Error::Event { name: name.into(), value: value.into() }), "{name}");
    }
    assert_eq!(widget.view(), before);
    assert!(widget.update("kind", "sheep").is_err());
    assert_eq!(widget.wants(), None);
    assert!(widget.receive("gallery/cat.bin", &[]).is_err());
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let json = serde_json::to_string(&opening()).unwrap();
    let opens = |address: &str| Cache::open(&json, address).unwrap().state().clone();
    for preset in PRESETS {
        let there = State {
            texts: 3,
            precision: "int4".into(),
            weight_bits: "8".into(),
            ..State::of(&short(preset.name), 20).unwrap()
        };
        let html = view(&Cache::new(there.clone()).unwrap());
        assert_eq!(opens(all(&html, "a.permalink")[0].attr("href").unwrap()), there);
        let own = State { model: OWN.into(), ..there };
        let html = view(&Cache::new(own.clone()).unwrap());
        assert_eq!(opens(all(&html, "a.permalink")[0].attr("href").unwrap()), own);
    }
    for bad in [
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
    ] {
        assert_eq!(opens(bad), opening(), "{bad}");
    }
    assert!(matches!(Cache::open("{}", ""), Err(Error::Setup { .. })));
    let odd = State { tokens: 40, ..opening() };
    assert!(matches!(Cache::new(odd), Err(Error::Setup { .. })));
    assert!(widgets::open("cache", &json, "").is_ok());
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
        let html = view(&widget);
        is_sound(&html).unwrap();
        let shape = widget.state().shape();
        assert_eq!(
            u128::from(widget.state().cache(&shape).unwrap().0),
            by_hand(widget.state()),
            "{}",
            status(&html)
        );
    }
}

fn any_event() -> impl Strategy<Value = (String, String)> {
    let mut names = vec!["model", "kind", "window", "tokens", "texts", "precision", "reset", "?"];
    names.extend(Field::ALL.map(Field::event));
    let mut words: Vec<String> = PRESETS.iter().map(|preset| short(preset.name)).collect();
    words.extend(
        ["own", "heads", "latent", "full", "every", "alternate", "int4", "fp8"].map(String::from),
    );
    let value = prop_oneof![
        prop::sample::select(words),
        (0_u64..1100).prop_map(|number| number.to_string()),
        prop::sample::select(vec!["1", "2", "4", "8", "32"]).prop_map(String::from),
        ".{0,6}",
    ];
    (prop::sample::select(names).prop_map(str::to_owned), value)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_row_of_events_breaks_it(events in prop::collection::vec(any_event(), 1..40)) {
        let mut widget = cache();
        for (name, value) in events {
            let before = widget.view();
            if widget.update(&name, &value).is_err() {
                prop_assert_eq!(&widget.view(), &before);
            }
            if let Err(problem) = is_sound(&view(&widget)) {
                prop_assert!(false, "after {name} {value}: {problem}");
            }
            let state = widget.state();
            prop_assert_eq!(u128::from(state.cache(&state.shape()).unwrap().0), by_hand(state));
        }
    }
}
