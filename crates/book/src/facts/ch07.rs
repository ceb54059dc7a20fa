//! Chapter 7, cross-attention: what the small translator does.

use anyhow::{Context, Result, ensure};
use attention::Mask;
use burn::module::Module;
use burn::tensor::Device;
use inputs::heads;
use inputs::texts::FRENCH;
use inputs::translation::{CAT, CAT_TO_CHAT, OWNER};
use translator::{
    Corpus, D_MODEL, HEADS, LAYERS, Pair, TRAINING_LOG, Translator, Vocabulary, held_out, join,
};
use widgets::show::word;

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;
use crate::uniform_heads::{UniformHead, measured, right};

/// Adds the facts of chapter 7.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let translator = Translator::of_the_book(&Device::flex());
    let corpus = Corpus::of_the_book();
    sizes(facts, &translator, &corpus);
    training(facts)?;
    for weight in WEIGHTS_SHOWN {
        facts.add(weight.name, weight.measure(&translator)?);
    }
    costs(facts)?;
    levelled(facts, &translator, &corpus)?;
    nouns(facts, model)
}

/// What the widget's first sentence costs in one head.
fn costs(facts: &mut Facts) -> Result<()> {
    let pair = Pair::read(CAT)?;
    // One row more than English words: the one that writes the end.
    let (rows, columns) = (pair.english.len() + 1, pair.french.len());
    let mut count = |name: &str, number: usize, source: &str| {
        facts.add(&format!("cross.{name}"), Fact::count(number, source));
    };
    count("rows", rows, "the words of the sentence, and the end");
    count("columns", columns, "the words of the sentence");
    count("scores", rows * columns, "rows times columns");
    let triangle = |seq: usize| Mask::Causal.grid(seq, seq).count();
    let total = columns * columns + rows * columns + triangle(rows);
    count("total", total, "French to French, English to French, English to English with the mask");
    let grid = Mask::Causal.grid(rows, columns);
    let sees_nothing = |row: &usize| !(0..columns).any(|column| grid.sees(*row, column));
    let blind = (0..rows).filter(sees_nothing).count();
    count("blind-rows", blind, "rows in which a causal mask hides every column");
    let joined = Mask::Causal.grid(rows + columns, rows + columns).count();
    count("joined", joined, "visible entries of a causal mask over both sentences in one text");
    count("parameters", 4 * D_MODEL * D_MODEL, "four matrices of d_model by d_model");
    Ok(())
}

/// A head of SmolLM2 that looks at the noun to translate next: the listing `ch07-smollm2`.
fn nouns(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    let (layer, head) = heads::FRENCH_NOUN;
    for (name, text) in [("cat", FRENCH[0]), ("house", FRENCH[1])] {
        let forward = model.map(|model| model.forward(text)).transpose()?;
        let next = forward.as_ref().map(|forward| forward.top(1)).transpose()?;
        let source = format!("SmolLM2, after “{text}”");
        let next = next.map(|next| Fact::text(word(&next[0].token.text), source));
        facts.add_measured(&format!("nouns.{name}-next"), next);
        if name == "house" {
            let noun = 3..5;
            let weight = forward.map(|forward| -> Result<Fact> {
                let last = forward.tokens.len() - 1;
                let weights = noun.map(|token| forward.weight(layer, head, last, token));
                let source = format!("SmolLM2, layer {layer}, head {head}, after “{text}”");
                Ok(Fact::share(weights.sum::<Result<f32, _>>()?, source))
            });
            facts.add_measured("nouns.house-weight", weight.transpose()?);
        }
    }
    Ok(())
}

fn sizes(facts: &mut Facts, model: &Translator, corpus: &Corpus) {
    let mut count = |name: &str, number: usize, source: &str| {
        facts.add(&format!("translator.{name}"), Fact::count(number, source));
    };
    let shape = "the translator's shape";
    count("parameters", model.num_params(), "counted in the translator's weights");
    count("layers", LAYERS, shape);
    count("heads", HEADS, shape);
    count("cross-heads", LAYERS * HEADS, shape);
    count("head-dim", D_MODEL / HEADS, shape);
    count("training-pairs", corpus.training.len(), "the corpus");
    count("held-out", corpus.held_out.len(), "the corpus");
    count("french-words", Vocabulary::french().words().len(), "the vocabulary");
    count("english-words", Vocabulary::english().words().len(), "the vocabulary");
    let illustrated = Fact::share(CAT_TO_CHAT, "an illustration, not a measurement: cat to chat");
    facts.add("illustration.cat-chat", illustrated);
}

/// What the log of the training says. The book does not train the model anew.
fn training(facts: &mut Facts) -> Result<()> {
    let source = "the log that ch07-train wrote beside the weights";
    let lines: Vec<Vec<&str>> =
        TRAINING_LOG.lines().map(|line| line.split_whitespace().collect()).collect();
    let measured: Vec<&Vec<&str>> =
        lines.iter().filter(|line| matches!(line[..], [_, _, _, "%"])).collect();
    ensure!(measured.len() > 2, "the training log has no lines with step, loss and share");
    for (name, line) in [("first", 0), ("early", 1), ("last", measured.len() - 1)] {
        let [step, loss, right, _] = measured[line][..] else { unreachable!("four columns") };
        let step: usize = step.parse().context("a step of the training log is no number")?;
        facts.add(&format!("training.{name}-step"), Fact::count(step, source));
        facts.add(&format!("training.{name}-loss"), Fact::text(loss, source));
        facts.add(&format!("training.{name}-right"), Fact::text(format!("{right} %"), source));
    }
    Ok(())
}

/// How many held-out sentences the model still translates as before when heads are made level.
fn levelled(facts: &mut Facts, model: &Translator, corpus: &Corpus) -> Result<()> {
    let source = "all held-out sentences, translated with heads that spread their weights evenly";
    let measured = measured()?;
    let without = |heads: &[(usize, usize)]| -> Result<usize> {
        let model = heads
            .iter()
            .fold(model.clone(), |model, (layer, head)| model.with_uniform_head(*layer, *head));
        right(&model, corpus)
    };
    let all = measured.right;
    let percent = 100.0 * all as f64 / corpus.held_out.len() as f64;
    let shown = Fact::rounded(format!("{percent:.1} %"), percent, "all held-out sentences");
    facts.add("translator.right-percent", shown);

    let place = |head: &UniformHead| (head.layer, head.head);
    let every: Vec<(usize, usize)> = measured.heads.iter().map(place).collect();
    let idle: Vec<(usize, usize)> =
        measured.heads.iter().filter(|head| head.changed == 0).map(place).collect();
    let most = measured.heads.iter().rev().max_by_key(|head| head.changed).context("heads")?;
    ensure!(idle.contains(&(1, 0)), "levelling layer 1, head 0 changes a translation");
    let mut count = |name: &str, number: usize| {
        facts.add(&format!("level.{name}"), Fact::count(number, source));
    };
    count("idle-heads", idle.len());
    count("most-changed", most.changed);
    count("idle-together-changed", all - without(&idle)?);
    count("all-right", without(&every)?);
    let named = |(layer, head): (usize, usize)| format!("layer {layer}, head {head}");
    facts.add("level.most-head", Fact::text(named(place(most)), source));
    facts.add("level.head", Fact::text(named((1, 0)), "the head that the text speaks of"));
    Ok(())
}

/// A cross-attention weight that the text speaks of.
struct CrossWeight {
    name: &'static str,
    french: &'static str,
    layer: usize,
    /// `None` for the mean of all heads.
    head: Option<usize>,
    /// The word that is written, and its place.
    query: (usize, &'static str),
    /// The word that is looked at, and its place.
    key: (usize, &'static str),
}

impl CrossWeight {
    fn measure(&self, model: &Translator) -> Result<Fact> {
        let pair = Pair::read(self.french)?;
        ensure!(held_out(&pair), "“{}” was not kept from training", self.french);
        let translation = model.translate(&pair.french)?;
        ensure!(translation.english == pair.english, "“{}” is translated wrongly", self.french);
        for (words, (place, word)) in [(&translation.english, self.query), (&pair.french, self.key)]
        {
            ensure!(
                words.get(place) == Some(&word),
                "{}: word {place} of “{}” is not `{word}`",
                self.name,
                join(words)
            );
        }
        let heads = &translation.weights[self.layer];
        let (row, column) = (self.query.0, self.key.0);
        let (weight, which) = match self.head {
            Some(head) => (heads[head][row][column], format!("head {head}")),
            None => {
                let sum: f32 = heads.iter().map(|head| head[row][column]).sum();
                (sum / HEADS as f32, "mean of its heads".to_owned())
            }
        };
        let source = format!(
            "the translator, layer {}, {which}, “{}” to “{}” in “{}”",
            self.layer, self.query.1, self.key.1, self.french
        );
        Ok(Fact::share(weight, source))
    }
}

const fn weight(
    name: &'static str,
    french: &'static str,
    head: Option<usize>,
    query: (usize, &'static str),
    key: (usize, &'static str),
) -> CrossWeight {
    CrossWeight { name, french, layer: 1, head, query, key }
}

const WEIGHTS_SHOWN: &[CrossWeight] = &[
    weight("cross.cat-chat", CAT, None, (2, "cat"), (1, "chat")),
    weight("cross.the-attend", CAT, None, (0, "the"), (3, "attend")),
    weight("cross.the-le", CAT, None, (0, "the"), (0, "le")),
    weight("cross.cat-chat-head", CAT, Some(0), (2, "cat"), (1, "chat")),
    weight("owner.always-toujours", OWNER, None, (4, "always"), (6, "toujours")),
    weight("owner.sings-chante", OWNER, None, (5, "sings"), (5, "chante")),
];
