//! The figures of the book: each has a name, and code that computes it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use smollm2::Config;
use widgets::show::{share, word};

use crate::gallery::{self, ILLUSTRATION, PICTURES, Reading};
use crate::literature::Literature;

/// A figure as the book prints it, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// As printed: `.80`.
    pub shown: String,
    /// With full precision: `0.8013`.
    pub exact: String,
    /// What computed it, or which work it is quoted from.
    pub source: String,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The figure.
    Known(Fact),
    /// The figure needs the model's weights, and they were not there.
    NeedsModel,
}

/// All facts, by name.
#[derive(Debug, Clone, Default)]
pub struct Facts(BTreeMap<String, Entry>);

/// What the model has to say: its shape and the gallery.
pub struct Measured<'m> {
    /// The shape of the model.
    pub config: &'m Config,
    /// The gallery.
    pub readings: &'m [Reading],
}

impl Facts {
    /// Computes every fact; those that need the model only when it is there.
    ///
    /// # Errors
    /// When a fact is about a token that is not where the fact says it is.
    pub fn compute(measured: Option<&Measured<'_>>) -> Result<Self> {
        let mut facts = Self::default();
        facts.illustrated();
        facts.quoted();
        facts.of_the_model(measured);
        facts.of_the_gallery(measured)?;
        Ok(facts)
    }

    /// The entry called `name`.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.0.get(name)
    }

    /// All entries by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    fn add(&mut self, name: &str, fact: Option<Fact>) {
        let entry = fact.map_or(Entry::NeedsModel, Entry::Known);
        let before = self.0.insert(name.to_owned(), entry);
        assert!(before.is_none(), "two facts are called `{name}`");
    }

    fn illustrated(&mut self) {
        let made_up = |weight: f32, what: &str| {
            let source = format!("an illustration, not a measurement: {what}");
            Some(Fact { shown: share(weight), exact: weight.to_string(), source })
        };
        self.add("illustration.it-cat", made_up(ILLUSTRATION[1], "it to cat"));
        self.add("illustration.it-mat", made_up(ILLUSTRATION[5], "it to mat"));
        self.add("illustration.sum", made_up(ILLUSTRATION.iter().sum(), "the sum of the row"));
        self.add("row.sum", Some(count(1, "the shares of a row are parts of one whole")));
        self.add("gallery.sentences", Some(count(PICTURES.len(), "the gallery")));
    }

    fn quoted(&mut self) {
        let literature = Literature::of_the_book();
        for (name, figure) in &literature.figure {
            let work = &literature.work[&figure.source];
            let source =
                format!("{}, {}, {} ({})", work.authors, work.title, work.year, figure.place);
            let fact = Fact { shown: figure.value.clone(), exact: figure.value.clone(), source };
            self.add(name, Some(fact));
        }
    }

    fn of_the_model(&mut self, measured: Option<&Measured<'_>>) {
        type Of = fn(&Config) -> usize;
        let shapes: [(&str, Of); 5] = [
            ("smollm2.layers", |c| c.layers),
            ("smollm2.heads", |c| c.heads),
            ("smollm2.head-dim", |c| c.head_dim),
            ("smollm2.vocabulary", |c| c.vocabulary),
            ("smollm2.maps", |c| c.layers * c.heads),
        ];
        for (name, of) in shapes {
            self.add(name, measured.map(|m| count(of(m.config), "the metadata of the weights")));
        }
        let millions = measured.map(|m| {
            let parameters = parameters(m.config);
            let source = format!("{parameters} parameters, counted from the model's shape");
            let shown = format!("{:.0}", parameters as f64 / 1e6);
            Fact { shown, exact: parameters.to_string(), source }
        });
        self.add("smollm2.million-parameters", millions);
    }

    fn of_the_gallery(&mut self, measured: Option<&Measured<'_>>) -> Result<()> {
        for weight in WEIGHTS {
            let fact = measured.map(|m| weight.measure(m.readings)).transpose()?;
            self.add(weight.name, fact);
        }
        for named in gallery::NAMED_HEADS {
            let shown = format!("layer {}, head {}", named.layer, named.head);
            let source = "the named heads of the gallery".to_owned();
            let fact = Fact { exact: shown.clone(), shown, source };
            self.add(&format!("head.{}-{}", named.layer, named.head), Some(fact));
        }
        let reading = |name| measured.map(|m| find(m.readings, name)).transpose();
        let tokens = |reading: &Reading| count(reading.sentence.tokens.len(), "the tokenizer");
        let (cat, trophy) = (reading("cat")?, reading("trophy-big")?);
        self.add("tokens.cat", cat.map(tokens));
        self.add("tokens.trophy", trophy.map(tokens));
        self.heads_of_the_cat(cat);
        let small = reading("trophy-small")?;
        self.add(
            "trophy.row-difference",
            trophy.zip(small).map(|(big, small)| row_difference(big, small)),
        );
        let next = reading("capital")?.map(|reading| reading.forward.top(1)).transpose()?;
        let next = next.and_then(|candidates| candidates.into_iter().next());
        let source = "SmolLM2's next token after “The capital of France is”".to_owned();
        self.add(
            "capital.next",
            next.as_ref().map(|next| {
                let shown = word(&next.token.text);
                Fact { exact: shown.clone(), shown, source: source.clone() }
            }),
        );
        self.add(
            "capital.next-probability",
            next.map(|next| Fact {
                shown: share(next.probability),
                exact: next.probability.to_string(),
                source,
            }),
        );
        Ok(())
    }

    /// How many of all heads look from "it" at "cat", hardly do, or look first at the first
    /// token.
    fn heads_of_the_cat(&mut self, cat: Option<&Reading>) {
        let (much, little) = (0.4_f32, 0.05_f32);
        let (it, cat_token) = (7, 1);
        let rows: Option<Vec<Vec<f32>>> = cat.map(|reading| {
            let maps = reading.forward.attention();
            maps.into_iter().flatten().map(|mut map| map.swap_remove(it)).collect()
        });
        let mut heads = |name: &str, holds: &dyn Fn(&[f32]) -> bool| {
            let found = rows.as_ref().map(|rows| rows.iter().filter(|row| holds(row)).count());
            self.add(
                name,
                found.map(|found| count(found, "all heads, “it” in the first sentence")),
            );
        };
        heads("spotlight.heads-on-cat", &|row| row[cat_token] >= much);
        heads("spotlight.heads-barely-on-cat", &|row| row[cat_token] < little);
        heads("spotlight.heads-first", &|row| row.iter().all(|weight| *weight <= row[0]));
        for (name, bound) in [("spotlight.threshold", much), ("spotlight.low-threshold", little)] {
            let source = "a bound that the text chose".to_owned();
            self.add(name, Some(Fact { shown: share(bound), exact: bound.to_string(), source }));
        }
    }
}

fn find<'r>(readings: &'r [Reading], name: &str) -> Result<&'r Reading> {
    readings
        .iter()
        .find(|reading| reading.picture.name == name)
        .with_context(|| format!("the gallery has no sentence `{name}`"))
}

/// The largest difference between the rows of "it" in two sentences, over all heads.
fn row_difference(one: &Reading, other: &Reading) -> Fact {
    let rows = |reading: &Reading| -> Vec<f32> {
        let maps = reading.forward.attention().into_iter().flatten();
        maps.flat_map(|map| map[reading.query].clone()).collect()
    };
    let pairs = rows(one).into_iter().zip(rows(other));
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    Fact {
        shown: share(largest),
        exact: largest.to_string(),
        source: "all heads, the row of “it” in the two sentences".to_owned(),
    }
}

/// One weight that the text speaks of. Words stand beside places so that a changed sentence or
/// tokenizer is noticed.
struct Weight {
    name: &'static str,
    sentence: &'static str,
    layer: usize,
    head: usize,
    query: (usize, &'static str),
    key: (usize, &'static str),
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

impl Weight {
    fn measure(&self, readings: &[Reading]) -> Result<Fact> {
        let reading = find(readings, self.sentence)?;
        for (place, expected) in [self.query, self.key] {
            let found = reading.sentence.tokens.get(place).map(|token| word(token));
            ensure!(
                found.as_deref() == Some(expected),
                "{}: token {place} of “{}” is {found:?}, not `{expected}`",
                self.name,
                reading.picture.text
            );
        }
        let weight = reading.forward.weight(self.layer, self.head, self.query.0, self.key.0)?;
        let source = format!(
            "SmolLM2, layer {}, head {}, “{}” to “{}” in “{}”",
            self.layer, self.head, self.query.1, self.key.1, reading.picture.text
        );
        Ok(Fact { shown: share(weight), exact: weight.to_string(), source })
    }
}

fn count(number: usize, source: &str) -> Fact {
    Fact { shown: grouped(number), exact: number.to_string(), source: source.to_owned() }
}

/// A whole number with a comma between thousands: `49,152`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// The parameters of a Llama model with tied embeddings, from its shape.
fn parameters(config: &Config) -> usize {
    let kv_width = config.kv_heads * config.head_dim;
    let attention = 2 * config.d_model * config.d_model + 2 * config.d_model * kv_width;
    let feed_forward = 3 * config.d_model * config.d_ff;
    let norms = 2 * config.d_model;
    config.vocabulary * config.d_model
        + config.layers * (attention + feed_forward + norms)
        + config.d_model
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [grouped(7), grouped(270), grouped(49_152), grouped(1_000_000)],
            ["7", "270", "49,152", "1,000,000"]
        );
    }

    #[test]
    fn names_are_known_without_the_model() {
        let facts = Facts::compute(None).unwrap();
        assert_eq!(facts.get("spotlight.it-cat"), Some(&Entry::NeedsModel));
        assert_eq!(facts.get("no.such.fact"), None);
        let Some(Entry::Known(fact)) = facts.get("illustration.sum") else {
            panic!("a known fact")
        };
        assert_eq!(fact.shown, "1.00");
    }
}
