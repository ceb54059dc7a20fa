//! Flash attention, tile by tile, of chapter 8.

use anyhow::Result;
use widgets::files::PageFile;
use widgets::flash::{Entry, Flash, Numbers, Setup, State, Work};

use super::Prerendered;
use crate::flash_numbers::{self, FlashHead, HEADS};
use crate::memoised_model::MemoisedModel;

/// The made-up numbers, and with the model three of its heads.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let heads = model.map(flash_numbers::of_heads).transpose()?.unwrap_or_default();
    let entry = |(numbers, shown): (&Numbers, &FlashHead)| {
        let (layer, head) = shown.head;
        let label = format!("SmolLM2, layer {layer}, head {head}: {}", shown.about);
        Entry { name: numbers.name.clone(), label, layer, head, tokens: numbers.tokens.len() }
    };
    let toy = flash_numbers::made_up();
    let opening = match heads.first() {
        Some(first) => first_rise(first)?,
        None => State::opening(&toy.name, toy.tokens.len(), false),
    };
    let heads_in_menu = heads.iter().zip(&HEADS).map(entry).collect();
    let setup = Setup { toy, heads: heads_in_menu, opening };
    let file = |numbers: &Numbers| (Numbers::path(&numbers.name), numbers.to_bytes());
    let files: Vec<_> = heads.iter().map(file).collect();
    let mut prerendered = Prerendered::live::<Flash>(setup, &files)?;
    prerendered.files = files;
    Ok(prerendered)
}

/// The first tile in which a maximum rises: what the picture is about.
fn first_rise(numbers: &Numbers) -> Result<State> {
    let state = State::opening(&numbers.name, numbers.tokens.len(), true);
    let work = Work::new(numbers, &state)?;
    let rises = |step: &usize| {
        let skipped = work.flash.steps[*step].tile.skipped;
        !skipped && work.rows(*step).iter().any(|row| row.kept.is_some_and(|kept| kept < 1.0))
    };
    let step = (0..state.tiles()).find(rises).unwrap_or(0);
    Ok(State { step, ..state })
}
