//! The widgets as the book first shows them: each with its setup and its first view.
//!
//! A module a widget. The view is the page before any script runs, and the print page. Pictures
//! that stay still are made in [`stills`](crate::stills) and come with them.

mod assemble;
mod cache;
mod causal_mask;
mod decode;
mod flash;
mod gpu;
mod heads;
mod induction;
mod patterns;
mod plane;
mod prerendered;
mod scale;
mod score_matrix;
mod sharing;
mod spotlight;
mod stepper;
mod temperature;
mod transformer;
mod translation;

use anyhow::Result;

pub(crate) use prerendered::Prerendered;
pub(crate) use transformer::outline;

use crate::memoised_model::MemoisedModel;

/// Every widget of the book. Without the model, those that need it show what they can.
///
/// # Errors
/// When a setup contradicts itself.
pub(crate) fn all(model: Option<&MemoisedModel>) -> Result<Vec<Prerendered>> {
    let mut all = vec![
        transformer::prerender(model)?,
        spotlight::prerender(model)?,
        plane::prerender()?,
        stepper::prerender(model)?,
        score_matrix::prerender(model)?,
        temperature::prerender(model)?,
        scale::prerender()?,
        heads::prerender(model)?,
        assemble::prerender(model)?,
        causal_mask::prerender(model)?,
        translation::prerender()?,
        flash::prerender(model)?,
        patterns::prerender()?,
        induction::prerender()?,
        decode::prerender(model)?,
        sharing::prerender()?,
        cache::prerender()?,
        gpu::prerender()?,
    ];
    all.extend(crate::stills::all(model)?);
    Ok(all)
}
