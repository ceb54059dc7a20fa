//! The score matrix of chapter 3.

use anyhow::Result;
use widgets::score_matrix::{ScoreMatrix, Setup, Show, State};
use widgets::square::Squares;

use super::Prerendered;
use crate::memoised_model::MemoisedModel;
use crate::score_matrices::{CAT, MATRIX_HEADS, SHORT, UnmaskedText};

/// The toy, and some heads of the model when it is there.
pub(super) fn prerender(model: Option<&MemoisedModel>) -> Result<Prerendered> {
    let mut squares = vec![CAT.matrix()?];
    if let Some(model) = model {
        let text = UnmaskedText::read(model, SHORT, false)?;
        for head in MATRIX_HEADS {
            squares.push(text.matrix(head)?);
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
        shuffle: 0,
    };
    let setup = Setup { squares: Squares(squares), opening };
    Prerendered::live::<ScoreMatrix>(setup, &[])
}
