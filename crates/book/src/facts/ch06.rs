//! Chapter 6, causal masking.

use anyhow::{Context, Result};
use attention::{Mask, softmax, total_variation};
use burn::tensor::{Device, Tensor};
use widgets::square::Square;

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;
use crate::score_matrices::{LONG, MASK_HEADS, MYSTERY, MatrixHead, UnmaskedText};

/// The rows that the text speaks of: a head, a row, and what the fact calls it.
const ROWS: &[(&str, usize, &str)] = &[
    ("13-8", 0, "first"),
    ("13-8", 1, "second"),
    ("13-8", 6, "because"),
    ("22-8", 7, "it"),
    ("0-6", 0, "first"),
    ("0-6", 6, "because"),
    ("0-6", 7, "it"),
    ("16-0", 0, "first"),
    ("16-0", 1, "second"),
];

/// Adds the facts of chapter 6.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    toy(facts)?;
    nothing_to_see(facts);
    let text = model.map(|model| UnmaskedText::read(model, LONG, true)).transpose()?;
    all_heads(facts, text.as_ref())?;
    for head in MASK_HEADS {
        one_head(facts, head, text.as_ref())?;
    }
    one_by_one(facts, model.zip(text.as_ref()))
}

fn toy(facts: &mut Facts) -> Result<()> {
    let square = MYSTERY.matrix()?;
    let (open, masked) = (square.steps(Mask::Full).weights, square.steps(Mask::Causal).weights);
    let source = "the made-up vectors of ch06-mask";
    let moved = moved(&square)?;
    for (row, name) in ["first", "second", "third", "fourth", "last"].into_iter().enumerate() {
        facts.add(&format!("mask.toy-{name}"), Fact::share(moved[row], source));
    }
    for (row, name) in ["first", "second"].into_iter().enumerate() {
        let kept = open[row][..=row].iter().sum();
        facts.add(&format!("mask.toy-{name}-kept"), Fact::share(kept, source));
    }
    facts.add("mask.toy-alone", Fact::share(masked[0][0], source));
    facts.add("mask.toy-love-i", Fact::share(open[1][0], source));
    facts.add("mask.toy-love-love", Fact::share(open[1][1], source));
    facts.add("mask.toy-love-i-masked", Fact::share(masked[1][0], source));
    facts.add("mask.toy-love-love-masked", Fact::share(masked[1][1], source));
    let grid = Mask::Causal.grid(square.seq(), square.seq());
    let hidden = square.seq() * square.seq() - grid.count();
    facts.add("mask.toy-hidden", Fact::count(hidden, "the causal mask, counted"));
    facts.add("mask.toy-all", Fact::count(square.seq() * square.seq(), "the causal mask, counted"));
    Ok(())
}

/// What a softmax makes of a row in which every score is the same very low number, or -inf.
fn nothing_to_see(facts: &mut Facts) {
    let share = |score: f32| -> f32 {
        let row = Tensor::<1>::from_data([score; 5], &Device::flex());
        softmax(row, 0).narrow(0, 0, 1).into_scalar()
    };
    let low = -1e9_f32;
    let source = "attention::softmax of five equal scores";
    facts.add("mask.low-share", Fact::share(share(low), source));
    facts.add("mask.inf-share", Fact::share(share(f32::NEG_INFINITY), source));
    let largest = "the largest number of IEEE 754 binary16: (2 - 2^-10) · 2^15";
    facts.add("mask.f16-largest", Fact::count((2 * 1024 - 1) * 32, largest));
}

/// For each row the share that the mask moves.
fn moved(square: &Square) -> Result<Vec<f32>> {
    let tensor = |mask: Mask| {
        let numbers = square.steps(mask).weights.concat();
        Tensor::<1>::from_data(numbers.as_slice(), &Device::flex())
            .reshape([square.seq(), square.seq()])
    };
    let moved: Tensor<2> = total_variation(tensor(Mask::Full), tensor(Mask::Causal), 1)?;
    Ok(moved.into_data().iter().collect())
}

/// How far the mask moves each row, over all heads: `[head][row]`.
pub(crate) fn moved_by_head(text: &UnmaskedText) -> Result<Vec<Vec<f32>>> {
    let mut heads = Vec::new();
    for scores in &*text.unmasked {
        let [_, seq, _] = scores.dims();
        let hidden = Mask::Causal.hidden(seq, seq, &scores.device()).context("a mask")?;
        let masked = scores.clone().mask_fill(hidden.unsqueeze::<3>(), f32::NEG_INFINITY);
        let moved = total_variation(softmax(scores.clone(), 2), softmax(masked, 2), 2)?;
        let moved: Vec<f32> = moved.into_data().iter().collect();
        heads.extend(moved.chunks(seq).map(<[f32]>::to_vec));
    }
    Ok(heads)
}

fn all_heads(facts: &mut Facts, text: Option<&UnmaskedText>) -> Result<()> {
    let heads = text.map(moved_by_head).transpose()?;
    let source = format!("the mean over all heads of SmolLM2, in “{LONG}”, a counterfactual");
    let mean = |row: usize| {
        heads.as_ref().map(|heads| {
            let sum: f32 = heads.iter().map(|rows| rows[row]).sum();
            Fact::share(sum / heads.len() as f32, source.as_str())
        })
    };
    for (row, name) in [(0, "first"), (1, "second"), (4, "fifth"), (8, "ninth"), (9, "last")] {
        facts.add_measured(&format!("mask.mean-{name}"), mean(row));
    }
    // Uniform attention loses the part of the text that lies ahead.
    let tokens = heads.as_ref().map(|heads| heads[0].len());
    for (row, name) in [(0, "first"), (1, "second")] {
        let ahead = tokens.map(|tokens| (tokens - 1 - row) as f32 / tokens as f32);
        let source = "uniform attention: the tokens ahead, of all";
        facts
            .add_measured(&format!("mask.uniform-{name}"), ahead.map(|it| Fact::share(it, source)));
    }
    let falling = |rows: &&Vec<f32>| rows.windows(2).all(|pair| pair[0] >= pair[1]);
    let count = heads.as_ref().map(|heads| heads.iter().filter(falling).count());
    let source = format!("all heads of SmolLM2, in “{LONG}”");
    facts
        .add_measured("mask.falling-heads", count.map(|count| Fact::count(count, source.as_str())));
    Ok(())
}

fn one_head(facts: &mut Facts, shown: &MatrixHead, text: Option<&UnmaskedText>) -> Result<()> {
    let (layer, head) = shown.head;
    let name = format!("{layer}-{head}");
    let moved = text.map(|text| moved(&text.matrix(shown)?)).transpose()?;
    let source = format!("SmolLM2, layer {layer}, head {head}, in “{LONG}”, a counterfactual");
    for (_, row, place) in ROWS.iter().copied().filter(|(of, ..)| *of == name) {
        let fact = moved.as_ref().map(|moved| Fact::share(moved[row], source.as_str()));
        facts.add_measured(&format!("mask.{name}-{place}"), fact);
    }
    Ok(())
}

/// How far weights and logits differ between one pass and token by token, over all heads.
fn one_by_one(facts: &mut Facts, read: Option<(&MemoisedModel, &UnmaskedText)>) -> Result<()> {
    let differences = read.map(|(model, text)| compare(model, text)).transpose()?;
    let source = format!("all layers and heads of SmolLM2, in “{LONG}”");
    let fact =
        |difference: f32| Fact::rounded(format!("{difference:.0e}"), difference, source.as_str());
    facts.add_measured("mask.weights-differ", differences.map(|(weights, _)| fact(weights)));
    facts.add_measured("mask.logits-differ", differences.map(|(_, logits)| fact(logits)));
    Ok(())
}

fn compare(model: &MemoisedModel, text: &UnmaskedText) -> Result<(f32, f32)> {
    let whole = text.beginnings.last().context("a text has tokens")?;
    let alone = model.one_by_one(&text.ids)?;
    let (mut weights, mut logits) = (0.0_f32, 0.0_f32);
    for (row, start) in text.beginnings.iter().enumerate() {
        for (one, other) in start.weights.iter().zip(&whole.weights) {
            let row_of =
                |tensor: &Tensor<3>| tensor.clone().narrow(1, row, 1).narrow(2, 0, row + 1);
            let difference = (row_of(one) - row_of(other)).abs().max().into_scalar::<f32>();
            weights = weights.max(difference);
        }
        let pairs = alone[row].logits.iter().zip(&start.logits);
        logits = pairs.map(|(one, other)| (one - other).abs()).fold(logits, f32::max);
    }
    Ok((weights, logits))
}
