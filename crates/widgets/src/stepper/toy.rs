//! The numbers that the reader may change: four words, and the learned matrices of one head.

use std::fmt::Write as _;

pub use inputs::projections::WORDS;
use inputs::projections::{W_K, W_O, W_Q, W_V, X};
use serde::{Deserialize, Serialize};

use super::Matrix;
use crate::decimal;
use crate::grid::Cell;

/// The largest number that may be typed, and with a minus the smallest.
pub const LIMIT: f32 = 10.0;

/// A matrix that the reader may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Given {
    /// What goes in, `[seq, d_model]`.
    X,
    /// `[d_model, head_dim]`
    Query,
    /// `[d_model, head_dim]`
    Key,
    /// `[d_model, head_dim]`
    Value,
    /// `[head_dim, d_model]`
    Output,
}

impl Given {
    /// All of them, in the order in which they are used.
    pub const ALL: [Given; 5] = [Given::X, Given::Query, Given::Key, Given::Value, Given::Output];

    /// Its name, as the text prints it.
    pub fn name(self) -> &'static str {
        ["X", "W_Q", "W_K", "W_V", "W_O"][self as usize]
    }

    /// The matrix called so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|given| given.name() == name)
    }
}

/// The toy: what goes into its one head, and what the head has learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Toy {
    /// What each word means, `[seq, d_model]`.
    pub x: [[f32; 3]; 4],
    /// W_Q, `[d_model, head_dim]`.
    pub query: [[f32; 2]; 3],
    /// W_K, `[d_model, head_dim]`.
    pub key: [[f32; 2]; 3],
    /// W_V, `[d_model, head_dim]`.
    pub value: [[f32; 2]; 3],
    /// W_O, `[head_dim, d_model]`.
    pub output: [[f32; 3]; 2],
}

impl Default for Toy {
    /// The toy of the book: the numbers of the listing `ch02-stepper`.
    fn default() -> Self {
        Self { x: X, query: W_Q, key: W_K, value: W_V, output: W_O }
    }
}

impl Toy {
    /// One of its matrices.
    pub fn matrix(&self, given: Given) -> Matrix {
        match given {
            Given::X => Matrix::from(&self.x[..]),
            Given::Query => Matrix::from(&self.query[..]),
            Given::Key => Matrix::from(&self.key[..]),
            Given::Value => Matrix::from(&self.value[..]),
            Given::Output => Matrix::from(&self.output[..]),
        }
    }

    /// Puts `number` into a cell of one of its matrices. A cell that is not there stays away.
    pub fn set(&mut self, given: Given, cell: Cell, number: f32) {
        fn slot<const C: usize>(rows: &mut [[f32; C]], cell: Cell) -> Option<&mut f32> {
            rows.get_mut(cell.0)?.get_mut(cell.1)
        }
        let slot = match given {
            Given::X => slot(&mut self.x, cell),
            Given::Query => slot(&mut self.query, cell),
            Given::Key => slot(&mut self.key, cell),
            Given::Value => slot(&mut self.value, cell),
            Given::Output => slot(&mut self.output, cell),
        };
        if let Some(slot) = slot {
            *slot = number;
        }
    }

    /// Every number in order, as an address holds them: `1,0.5,0.3,…`.
    pub fn in_address(&self) -> String {
        let mut text = String::new();
        for number in Given::ALL.iter().flat_map(|given| self.matrix(*given).numbers) {
            let comma = if text.is_empty() { "" } else { "," };
            write!(text, "{comma}{number}").expect("a text takes any number of letters");
        }
        text
    }

    /// The toy that an address holds, if it is one.
    pub fn from_address(text: &str) -> Option<Self> {
        let mut toy = Self::default();
        let mut numbers = text.split(',');
        for given in Given::ALL {
            let Matrix { rows, columns, .. } = toy.matrix(given);
            for cell in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                toy.set(given, cell, read(numbers.next()?)?);
            }
        }
        numbers.next().is_none().then_some(toy)
    }

    /// Whether every number is one that may be typed.
    pub fn is_sound(&self) -> bool {
        let mut numbers = Given::ALL.iter().flat_map(|given| self.matrix(*given).numbers);
        numbers.all(|number| number.abs() <= LIMIT)
    }
}

/// The number in `text`, if it is one from `-LIMIT` to `LIMIT`. A comma may stand for the point.
pub fn read(text: &str) -> Option<f32> {
    decimal::read(text).map(|number| number as f32).filter(|number| number.abs() <= LIMIT)
}
