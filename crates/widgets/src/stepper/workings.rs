//! How one number came about.

use super::Matrix;
use super::steps::{Step, Steps};
use super::toy::{Given, Toy};
use crate::grid::Cell;
use crate::show::largest_first;

/// How many products of a long sum are named one by one.
const NAMED: usize = 6;

/// What made a number. Each carries all that it takes to say so.
#[derive(Debug, Clone, PartialEq)]
pub enum Workings {
    /// It was given: typed in, or handed out by the model.
    Given,
    /// A sum of products.
    Sum {
        /// The products: all of a short sum in order, the largest of a long one.
        terms: Vec<Term>,
        /// How many products are not among the terms, and their sum.
        rest: (usize, f32),
    },
    /// A score, divided by the root of `head_dim`.
    Divided {
        /// The raw score.
        score: f32,
        /// What it is divided by.
        by: f32,
    },
    /// A scaled score that the mask lets through.
    Kept,
    /// A scaled score that the mask replaces.
    Hidden {
        /// What the score was.
        score: f32,
    },
    /// A share of a row.
    Share {
        /// The exponential of each score of the row, less the largest.
        powers: Vec<Power>,
        /// The largest score of the row.
        largest: f32,
        /// The sum of the exponentials.
        total: f32,
    },
}

/// A product in a sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Its place in the sum, from 0.
    pub place: usize,
    /// The factor from the left matrix.
    pub left: f32,
    /// The factor from the right matrix.
    pub right: f32,
}

impl Term {
    /// The product.
    pub fn product(&self) -> f32 {
        self.left * self.right
    }
}

/// A score and its exponential.
#[derive(Debug, Clone, PartialEq)]
pub struct Power {
    /// The score.
    pub score: f32,
    /// `exp(score - largest)`
    pub power: f32,
}

/// The two matrices that a step multiplies, if it does and both are at hand. The right one of
/// the scores is K: its rows serve as columns.
pub fn factors(steps: &Steps, toy: Option<&Toy>, step: Step) -> Option<(Matrix, Matrix)> {
    let (left, right) = match step {
        Step::Scores => (steps.made(Step::Query).clone(), steps.made(Step::Key).clone()),
        Step::Output => (steps.made(Step::Weights).clone(), steps.made(Step::Value).clone()),
        Step::Projected => (steps.made(Step::Output).clone(), toy?.matrix(Given::Output)),
        _ => (toy?.matrix(Given::X), toy?.matrix(step.learned()?)),
    };
    Some((left, right))
}

/// How the number in `cell` of `step` came about.
pub fn workings(steps: &Steps, toy: Option<&Toy>, step: Step, cell: Cell) -> Workings {
    let (row, column) = cell;
    let made = |step: Step| steps.made(step).at(row, column);
    match step {
        Step::Scaled => {
            let by = (steps.made(Step::Query).columns as f32).sqrt();
            Workings::Divided { score: made(Step::Scores), by }
        }
        Step::Masked if made(Step::Masked) == f32::NEG_INFINITY => {
            Workings::Hidden { score: made(Step::Scaled) }
        }
        Step::Masked => Workings::Kept,
        Step::Weights => share(steps.made(Step::Masked).row(row)),
        _ => match factors(steps, toy, step) {
            Some((left, right)) => {
                let right = match step {
                    Step::Scores => right.row(column).to_vec(),
                    _ => right.column(column),
                };
                sum(left.row(row), &right)
            }
            None => Workings::Given,
        },
    }
}

fn sum(left: &[f32], right: &[f32]) -> Workings {
    let pairs = left.iter().zip(right).enumerate();
    let mut terms: Vec<Term> =
        pairs.map(|(place, (&left, &right))| Term { place, left, right }).collect();
    let mut rest = Vec::new();
    // The ten tokens of a real output are a short sum; the 64 numbers of a real query are not.
    if terms.len() > 2 * NAMED {
        let sizes: Vec<f32> = terms.iter().map(|term| term.product().abs()).collect();
        terms = largest_first(&sizes).into_iter().map(|place| terms[place].clone()).collect();
        rest = terms.split_off(NAMED);
    }
    Workings::Sum { terms, rest: (rest.len(), rest.iter().map(Term::product).sum()) }
}

fn share(scores: &[f32]) -> Workings {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let power = |&score: &f32| Power { score, power: (score - largest).exp() };
    let powers: Vec<Power> = scores.iter().map(power).collect();
    let total = powers.iter().map(|power| power.power).sum();
    Workings::Share { powers, largest, total }
}
