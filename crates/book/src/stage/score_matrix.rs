//! The score matrix of chapter 3.

use anyhow::Result;
use widgets::score_matrix::{ScoreMatrix, Setup, Show, State};
use widgets::square::Squares;

use super::Staged;
use crate::facts::Measured;
use crate::squares::{CAT, MATRIX_HEADS, SHORT, Text};

/// The toy, and some heads of the model when it is there.
pub(super) fn stage(measured: Option<&Measured<'_>>) -> Result<Staged> {
    let mut squares = vec![CAT.square()?];
    if let Some(measured) = measured {
        let text = Text::read(measured.model, SHORT, false)?;
        for head in MATRIX_HEADS {
            squares.push(text.square(head)?);
        }
    }
    let (query, key) = (squares[0].query, 1);
    let opening = State {
        scores: squares[0].name.clone(),
        show: Show::Shares,
        mask: false,
        query,
        key,
        nudge: 0,
        whole_row: false,
        cell: (query, key),
    };
    let setup = Setup { squares: Squares(squares), opening };
    Staged::live::<ScoreMatrix>(setup, &[])
}
