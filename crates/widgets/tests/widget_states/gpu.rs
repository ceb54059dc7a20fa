//! The run on a card, natively: a card that is played here answers the tasks, and what the widget
//! makes of the answers is checked.

use attention::random::Random;
use scraper::Html;
use serde_json::{Value, json};
use widgets::gpu::{
    Adapter, End, Gpu, HEAD_DIM, Kernel, Kernels, LENGTHS, Results, Setup, Size, State, Way,
    launches,
};
use widgets::{Error, Opened, Widget};

use crate::common::{all, counts, ignores, opens, refuses, refuses_setups, status, text, view};
use crate::contract::{Contract, list};

fn kernel(file: &str, cube: [u32; 3], tensors: usize) -> Kernel {
    Kernel {
        file: file.to_owned(),
        entry: file.to_owned(),
        cube,
        whole_words: 2 * tensors + 2,
        first_whole: 2 * tensors,
        float_words: 4,
        fixed_words: 3 * tensors,
    }
}

fn kernels() -> Kernels {
    Kernels {
        flash: kernel("flash", [64, 1, 1], 6),
        scores: kernel("scores", [16, 16, 1], 3),
        weights: kernel("weights", [64, 1, 1], 1),
        mix: kernel("mix", [16, 16, 1], 3),
    }
}

fn setup() -> Setup {
    let recorded = json!({
        "adapter": { "vendor": "google", "architecture": "swiftshader" }, "date": "2026-11-24",
        "checks": [{ "way": "flash", "causal": false, "error": 3e-7 }],
        "times": [
            { "way": "standard", "causal": false, "tokens": 256, "outcome": { "ms": 20.0 } },
            { "way": "flash", "causal": false, "tokens": 256, "outcome": { "ms": 8.0 } },
            { "way": "flash", "causal": false, "tokens": 512, "outcome": "too-slow" },
        ],
    });
    let recorded: Results = serde_json::from_value(recorded).unwrap();
    Setup { opening: State { longest: 6, causal: false }, kernels: kernels(), recorded }
}

fn widget() -> Opened<Gpu> {
    Opened::new(setup()).expect("a sound setup")
}

fn task(widget: &Opened<Gpu>) -> Option<Value> {
    widget.task().map(|task| serde_json::from_str(&task).unwrap())
}

fn answer(widget: &mut Opened<Gpu>, task: &Value, at: f64, answer: Value) {
    let reply = json!({ "id": task["id"], "at": at, "answer": answer });
    widget.update("answer", &reply.to_string()).unwrap();
}

/// A float of four bytes as the widget's numbers, row by row: what a right card brings back.
fn right(widget: &Opened<Gpu>, causal: bool) -> Vec<u8> {
    let [query, key, value] = ["query", "key", "value"].map(|name| widget.numbers(name));
    let tokens = key.len() / HEAD_DIM / 2;
    let heads = query.len() / HEAD_DIM / tokens;
    let row = |numbers: &[f32], head: usize, token: usize| -> Vec<f64> {
        let start = (head * tokens + token) * HEAD_DIM;
        numbers[start..][..HEAD_DIM].iter().copied().map(f64::from).collect()
    };
    let mut bytes = Vec::new();
    for head in 0..heads {
        let kv_head = head / (heads / 2);
        for token in 0..tokens {
            let asked = row(&query, head, token);
            let seen = if causal { token + 1 } else { tokens };
            let powers: Vec<f64> = (0..seen)
                .map(|other| {
                    let key = row(&key, kv_head, other);
                    let dot: f64 = asked.iter().zip(&key).map(|(a, b)| a * b).sum();
                    (dot / (HEAD_DIM as f64).sqrt()).exp()
                })
                .collect();
            let total: f64 = powers.iter().sum();
            let mut output = vec![0.0; HEAD_DIM];
            for (other, power) in powers.iter().enumerate() {
                let value = row(&value, kv_head, other);
                output.iter_mut().zip(value).for_each(|(sum, value)| *sum += power / total * value);
            }
            bytes.extend(output.iter().flat_map(|number| (*number as f32).to_le_bytes()));
        }
    }
    bytes
}

fn adapter(largest_buffer: u64) -> Value {
    json!({ "adapter": Adapter { vendor: "acme".into(), largest_buffer, ..Default::default() } })
}

/// Plays a card to the end: `ms` says how long a launch takes, by its number of kernels and
/// tokens.
fn play(widget: &mut Opened<Gpu>, largest_buffer: u64, ms: impl Fn(usize, f64) -> f64) -> usize {
    let outputs = [false, true].map(|causal| right(widget, causal));
    let mut tasks = 0;
    while let Some(task) = task(widget) {
        tasks += 1;
        assert!(tasks < 200, "the run does not end");
        let passes = task["passes"].as_array().unwrap();
        if passes.is_empty() {
            answer(widget, &task, 0.0, adapter(largest_buffer));
        } else if task["read"] == "output" {
            let causal = status(widget).contains("causal");
            let path = format!("output/{}", task["id"]);
            widget.receive(&path, &outputs[usize::from(causal)]).unwrap();
        } else {
            let words = task["buffers"][0]["words"].as_f64().unwrap();
            let one = ms(passes.len(), words / (8 * HEAD_DIM) as f64);
            let sample = one * task["repeats"].as_f64().unwrap();
            let samples = vec![sample; task["samples"].as_u64().unwrap() as usize];
            answer(widget, &task, 100.0, json!({ "samples": samples }));
        }
    }
    tasks
}

#[test]
fn a_whole_run_on_a_good_card() {
    let mut widget = widget();
    widget.update("run", "").unwrap();
    assert!(widget.machine().is_running() && status(&widget).contains("looking for a card"));
    assert_eq!(all(&view(&widget), "[data-event=cancel]").len(), 1);
    let tasks = play(&mut widget, 4 << 30, |kernels, tokens| match kernels {
        1 => tokens * tokens * 1e-7,
        _ => tokens * tokens * 3e-7,
    });
    // A card; four checks; seven lengths, two masks, two ways, each twice.
    assert_eq!(tasks, 1 + 4 + 7 * 2 * 2 * 2);
    let run = widget.machine().run().unwrap();
    assert_eq!(run.end, Some(End::Done));
    let error = run.results.largest_error().unwrap();
    println!("largest error of what the processor computes: {error:e}");
    assert!(error < 1e-6);
    let said = status(&widget);
    assert!(
        said.starts_with(
            "Here, at 4,096 tokens, standard takes 5.03 ms and flash 1.68 ms: flash is 3.00 times"
        ),
        "{said}"
    );
    let html = view(&widget);
    assert_eq!(all(&html, "table.weights")[0].text().filter(|it| *it == "3.00").count(), 7);
    assert_eq!(all(&html, "svg circle").len(), 7);
    assert!(text(&all(&html, ".device")[0]).contains("now, with acme."));
    widget.update("reset", "").unwrap();
    assert_eq!(widget.view(), self::widget().view());
}

#[test]
fn what_a_card_cannot_do_is_noted_and_the_rest_goes_on() {
    let mut widget = widget();
    widget.update("run", "").unwrap();
    play(&mut widget, 100 << 20, |kernels, tokens| match kernels {
        1 if tokens > 1000.0 => 1000.0,
        _ => 1.0,
    });
    let html = view(&widget);
    let rows: Vec<String> = all(&html, "tbody")[0].child_elements().map(|row| text(&row)).collect();
    assert!(rows[4].contains("1.00") && rows[4].contains("1,000"), "{rows:?}");
    // 8 heads of 2048 by 2048 scores have 134 MB.
    for row in &rows[5..] {
        assert!(row.contains("too large") && row.contains("too slow"), "{rows:?}");
    }
    assert_eq!(widget.machine().run().unwrap().end, Some(End::Done));
}

/// A run up to its first timing.
fn timing() -> (Opened<Gpu>, Value) {
    let mut widget = widget();
    widget.update("run", "").unwrap();
    let device = task(&widget).unwrap();
    answer(&mut widget, &device, 0.0, adapter(4 << 30));
    let outputs = [false, false, true, true].map(|causal| right(&widget, causal));
    for output in outputs {
        let path = format!("output/{}", task(&widget).unwrap()["id"]);
        widget.receive(&path, &output).unwrap();
    }
    let task = task(&widget).unwrap();
    assert_eq!(task["samples"], 1);
    (widget, task)
}

#[test]
fn a_full_memory_a_lost_card_and_time_up() {
    let (mut widget, first) = timing();
    answer(&mut widget, &first, 1.0, json!({ "memory": "no room" }));
    let second = task(&widget).unwrap();
    assert!(widget.machine().is_running() && second["id"] != first["id"]);
    assert!(widget.view().contains("no memory"));
    answer(&mut widget, &second, 2.0, json!({ "lost": "it was unplugged" }));
    assert!(status(&widget).contains("it was unplugged") && task(&widget).is_none());

    let (mut widget, first) = timing();
    answer(&mut widget, &first, 90_001.0, json!({ "samples": [500.0] }));
    assert!(status(&widget).starts_with("Stopped"), "{}", status(&widget));

    let (mut widget, first) = timing();
    answer(&mut widget, &first, 1.0, json!({ "failed": "a bad shader" }));
    assert!(status(&widget).contains("a bad shader"));
}

#[test]
fn cancelling_ends_it_and_a_late_answer_is_not_taken() {
    let (mut widget, first) = timing();
    widget.update("cancel", "").unwrap();
    assert!(status(&widget).starts_with("Cancelled.") && task(&widget).is_none());
    let before = widget.view();
    answer(&mut widget, &first, 1.0, json!({ "samples": [1.0] }));
    assert_eq!(widget.view(), before);
    // The answer to the old task comes once more, while the new run looks for a card.
    widget.update("run", "").unwrap();
    answer(&mut widget, &first, 1.0, json!({ "samples": [1.0] }));
    assert!(widget.machine().is_running() && task(&widget).unwrap()["id"] != first["id"]);
}

#[test]
fn a_wrong_result_is_told_and_nothing_is_timed() {
    for wrong in [vec![0_u8; 16], f32::NAN.to_le_bytes().repeat(4 * 150 * HEAD_DIM)] {
        let mut widget = widget();
        widget.update("run", "").unwrap();
        let device = task(&widget).unwrap();
        answer(&mut widget, &device, 0.0, adapter(4 << 30));
        let path = format!("output/{}", task(&widget).unwrap()["id"]);
        widget.receive(&path, &wrong).unwrap();
        assert!(status(&widget).contains("is wrong") && task(&widget).is_none());
    }
}

#[test]
fn without_a_card_the_recorded_run_stays() {
    let mut widget = widget();
    let before = text(&all(&view(&widget), "table")[0]);
    assert!(status(&widget).starts_with("Recorded, not from your card. There, at 256 tokens"));
    assert!(text(&all(&view(&widget), ".device")[0]).contains("software GPU"));
    widget.update("run", "").unwrap();
    let device = task(&widget).unwrap();
    answer(&mut widget, &device, 0.0, json!({ "nothing": "this browser has no WebGPU" }));
    assert!(status(&widget).starts_with("No run here: this browser has no WebGPU"));
    assert_eq!(text(&all(&view(&widget), "table")[0]), before);
}

#[test]
fn the_last_buffer_has_scalars_places_shapes_and_strides() {
    let kernel = kernel("k", [1, 1, 1], 2);
    let words = kernel.info(&[7, 8], &[0.5], &[vec![1, 2, 3], vec![4]]);
    let expected = [
        vec![0, 0, 0, 0, 7, 8],
        vec![0.5_f32.to_bits(), 0, 0, 0],
        vec![6, 4, 0, 3, 4, 7],
        vec![1, 2, 3, 4],
        vec![6, 3, 1, 1],
    ];
    assert_eq!(words, expected.concat());
}

#[test]
fn each_way_launches_enough_groups() {
    let size = Size { heads: 4, kv_heads: 2, tokens: 150 };
    let (buffers, passes) = launches(&kernels(), Way::Flash, true, size);
    assert_eq!(passes[0].groups, [3, 4, 1]);
    assert_eq!(passes[0].info[12..14], [300, 0]);
    assert_eq!(buffers.iter().find(|it| it.name == "lengths").unwrap().start, [150]);
    let (buffers, passes) = launches(&kernels(), Way::Standard, false, size);
    let groups: Vec<_> = passes.iter().map(|pass| pass.groups).collect();
    assert_eq!(groups, [[10, 10, 4], [150, 4, 1], [4, 10, 4]]);
    assert_eq!(buffers.last().unwrap().words, 4 * 150 * 150);
    assert_eq!(size.score_bytes(), 4 * 4 * 150 * 150);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = widget();
    refuses(&mut widget, &[("longest", "8"), ("longest", "x"), ("answer", "{}"), ("a", "")]);
    for path in ["output/x", "elsewhere"] {
        assert!(matches!(widget.receive(path, &[]), Err(Error::File { .. })));
    }
    assert_eq!(widget.view(), self::widget().view());
    assert_eq!(widget.wants(), None);
    let opening = State { longest: LENGTHS.len(), causal: false };
    refuses_setups::<Gpu>([Setup { opening, ..setup() }]);
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let there = opens::<Gpu>(&setup(), "?gpu=512_causal");
    assert_eq!(*there.state(), State { longest: 3, causal: true });
    let bad = ["", "?gpu", "?gpu=512", "?gpu=500_full", "?gpu=512_half", "?gpu=%22_full"];
    ignores::<Gpu>(&setup(), &bad);
}

/// What a card may say, right or not, of any of a dozen tasks.
fn answers() -> Vec<String> {
    let answers = [
        adapter(1 << 30),
        json!({ "samples": [1.0, 2.0] }),
        json!({ "samples": [] }),
        json!({ "samples": [0.0] }),
        json!({ "memory": "m" }),
        json!({ "nothing": "n" }),
        json!({ "lost": "l" }),
    ];
    let of_task = |id| answers.iter().map(move |it| json!({ "id": id, "at": 1.0, "answer": it }));
    (0..12).flat_map(of_task).map(|reply| reply.to_string()).collect()
}

fn is_sound(html: &Html, _: &State) -> Result<(), String> {
    if text(&html.root_element()).contains("inf") {
        return Err("a time is not finite".to_owned());
    }
    counts(html, &[("table", 2), ("[data-event=run], [data-event=cancel]", 1)])
}

#[test]
pub(crate) fn keeps_the_contract() {
    Contract {
        widget: widget(),
        events: list("longest causal run cancel answer"),
        words: answers(),
        kept: |state| *state,
        sound: is_sound,
    }
    .holds();
}

/// Whatever the card answers, a run asks for something until it ends.
#[test]
fn a_run_wants_something_until_it_ends() {
    let (mut random, answers, mut ended) = (Random::new(5), answers(), 0);
    for _ in 0..2_000 {
        let mut widget = widget();
        widget.update("run", "").unwrap();
        for _ in 0..12 {
            widget.update("answer", &answers[random.below(answers.len())]).unwrap();
            assert_eq!(task(&widget).is_some(), widget.machine().is_running());
        }
        ended += usize::from(!widget.machine().is_running());
    }
    assert!((1..2_000).contains(&ended), "{ended} of 2000 runs ended");
}
