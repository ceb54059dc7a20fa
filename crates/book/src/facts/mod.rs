//! The facts of the book: each is a value with a name, and code that computes it.
//!
//! A module a chapter. `cargo xtask facts` lists them all.

mod ch01;
mod ch02;
mod ch03;
mod ch04;
mod ch05;
pub(crate) mod ch06;
mod ch07;
mod ch08;
mod ch09;
mod ch10;
mod gpu;
mod model;
mod table;
mod weight;

use anyhow::Result;

pub use table::{Entry, Facts};

use crate::fact::Fact;
use crate::literature::Literature;
use crate::memoised_model::MemoisedModel;
use crate::records;

impl Facts {
    /// Computes every fact; those that need the model only when it is there.
    ///
    /// # Errors
    /// When a fact is about a token that is not where the fact says it is.
    pub fn compute(model: Option<&MemoisedModel>) -> Result<Self> {
        let mut facts = Self::default();
        quoted(&mut facts);
        for (name, fact) in records::facts()? {
            facts.add(&name, fact);
        }
        model::add(&mut facts, model)?;
        ch01::add(&mut facts, model)?;
        ch02::add(&mut facts, model)?;
        ch03::add(&mut facts, model)?;
        ch04::add(&mut facts, model)?;
        ch05::add(&mut facts, model)?;
        ch06::add(&mut facts, model)?;
        ch07::add(&mut facts, model)?;
        ch08::add(&mut facts, model)?;
        ch09::add(&mut facts, model)?;
        ch10::add(&mut facts, model)?;
        gpu::add(&mut facts);
        Ok(facts)
    }
}

/// The values that the book takes from others.
fn quoted(facts: &mut Facts) {
    let literature = Literature::of_the_book();
    for (name, quoted) in &literature.quoted {
        let work = &literature.work[&quoted.source];
        let source = format!("{}, {}, {} ({})", work.authors, work.title, work.year, quoted.place);
        facts.add(name, Fact::text(&quoted.value, source));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
