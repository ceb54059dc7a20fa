//! The assembly, natively: its shapes, how it answers, and that nothing breaks it.

use attention::{AttentionOptions, MultiHeadAttention};
use burn::tensor::{Device, Tensor};
use scraper::Html;
use widgets::assemble::{Assemble, Flow, Setup, Sizes, State, short};
use widgets::{Opened, Widget};

use crate::common::{
    self, all, cells, counts, ignores, opens, refuses, refuses_setups, send, status, view,
};
use crate::contract::{Contract, list};

fn state(model: &str, tokens: u64, head: u64) -> State {
    State { model: model.into(), tokens, head }
}

fn opening() -> State {
    state("smollm2-135m", 10, 8)
}

/// Made-up numbers in the sizes of SmolLM2's layer.
fn flow() -> Flow {
    let row = |seed: usize, count: usize| -> Vec<i16> {
        (0..count).map(|at| ((at * 37 + seed * 101) % 5000) as i16 - 2500).collect()
    };
    let rows = |count: usize| -> Vec<Vec<i16>> { (0..9).map(|head| row(head, count)).collect() };
    let map = vec![vec![100], vec![70, 30], vec![10, 20, 70]];
    Flow {
        model: "smollm2-135m".into(),
        words: ["A", "<b>", "sat"].map(str::to_owned).to_vec(),
        layer: 13,
        place: 1,
        x: row(1, 576),
        query: rows(64),
        weights: vec![map; 9],
        output: rows(64),
        added: rows(576),
        sum: row(2, 576),
        after: row(3, 576),
    }
}

fn setup() -> Setup {
    Setup { opening: opening(), flow: Some(flow()) }
}

fn assemble() -> Opened<Assemble> {
    Opened::new(setup()).expect("a sound setup")
}

/// The shape and the count beside a step.
fn step(html: &Html, name: &str) -> (String, String) {
    let mut rows = cells(html, "tbody tr", "th, td").into_iter();
    let row = rows.find(|row| row[0].starts_with(name)).expect("the step is there");
    (row[1].clone(), row[2].clone())
}

fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    let drawn = state.model == "smollm2-135m";
    let few = Sizes::of(&state.model).unwrap().heads <= 12;
    counts(
        html,
        &[
            ("select[name=model] option[selected]", 1),
            (".strip .own", usize::from(!drawn)),
            (".drawing svg[role=img]", if drawn { 2 } else { 0 }),
            (".for-wide svg .hit", if drawn { 18 } else { 0 }),
            ("input[type=radio][checked]", usize::from(few)),
            ("input[type=range]", if few { 1 } else { 2 }),
        ],
    )
}

#[test]
fn the_picture_follows_a_head() {
    let mut widget = assemble();
    widget.update("head", "4").unwrap();
    let said = status(&widget);
    let wanted = "No: head 4 reads all 576 numbers. It shares keys and values with heads 3 and 5, looks most at “A” (.70), and adds a row of length ";
    assert!(said.starts_with(wanted), "{said}");
    let html = view(&widget);
    let rows = cells(&html, "table:first-of-type tbody tr", "th, td");
    let row = rows.iter().find(|row| row[0] == "4").unwrap();
    assert_eq!(row[1..4], ["1", ".70", ".30"]);
    assert!(said.contains(&format!("of length {} to one of", row[4])), "{said} {row:?}");
    // Every number of the vector is a bar, up or down, in steps of a twenty-fifth.
    let x = all(&html, ".for-wide svg g[transform] path.fill-ink")[0].attr("d").unwrap();
    let step = |number: &i16| (f64::from(*number) / 1400.0).clamp(-1.0, 1.0) * 25.0;
    let bars: Vec<f64> = flow().x.iter().map(|number| step(number).round()).collect();
    assert_eq!(heights(x), bars);
}

/// How high an outline of bars, each one unit wide, lies over each of them.
fn heights(outline: &str) -> Vec<f64> {
    let (mut high, mut bars) = (0.0, Vec::new());
    let outline = outline.replace('v', " v").replace('h', " h");
    for piece in outline.strip_prefix("M0 0 ").unwrap().trim_end_matches('Z').split(' ') {
        let by: f64 = piece[1..].parse().unwrap();
        match &piece[..1] {
            "v" => high -= by,
            _ => bars.resize(bars.len() + by as usize, high),
        }
    }
    bars
}

#[test]
fn without_the_model_it_shows_the_sizes() {
    let widget = Opened::<Assemble>::new(Setup { opening: opening(), flow: None }).unwrap();
    assert_eq!(all(&view(&widget), ".strip span").len(), 9);
    assert!(status(&widget).starts_with("SmolLM2-135M: 9 heads of 64 make 576 numbers"));
    let mut short = flow();
    short.x.pop();
    let mut no_place = flow();
    no_place.place = 3;
    let mut no_model = flow();
    no_model.model = "deepseek-v3".into();
    refuses_setups::<Assemble>(
        [short, no_place, no_model].map(|flow| Setup { flow: Some(flow), ..setup() }),
    );
}

#[test]
fn it_opens_on_smollm2() {
    let html = view(&assemble());
    let said = status(&assemble());
    assert!(said.starts_with("No: head 8 reads all 576 numbers."), "{said}");
    let merged = common::text(&all(&html, ".below > p")[0]);
    assert_eq!(
        merged,
        "Head 8 fills places 512 to 575 of the merged row and meets rows 512 to 575 of W_O."
    );
    assert_eq!(step(&html, "keys"), ("3 × 10 × 64".into(), "1,920".into()));
    assert_eq!(step(&html, "W_O"), ("576 × 576".into(), "331,776".into()));
}

#[test]
fn its_shapes_are_those_of_the_library() {
    // Sizes that a test can afford, run through the real layer.
    let (tokens, d_model, heads) = (5, 12, 3);
    let weight = || Tensor::<2>::ones([d_model, d_model], &Device::flex());
    let layer = MultiHeadAttention::new(weight(), weight(), weight(), weight(), heads).unwrap();
    let x = Tensor::<3>::ones([1, tokens, d_model], &Device::flex());
    let steps = layer.forward(x, AttentionOptions::default()).unwrap();
    let sizes = Sizes {
        d_model: d_model as u64,
        heads: heads as u64,
        kv_heads: heads as u64,
        head_dim: (d_model / heads) as u64,
        ..Sizes::of("smollm2-135m").unwrap()
    };
    assert_eq!(steps.merged.dims()[2] as u64, sizes.merged());
    assert_eq!(steps.heads.query.dims()[1..], [heads, tokens, sizes.head_dim as usize]);
    assert_eq!(sizes.matrices().map(|(_, shape)| shape), [[d_model as u64; 2]; 4]);
}

#[test]
fn the_models_are_those_of_the_papers() {
    for (model, heads, head_dim, d_model) in [
        ("gpt-3-175b", 96, 128, 12_288),
        ("llama-3-8b", 32, 128, 4096),
        ("smollm2-135m", 9, 64, 576),
        ("gemma-2-9b", 16, 256, 3584),
    ] {
        let sizes = Sizes::of(model).unwrap();
        assert_eq!((sizes.heads, sizes.head_dim, sizes.d_model), (heads, head_dim, d_model));
    }
    assert_eq!(Sizes::of("deepseek-v3"), None, "its heads share one latent vector");
    let names: Vec<String> = Sizes::all().map(|sizes| short(sizes.preset.name)).collect();
    let mut different = names.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(names.len(), different.len());
    assert!(names.iter().all(|name| !name.contains('.')), "a dot would end it in an address");
}

#[test]
fn events_change_what_they_name() {
    let mut widget = assemble();
    send(&mut widget, &[("model", "gpt-3-175b"), ("head", "95"), ("tokens", "64")]);
    assert_eq!(*widget.state(), state("gpt-3-175b", 64, 95));
    let html = view(&widget);
    assert_eq!(step(&html, "weights"), ("96 × 64 × 64".into(), "393,216".into()));
    widget.update("model", "smollm2-135m").unwrap();
    assert_eq!(widget.state().head, 8, "the last head of a model that has fewer");
    widget.update("model", "gemma-2-9b").unwrap();
    assert!(status(&widget).contains("more than d_model, 3584"));
    widget.update("reset", "").unwrap();
    assert_eq!(*widget.state(), opening());
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = assemble();
    let bad = [
        ("model", "GPT-3 175B"),
        ("model", ""),
        ("head", "9"),
        ("head", "-1"),
        ("tokens", "0"),
        ("tokens", "65"),
        ("tokens", "many"),
        ("dance", ""),
    ];
    refuses(&mut widget, &bad);
    assert_eq!(widget.wants(), None);
    assert!(widget.receive("gallery/cat.bin", &[]).is_err());
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let older = "?assemble=gpt-3-175b.7.95";
    assert_eq!(*opens::<Assemble>(&setup(), older).state(), state("gpt-3-175b", 7, 95));
    let bad = ["", "?assemble", "?assemble=x.1.1", "?assemble=gpt-3-175b.7.96", "?assemble=.."];
    ignores::<Assemble>(&setup(), &bad);
    refuses_setups::<Assemble>([Setup { opening: state("gpt-3-175b", 0, 0), flow: None }]);
}

#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: assemble(),
        events: list("model tokens head"),
        words: Sizes::all().map(|sizes| short(sizes.preset.name)).collect(),
        kept: Clone::clone,
        sound: is_sound,
    }
    .holds();
}
