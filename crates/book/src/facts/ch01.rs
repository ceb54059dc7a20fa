//! Chapter 1, the spotlight: weights that SmolLM2 gives in the gallery's sentences.

use anyhow::Result;
use widgets::show::word;

use super::weight::Weight;
use super::{Fact, Facts, Measured};
use crate::gallery::{ILLUSTRATION, PICTURES, Reading};

/// Adds the figures of chapter 1.
pub(super) fn add(facts: &mut Facts, measured: Option<&Measured<'_>>) -> Result<()> {
    illustrated(facts);
    Weight::add_all(WEIGHTS, facts, measured)?;
    let reading = |name| measured.map(|m| m.reading(name)).transpose();
    let tokens = |reading: &Reading| Fact::count(reading.sentence.tokens.len(), "the tokenizer");
    let (cat, trophy) = (reading("cat")?, reading("trophy-big")?);
    facts.add_measured("tokens.cat", cat.map(tokens));
    facts.add_measured("tokens.trophy", trophy.map(tokens));
    heads_of_the_cat(facts, cat);
    let pair = trophy.zip(reading("trophy-small")?);
    let difference = pair.map(|(big, small)| row_difference(big, small));
    facts.add_measured("trophy.row-difference", difference);
    next_token(facts, reading("capital")?)
}

fn illustrated(facts: &mut Facts) {
    let made_up = |weight: f32, what: &str| {
        Fact::share(weight, format!("an illustration, not a measurement: {what}"))
    };
    facts.add("illustration.it-cat", made_up(ILLUSTRATION[1], "it to cat"));
    facts.add("illustration.it-mat", made_up(ILLUSTRATION[5], "it to mat"));
    facts.add("illustration.sum", made_up(ILLUSTRATION.iter().sum(), "the sum of the row"));
    facts.add("gallery.sentences", Fact::count(PICTURES.len(), "the gallery"));
}

/// What the model expects after “The capital of France is”.
fn next_token(facts: &mut Facts, capital: Option<&Reading>) -> Result<()> {
    let next = capital.map(|reading| reading.forward.top(1)).transpose()?;
    let next = next.and_then(|candidates| candidates.into_iter().next());
    let source = "SmolLM2's next token after “The capital of France is”";
    let token = next.as_ref().map(|next| Fact::text(word(&next.token.text), source));
    facts.add_measured("capital.next", token);
    let probability = next.map(|next| Fact::share(next.probability, source));
    facts.add_measured("capital.next-probability", probability);
    Ok(())
}

/// How many of all heads look from "it" at "cat", hardly do, or look first at the first token.
fn heads_of_the_cat(facts: &mut Facts, cat: Option<&Reading>) {
    let (much, little) = (0.4_f32, 0.05_f32);
    let (it, cat_token) = (7, 1);
    let rows: Option<Vec<Vec<f32>>> = cat.map(|reading| {
        let maps = reading.forward.attention();
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

/// The largest difference between the rows of "it" in two sentences, over all heads.
fn row_difference(one: &Reading, other: &Reading) -> Fact {
    let rows = |reading: &Reading| -> Vec<f32> {
        let maps = reading.forward.attention().into_iter().flatten();
        maps.flat_map(|map| map[reading.query].clone()).collect()
    };
    let pairs = rows(one).into_iter().zip(rows(other));
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    Fact::share(largest, "all heads, the row of “it” in the two sentences")
}

const WEIGHTS: &[Weight] = &[
    Weight {
        name: "spotlight.it-cat",
        sentence: "cat",
        layer: 13,
        head: 8,
        query: (7, "it"),
        key: (1, "cat"),
    },
    Weight {
        name: "spotlight.the-the",
        sentence: "cat",
        layer: 13,
        head: 8,
        query: (0, "The"),
        key: (0, "The"),
    },
    Weight {
        name: "repeat.lamp-river",
        sentence: "repeat",
        layer: 16,
        head: 0,
        query: (6, "lamp"),
        key: (5, "river"),
    },
    Weight {
        name: "repeat.cloud-paper",
        sentence: "repeat",
        layer: 18,
        head: 6,
        query: (8, "cloud"),
        key: (4, "paper"),
    },
    Weight {
        name: "keys.are-keys",
        sentence: "keys",
        layer: 9,
        head: 7,
        query: (7, "are"),
        key: (1, "keys"),
    },
    Weight {
        name: "keys.are-keys-same-head",
        sentence: "keys",
        layer: 13,
        head: 8,
        query: (7, "are"),
        key: (1, "keys"),
    },
    Weight {
        name: "keys.are-cabinet",
        sentence: "keys",
        layer: 16,
        head: 0,
        query: (7, "are"),
        key: (6, "cabinet"),
    },
    Weight {
        name: "names.to-mary",
        sentence: "names",
        layer: 24,
        head: 4,
        query: (13, "to"),
        key: (1, "Mary"),
    },
    Weight {
        name: "sink.it-first",
        sentence: "cat",
        layer: 18,
        head: 8,
        query: (7, "it"),
        key: (0, "The"),
    },
    Weight {
        name: "capital.is-capital",
        sentence: "capital",
        layer: 13,
        head: 8,
        query: (4, "is"),
        key: (1, "capital"),
    },
    Weight {
        name: "trophy.it-trophy",
        sentence: "trophy-big",
        layer: 16,
        head: 3,
        query: (10, "it"),
        key: (1, "trophy"),
    },
    Weight {
        name: "trophy.it-trophy-small",
        sentence: "trophy-small",
        layer: 16,
        head: 3,
        query: (10, "it"),
        key: (1, "trophy"),
    },
];
