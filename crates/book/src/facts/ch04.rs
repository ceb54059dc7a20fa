//! Chapter 4, softmax and temperature: made-up logits, SmolLM2's next token, and the scale.

use anyhow::{Context, Result};
use attention::softmax;
use burn::tensor::Tensor;
use inputs::next_token::{LOGITS, TOKENS, TOP_K, TOP_P_PERCENT};
use inputs::scale::SEED;
use inputs::texts::{BOUGHT, CAPITAL, CAT_SAT_ON, DOG_SAT_ON, HORSE_SAT_ON};
use smollm2::Forward;
use widgets::next_token::NextToken;
use widgets::scale::{Draw, HEADS, KEYS, QUERIES};
use widgets::show::{grouped, significant, word};
use widgets::temperature::{Column, Shares, TEMPERATURES};

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;
use crate::{next_token, sentences};

/// The dimension of SmolLM2's heads, and the largest of the widget.
const DIMENSIONS: [usize; 2] = [64, 512];

/// Adds the facts of chapter 4.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    arithmetic(facts);
    toy(facts);
    initialised(facts);
    let ask = |name| model.map(|model| next_token::ask(model, name)).transpose();
    sampled(facts, "capital", ask("capital")?.as_ref());
    sampled(facts, "sat", ask("sat")?.as_ref());
    let bought = ask("bought")?.map(|it| Shares::new(&it.logits, 1.0, None, 100).base);
    let source = &format!("SmolLM2's next token after “{BOUGHT}”")[..];
    let first = bought.as_ref().map(|own| Fact::share(own.shares[0] as f32, source));
    facts.add_measured("bought.first", first);
    facts.add_measured("bought.effective", bought.map(|own| effective(&own, source)));
    let capital = model.map(|model| model.forward(CAPITAL)).transpose()?;
    let error = capital.map(|capital| summed_in_f32(&capital.logits));
    facts.add_measured("next.f32-error", error);
    after_other_texts(facts, model)?;
    drawn(facts)?;
    real_scores(facts, model)
}

/// What f32 and f64 can hold, and what a slope can be.
fn arithmetic(facts: &mut Facts) {
    let limit = f64::from(f32::MAX).ln();
    let limit = Fact::decimals(limit, 1, "the logarithm of the largest f32");
    facts.add("softmax.f32-limit", limit);
    facts.add("softmax.steepest", Fact::share(0.5 * 0.5, "a (1 - a) at one half"));
    let per_nat = std::f64::consts::LN_2.recip();
    facts.add("entropy.bits-per-nat", Fact::decimals(per_nat, 2, "one over the logarithm of two"));
}

/// The made-up tokens of the listing `ch04-temperature` and of the widget.
fn toy(facts: &mut Facts) {
    let source = "the made-up logits of the listing ch04-temperature";
    let [lowest, highest] = [TEMPERATURES[0], TEMPERATURES[TEMPERATURES.len() - 1]];
    let column = |temperature| Shares::new(&LOGITS, temperature, None, 100).warm;
    let part = |part: f64| Fact::share(part as f32, source);
    for (name, temperature) in [("lowest", lowest), ("one", 1.0), ("highest", highest)] {
        let shown = Fact::decimals(f64::from(temperature), 2, "the slider of the widget");
        facts.add(&format!("temperature.{name}"), shown);
        facts.add(&format!("toy.effective-{name}"), effective(&column(temperature), source));
    }
    for (name, temperature) in
        [("lowest", lowest), ("half", 0.5), ("one", 1.0), ("highest", highest)]
    {
        let shares = column(temperature).shares;
        let ratio = Fact::text(significant(shares[0] / shares[1]), source);
        facts.add(&format!("toy.ratio-{name}"), ratio);
    }
    let fine = column(lowest).shares[0];
    let shown = format!("{fine:.4}");
    facts.add("toy.a-lowest-fine", Fact::rounded(shown.trim_start_matches('0'), fine, source));
    facts.add("toy.a-one", part(column(1.0).shares[0]));
    facts.add("toy.a-highest", part(column(highest).shares[0]));
    facts.add("toy.blue-highest", part(column(highest).shares[5]));
    facts.add("toy.nats-one", Fact::decimals(column(1.0).entropy, 2, source));
    facts.add("toy.bits-one", Fact::decimals(column(1.0).bits(), 2, source));
    for (token, logit) in TOKENS.iter().zip(&LOGITS).take(2) {
        facts.add(&format!("toy.logit-{token}"), Fact::decimals(f64::from(*logit), 1, source));
    }
    let even = Shares::new(&[0.0; LOGITS.len()], 1.0, None, 100).base;
    facts.add("toy.even", Fact::share(even.shares[0] as f32, "one part in six"));
    facts.add("toy.bits-even", Fact::decimals(even.bits(), 2, "six equal tokens"));
}

/// SmolLM2's next token after a text, with the filters of the listing `ch04-sampling`.
fn sampled(facts: &mut Facts, name: &str, asked: Option<&NextToken>) {
    let source = format!("SmolLM2's next token after “{}”", next_token::text(name));
    let shares = |temperature| {
        asked.map(|asked| Shares::new(&asked.logits, temperature, None, TOP_P_PERCENT))
    };
    let plain = shares(1.0);
    let first = |column: &Column| Fact::share(column.shares[0] as f32, source.as_str());
    let stay = |shares: &Shares| Fact::count(shares.stay(), source.as_str());
    let five = plain.as_ref().map(|it| it.base.shares[..TOP_K].iter().sum::<f64>());
    let part = |part: f64| Fact::share(part as f32, source.as_str());
    let values = [
        ("first", plain.as_ref().map(|it| first(&it.base))),
        ("effective", plain.as_ref().map(|it| effective(&it.base, &source))),
        ("five", five.map(part)),
        ("nucleus", plain.as_ref().map(stay)),
    ];
    for (what, fact) in values {
        facts.add_measured(&format!("next.{name}-{what}"), fact);
    }
    if name == "sat" {
        let over_half = |step: &f32| shares(*step).is_some_and(|it| it.warm.shares[0] > 0.5);
        let step = TEMPERATURES.iter().copied().rfind(over_half);
        let shown = |step: f32| Fact::decimals(f64::from(step), 2, source.as_str());
        facts.add_measured("next.sat-half-temperature", step.map(shown));
        let there = step.and_then(shares);
        facts.add_measured("next.sat-half-nucleus", there.as_ref().map(stay));
        facts.add_measured("next.sat-nucleus-cool", shares(0.5).as_ref().map(stay));
    } else {
        let warm = shares(2.0).map(|it| it.warm);
        facts.add_measured("next.capital-first-warm", warm.as_ref().map(first));
        let beyond = warm.map(|warm| warm.shares[TOP_K..].iter().sum::<f64>());
        facts.add_measured("next.capital-beyond-five-warm", beyond.map(part));
        let chosen = "a setting of the listing ch04-sampling";
        let both = asked.map(|it| Shares::new(&it.logits, 1.0, Some(TOP_K), TOP_P_PERCENT));
        facts.add_measured("next.capital-both", both.as_ref().map(stay));
        facts.add("next.top-p", Fact::share(TOP_P_PERCENT as f32 / 100.0, chosen));
    }
}

/// The likeliest token after texts that differ in a word.
fn after_other_texts(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    for (name, text) in
        [("dog", DOG_SAT_ON), ("horse", HORSE_SAT_ON), ("cou", &format!("{CAT_SAT_ON} cou")[..])]
    {
        let first = model.map(|model| -> Result<_> {
            let mut top = model.forward(text)?.top(1)?;
            top.pop().context("a model has a vocabulary")
        });
        let first = first.transpose()?;
        let source = format!("SmolLM2's next token after “{text}”");
        let shown = first.as_ref().map(|it| Fact::text(word(&it.token.text), source.as_str()));
        facts.add_measured(&format!("next.{name}"), shown);
        if name == "cou" {
            let share = first.map(|it| Fact::share(it.probability, source.as_str()));
            facts.add_measured("next.cou-share", share);
        }
    }
    Ok(())
}

/// Scores before training, when weights are drawn as for GPT and what goes in has variance one.
fn initialised(facts: &mut Facts) {
    let (width, head_dim, deviation) = (768.0_f64, 64.0_f64, 0.02_f64);
    let source = "768 products with weights of standard deviation 0.02, heads of 64";
    let variance = width * deviation * deviation;
    // A product of two such numbers has the square of that variance, and a score sums 64 of them.
    let raw = head_dim.sqrt() * variance;
    facts.add("init.variance", Fact::decimals(variance, 2, source));
    facts.add("init.raw", Fact::decimals(raw, 1, source));
    facts.add("init.scaled", Fact::decimals(raw / head_dim.sqrt(), 2, source));
}

/// How far off the sum below the fraction is in f32: one part in so many, two digits.
fn summed_in_f32(logits: &[f32]) -> Fact {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let plain: f32 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    let exact: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
    let parts = (exact / (f64::from(plain) - exact)).abs();
    let unit = 10_f64.powf(parts.log10().floor() - 1.0);
    let shown = grouped(((parts / unit).round() * unit) as u64);
    Fact::rounded(shown, parts, format!("SmolLM2's logits after “{CAPITAL}”, summed twice"))
}

/// Random queries and keys: the draw that the listing `ch04-scale` and the widget open with.
fn drawn(facts: &mut Facts) -> Result<()> {
    let draw = Draw::new(SEED);
    facts.add("scale.rows", Fact::count(HEADS * QUERIES, "the listing ch04-scale"));
    facts.add("scale.keys", Fact::count(KEYS, "the listing ch04-scale"));
    let source = |dim| format!("random queries and keys of {dim} numbers, draw 1 of ch04-scale");
    let at = |dim| {
        let line = draw.lines.iter().find(|line| line.head_dim == dim);
        line.with_context(|| format!("nothing is drawn at dimension {dim}"))
    };
    let [own, largest] = DIMENSIONS;
    facts.add("scale.raw-largest-64", Fact::share(at(own)?.raw.largest, source(own)));
    let (raw, scaled) = (at(largest)?.raw, at(largest)?.scaled);
    facts.add("scale.raw-largest-512", Fact::share(raw.largest, source(largest)));
    facts.add("scale.raw-stuck-512", Fact::share(raw.stuck, source(largest)));
    for (name, slope) in [("raw", raw.slope), ("scaled", scaled.slope)] {
        let slope = Fact::decimals(f64::from(slope), 3, source(largest));
        facts.add(&format!("scale.{name}-slope-512"), slope);
    }
    Ok(())
}

/// What the last word of the first sentence scores in every head of SmolLM2.
fn real_scores(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let cat = model.map(|model| sentences::read(model, "cat")).transpose()?;
    let scaled = cat.map(|cat| last_rows(&cat.forward));
    let root = model.map(|model| (model.config().head_dim as f32).sqrt());
    let source = "all heads of SmolLM2, the scores of “tired” in the first sentence";
    let variances: Option<Vec<f32>> =
        scaled.clone().map(|scores| scores.var(3).into_data().iter().collect());
    let spread = |variance: f32| Fact::decimals(f64::from(variance.sqrt()), 1, source);
    let mean = variances.as_ref().map(|all| all.iter().sum::<f32>() / all.len() as f32);
    let extreme = |pick: fn(f32, f32) -> f32| {
        variances.as_ref().and_then(|all| all.iter().copied().reduce(pick))
    };
    let largest = |scores: Tensor<4>| {
        let largest: f32 = softmax(scores, 3).max_dim(3).mean().into_scalar();
        Fact::share(largest, source)
    };
    let raw = scaled.clone().zip(root).map(|(scores, root)| scores * root);
    let values = [
        ("spread", mean.map(spread)),
        ("spread-least", extreme(f32::min).map(spread)),
        ("spread-most", extreme(f32::max).map(spread)),
        ("largest", scaled.map(largest)),
        ("largest-raw", raw.map(largest)),
    ];
    for (what, fact) in values {
        facts.add_measured(&format!("real.{what}"), fact);
    }
    Ok(())
}

/// The scaled scores of the last token: `[layers, heads, 1, seq_k]`.
fn last_rows(forward: &Forward) -> Tensor<4> {
    let last = forward.tokens.len() - 1;
    let rows = forward.scores.iter().map(|scores| scores.clone().narrow(1, last, 1)).collect();
    Tensor::stack(rows, 0)
}

fn effective(column: &Column, source: &str) -> Fact {
    let effective = column.effective();
    Fact::rounded(significant(effective), effective, source)
}
