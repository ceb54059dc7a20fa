//! The steps, and the matrix that each makes.

use attention::{AttentionOptions, AttentionSteps, Mask, attention_steps};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::real::RealHead;
use super::toy::{Given, Toy};

/// Numbers in rows and columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// Row by row, `rows * columns` of them.
    pub numbers: Vec<f32>,
}

impl Matrix {
    /// The number in a row and a column.
    ///
    /// # Panics
    /// If there is no such row or column.
    pub fn at(&self, row: usize, column: usize) -> f32 {
        self.row(row)[column]
    }

    /// A row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.numbers[row * self.columns..(row + 1) * self.columns]
    }

    /// A column.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn column(&self, column: usize) -> Vec<f32> {
        (0..self.rows).map(|row| self.at(row, column)).collect()
    }

    /// `[1, 1, rows, columns]`: one text and one head.
    fn tensor(&self) -> Tensor<4> {
        let shape = [1, 1, self.rows, self.columns];
        Tensor::from_data(TensorData::new(self.numbers.clone(), shape), &Device::flex())
    }
}

impl<const C: usize> From<&[[f32; C]]> for Matrix {
    fn from(rows: &[[f32; C]]) -> Self {
        Self { rows: rows.len(), columns: C, numbers: rows.concat() }
    }
}

impl From<Tensor<4>> for Matrix {
    fn from(tensor: Tensor<4>) -> Self {
        let [_, _, rows, columns] = tensor.dims();
        Self { rows, columns, numbers: tensor.into_data().iter().collect() }
    }
}

/// A step on the way from what goes in to what comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// What goes in.
    X,
    /// The queries.
    Query,
    /// The keys.
    Key,
    /// The values.
    Value,
    /// Each query with each key.
    Scores,
    /// Divided by the root of `head_dim`.
    Scaled,
    /// Later tokens hidden.
    Masked,
    /// The softmax of each row.
    Weights,
    /// The values, mixed.
    Output,
    /// The output times W_O.
    Projected,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Step; 10] = [
        Step::X,
        Step::Query,
        Step::Key,
        Step::Value,
        Step::Scores,
        Step::Scaled,
        Step::Masked,
        Step::Weights,
        Step::Output,
        Step::Projected,
    ];

    /// Its place among all.
    pub fn place(self) -> usize {
        self as usize
    }

    /// Its short name, in addresses and on the slider.
    pub fn name(self) -> &'static str {
        ["X", "Q", "K", "V", "scores", "scaled", "masked", "weights", "output", "projected"]
            [self.place()]
    }

    /// The learned matrix that it multiplies by.
    pub fn learned(self) -> Option<Given> {
        match self {
            Step::Query => Some(Given::Query),
            Step::Key => Some(Given::Key),
            Step::Value => Some(Given::Value),
            Step::Projected => Some(Given::Output),
            _ => None,
        }
    }

    /// Whether its columns are tokens, as its rows are.
    pub fn is_square(self) -> bool {
        matches!(self, Step::Scores | Step::Scaled | Step::Masked | Step::Weights)
    }
}

/// The matrix of each step. The real head has none before its queries or after its output.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    matrices: [Option<Matrix>; 10],
}

impl Steps {
    /// The steps of the toy, by [`attention_steps`].
    pub fn of_toy(toy: &Toy, causal: bool) -> Self {
        let x = toy.matrix(Given::X).tensor();
        let times = |given: Given| x.clone().matmul(toy.matrix(given).tensor());
        let [query, key, value] = [Given::Query, Given::Key, Given::Value].map(times);
        let mut steps = Self::of_tensors(query, key, value, causal);
        let output = steps.made(Step::Output).tensor();
        let back = output.matmul(toy.matrix(Given::Output).tensor());
        steps.matrices[Step::Projected.place()] = Some(back.into());
        steps.matrices[Step::X.place()] = Some(x.into());
        steps
    }

    /// The steps of the real head, by [`attention_steps`].
    pub fn of_head(head: &RealHead, causal: bool) -> Self {
        let tensor = |numbers: &[f32]| head.matrix(numbers).tensor();
        Self::of_tensors(tensor(&head.query), tensor(&head.key), tensor(&head.value), causal)
    }

    fn of_tensors(query: Tensor<4>, key: Tensor<4>, value: Tensor<4>, causal: bool) -> Self {
        let seq = query.dims()[2];
        let masks = if causal { vec![Mask::Causal.grid(seq, seq)] } else { Vec::new() };
        let options = AttentionOptions { masks, ..Default::default() };
        let steps = attention_steps(query, key, value, options)
            .expect("query, key and value have a row for each token");
        Self::from(&steps)
    }

    /// The matrix of a step, if there is one.
    pub fn get(&self, step: Step) -> Option<&Matrix> {
        self.matrices[step.place()].as_ref()
    }

    /// The matrix of a step from the queries to the output, which are always there.
    pub(super) fn made(&self, step: Step) -> &Matrix {
        self.get(step).expect("both the toy and the real head have this step")
    }
}

impl From<&AttentionSteps> for Steps {
    /// The steps from the queries to the output, of one text and one head.
    fn from(steps: &AttentionSteps) -> Self {
        let matrix = |tensor: &Tensor<4>| Some(tensor.clone().into());
        let matrices = [
            None,
            matrix(&steps.query),
            matrix(&steps.key),
            matrix(&steps.value),
            matrix(&steps.raw_scores),
            matrix(&steps.scaled),
            matrix(&steps.masked),
            matrix(&steps.weights),
            matrix(&steps.output),
            None,
        ];
        Self { matrices }
    }
}
