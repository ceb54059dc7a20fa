//! Chapter 5, multi-head attention: what heads do, what they are worth, how they are cut.

use anyhow::{Context, Result, bail};
use attention::detectors::Pattern;
use inputs::heads;
use inputs::texts::BAKER;
use inputs::tokens::{COUNT, STRIDE, spaced_twice};
use smollm2::Forward;
use widgets::assemble::{Sizes, short};
use widgets::heads::{Overview, Show};

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;
use crate::sentences;

/// Adds the facts of chapter 5.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    sizes(facts)?;
    overviews(facts, model)?;
    baker(facts, model)?;
    twice(facts, model)
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
        }
        let strong = scores.map(|scores| scores.iter().filter(|score| **score >= 0.5).count());
        let strong = strong.map(|strong| Fact::count(strong, source));
        facts.add_measured(&format!("multi.cat.{}-strong", show.key()), strong);
    }
    Ok(())
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

/// Heads that are silenced together, and the fact of what it costs.
const SILENCED: &[(&str, &[(usize, usize)])] = &[
    ("multi.twice.surprise", &[]),
    ("multi.twice.without-18-6", &[heads::INDUCTION]),
    ("multi.twice.without-17-3", &[heads::INDUCTION_BELOW[0]]),
    ("multi.twice.without-17-4", &[heads::INDUCTION_BELOW[1]]),
    (
        "multi.twice.without-three",
        &[heads::INDUCTION_BELOW[0], heads::INDUCTION_BELOW[1], heads::INDUCTION],
    ),
    ("multi.twice.without-16-0", &[heads::PREVIOUS_TOKEN]),
    ("multi.twice.without-11-1", &[heads::PREVIOUS_TOKEN_EARLIER]),
];

/// The costs that the text also gives as so many equally likely tokens.
const ONE_IN: [&str; 2] = ["multi.twice.surprise", "multi.twice.without-16-0"];

/// The tokens of `ch05-ablation`: twenty of the vocabulary, far apart, and the same again.
fn twice(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    facts.add("multi.twice.tokens", Fact::count(COUNT.into(), "the listing ch05-ablation"));
    let tokens = spaced_twice(COUNT, STRIDE);
    let forward = model.map(|model| model.forward_tokens(&tokens)).transpose()?;
    for ((layer, head), name) in [
        (heads::PREVIOUS_TOKEN, "previous"),
        (heads::PREVIOUS_TOKEN_EARLIER, "previous"),
        (heads::INDUCTION, "prefix"),
        (heads::INDUCTION_BELOW[0], "prefix"),
        (heads::INDUCTION_BELOW[1], "prefix"),
    ] {
        let score = forward.as_ref().map(|forward| -> Result<Fact> {
            let head_pattern = pattern(forward, (layer, head))?;
            let score = match name {
                "previous" => head_pattern.previous_token()?,
                _ => head_pattern.prefix_matching(&tokens)?,
            };
            let source = format!("layer {layer}, head {head}, {COUNT} tokens said twice");
            Ok(Fact::share(score as f32, source))
        });
        facts.add_measured(&format!("multi.twice.{name}-{layer}-{head}"), score.transpose()?);
    }
    for (name, heads) in SILENCED {
        let surprise = model.map(|model| second_time(model, heads, &tokens));
        let source = "mean -ln p, in nats, of tokens that come a second time";
        let surprise = surprise.transpose()?;
        facts.add_measured(name, surprise.map(|nats| Fact::decimals(nats, 2, source)));
        if ONE_IN.contains(name) {
            let one_in = surprise.map(|nats| {
                let source = format!("the exponential of a mean surprise of {nats:.2} nats");
                Fact::rounded(format!("{:.0}", nats.exp()), nats.exp(), source)
            });
            facts.add_measured(&format!("{name}-one-in"), one_in);
        }
    }
    Ok(())
}

/// The mean surprise over the second time that the tokens come, but for the first of them.
fn second_time(model: &MemoisedModel, silenced: &[(usize, usize)], tokens: &[u32]) -> Result<f64> {
    let surprise = model.surprise(tokens, silenced)?;
    let again = &surprise[surprise.len() / 2 + 1..];
    Ok(again.iter().sum::<f64>() / again.len() as f64)
}
