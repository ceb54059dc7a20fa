//! Chapter 5, multi-head attention: what heads do, what they are worth, how they are cut.

use anyhow::{Context, Result, bail};
use attention::detectors::Pattern;
use inputs::heads;
use inputs::texts::BAKER;
use inputs::tokens::COUNT;
use smollm2::Forward;
use widgets::assemble::{Sizes, short};
use widgets::heads::{Overview, Show};

use super::Facts;
use crate::every_head::{EveryHead, MISSED};
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;
use crate::sentences;

/// Adds the facts of chapter 5.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    sizes(facts)?;
    overviews(facts, model)?;
    baker(facts, model)?;
    twice(facts)
}

/// How real models cut their vectors.
fn sizes(facts: &mut Facts) -> Result<()> {
    for (model, wanted) in SIZES {
        let sizes = Sizes::of(&short(model)).context("the model is in the table")?;
        let source = sizes.preset.source;
        let source = format!("{}, {}", source.title, source.year);
        let [.., (_, [height, width])] = sizes.matrices();
        for what in *wanted {
            let number = match *what {
                "layers" => sizes.preset.shape.layers,
                "heads" => sizes.heads,
                "head-dim" => sizes.head_dim,
                "merged" => sizes.merged(),
                "d-model" => sizes.d_model,
                "w-o" => height * width,
                other => bail!("a model has no `{other}`"),
            };
            let name = format!("multi.{}.{what}", short(model));
            facts.add(&name, Fact::count(usize::try_from(number)?, &source));
        }
    }
    Ok(())
}

/// The sizes that the text speaks of.
const SIZES: &[(&str, &[&str])] = &[
    ("GPT-3 175B", &["layers", "heads", "head-dim", "d-model", "w-o"]),
    ("SmolLM2-135M", &["merged"]),
    ("Gemma 2 9B", &["heads", "head-dim", "merged", "d-model"]),
];

/// A score of a head, as the widget has it: the fact, the sentence, the head.
const SCORES: &[(&str, &str, Show, (usize, usize))] = &[
    ("multi.cat.previous-16-0", "cat", Show::Previous, heads::PREVIOUS_TOKEN),
    ("multi.cat.first-18-8", "cat", Show::First, heads::SINK),
    ("multi.repeat.prefix-18-6", "repeat", Show::Prefix, heads::INDUCTION),
];

/// The rank of a head among all: the fact, the sentence, what is measured, the pair, the head.
type Rank = (&'static str, &'static str, Show, (usize, usize), (usize, usize));

/// The ranks that the text speaks of.
const RANKS: &[Rank] = &[
    ("multi.repeat.rank-18-6", "repeat", Show::Prefix, (8, 4), heads::INDUCTION),
    ("multi.keys.rank-9-7", "keys", Show::Pair, (7, 1), heads::SUBJECT),
];

/// What the heads widget shows of one sentence.
fn overview(model: Option<&MemoisedModel>, sentence: &str) -> Result<Option<Overview>> {
    let Some(model) = model else { return Ok(None) };
    let overview = Overview::new(&sentences::read(model, sentence)?.packed);
    overview.map(Some).map_err(anyhow::Error::msg)
}

/// What the heads widget shows.
fn overviews(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let heads = model.map_or(0, |model| model.config().heads);
    let scores = |sentence: &str, show: Show, pair: (usize, usize)| -> Result<Option<Vec<f64>>> {
        let overview = overview(model, sentence)?;
        let scores = overview.map(|overview| overview.scores(show, pair));
        scores.transpose().map_err(anyhow::Error::msg)
    };
    for (name, sentence, show, (layer, head)) in SCORES {
        let source = format!("the detector on layer {layer}, head {head}, sentence “{sentence}”");
        let fact = scores(sentence, *show, (0, 0))?.map(|scores| {
            let score = scores[layer * heads + head];
            Fact::rounded(show.printed(score), score, source)
        });
        facts.add_measured(name, fact);
    }
    for (name, sentence, show, pair, (layer, head)) in RANKS {
        let source = format!("layer {layer}, head {head} among all, sentence “{sentence}”");
        let fact = scores(sentence, *show, *pair)?.map(|scores| {
            let own = scores[layer * heads + head];
            Fact::count(1 + scores.iter().filter(|score| **score > own).count(), source)
        });
        facts.add_measured(name, fact);
    }
    for show in [Show::Previous, Show::First] {
        let scores = scores("cat", show, (0, 0))?;
        let source = "all heads, sentence “cat”";
        if show == Show::Previous {
            let middle = scores.clone().map(|mut scores| {
                scores.sort_by(f64::total_cmp);
                let middle = scores[scores.len() / 2];
                Fact::rounded(show.printed(middle), middle, source)
            });
            facts.add_measured("multi.cat.previous-middle", middle);
            uniform(facts, model, scores.as_deref())?;
        } else {
            sinks_by_layer(facts, scores.as_deref(), heads);
        }
        let strong = scores.map(|scores| scores.iter().filter(|score| **score >= 0.5).count());
        let strong = strong.map(|strong| Fact::count(strong, source));
        facts.add_measured(&format!("multi.cat.{}-strong", show.key()), strong);
    }
    Ok(())
}

/// What a head would give the previous token that gives all tokens up to its own the same, and
/// how many heads give it less.
fn uniform(facts: &mut Facts, model: Option<&MemoisedModel>, scores: Option<&[f64]>) -> Result<()> {
    let tokens = model
        .map(|model| Ok::<_, anyhow::Error>(sentences::read(model, "cat")?.packed.tokens.len()));
    let baseline = tokens.transpose()?.map(|tokens| {
        (1..tokens).map(|place| 1.0 / (place + 1) as f64).sum::<f64>() / (tokens - 1) as f64
    });
    let source = "the mean of 1 / (place + 1) over all tokens but the first, sentence “cat”";
    let fact = baseline.map(|baseline| Fact::share(baseline as f32, source));
    facts.add_measured("multi.cat.previous-uniform", fact);
    let below = scores.zip(baseline).map(|(scores, baseline)| {
        let below = scores.iter().filter(|score| **score < baseline).count();
        Fact::count(below, "all heads against uniform attention, sentence “cat”")
    });
    facts.add_measured("multi.cat.previous-below-uniform", below);
    Ok(())
}

/// How many heads of three layers give half or more to the first token.
fn sinks_by_layer(facts: &mut Facts, scores: Option<&[f64]>, heads: usize) {
    const LAYERS: usize = 3;
    for (name, first) in [("early", 0), ("middle", 15)] {
        let source = format!("layers {first} to {}, sentence “cat”", first + LAYERS - 1);
        let count = scores.map(|scores| {
            let layers = &scores[first * heads..(first + LAYERS) * heads];
            Fact::count(layers.iter().filter(|score| **score >= 0.5).count(), source)
        });
        facts.add_measured(&format!("multi.cat.sinks-{name}"), count);
    }
    let all = scores.map(|_| Fact::count(LAYERS * heads, "three layers of SmolLM2"));
    facts.add_measured("multi.cat.three-layers", all);
}

fn pattern(forward: &Forward, (layer, head): (usize, usize)) -> Result<Pattern> {
    Ok(Pattern::new(forward.weights[layer].clone().narrow(0, head, 1).squeeze_dim(0))?)
}

fn ids(forward: &Forward) -> Vec<u32> {
    forward.tokens.iter().map(|token| token.id).collect()
}

/// The sentence of `ch05-roles`, on which another head is the best at induction.
fn baker(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let forward = model.map(|model| model.forward(BAKER)).transpose()?;
    for (layer, head) in [(17, 5), heads::INDUCTION] {
        let score = forward.as_ref().map(|forward| -> Result<Fact> {
            let score = pattern(forward, (layer, head))?.prefix_matching(&ids(forward))?;
            let source = format!("prefix matching, layer {layer}, head {head}, “{BAKER}”");
            Ok(Fact::share(score as f32, source))
        });
        facts.add_measured(&format!("multi.baker.prefix-{layer}-{head}"), score.transpose()?);
    }
    Ok(())
}

/// What is ablated, as the record names it, and the fact of what the second time then costs.
const ABLATED: &[(&str, &str)] = &[
    ("none", "multi.twice.surprise"),
    ("18.6", "multi.twice.without-18-6"),
    ("17.3", "multi.twice.without-17-3"),
    ("17.4", "multi.twice.without-17-4"),
    ("17.3,17.4,18.6", "multi.twice.without-three"),
    ("16.0", "multi.twice.without-16-0"),
    ("11.1", "multi.twice.without-11-1"),
    ("mean:16.0", "multi.twice.mean-16-0"),
];

/// The costs that the text also gives as so many equally likely tokens.
const ONE_IN: [&str; 2] = ["multi.twice.surprise", "multi.twice.without-16-0"];

/// From this score on a head attends mostly to what the detector looks for.
const HIGH: f64 = 0.5;

/// The record of `ch05-ablation`: tokens of the whole vocabulary, and the same again.
fn twice(facts: &mut Facts) -> Result<()> {
    let record = EveryHead::read()?;
    let source = "the listing ch05-ablation, recorded in crates/book/every-head.txt";
    facts.add("multi.twice.tokens", Fact::count(COUNT.into(), source));
    facts.add("multi.twice.draws", Fact::count(record.get("none")?.draws.len(), source));
    for name in ["16.0", "11.1", "18.6", "17.3", "17.4"] {
        let head = record.get(name)?;
        let kind = if head.previous > head.prefix { "previous" } else { "prefix" };
        let name = format!("multi.twice.{kind}-{}", name.replace('.', "-"));
        facts.add(&name, Fact::share(head.score() as f32, source));
    }
    for (ablated, name) in ABLATED {
        let nats = record.get(ablated)?.surprise();
        facts.add(name, Fact::decimals(nats, 2, source));
        if ONE_IN.contains(name) {
            let source = format!("the exponential of a mean surprise of {nats:.2} nats");
            let one_in = Fact::rounded(format!("{:.0}", nats.exp()), nats.exp(), source);
            facts.add(&format!("{name}-one-in"), one_in);
        }
    }
    facts.add("multi.twice.story", Fact::decimals(record.get("none")?.story, 2, source));
    facts.add("multi.twice.story-16-0", Fact::decimals(record.get("16.0")?.story, 2, source));
    counted(facts, &record, source)
}

/// How many heads are missed, and how many are not though they have a high score.
fn counted(facts: &mut Facts, record: &EveryHead, source: &str) -> Result<()> {
    let mut rises = Vec::new();
    for head in record.heads() {
        rises.push((head, record.rise(head)?));
    }
    let count = |keep: &dyn Fn(f64, f64) -> bool| {
        rises.iter().filter(|(head, [rise, _])| keep(head.score(), *rise)).count()
    };
    let mut add = |name: &str, number: usize| {
        facts.add(&format!("multi.twice.{name}"), Fact::count(number, source));
    };
    add("missed", count(&|_, rise| rise >= MISSED));
    add("missed-without-score", count(&|score, rise| rise >= MISSED && score < HIGH));
    add("high-scores", count(&|score, _| score >= HIGH));
    add("high-not-missed", count(&|score, rise| score >= HIGH && rise < MISSED));
    let most = rises.iter().max_by(|one, other| one.1[1].total_cmp(&other.1[1]));
    let (head, [_, story]) = most.context("the record has heads")?;
    facts.add("multi.twice.story-most", Fact::decimals(*story, 2, source));
    let (layer, place) = head.name.split_once('.').context("a head has a layer")?;
    let name = format!("layer {layer}, head {place}");
    facts.add("multi.twice.story-most-head", Fact::text(name, source));
    Ok(())
}
