//! A matrix in the order in which it is read.

use super::simd::{ROWS, Rows};

/// A matrix, cut into panels of [`ROWS`] rows. A panel is stored column by column, so that
/// reading along its rows together is reading straight ahead. Missing rows of the last panel
/// are zeros.
#[derive(Clone)]
pub(super) struct Panels {
    columns: usize,
    /// Panel after panel, each `[columns]` of [`Rows`].
    numbers: Vec<Rows>,
}

impl Panels {
    /// The panels of `matrix`, `[rows, columns]`, which is given row by row.
    pub(super) fn of_rows(matrix: &[f32], columns: usize) -> Self {
        let rows = matrix.len() / columns;
        let mut numbers = vec![[0.0; ROWS]; columns * rows.div_ceil(ROWS)];
        for (panel, matrix) in numbers.chunks_mut(columns).zip(matrix.chunks(ROWS * columns)) {
            for (row, matrix) in matrix.chunks(columns).enumerate() {
                for (panel, number) in panel.iter_mut().zip(matrix) {
                    panel[row] = *number;
                }
            }
        }
        Panels { columns, numbers }
    }

    /// The panels of `matrix`, `[rows, columns]`, which is given column by column.
    pub(super) fn of_columns(matrix: &[f32], rows: usize) -> Self {
        let columns = matrix.len() / rows;
        let mut numbers = vec![[0.0; ROWS]; columns * rows.div_ceil(ROWS)];
        for (panel, first) in numbers.chunks_mut(columns).zip((0..rows).step_by(ROWS)) {
            for (panel, column) in panel.iter_mut().zip(matrix.chunks(rows)) {
                let column = &column[first..rows.min(first + ROWS)];
                panel[..column.len()].copy_from_slice(column);
            }
        }
        Panels { columns, numbers }
    }

    /// The panel that starts with row `index * ROWS`.
    #[inline(always)]
    pub(super) fn panel(&self, index: usize) -> &[Rows] {
        &self.numbers[index * self.columns..][..self.columns]
    }
}
