//! Moving through a grid of cells with the keyboard, as the ARIA grid pattern says.

use crate::machine::Refusal;

/// A cell: row and column, from 0.
pub type Cell = (usize, usize);

/// Where `key` leads from `(row, column)` in a grid of `rows` by `columns`. `Ctrl+Home` and
/// `Ctrl+End` are the corners.
///
/// # Errors
/// [`Refusal::Ignored`] when the key means nothing to a grid.
pub fn step((row, column): Cell, key: &str, rows: usize, columns: usize) -> Result<Cell, Refusal> {
    let (last_row, last_column) = (rows - 1, columns - 1);
    Ok(match key {
        "ArrowLeft" => (row, column.saturating_sub(1)),
        "ArrowRight" => (row, (column + 1).min(last_column)),
        "ArrowUp" => (row.saturating_sub(1), column),
        "ArrowDown" => ((row + 1).min(last_row), column),
        "Home" => (row, 0),
        "End" => (row, last_column),
        "Ctrl+Home" => (0, 0),
        "Ctrl+End" => (last_row, last_column),
        _ => return Err(Refusal::Ignored),
    })
}

/// The cell in `row,column`, as a pressed cell sends it.
pub fn parse(value: &str) -> Option<Cell> {
    let (row, column) = value.split_once(',')?;
    Some((row.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Refusal, parse, step};

    #[test]
    fn a_cell_is_read_from_two_numbers() {
        assert_eq!(parse("3,12"), Some((3, 12)));
        assert_eq!([parse("3"), parse("3,"), parse("-1,2"), parse("a,b")], [None; 4]);
    }

    #[test]
    fn keys_move_one_cell_and_stop_at_the_edge() {
        assert_eq!(step((1, 1), "ArrowLeft", 3, 3), Ok((1, 0)));
        assert_eq!(step((1, 0), "ArrowLeft", 3, 3), Ok((1, 0)));
        assert_eq!(step((2, 2), "ArrowDown", 3, 3), Ok((2, 2)));
        assert_eq!(step((1, 1), "End", 3, 3), Ok((1, 2)));
        assert_eq!(step((1, 1), "Ctrl+End", 3, 4), Ok((2, 3)));
        assert_eq!(step((1, 1), "Ctrl+Home", 3, 3), Ok((0, 0)));
        assert_eq!(step((1, 1), "Tab", 3, 3), Err(Refusal::Ignored));
    }
}
