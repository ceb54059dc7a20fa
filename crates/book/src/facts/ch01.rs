//! Chapter 1, the spotlight: weights that SmolLM2 gives in the gallery's sentences.

use anyhow::Result;
use inputs::heads;
use inputs::texts::CAPITAL;
use widgets::show::word;

use super::Facts;
use super::weight::{Place, Weight};
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;
use crate::sentences::{self, GALLERY, ILLUSTRATION, ReadSentence};

/// Adds the facts of chapter 1.
pub(super) fn add(facts: &mut Facts, model: Option<&MemoisedModel>) -> Result<()> {
    illustrated(facts);
    Weight::add_all(WEIGHTS, facts, model)?;
    let read = |name| model.map(|model| sentences::read(model, name)).transpose();
    let tokens = |read: &ReadSentence| Fact::count(read.packed.tokens.len(), "the tokenizer");
    let (cat, trophy) = (read("cat")?, read("trophy-big")?);
    facts.add_measured("tokens.cat", cat.as_ref().map(tokens));
    facts.add_measured("tokens.trophy", trophy.as_ref().map(tokens));
    heads_of_the_cat(facts, cat.as_ref());
    mean_of_all_heads(facts, cat.as_ref());
    others_of_it(facts, cat.as_ref())?;
    let pair = trophy.zip(read("trophy-small")?);
    let difference = pair.map(|(big, small)| row_difference(&big, &small));
    facts.add_measured("trophy.row-difference", difference);
    next_token(facts, read("capital")?.as_ref())
}

fn illustrated(facts: &mut Facts) {
    let made_up = |weight: f32, what: &str| {
        Fact::share(weight, format!("an illustration, not a measurement: {what}"))
    };
    facts.add("illustration.it-cat", made_up(ILLUSTRATION[1], "it to cat"));
    facts.add("illustration.it-mat", made_up(ILLUSTRATION[5], "it to mat"));
    facts.add("illustration.sum", made_up(ILLUSTRATION.iter().sum(), "the sum of the row"));
    facts.add("gallery.sentences", Fact::count(GALLERY.len(), "the gallery"));
}

/// What the model expects after [`CAPITAL`].
fn next_token(facts: &mut Facts, capital: Option<&ReadSentence>) -> Result<()> {
    let next = capital.map(|read| read.forward.top(1)).transpose()?;
    let next = next.and_then(|candidates| candidates.into_iter().next());
    let source = format!("SmolLM2's next token after “{CAPITAL}”");
    let token = next.as_ref().map(|next| Fact::text(word(&next.token.text), source.as_str()));
    facts.add_measured("capital.next", token);
    let probability = next.map(|next| Fact::share(next.probability, source.as_str()));
    facts.add_measured("capital.next-probability", probability);
    Ok(())
}

/// How many of all heads look from "it" at "cat", hardly do, or look first at the first token.
fn heads_of_the_cat(facts: &mut Facts, cat: Option<&ReadSentence>) {
    let (much, little) = (0.4_f32, 0.05_f32);
    let (it, cat_token) = (7, 1);
    let rows: Option<Vec<Vec<f32>>> = cat.map(|read| {
        let maps = read.forward.attention();
        maps.into_iter().flatten().map(|mut map| map.swap_remove(it)).collect()
    });
    let mut heads = |name: &str, holds: &dyn Fn(&[f32]) -> bool| {
        let found = rows.as_ref().map(|rows| rows.iter().filter(|row| holds(row)).count());
        let source = "all heads, “it” in the first sentence";
        facts.add_measured(name, found.map(|found| Fact::count(found, source)));
    };
    heads("spotlight.heads-on-cat", &|row| row[cat_token] >= much);
    heads("spotlight.heads-barely-on-cat", &|row| row[cat_token] < little);
    heads("spotlight.heads-first", &|row| row.iter().all(|weight| *weight <= row[0]));
    for (name, bound) in [("spotlight.threshold", much), ("spotlight.low-threshold", little)] {
        facts.add(name, Fact::share(bound, "a bound that the text chose"));
    }
}

/// What all heads together give from "it": their mean.
fn mean_of_all_heads(facts: &mut Facts, cat: Option<&ReadSentence>) {
    for (name, token) in [("spotlight.mean-cat", 1), ("spotlight.mean-mat", 5)] {
        let mean = cat.map(|read| {
            let maps: Vec<_> = read.forward.attention().into_iter().flatten().collect();
            let sum: f32 = maps.iter().map(|map| map[7][token]).sum();
            Fact::share(
                sum / maps.len() as f32,
                "the mean of all heads, “it” in the first sentence",
            )
        });
        facts.add_measured(name, mean);
    }
}

/// What "it" gives to all tokens but the first, "cat" and "mat".
fn others_of_it(facts: &mut Facts, cat: Option<&ReadSentence>) -> Result<()> {
    let (layer, head) = heads::NOUN;
    let weight = |read: &ReadSentence| -> Result<Fact> {
        let mut sum = 0.0;
        for key in [2, 3, 4, 6, 7] {
            sum += read.forward.weight(layer, head, 7, key)?;
        }
        Ok(Fact::share(
            sum,
            format!("SmolLM2, layer {layer}, head {head}, “it” to all other tokens"),
        ))
    };
    facts.add_measured("spotlight.it-others", cat.map(weight).transpose()?);
    Ok(())
}

/// The largest difference between the rows of "it" in two sentences, over all heads.
fn row_difference(one: &ReadSentence, other: &ReadSentence) -> Fact {
    let rows = |read: &ReadSentence| -> Vec<f32> {
        let maps = read.forward.attention().into_iter().flatten();
        maps.flat_map(|map| map[read.query].clone()).collect()
    };
    let pairs = rows(one).into_iter().zip(rows(other));
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    Fact::share(largest, "all heads, the row of “it” in the two sentences")
}

const fn weight(
    name: &'static str,
    sentence: &'static str,
    head: (usize, usize),
    query: Place,
    key: Place,
) -> Weight {
    Weight { name, sentence, head, query, key }
}

const WEIGHTS: &[Weight] = &[
    weight("spotlight.it-cat", "cat", heads::NOUN, (7, "it"), (1, "cat")),
    weight("spotlight.was-cat", "cat", heads::NOUN, (8, "was"), (1, "cat")),
    weight("spotlight.was-mat", "cat", heads::NOUN, (8, "was"), (5, "mat")),
    weight("spotlight.it-the", "cat", heads::NOUN, (7, "it"), (0, "The")),
    weight("spotlight.it-mat", "cat", heads::NOUN, (7, "it"), (5, "mat")),
    weight("spotlight.the-the", "cat", heads::NOUN, (0, "The"), (0, "The")),
    weight("repeat.lamp-river", "repeat", heads::PREVIOUS_TOKEN, (6, "lamp"), (5, "river")),
    weight("repeat.cloud-paper", "repeat", heads::INDUCTION, (8, "cloud"), (4, "paper")),
    weight("keys.are-keys", "keys", heads::SUBJECT, (7, "are"), (1, "keys")),
    weight("keys.are-keys-same-head", "keys", heads::NOUN, (7, "are"), (1, "keys")),
    weight("names.to-mary", "names", (24, 4), (13, "to"), (1, "Mary")),
    weight("sink.it-first", "cat", heads::SINK, (7, "it"), (0, "The")),
    weight("capital.is-capital", "capital", heads::NOUN, (4, "is"), (1, "capital")),
    weight("trophy.it-trophy", "trophy-big", (16, 3), (10, "it"), (1, "trophy")),
    weight("trophy.it-because", "trophy-big", heads::PREVIOUS_TOKEN, (10, "it"), (9, "because")),
    weight("trophy.it-trophy-small", "trophy-small", (16, 3), (10, "it"), (1, "trophy")),
];
