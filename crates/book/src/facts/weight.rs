//! An attention weight of SmolLM2 that the text speaks of.

use anyhow::{Result, ensure};
use widgets::show::word;

use super::{Fact, Facts, Measured};

/// One weight. Words stand beside places so that a changed sentence or tokenizer is noticed.
pub struct Weight {
    /// The fact's name.
    pub name: &'static str,
    /// The gallery's sentence.
    pub sentence: &'static str,
    /// The layer, from 0.
    pub layer: usize,
    /// The head, from 0.
    pub head: usize,
    /// The token that looks, and its word.
    pub query: (usize, &'static str),
    /// The token that is looked at, and its word.
    pub key: (usize, &'static str),
}

impl Weight {
    /// Adds each of `weights` to `facts`.
    ///
    /// # Errors
    /// When a token is not the word that it should be.
    pub fn add_all(
        weights: &[Self],
        facts: &mut Facts,
        measured: Option<&Measured<'_>>,
    ) -> Result<()> {
        for weight in weights {
            facts.add_measured(weight.name, measured.map(|m| weight.measure(m)).transpose()?);
        }
        Ok(())
    }

    fn measure(&self, measured: &Measured<'_>) -> Result<Fact> {
        let reading = measured.reading(self.sentence)?;
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
        Ok(Fact::share(weight, source))
    }
}
