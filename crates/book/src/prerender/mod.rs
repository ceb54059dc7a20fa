//! The widgets as the book first shows them: each with its setup and its first view.
//!
//! A module a widget. The view is the page before any script runs, and the print page.

mod assemble;
mod cache;
mod causal_mask;
mod decode;
mod flash;
mod gpu;
mod head_widths;
mod heads;
mod induction;
mod mask_gaps;
mod mask_moves;
mod mattering;
mod patterns;
mod plane;
mod prerendered;
mod scale;
mod score_matrix;
mod sharing;
mod sharp_heads;
mod spotlight;
mod stacks;
mod stepper;
mod still;
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
    Ok(vec![
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
        head_widths::prerender()?,
        mattering::prerender()?,
        mask_moves::prerender(model)?,
        mask_gaps::prerender(),
        stacks::prerender()?,
        sharp_heads::prerender()?,
        flash::prerender(model)?,
        patterns::prerender()?,
        induction::prerender()?,
        decode::prerender(model)?,
        sharing::prerender()?,
        cache::prerender()?,
        gpu::prerender()?,
    ])
}
