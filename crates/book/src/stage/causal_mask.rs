//! The causal mask of chapter 6.

use anyhow::Result;
use widgets::causal_mask::{CausalMask, Pass, Setup, State};
use widgets::square::Squares;

use super::Staged;
use crate::facts::Measured;
use crate::squares::{LONG, MASK_HEADS, MYSTERY, Text};

/// The toy, and some heads of the model when it is there.
pub(super) fn stage(measured: Option<&Measured<'_>>) -> Result<Staged> {
    let mut squares = vec![MYSTERY.square()?];
    if let Some(measured) = measured {
        let text = Text::read(measured.model, LONG, true)?;
        for head in MASK_HEADS {
            squares.push(text.square(head)?);
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
    Staged::live::<CausalMask>(setup, &[])
}
