//! The assembly of chapter 5.

use anyhow::Result;
use inputs::heads;
use widgets::assemble::{Assemble, Flow, Setup, State, short};
use widgets::show::word;

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::sentences;

/// The model that is run.
const MODEL: &str = "SmolLM2-135M";

/// The widget, opened on SmolLM2 and ten tokens. Without the model it shows sizes and no numbers.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let (layer, head) = heads::NOUN;
    let opening = State { model: short(MODEL), tokens: 10, head: head as u64 };
    let flow = model.map(|model| flow(model, layer)).transpose()?;
    Prerendered::live::<Assemble>(Setup { opening, flow }, &[])
}

/// What the heads of a layer do at the token that the first sentence opens on.
fn flow(model: &MemoisedModel, layer: usize) -> Result<Flow> {
    let read = sentences::read(model, sentences::GALLERY[0].name)?;
    let flow = model.flow(read.chosen.text, layer, read.query)?;
    let sum = flow.x.iter().zip(&flow.after).map(|(before, after)| after - before);
    Ok(Flow {
        model: short(MODEL),
        words: read.packed.tokens.iter().map(|token| word(token)).collect(),
        layer,
        place: read.query,
        x: hundredths(&flow.x),
        query: flow.query.iter().map(|query| hundredths(query)).collect(),
        weights: flow
            .weights
            .iter()
            .map(|map| map.iter().map(|row| hundredths(row)).collect())
            .collect(),
        output: flow.output.iter().map(|output| hundredths(output)).collect(),
        added: flow.added.iter().map(|added| hundredths(added)).collect(),
        sum: hundredths(&sum.collect::<Vec<_>>()),
        after: hundredths(&flow.after),
    })
}

/// Numbers in hundredths: more than a picture shows.
fn hundredths(numbers: &[f32]) -> Vec<i16> {
    numbers.iter().map(|number| (number * 100.0).round() as i16).collect()
}
