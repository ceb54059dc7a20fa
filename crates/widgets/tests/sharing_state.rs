//! The sharing of heads, natively: who reads what is what the library's attention does.

mod common;

use attention::{Mask, grouped_query_attention};
use burn::tensor::{Device, Tensor, TensorData};
use common::{all, text, view};
use proptest::prelude::*;
use scraper::Html;
use widgets::sharing::{Event, MOST_HEADS, Sharing, SharingWidget, State, divisors};
use widgets::{Error, Widget};

fn opening() -> State {
    State { heads: 8, sharing: Sharing::Grouped(2), head: 5 }
}

fn widget() -> SharingWidget {
    SharingWidget::new(opening()).expect("a sound setup")
}

fn status(html: &Html) -> String {
    text(&all(html, "[role=status]")[0])
}

fn is_sound(html: &Html, state: State) -> Result<(), String> {
    for (selector, expected) in [
        ("[role=status]", 1),
        ("[id]", 0),
        ("[style]", 0),
        ("select option[selected]", 1),
        ("input[type=range]", 2),
        ("svg circle", state.heads as usize),
        ("svg rect", state.boxes() as usize),
        ("svg line", state.heads as usize),
        ("svg .query.own", 1),
        ("svg .stored.own", 1),
        ("tr.here", 2),
    ] {
        let found = all(html, selector).len();
        if found != expected {
            return Err(format!("{found} of {selector}, not {expected}"));
        }
    }
    Ok(())
}

#[test]
fn it_opens_on_two_groups_of_four() {
    let html = view(&widget());
    is_sound(&html, opening()).unwrap();
    assert_eq!(
        status(&html),
        "GQA. Query head 5 reads key and value head 1, which answers query heads 4, 5, 6, 7. A \
         layer keeps 512 numbers of each token, 4 times less than MHA."
    );
    let rows: Vec<String> = all(&html, "tbody tr").iter().map(text).collect();
    assert_eq!(rows[..2], ["kv head 00, 1, 2, 3", "kv head 14, 5, 6, 7"]);
    assert_eq!(
        rows[2..],
        [
            "MHA82,048as many",
            "GQA41,0242 times less",
            "GQA25124 times less",
            "MQA12568 times less",
            "MLAlatent5763.6 times less"
        ]
    );
}

/// The values of key and value head `k` are all `k`, so an output says which head was read.
#[test]
fn who_reads_what_is_what_the_attention_does() {
    let device = Device::flex();
    for heads in 1..=MOST_HEADS {
        for kv_heads in divisors(heads) {
            let shape = [1, kv_heads as usize, 1, 1];
            let numbers: Vec<f32> = (0..kv_heads).map(|number| number as f32).collect();
            let value = Tensor::<4>::from_data(TensorData::new(numbers, shape), &device);
            let query = Tensor::ones([1, heads as usize, 1, 1], &device);
            let found = grouped_query_attention(query, value.clone(), value, Mask::Full).unwrap();
            let read: Vec<f32> = found.output.into_data().try_to_vec().unwrap();
            let state = State { heads, sharing: Sharing::Grouped(kv_heads), head: 0 };
            let shown: Vec<f32> =
                (0..heads).map(|head| state.read_by(head).unwrap() as f32).collect();
            assert_eq!(shown, read, "{heads} query heads, {kv_heads} key and value heads");
        }
    }
}

#[test]
fn what_is_kept_is_counted_by_hand() {
    for heads in 1..=MOST_HEADS {
        for kv_heads in divisors(heads) {
            assert_eq!(Sharing::Grouped(kv_heads).numbers(heads).unwrap(), 2 * kv_heads * 128);
        }
        assert_eq!(Sharing::Latent.numbers(heads).unwrap(), 512 + 64);
    }
}

#[test]
fn events_change_what_they_name() {
    let mut widget = widget();
    for (name, value) in [("heads", "9"), ("share", "3"), ("head", "8")] {
        assert_eq!(widget.update(name, value), Ok(true), "{name}");
    }
    let said = status(&view(&widget));
    assert!(
        said.contains("reads key and value head 2, which answers query heads 6, 7, 8"),
        "{said}"
    );
    widget.update("heads", "7").unwrap();
    assert_eq!(widget.state(), State { heads: 7, sharing: Sharing::Grouped(1), head: 6 });
    assert!(status(&view(&widget)).starts_with("MQA."));
    widget.update("share", "7").unwrap();
    assert!(status(&view(&widget)).contains("MHA. Query head 6 reads key and value head 6, alone"));
    widget.update("share", "latent").unwrap();
    assert!(status(&view(&widget)).starts_with("MLA. Query head 6 reads the one latent"));
    widget.update("heads", "1").unwrap();
    assert!(status(&view(&widget)).ends_with("2.2 times more than MHA."));
    widget.apply(Event::Reset).unwrap();
    assert_eq!(widget.state(), opening());
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = widget();
    let before = widget.view();
    for (name, value) in [
        ("heads", "0"),
        ("heads", "17"),
        ("heads", "18446744073709551615"),
        ("heads", "many"),
        ("share", "3"),
        ("share", "0"),
        ("share", "MQA"),
        ("head", "8"),
        ("head", "-1"),
        ("dance", ""),
    ] {
        let refused = widget.update(name, value);
        assert_eq!(refused, Err(Error::Event { name: name.into(), value: value.into() }));
    }
    assert_eq!(widget.view(), before);
    assert_eq!(widget.wants(), None);
    assert!(widget.receive("gallery/cat.bin", &[]).is_err());
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let json = serde_json::to_string(&opening()).unwrap();
    let opens = |address: &str| SharingWidget::open(&json, address).unwrap().state();
    for heads in 1..=MOST_HEADS {
        for sharing in divisors(heads).map(Sharing::Grouped).chain([Sharing::Latent]) {
            let there = State { heads, sharing, head: heads - 1 };
            let html = view(&SharingWidget::new(there).unwrap());
            assert_eq!(opens(all(&html, "a.permalink")[0].attr("href").unwrap()), there);
        }
    }
    for bad in ["", "?sharing", "?sharing=8.3.1", "?sharing=8.2.8", "?sharing=..", "?sharing=8.2"] {
        assert_eq!(opens(bad), opening(), "{bad}");
    }
    assert!(matches!(SharingWidget::open("{}", ""), Err(Error::Setup { .. })));
    let none = State { heads: 0, sharing: Sharing::Latent, head: 0 };
    assert!(matches!(SharingWidget::new(none), Err(Error::Setup { .. })));
    assert!(widgets::open("sharing", &json, "").is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_row_of_events_breaks_it(
        events in prop::collection::vec(
            (
                prop::sample::select(vec!["heads", "share", "head", "reset", "?"]),
                prop_oneof![(0_u64..20).prop_map(|number| number.to_string()), Just("latent".into()), ".{0,4}"],
            ),
            1..40,
        )
    ) {
        let mut widget = widget();
        for (name, value) in events {
            let before = widget.view();
            if widget.update(name, &value).is_err() {
                prop_assert_eq!(&widget.view(), &before);
            }
            if let Err(problem) = is_sound(&view(&widget), widget.state()) {
                prop_assert!(false, "after {name} {value}: {problem}");
            }
        }
    }
}
