//! The sharing of heads, natively: who reads what is what the library's attention does.

use attention::{Mask, grouped_query_attention};
use burn::tensor::{Device, Tensor, TensorData};
use scraper::Html;
use widgets::sharing::{Kind, MOST_HEADS, Sharing, State, divisors};
use widgets::{Opened, Widget};

use crate::common::{
    all, counts, ignores, opens, refuses, refuses_setups, send, status, text, view,
};
use crate::contract::{Contract, list};

fn opening() -> State {
    State { heads: 8, kind: Kind::Grouped(2), head: 5 }
}

fn widget() -> Opened<Sharing> {
    Opened::new(opening()).expect("a sound setup")
}

fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    let heads = state.heads as usize;
    counts(
        html,
        &[
            ("select option[selected]", 1),
            ("input[type=range]", 2),
            (".for-wide circle", heads),
            (".for-narrow circle", heads),
            (".for-wide .stored", heads),
            (".for-wide .stored:not(.gone)", state.boxes() as usize),
            (".for-wide path.reads", heads),
            (".for-wide path.follows", 1),
            (".for-wide circle.fill-query", 1),
            ("tr.here", 2),
        ],
    )
}

#[test]
fn it_opens_on_two_groups_of_four() {
    let html = view(&widget());
    assert_eq!(
        status(&widget()),
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
            let state = State { heads, kind: Kind::Grouped(kv_heads), head: 0 };
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
            assert_eq!(Kind::Grouped(kv_heads).numbers(heads).unwrap(), 2 * kv_heads * 128);
        }
        assert_eq!(Kind::Latent.numbers(heads).unwrap(), 512 + 64);
    }
}

#[test]
fn events_change_what_they_name() {
    let mut widget = widget();
    send(&mut widget, &[("heads", "9"), ("share", "3"), ("head", "8")]);
    let said = status(&widget);
    assert!(
        said.contains("reads key and value head 2, which answers query heads 6, 7, 8"),
        "{said}"
    );
    widget.update("heads", "7").unwrap();
    assert_eq!(*widget.state(), State { heads: 7, kind: Kind::Grouped(1), head: 6 });
    assert!(status(&widget).starts_with("MQA."));
    widget.update("share", "7").unwrap();
    assert!(status(&widget).contains("MHA. Query head 6 reads key and value head 6, alone"));
    widget.update("share", "latent").unwrap();
    assert!(status(&widget).starts_with("MLA. Query head 6 reads the one latent"));
    widget.update("heads", "1").unwrap();
    assert!(status(&widget).ends_with("2.2 times more than MHA."));
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), opening());
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = widget();
    let bad = [
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
    ];
    refuses(&mut widget, &bad);
    assert_eq!(widget.wants(), None);
    assert!(widget.receive("gallery/cat.bin", &[]).is_err());
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let older = opens::<Sharing>(&opening(), "?sharing=4.latent.3");
    assert_eq!(*older.state(), State { heads: 4, kind: Kind::Latent, head: 3 });
    let bad = ["", "?sharing", "?sharing=8.3.1", "?sharing=8.2.8", "?sharing=..", "?sharing=8.2"];
    ignores::<Sharing>(&opening(), &bad);
    refuses_setups::<Sharing>([State { heads: 0, kind: Kind::Latent, head: 0 }]);
}

#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: widget(),
        events: list("heads share head"),
        words: list("latent 1 2 16"),
        kept: |state| *state,
        sound: is_sound,
    }
    .holds();
}
