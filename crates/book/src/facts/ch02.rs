//! Chapter 2, query, key and value: the toy of the stepper, one real head step by step, and what
//! attention learns.

use anyhow::{Context, Result, bail, ensure};
use attention::cost::{Kind, Shape};
use attention::presets::preset;
use smollm2::{Config, Head};
use widgets::show::{number, share, word};
use widgets::stepper::toy::{Toy, WORDS};
use widgets::stepper::workings::{Workings, workings};
use widgets::stepper::{Step, Steps};

use super::{Facts, model};
use crate::circuits::{Circuits, rank};
use crate::fact::Fact;
use crate::literature::Literature;
use crate::memoised_model::MemoisedModel;
use crate::sentences::{GALLERY, NAMED_HEADS};

/// Adds the facts of chapter 2.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    toy(facts);
    learned(facts, model.map(MemoisedModel::config));
    gpt3(facts)?;
    circuits(facts, model.map(MemoisedModel::config))?;
    real(facts, model)
}

/// A number of the toy that the text names.
struct ToyNumber {
    name: &'static str,
    step: Step,
    causal: bool,
    /// Row and column of the step's matrix.
    cell: (usize, usize),
}

const fn open(name: &'static str, step: Step, cell: (usize, usize)) -> ToyNumber {
    ToyNumber { name, step, causal: false, cell }
}

const TOY: &[ToyNumber] = &[
    open("stepper.query-cat", Step::Query, (1, 0)),
    open("stepper.score-cat-down", Step::Scores, (1, 3)),
    open("stepper.score-down-cat", Step::Scores, (3, 1)),
    open("stepper.scaled-cat-down", Step::Scaled, (1, 3)),
    open("stepper.weight-cat-down", Step::Weights, (1, 3)),
    ToyNumber { name: "stepper.causal-the", step: Step::Weights, causal: true, cell: (0, 0) },
];

/// The toy of the widget and of the listing `ch02-stepper`.
fn toy(facts: &mut Facts) {
    let toy = Toy::default();
    for ToyNumber { name, step, causal, cell } in TOY {
        let steps = Steps::of_toy(&toy, *causal);
        let value = steps.get(*step).expect("the toy has every step").at(cell.0, cell.1);
        let source =
            format!("the toy of ch02-stepper: {}, row of “{}”", step.name(), WORDS[cell.0]);
        facts.add(name, Fact::rounded(number(value, 3), value, source));
    }
    let mut silent = toy;
    silent.query = [[0.0; 2]; 3];
    let steps = Steps::of_toy(&silent, false);
    let even = steps.get(Step::Weights).expect("the toy has every step").at(0, 0);
    let source = "the toy of ch02-stepper with nothing but zeros in W_Q";
    facts.add("stepper.even", Fact::rounded(number(even, 3), even, source));
    let e_squared = 2.0_f64.exp();
    facts.add("qkv.e-squared", Fact::decimals(e_squared, 1, "the exponential of two"));
}

/// What SmolLM2's attention learns, from the model's shape. The listing `ch02-parameters` counts
/// the same in the file.
fn learned(facts: &mut Facts, config: Option<&Config>) {
    type Of = fn(&Config) -> usize;
    let wide: Of = |config| config.d_model * config.heads * config.head_dim;
    let layer: Of =
        |config| 2 * config.d_model * config.head_dim * (config.heads + config.kv_heads);
    let counts: [(&str, Of, &str); 7] = [
        ("qkv.sharing", |config| config.heads / config.kv_heads, "the metadata of the weights"),
        ("qkv.wq", wide, "d_model times d_model"),
        ("qkv.head-wq", |config| config.d_model * config.head_dim, "d_model times head_dim"),
        ("smollm2.d-ff", |config| config.d_ff, "the metadata of the weights"),
        ("circuit.two", |config| 2 * config.d_model * config.head_dim, "two strips of a head"),
        ("circuit.product", |config| config.d_model * config.d_model, "the square of d_model"),
        ("circuit.pairs", |config| config.head_dim / 2, "half of head_dim"),
    ];
    for (name, of, what) in counts {
        facts.add_measured(name, config.map(|config| Fact::count(of(config), what)));
    }
    let attention = config.map(|config| config.layers * layer(config));
    let all = config.map(model::parameters);
    let source = "counted from the model's shape";
    facts.add_measured("qkv.parameters", all.map(|count| Fact::count(count, source)));
    let percent = |part: usize, whole: usize| {
        let percent = 100.0 * part as f64 / whole as f64;
        Fact::decimals(percent, 1, format!("{part} of {whole}, in percent"))
    };
    let part = attention.zip(all).map(|(attention, all)| percent(attention, all));
    facts.add_measured("qkv.attention-percent", part);
    let output = config.map(|config| percent(wide(config), layer(config)));
    facts.add_measured("qkv.wo-percent", output);
}

/// The ranks of both circuits of the first named head.
fn circuits(facts: &mut Facts, config: Option<&Config>) -> Result<()> {
    let (layer, head) = NAMED_HEADS[0].head;
    let circuits = config.map(|config| Circuits::read(config, layer, head)).transpose()?;
    let source = format!("the singular values of SmolLM2, layer {layer}, head {head}");
    let count = |values: &[f64]| Fact::count(rank(values), &source[..]);
    facts.add_measured("circuit.qk-rank", circuits.as_ref().map(|it| count(&it.qk)));
    facts.add_measured("circuit.ov-rank", circuits.as_ref().map(|it| count(&it.ov)));
    Ok(())
}

/// What GPT-3's attention learns, from its published sizes, biases left out.
fn gpt3(facts: &mut Facts) -> Result<()> {
    let gpt3 = preset("GPT-3 175B").context("the library has the sizes of GPT-3")?;
    let Shape { layers, d_model, heads, kind, .. } = gpt3.shape;
    let Kind::Grouped { kv_heads, head_dim } = kind else { bail!("its heads are all alike") };
    let all = layers * 2 * d_model * head_dim * (heads + kv_heads);
    let source = gpt3.source.title;
    let count = |number: u64| Fact::count(number as usize, source);
    facts.add("qkv.gpt3-layers", count(layers));
    facts.add("qkv.gpt3-wq", count(d_model * heads * head_dim));
    let billions = format!("{:.1}", all as f64 / 1e9);
    facts.add("qkv.gpt3-attention", Fact::rounded(billions, all, source));
    let quoted = &Literature::of_the_book().quoted["gpt3.billion-parameters"];
    let whole: u64 = quoted.value.parse()?;
    let percent = 100.0 * all as f64 / (whole as f64 * 1e9);
    let source = format!("{all} of {whole} billion, in percent");
    facts.add("qkv.gpt3-attention-percent", Fact::decimals(percent, 0, source));
    Ok(())
}

/// "it" and "cat" in the first sentence, as the first named head sees them.
fn real(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    const IT: usize = 7;
    const CAT: usize = 1;
    const MAT: usize = 5;
    let named = &NAMED_HEADS[0];
    let heads = model.map(|model| model.heads(GALLERY[0].text, &[named.head])).transpose()?;
    let words = [(IT, "it"), (CAT, "cat"), (MAT, "mat")];
    let steps = heads.map(|heads| read(&heads[0], &words)).transpose()?;
    let (layer, head) = named.head;
    let source = format!("SmolLM2, layer {layer}, head {head}, “{}”", GALLERY[0].text);
    let at = |step: Step, row: usize, column: usize| {
        steps.as_ref().map(|steps| steps.get(step).expect("a real head has it").at(row, column))
    };
    let mut enter = |name: &str, value: Option<f32>, decimals: usize| {
        let fact = |value| Fact::rounded(number(value, decimals), value, &source[..]);
        facts.add_measured(name, value.map(fact));
    };
    enter("qkv.raw-it-cat", at(Step::Scores, IT, CAT), 1);
    enter("qkv.raw-cat-it", at(Step::Scores, CAT, IT), 1);
    enter("qkv.scaled-it-cat", at(Step::Scaled, IT, CAT), 2);
    enter("qkv.scaled-it-mat", at(Step::Scaled, IT, MAT), 2);
    let apart = at(Step::Scaled, IT, CAT).zip(at(Step::Scaled, IT, MAT)).map(|(a, b)| a - b);
    enter("qkv.cat-over-mat", apart, 2);
    enter("qkv.cat-times-mat", apart.map(f32::exp), 0);
    let products = steps.as_ref().map(|steps| workings(steps, None, Step::Scores, (IT, CAT)));
    let (largest, rest) = match &products {
        Some(Workings::Sum { terms, rest }) => (terms.first(), Some(rest)),
        _ => (None, None),
    };
    enter("qkv.largest-product", largest.map(|term| term.left * term.right), 1);
    enter("qkv.other-products", rest.map(|(_, sum)| *sum), 1);
    let places = largest.map(|term| Fact::count(term.place + 1, &source[..]));
    facts.add_measured("qkv.largest-place", places);
    let others = rest.map(|(count, _)| Fact::count(*count, &source[..]));
    facts.add_measured("qkv.others", others);
    let weight =
        at(Step::Weights, IT, MAT).map(|weight| Fact::rounded(share(weight), weight, &source[..]));
    facts.add_measured("qkv.weight-it-mat", weight);
    Ok(())
}

/// The steps of a real head, once its tokens are the words that the text speaks of.
fn read(head: &Head, words: &[(usize, &str)]) -> Result<Steps> {
    for (place, expected) in words {
        let found = head.tokens.get(*place).map(|token| word(&token.text));
        ensure!(found.as_deref() == Some(*expected), "token {place} is {found:?}, not {expected}");
    }
    Ok(Steps::from(&head.steps))
}
