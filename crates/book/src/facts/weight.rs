//! An attention weight of SmolLM2 that the text speaks of.

use anyhow::{Result, ensure};
use widgets::show::word;

use super::Facts;
use crate::fact::Fact;
use crate::memoised_model::MemoisedModel;
use crate::sentences;

/// A token of a sentence: its place from 0, and its word.
pub(super) type Place = (usize, &'static str);

/// One weight. Words stand beside places so that a changed sentence or tokenizer is noticed.
pub(super) struct Weight {
    /// The fact's name.
    pub(super) name: &'static str,
    /// The gallery's sentence.
    pub(super) sentence: &'static str,
    /// The layer and the head in it, from 0.
    pub(super) head: (usize, usize),
    /// The token that looks.
    pub(super) query: Place,
    /// The token that is looked at.
    pub(super) key: Place,
}

impl Weight {
    /// Adds each of `weights` to `facts`.
    ///
    /// # Errors
    /// When a token is not the word that it should be.
    pub(super) fn add_all(
        weights: &[Self],
        facts: &mut Facts,
        model: Option<&MemoisedModel>,
    ) -> Result<()> {
        for weight in weights {
            facts.add_measured(weight.name, model.map(|model| weight.measure(model)).transpose()?);
        }
        Ok(())
    }

    fn measure(&self, model: &MemoisedModel) -> Result<Fact> {
        let read = sentences::read(model, self.sentence)?;
        for (place, expected) in [self.query, self.key] {
            let found = read.packed.tokens.get(place).map(|token| word(token));
            ensure!(
                found.as_deref() == Some(expected),
                "{}: token {place} of “{}” is {found:?}, not `{expected}`",
                self.name,
                read.chosen.text
            );
        }
        let (layer, head) = self.head;
        let weight = read.forward.weight(layer, head, self.query.0, self.key.0)?;
        let source = format!(
            "SmolLM2, layer {layer}, head {head}, “{}” to “{}” in “{}”",
            self.query.1, self.key.1, read.chosen.text
        );
        Ok(Fact::share(weight, source))
    }
}
