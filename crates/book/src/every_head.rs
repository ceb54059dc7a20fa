//! What the listing `ch05-ablation` recorded: every head of SmolLM2 ablated alone.

use anyhow::{Context, Result, ensure};

/// The record: `cargo run --release --example ch05-ablation -- --every crates/book/every-head.txt`
/// writes it. A line a head: its name, its previous-token score and its prefix-matching score in
/// the whole model, the mean surprise in the story without it, and that in each draw.
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/every-head.txt");

/// A rise of the surprise, in nats, from which a head counts as missed.
pub(crate) const MISSED: f64 = 0.5;

/// What the model loses without a head, or without several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ablated {
    /// As the record has it: `none`, `18.6`, `17.3,17.4,18.6`, or `mean:16.0`.
    pub(crate) name: String,
    /// How much it attends to the token before.
    pub(crate) previous: f64,
    /// How much it attends to what came next the last time.
    pub(crate) prefix: f64,
    /// The mean surprise in the story, in nats.
    pub(crate) story: f64,
    /// The mean surprise the second time, in nats, draw by draw.
    pub(crate) draws: Vec<f64>,
}

impl Ablated {
    fn read(line: &str) -> Result<Self> {
        let mut words = line.split_whitespace();
        let name = words.next().context("a line of the record is empty")?.to_owned();
        let numbers: Vec<f64> = words
            .map(|word| word.parse().with_context(|| format!("{name}: {word} is no number")))
            .collect::<Result<_>>()?;
        let [previous, prefix, story, ref draws @ ..] = numbers[..] else {
            anyhow::bail!("{name}: too few numbers");
        };
        ensure!(!draws.is_empty(), "{name}: no draws");
        Ok(Self { name, previous, prefix, story, draws: draws.to_vec() })
    }

    /// The mean over the draws.
    pub(crate) fn surprise(&self) -> f64 {
        self.draws.iter().sum::<f64>() / self.draws.len() as f64
    }

    /// The higher of its two scores.
    pub(crate) fn score(&self) -> f64 {
        self.previous.max(self.prefix)
    }
}

/// All that was recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EveryHead {
    lines: Vec<Ablated>,
}

impl EveryHead {
    /// Reads the record.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it is not as the listing writes them.
    pub(crate) fn read() -> Result<Self> {
        let record =
            std::fs::read_to_string(RECORD).with_context(|| format!("cannot read {RECORD}"))?;
        let lines = record.lines().map(Ablated::read).collect::<Result<Vec<_>>>()?;
        Ok(Self { lines })
    }

    /// The line of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn get(&self, name: &str) -> Result<&Ablated> {
        let line = self.lines.iter().find(|line| line.name == name);
        line.with_context(|| format!("crates/book/every-head.txt has no `{name}`"))
    }

    /// Every head that was ablated alone, layer by layer.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &Ablated> {
        self.lines
            .iter()
            .filter(|line| line.name.starts_with(|it: char| it.is_ascii_digit()))
            .filter(|line| !line.name.contains(','))
    }

    /// How much a head is missed: the rise of the mean surprise, in the draws and in the story.
    ///
    /// # Errors
    /// When the record has no line for the whole model.
    pub(crate) fn rise(&self, head: &Ablated) -> Result<[f64; 2]> {
        let whole = self.get("none")?;
        Ok([head.surprise() - whole.surprise(), head.story - whole.story])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_every_head_once_and_the_same_draws_for_all() {
        let record = EveryHead::read().unwrap();
        let names: Vec<&str> = record.heads().map(|head| head.name.as_str()).collect();
        let expected: Vec<String> =
            (0..270).map(|place| format!("{}.{}", place / 9, place % 9)).collect();
        assert_eq!(names, expected);
        let draws = record.get("none").unwrap().draws.len();
        assert!(record.lines.iter().all(|line| line.draws.len() == draws));
        assert!(record.heads().all(|head| (0.0..=1.0).contains(&head.score())));
    }

    #[test]
    fn a_line_that_is_not_a_record_is_told() {
        for (line, told) in [
            ("16.0 .1 .2 x 3", "x is no number"),
            ("16.0 .1", "too few"),
            ("16.0 1 1 1", "no draws"),
        ] {
            assert!(Ablated::read(line).unwrap_err().to_string().contains(told), "{line}");
        }
    }
}
