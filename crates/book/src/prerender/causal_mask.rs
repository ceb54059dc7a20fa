//! The causal mask of chapter 6.

use anyhow::Result;
use widgets::causal_mask::{CausalMask, Pass, Setup, State};
use widgets::square::Squares;

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::score_matrices::{LONG, MASK_HEADS, MYSTERY, UnmaskedText};

/// The toy, and some heads of the model when it is there.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let mut squares = vec![MYSTERY.matrix()?];
    if let Some(model) = model {
        let text = UnmaskedText::read(model, LONG, true)?;
        for head in MASK_HEADS {
            squares.push(text.matrix(head)?);
        }
    }
    let query = squares[0].query;
    let opening = State {
        scores: squares[0].name.clone(),
        pass: Pass::Masked,
        read: 1,
        query,
        cell: (query, 0),
    };
    let setup = Setup { squares: Squares(squares), opening };
    Prerendered::live::<CausalMask>(setup, &[])
}
