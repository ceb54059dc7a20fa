//! Chapter 9, patterns: how many pairs each mask lets see each other, and how far it reaches.

use anyhow::{Context, Result, bail};
use attention::cost::Window;
use attention::detectors::Pattern;
use attention::presets::preset;
use induction::message::Record;
use induction::{CONTEXT, HEADS, LETTERS, STEPS, record};
use inputs::heads::{INDUCTION, INDUCTION_BELOW, SINK};
use inputs::masks::{LONG, SHORT, masks};
use inputs::tokens::{COUNT, STRIDE, spaced_twice};
use widgets::induction::{RATES, WORKS};

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;

/// Adds the facts of chapter 9.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    pairs(facts)?;
    layers(facts);
    reach(facts)?;
    training(facts, &record())?;
    together(facts, model)?;
    sink(facts, model)
}

/// What the three best induction heads of SmolLM2 cost together, and what they cost one by one.
fn together(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let three = [INDUCTION_BELOW[0], INDUCTION_BELOW[1], INDUCTION];
    let tokens = spaced_twice(COUNT, STRIDE);
    let rises = model.map(|model| -> Result<[f64; 2]> {
        let whole = second_time(model, &[], &tokens)?;
        let rise = |heads: &[_]| Ok(second_time(model, heads, &tokens)? - whole);
        let single: Result<Vec<f64>> = three.iter().map(|head| rise(&[*head])).collect();
        Ok([rise(&three)?, single?.iter().sum()])
    });
    let rises = rises.transpose()?;
    for (place, name) in ["rise-three", "rises-added"].into_iter().enumerate() {
        let source = format!("the rise of mean -ln p, in nats, {COUNT} tokens said twice");
        let fact = rises.map(|rises| Fact::decimals(rises[place], 2, source));
        facts.add_measured(&format!("induction.twice.{name}"), fact);
    }
    Ok(())
}

/// The recorded training of `ch09-train`.
fn training(facts: &mut Facts, record: &Record) -> Result<()> {
    let source = "the recorded training of ch09-train";
    let points = &record.progress.points;
    let (first, last) = (&points[0], &points[points.len() - 1]);
    let at = |step| points.iter().find(|point| point.step == step).context("no such step");
    let nats = |loss: f32| Fact::decimals(f64::from(loss), 2, source);
    let percent = |part: f32| Fact::decimals(100.0 * f64::from(part), 0, source);
    let highest = |scores: [f32; HEADS]| {
        let scores = scores.into_iter().enumerate();
        scores.max_by(|a, b| a.1.total_cmp(&b.1)).context("a layer has heads")
    };
    let turn = points.iter().find(|point| point.induction[1].into_iter().any(|it| it > WORKS));
    let turn = turn.context("no induction head in the recorded training")?.step as usize;
    facts.add("induction.seed", Fact::count(record.seed as usize, source));
    facts.add("induction.rate", Fact::text(record.learning_rate, source));
    facts.add("induction.steps", Fact::count(STEPS as usize, source));
    facts.add("induction.letters", Fact::count(LETTERS, "a to z"));
    facts.add("induction.context", Fact::count(CONTEXT, "the places of the model"));
    // The words that it is tried on fill the context when they are said twice.
    let word = CONTEXT / 2;
    facts.add("induction.word-letters", Fact::count(word, "half of the model's positions"));
    let guess = (word as f64).ln();
    facts.add("induction.word-guess", Fact::decimals(guess, 2, "ln of the letters of a word"));
    facts.add("induction.word-step", Fact::count(100, source));
    facts.add("induction.word-loss", nats(at(100)?.loss));
    let guess = (LETTERS as f64).ln();
    facts.add("induction.guess", Fact::decimals(guess, 2, "ln of the number of letters"));
    facts.add("induction.first-loss", nats(first.loss));
    facts.add("induction.plateau-step", Fact::count(75, source));
    facts.add("induction.plateau-loss", nats(at(75)?.loss));
    facts.add("induction.turn", Fact::count(turn, source));
    facts.add("induction.after-step", Fact::count(175, source));
    facts.add("induction.after-loss", nats(at(175)?.loss));
    facts.add("induction.after-right", percent(at(175)?.accuracy));
    facts.add("induction.last-loss", nats(last.loss));
    let (head, score) = highest(last.induction[1])?;
    facts.add("induction.head", Fact::text(format!("layer 1, head {head}"), source));
    facts.add("induction.score", Fact::share(score, source));
    facts.add("induction.without-head", nats(record.rest.loss[1][head]));
    let (head, score) = highest(last.previous[0])?;
    facts.add("induction.previous-head", Fact::text(format!("layer 0, head {head}"), source));
    facts.add("induction.previous", Fact::share(score, source));
    facts.add("induction.without-previous", nats(record.rest.loss[0][head]));
    let working = last.induction[1].into_iter().filter(|score| *score > WORKS).count();
    facts.add("induction.working", Fact::count(working, source));
    facts.add("induction.silenced-loss", nats(record.silenced.loss));
    facts.add("induction.rate-too-large", Fact::text(RATES[RATES.len() - 1], "the widget's menu"));
    Ok(())
}

/// The mean surprise over the second time that the tokens come, but for the first of them.
fn second_time(model: &MemoisedModel, cut: &[(usize, usize)], tokens: &[u32]) -> Result<f64> {
    let surprise = model.surprise(tokens, cut)?;
    let again = &surprise[surprise.len() / 2 + 1..];
    Ok(again.iter().sum::<f64>() / again.len() as f64)
}

/// The best attention sink, on the tokens of `ch05-ablation`.
fn sink(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let (layer, head) = SINK;
    let which = format!("layer {layer}, head {head}");
    let score = model.map(|model| -> Result<Fact> {
        let forward = model.forward_tokens(&spaced_twice(COUNT, STRIDE))?;
        let weights = forward.weights[layer].clone().narrow(0, head, 1).squeeze_dim(0);
        let score = Pattern::new(weights)?.sink()?;
        Ok(Fact::share(score as f32, format!("{which}, {COUNT} tokens said twice")))
    });
    facts.add_measured("induction.sink-18-8", score.transpose()?);
    Ok(())
}

/// The pairs of a window and of all, in the text to draw and in one that a model reads.
fn pairs(facts: &mut Facts) -> Result<()> {
    for tokens in [SHORT, LONG].map(usize::from) {
        let (all, source) = (tokens * tokens, format!("a window over {tokens} tokens, counted"));
        let window = masks(tokens)?.into_iter().find(|(name, _)| *name == "window");
        let seen = window.context("no window among the masks")?.1.count();
        let percent = 100.0 * seen as f64 / all as f64;
        let percent = Fact::decimals(percent, 1, format!("{source}, in percent of all pairs"));
        facts.add(&format!("pattern.window-{tokens}-percent"), percent);
        if tokens == usize::from(LONG) {
            facts.add("pattern.window-1024", Fact::count(seen, source));
            facts.add("pattern.full-1024", Fact::count(all, "every query with every key"));
        }
    }
    Ok(())
}

/// Through how many layers news must go to come 31 tokens far: in a window three tokens at a time,
/// with gaps six.
fn layers(facts: &mut Facts) {
    for (name, step) in [("window", 3), ("dilated", 6)] {
        let source = format!("31 tokens, {step} a layer, rounded up");
        facts.add(&format!("pattern.layers-{name}"), Fact::count(31_usize.div_ceil(step), source));
    }
}

/// How far back the last layer of Mistral 7B can see through its windows.
fn reach(facts: &mut Facts) -> Result<()> {
    let name = "Mistral 7B v0.1";
    let model = preset(name).with_context(|| format!("no {name} in the presets"))?;
    let Window::Every(window) = model.shape.window else { bail!("{name} has no window") };
    let layers = model.shape.layers;
    let source = format!("{}, {}", model.source.title, model.source.year);
    facts.add("mistral.window", Fact::count(window as usize, source.clone()));
    facts.add("mistral.layers", Fact::count(layers as usize, source));
    let reach = (layers * (window - 1) + 1) as usize;
    let source = "each layer adds the window, less the token itself";
    facts.add("mistral.reach", Fact::count(reach, source));
    Ok(())
}
