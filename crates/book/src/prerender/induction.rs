//! The induction head of chapter 9.

use anyhow::Result;
use induction::message::WHOLE;
use induction::record;
use widgets::induction::{Induction, RATES, Setup, State};

use super::Prerendered;

/// The recorded training, until the reader starts one.
pub(super) fn prerender() -> Result<Prerendered> {
    let record = record();
    let head = best_induction_head(&record);
    let opening = State {
        seed: record.seed,
        rate: RATES.iter().position(|rate| *rate == record.learning_rate).unwrap_or(0),
        head: (1, head),
        cell: (induction::DRAWN, 1),
        cut: WHOLE,
        typed: record.continued.text.clone(),
        at: None,
    };
    let setup = Setup { record, opening };
    Prerendered::live::<Induction>(setup, &[])
}

/// The head of layer 1 that is best at it in the end.
fn best_induction_head(record: &induction::message::Record) -> usize {
    let scores = record.progress.points.last().map_or([0.0; 4], |point| point.induction[1]);
    (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0)
}
