//! The flash stepper of chapter 8: attention a tile at a time, with its running maximum and sum.
//!
//! What is shown at a step is a pure function of the numbers, the options and the step: the
//! library's own tiled function runs, keeps its steps, and the view shows one of them.

mod view;

use attention::flash::{Flash, FlashOptions, flash_attention};
use attention::traffic::{Sizes, Traffic, standard_formula};
use attention::{Mask, scaled_dot_product_attention};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{Error, Widget, address, grid};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "flash";

/// The shortest text that the widget cuts into tiles.
pub const FEWEST: usize = 2;

/// One head's numbers, ready for attention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// Where they come from, in a few words.
    pub label: String,
    /// The tokens: `seq` of them.
    pub tokens: Vec<String>,
    /// Numbers in a query, a key and a value.
    pub head_dim: usize,
    /// `[seq, head_dim]`, row by row.
    pub query: Vec<f32>,
    /// `[seq, head_dim]`.
    pub key: Vec<f32>,
    /// `[seq, head_dim]`.
    pub value: Vec<f32>,
}

impl Numbers {
    /// The first `seq` rows of a matrix, as `[1, 1, seq, head_dim]`.
    fn rows(&self, matrix: &[f32], seq: usize) -> Tensor<4> {
        let numbers = matrix[..seq * self.head_dim].to_vec();
        Tensor::from_data(TensorData::new(numbers, [1, 1, seq, self.head_dim]), &Device::flex())
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |reason: String| Err(Error::Setup { reason });
        let expected = self.tokens.len() * self.head_dim;
        if self.tokens.len() < FEWEST || self.head_dim == 0 {
            return wrong(format!("`{}` has too few tokens or numbers", self.label));
        }
        for (name, matrix) in [("query", &self.query), ("key", &self.key), ("value", &self.value)] {
            if matrix.len() != expected {
                return wrong(format!("{} numbers of {name}, not {expected}", matrix.len()));
            }
            if !matrix.iter().all(|number| number.is_finite()) {
                return wrong(format!("a number of {name} is not finite"));
            }
        }
        Ok(())
    }
}

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The heads to choose from: never empty.
    pub numbers: Vec<Numbers>,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Which numbers, by place in the menu.
    pub numbers: usize,
    /// How many of the tokens, from the first.
    pub seq: usize,
    /// Queries in a tile.
    pub block_q: usize,
    /// Keys in a tile.
    pub block_k: usize,
    /// Whether the future is hidden.
    pub causal: bool,
    /// The tile that the work stands at, from 0.
    pub step: usize,
    /// The cell that Tab comes to: row (query) and column (key).
    pub cell: grid::Cell,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Take other numbers, by place in the menu.
    Numbers(usize),
    /// Read so many tokens.
    Seq(usize),
    /// Cut the queries into blocks of this size.
    BlockQ(usize),
    /// Cut the keys into blocks of this size.
    BlockK(usize),
    /// Hide the future, or show it.
    Causal,
    /// Go to this tile.
    Step(usize),
    /// Go to the tile after this one.
    Next,
    /// Go to the tile before this one.
    Back,
    /// Press a cell of the map: go to the tile that holds it.
    Cell(grid::Cell),
    /// Press a key in the map.
    Key(String),
    /// Go back to the beginning.
    Reset,
}

impl Event {
    /// The event that the page calls `name`, with its `value` as text.
    ///
    /// # Errors
    /// [`Error::Event`] for an unknown name or a value that is not of the event's kind.
    pub fn parse(name: &str, value: &str) -> Result<Self, Error> {
        let wrong = || Error::Event { name: name.to_owned(), value: value.to_owned() };
        let number = || value.parse::<usize>().map_err(|_| wrong());
        Ok(match name {
            "numbers" => Event::Numbers(number()?),
            "seq" => Event::Seq(number()?),
            "block_q" => Event::BlockQ(number()?),
            "block_k" => Event::BlockK(number()?),
            "causal" => Event::Causal,
            "step" => Event::Step(number()?),
            "next" => Event::Next,
            "back" => Event::Back,
            "cell" => {
                let (row, column) = value.split_once(',').ok_or_else(wrong)?;
                let place = |text: &str| text.parse().map_err(|_| wrong());
                Event::Cell((place(row)?, place(column)?))
            }
            "key" => Event::Key(value.to_owned()),
            "reset" => Event::Reset,
            _ => return Err(wrong()),
        })
    }
}

/// The widget: what it was given, what was chosen, and the work that follows from both.
#[derive(Debug, Clone)]
pub struct FlashStepper {
    setup: Setup,
    state: State,
    work: Work,
}

/// All tiles, and what they come to.
#[derive(Debug, Clone)]
struct Work {
    /// The tiled function with a step for each tile.
    flash: Flash,
    /// Every scaled score, `[seq, seq]`, `-inf` where it is hidden: to show a tile's numbers.
    scores: Vec<f32>,
    /// What standard attention moves and computes.
    standard: Traffic,
    /// How far the output is from that of plain attention.
    difference: Difference,
}

/// Two outputs compared, number by number.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Difference {
    /// The largest distance in units in the last place of the plain output.
    ulps: u32,
    /// The largest absolute distance over the largest absolute number of the plain output.
    relative: f32,
}

impl FlashStepper {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Setup { reason: reason.to_owned() };
        setup.numbers.iter().try_for_each(Numbers::check)?;
        let state = fitted(&setup, setup.opening.clone())
            .ok_or_else(|| wrong("it opens on numbers or sizes that are not there"))?;
        let work = work(&setup, &state).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { setup, state, work })
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup: Setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut widget = Self::new(setup)?;
        if let Some(state) = widget.state_in_address(address) {
            widget.go_to(state)?;
        }
        Ok(widget)
    }

    /// What the reader has chosen.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Applies one event. Says whether it meant anything.
    ///
    /// # Errors
    /// [`Error::Event`] when something is chosen that is not there. The state stays.
    pub fn apply(&mut self, event: Event) -> Result<bool, Error> {
        let mut next = self.state.clone();
        // Other numbers or other tiles: the work starts anew.
        let anew = State { step: 0, cell: (0, 0), ..next.clone() };
        match &event {
            Event::Numbers(place) => {
                let seq = self.setup.numbers.get(*place).map_or(0, |it| it.tokens.len());
                next = State { numbers: *place, seq, ..anew };
            }
            Event::Seq(seq) => next = State { seq: *seq, ..anew },
            Event::BlockQ(block_q) => next = State { block_q: *block_q, ..anew },
            Event::BlockK(block_k) => next = State { block_k: *block_k, ..anew },
            Event::Causal => next = State { causal: !next.causal, ..anew },
            Event::Step(step) => next.step = *step,
            Event::Next => next.step = (next.step + 1).min(self.steps() - 1),
            Event::Back => next.step = next.step.saturating_sub(1),
            Event::Cell(cell) => {
                next.cell = *cell;
                next.step = self.tile_of(*cell).unwrap_or(usize::MAX);
            }
            Event::Key(key) => {
                let Some(cell) = grid::step(next.cell, key, next.seq, next.seq) else {
                    return Ok(false);
                };
                next.cell = cell;
                next.step = self.tile_of(cell).unwrap_or(usize::MAX);
            }
            Event::Reset => next = self.setup.opening.clone(),
        }
        let named = format!("{event:?}");
        let wrong = || Error::Event { name: NAME.to_owned(), value: named.clone() };
        self.go_to(fitted(&self.setup, next).ok_or_else(wrong)?).map(|()| true)
    }

    /// Makes `state` the state, and does the work again if it depends on what has changed.
    fn go_to(&mut self, state: State) -> Result<(), Error> {
        let shape = |it: &State| (it.numbers, it.seq, it.block_q, it.block_k, it.causal);
        if shape(&state) != shape(&self.state) {
            let failed = |error: attention::Error| Error::Setup { reason: error.to_string() };
            self.work = work(&self.setup, &state).map_err(failed)?;
        }
        if state.step >= self.steps() {
            let value = state.step.to_string();
            return Err(Error::Event { name: "step".to_owned(), value });
        }
        self.state = state;
        Ok(())
    }

    /// How many tiles there are, those that are skipped included.
    fn steps(&self) -> usize {
        self.work.flash.steps.len()
    }

    /// The step whose tile holds a cell of the map.
    fn tile_of(&self, (row, column): grid::Cell) -> Option<usize> {
        let holds = |step: &attention::flash::Step| {
            step.tile.queries.contains(&row) && step.tile.keys.contains(&column)
        };
        self.work.flash.steps.iter().position(holds)
    }

    /// The numbers that are chosen.
    fn numbers(&self) -> &Numbers {
        &self.setup.numbers[self.state.numbers]
    }

    /// The address of this view: `?flash=numbers.seq.block_q.block_k.causal.step`.
    fn address(&self) -> String {
        let State { numbers, seq, block_q, block_k, causal, step, .. } = self.state;
        let causal = if causal { "causal" } else { "full" };
        format!("?{NAME}={numbers}.{seq}.{block_q}.{block_k}.{causal}.{step}")
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
        let [numbers, seq, block_q, block_k, causal, step] = parts[..] else { return None };
        let causal = match causal {
            "causal" => true,
            "full" => false,
            _ => return None,
        };
        let number = |text: &str| text.parse::<usize>().ok();
        let state = State {
            numbers: number(numbers)?,
            seq: number(seq)?,
            block_q: number(block_q)?,
            block_k: number(block_k)?,
            causal,
            step: number(step)?,
            cell: (0, 0),
        };
        let state = fitted(&self.setup, state)?;
        let tiles = state.seq.div_ceil(state.block_q) * state.seq.div_ceil(state.block_k);
        (state.step < tiles).then_some(state)
    }
}

/// The state with blocks no larger than the text, if its numbers and its length are there.
fn fitted(setup: &Setup, mut state: State) -> Option<State> {
    let tokens = setup.numbers.get(state.numbers)?.tokens.len();
    if !(FEWEST..=tokens).contains(&state.seq) || state.block_q == 0 || state.block_k == 0 {
        return None;
    }
    if state.cell.0.max(state.cell.1) >= state.seq {
        return None;
    }
    state.block_q = state.block_q.min(state.seq);
    state.block_k = state.block_k.min(state.seq);
    Some(state)
}

/// Runs the tiled function and its rivals.
fn work(setup: &Setup, state: &State) -> Result<Work, attention::Error> {
    let numbers = &setup.numbers[state.numbers];
    let rows = |matrix: &[f32]| numbers.rows(matrix, state.seq);
    let (query, key, value) = (rows(&numbers.query), rows(&numbers.key), rows(&numbers.value));
    let mask = if state.causal { Mask::Causal } else { Mask::Full };
    let plain = scaled_dot_product_attention(query.clone(), key.clone(), value.clone(), mask)?;
    let sizes = Sizes::of(&query, &key, &value);
    let options = FlashOptions {
        block_q: state.block_q,
        block_k: state.block_k,
        causal: state.causal,
        keep_steps: true,
        ..Default::default()
    };
    let flash = flash_attention(query, key, value, &options)?;
    let difference = Difference::between(&flash.output, &plain.output);
    let scores = plain.scores.into_data().iter().collect();
    Ok(Work { flash, scores, standard: standard_formula(&sizes), difference })
}

impl Difference {
    fn between(flash: &Tensor<4>, plain: &Tensor<4>) -> Self {
        let list = |tensor: &Tensor<4>| -> Vec<f32> { tensor.to_data().iter().collect() };
        let (flash, plain) = (list(flash), list(plain));
        let largest = plain.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        let pairs = || flash.iter().zip(&plain);
        let apart = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        Self {
            ulps: pairs().map(|(a, b)| ulps(*a, *b)).max().unwrap_or(0),
            relative: if apart == 0.0 { 0.0 } else { apart / largest },
        }
    }
}

/// How many floating-point numbers lie from one number to another, the other one counted.
fn ulps(one: f32, other: f32) -> u32 {
    // Read as integers, numbers of one sign are in order; those below zero are mirrored.
    let place = |number: f32| {
        let bits = i64::from(number.to_bits() & 0x7fff_ffff);
        if number.is_sign_negative() { -bits } else { bits }
    };
    u32::try_from(place(one).abs_diff(place(other))).unwrap_or(u32::MAX)
}

impl Widget for FlashStepper {
    fn update(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        self.apply(Event::parse(name, value)?)
    }

    fn view(&self) -> String {
        view::whole(self).into_string()
    }

    fn wants(&self) -> Option<String> {
        None
    }

    fn receive(&mut self, path: &str, _bytes: &[u8]) -> Result<(), Error> {
        Err(Error::Gallery { reason: format!("nobody asked for `{path}`") })
    }

    fn failed(&mut self, _path: &str, _reason: &str) {}
}

#[cfg(test)]
mod tests {
    use super::ulps;

    #[test]
    fn neighbours_are_one_apart() {
        assert_eq!(ulps(1.0, 1.0), 0);
        assert_eq!(ulps(1.0, f32::from_bits(1.0_f32.to_bits() + 1)), 1);
        assert_eq!(ulps(0.0, -0.0), 0);
        assert_eq!(ulps(f32::from_bits(1), -f32::from_bits(1)), 2);
    }
}
