//! The plain-Rust model on quantised weights against the burn model on unpacked ones.

use std::fs;
use std::sync::LazyLock;
use std::time::Instant;

use burn::tensor::{Tensor, activation};
use inputs::texts::{BOUGHT, CAT, CODE};
use smollm2::quantised::{LONGEST, Read};
use smollm2::{Error, Model, Quantised, locate};

static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = locate().unwrap_or_else(|error| panic!("{error}"));
    fs::read(path).expect("the weights can be read")
});

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::from_bytes(&FILE).expect("a model"));

static QUANTISED: LazyLock<Quantised<'static>> =
    LazyLock::new(|| Quantised::from_bytes(&FILE).expect("a model"));

/// From two tokens to the most that are read, over the edges of a group of eight.
const TEXTS: [&str; 5] = [
    BOUGHT,
    CAT,
    CODE,
    "Déjà vu — 東京 🙂 12,345\n\tend<|im_end|>",
    "When the snow had gone the two brothers walked down to the river to see whether the old \
     bridge still stood. It did, but the mill beside it had lost its roof, and the miller, who \
     was their uncle, sat on the wall and laughed at them because they had come too late to help",
];

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

fn apart(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The masked softmax of the quantised model's scores, a row a query, later keys at zero.
fn weights(read: &Read) -> Vec<f32> {
    let seq = read.tokens.len();
    let mut scores = read.scores.clone();
    for (row, scores) in scores.chunks_mut(seq).enumerate() {
        scores[row % seq + 1..].fill(f32::NEG_INFINITY);
    }
    let rows = scores.len() / seq;
    let scores = Tensor::<1>::from_floats(scores.as_slice(), &Default::default());
    numbers(activation::softmax(scores.reshape([rows, seq]), 1))
}

#[test]
fn it_sees_what_the_model_sees() {
    for text in TEXTS {
        let forward = MODEL.run(text).unwrap();
        let read = QUANTISED.read(text).unwrap();
        assert_eq!(read.tokens, forward.tokens);
        let seq = read.tokens.len();

        let expected = forward.weights.into_iter().flat_map(numbers).collect::<Vec<_>>();
        let weights = apart(&weights(&read), &expected);

        let ids: Vec<u32> = read.tokens.iter().map(|token| token.id).collect();
        let open = MODEL.unmasked_scores(&ids).unwrap();
        let open: Vec<f32> = open.into_iter().flat_map(numbers).collect();
        let size = open.iter().fold(0.0, |size: f32, score| size.max(score.abs()));
        let scores = apart(&read.scores, &open) / size;

        let range = forward.logits.iter().fold(0.0, |size: f32, logit| size.max(logit.abs()));
        let logits = apart(&read.logits, &forward.logits) / range;
        println!(
            "{seq:>2} tokens: largest error of weights {weights:.1e}, of scores {scores:.1e} and \
             of logits {logits:.1e} of the largest"
        );
        assert!(weights <= 1e-4, "{weights}");
        assert!(scores <= 1e-4, "{scores}");
        assert!(logits <= 1e-4, "{logits}");
    }
}

/// The rows of `[layers, heads, seq_q, seq_k]` where row `i` ends at key `i`.
fn up_to_the_diagonal(scores: &[f32], seq: usize) -> Vec<f32> {
    let row = |(row, scores): (usize, &[f32])| scores[..=row % seq].to_vec();
    scores.chunks(seq).enumerate().flat_map(row).collect()
}

/// The scores of the last token of a text that ends with it, `[layers, heads, seq]`.
fn last_rows(model: &Model, ids: &[u32]) -> Vec<f32> {
    let last = |scores: Tensor<3>| numbers(scores.narrow(1, ids.len() - 1, 1));
    model.run_tokens(ids).unwrap().scores.into_iter().flat_map(last).collect()
}

/// Each token's row against the whole pass, and against the burn model on the text up to it.
fn compare_one_by_one(model: &Model, quantised: &Quantised<'_>, text: &str) {
    let mut told = Vec::new();
    let rows = quantised.read_one_by_one(text, |tokens| told.push(tokens)).unwrap();
    let whole = quantised.read(text).unwrap();
    let ids: Vec<u32> = whole.tokens.iter().map(|token| token.id).collect();
    let seq = ids.len();
    let whole = up_to_the_diagonal(&whole.scores, seq);
    let size = whole.iter().fold(0.0, |size: f32, score| size.max(score.abs()));
    let from_whole = apart(&rows, &whole) / size;
    let mut from_model = 0.0_f32;
    for last in 0..seq {
        let row = |head: &[f32]| head[last * (last + 1) / 2..][..=last].to_vec();
        let row: Vec<f32> = rows.chunks(seq * (seq + 1) / 2).flat_map(row).collect();
        from_model = from_model.max(apart(&row, &last_rows(model, &ids[..=last])) / size);
    }
    println!(
        "{seq:>2} tokens one by one: scores within {from_whole:.1e} of those of one pass and \
         {from_model:.1e} of the model's, of the largest"
    );
    assert!(told.into_iter().eq(1..=seq), "each token is told");
    assert!(rows == whole, "the same sums in the same order are the same to the last bit");
    assert!(from_model <= 1e-4, "{from_model}");
}

#[test]
fn one_token_after_the_other_sees_what_one_pass_sees() {
    for text in ["She", TEXTS[1]] {
        let start = Instant::now();
        QUANTISED.read(text).unwrap();
        let at_once = start.elapsed();
        QUANTISED.read_one_by_one(text, drop).unwrap();
        let alone = start.elapsed() - at_once;
        println!("`{text}`: {at_once:.1?} at once, {alone:.1?} one by one");
        compare_one_by_one(&MODEL, &QUANTISED, text);
    }
}

#[test]
fn queries_keys_and_values_are_the_models() {
    let text = TEXTS[1];
    let read = QUANTISED.read(text).unwrap();
    let config = QUANTISED.config();
    let size = read.tokens.len() * config.head_dim;
    let part = |all: &[f32], place: usize| all[place * size..(place + 1) * size].to_vec();
    for (layer, head) in [(0, 0), (13, 8), (29, 5)] {
        let expected = MODEL.head(text, layer, head).unwrap();
        let shared = layer * config.kv_heads + expected.kv_head;
        for (name, found, expected) in [
            ("query", part(&read.query, layer * config.heads + head), expected.steps.query),
            ("key", part(&read.key, shared), expected.steps.key),
            ("value", part(&read.value, shared), expected.steps.value),
        ] {
            let expected = numbers(expected);
            let largest = expected.iter().fold(0.0, |size: f32, it| size.max(it.abs()));
            let error = apart(&found, &expected) / largest;
            println!("layer {layer}, head {head}: {name} {error:.1e} of the largest");
            assert!(error <= 1e-4, "{name} of layer {layer}, head {head}: {error}");
        }
    }
}

#[test]
fn texts_of_no_or_too_many_tokens_are_refused() {
    assert!(matches!(QUANTISED.read(""), Err(Error::EmptyText)));
    assert!(matches!(QUANTISED.read_one_by_one("", drop), Err(Error::EmptyText)));
    let longest = "a".to_owned() + &" a".repeat(LONGEST - 1);
    assert_eq!(QUANTISED.read(&longest).unwrap().tokens.len(), LONGEST);
    let message = QUANTISED.read(&(longest + " a")).map(drop).unwrap_err().to_string();
    assert!(message.contains("has 65 tokens, and at most 64"), "{message}");
    let too_long = QUANTISED.read_one_by_one(&"a ".repeat(70), drop);
    assert!(matches!(too_long, Err(Error::TooLong { limit: LONGEST, .. })));
    assert!(matches!(QUANTISED.read("a\u{50000}"), Err(Error::NoToken { offset: 1, .. })));
}

#[test]
fn a_tiny_model_reads_as_it_does_unpacked() {
    let bytes = crate::common::Tiny::new().write();
    let (model, quantised) =
        (Model::from_bytes(&bytes).unwrap(), Quantised::from_bytes(&bytes).unwrap());
    let (forward, read) = (model.run("hehe he").unwrap(), quantised.read("hehe he").unwrap());
    let expected = forward.weights.into_iter().flat_map(numbers).collect::<Vec<_>>();
    let error = apart(&weights(&read), &expected).max(apart(&read.logits, &forward.logits));
    println!("a tiny model: largest error {error:.1e}");
    assert!(error <= 1e-4, "{error}");
    compare_one_by_one(&model, &quantised, "hehe he");
    // Its context holds sixteen tokens.
    assert!(matches!(quantised.read(&"h".repeat(17)), Err(Error::TooLong { limit: 16, .. })));
}

#[test]
fn files_cut_short_or_damaged_are_refused_as_the_model_refuses_them() {
    let whole = crate::common::Tiny::new().write();
    for end in (0..whole.len()).step_by(97) {
        let message = Quantised::from_bytes(&whole[..end]).map(drop).unwrap_err().to_string();
        assert_eq!(message, Model::from_bytes(&whole[..end]).map(drop).unwrap_err().to_string());
    }
    let header = crate::common::Tiny::new().header().len();
    let mut random = crate::common::Random(6);
    for _ in 0..500 {
        let mut file = whole.clone();
        random.damage(&mut file, header);
        let outcomes = [
            Quantised::from_bytes(&file).map(drop).map_err(|error| error.to_string()),
            Model::from_bytes(&file).map(drop).map_err(|error| error.to_string()),
        ];
        assert_eq!(outcomes[0], outcomes[1]);
    }
}
