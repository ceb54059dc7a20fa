//! The flash stepper of chapter 8: attention a tile at a time, with its running maximum and sum.
//!
//! What is shown at a step is a pure function of the numbers, the options and the step: the
//! library's own tiled function runs, keeps its steps, and the view shows one of them.

mod numbers;
mod view;
mod work;

use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::readings::Readings;
use crate::{Error, Widget, address, grid, own};

pub use numbers::Numbers;
pub use work::{Difference, Row, Work};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "flash";

/// The shortest text that the widget cuts into tiles.
pub const FEWEST: usize = 2;

/// At most so many tiles stand side by side.
pub const MOST_BLOCKS: usize = 16;

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Made-up numbers, at hand from the start.
    pub toy: Numbers,
    /// The heads whose numbers lie in files, in the order of the menu.
    pub heads: Vec<Entry>,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// A head in the menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The name of its numbers.
    pub name: String,
    /// What the menu calls it.
    pub label: String,
    /// Its layer, from 0.
    pub layer: usize,
    /// Its place in the layer, from 0.
    pub head: usize,
    /// How many tokens there are.
    pub tokens: usize,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Whose numbers, by name.
    pub numbers: String,
    /// How many of the tokens, from the first.
    pub seq: usize,
    /// Queries in a tile: a power of two.
    pub block_q: usize,
    /// Keys in a tile: a power of two.
    pub block_k: usize,
    /// Whether the future is hidden.
    pub causal: bool,
    /// The tile that the work stands at, from 0, in the order of the work.
    pub step: usize,
}

impl State {
    /// How many blocks there are of queries, and of keys.
    pub fn blocks(&self) -> (usize, usize) {
        (self.seq.div_ceil(self.block_q), self.seq.div_ceil(self.block_k))
    }

    /// How many tiles there are, those that are skipped included.
    pub fn tiles(&self) -> usize {
        self.blocks().0 * self.blocks().1
    }

    /// A state that shows the numbers called `name` well: at most sixteen of their tokens, in four
    /// tiles or sixteen.
    pub fn opening(name: &str, tokens: usize, causal: bool) -> Self {
        let seq = tokens.min(16);
        let block = seq.div_ceil(2).next_power_of_two().min(4);
        Self { numbers: name.to_owned(), seq, block_q: block, block_k: block, causal, step: 0 }
    }

    /// The tile as a cell: its row and its column among the tiles.
    pub fn cell(&self) -> grid::Cell {
        (self.step / self.blocks().1, self.step % self.blocks().1)
    }
}

/// The exponents of two that a block of a text may have: the smallest makes [`MOST_BLOCKS`] of
/// it, and the largest holds it whole.
fn exponents(seq: usize) -> (u32, u32) {
    let whole = seq.next_power_of_two().ilog2();
    (whole.saturating_sub(MOST_BLOCKS.ilog2()), whole)
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Take other numbers, by name.
    Numbers(String),
    /// Read so many tokens.
    Seq(usize),
    /// Cut the queries into blocks of two to this power.
    BlockQ(u32),
    /// Cut the keys into blocks of two to this power.
    BlockK(u32),
    /// Hide the future, or show it.
    Causal,
    /// Go to this tile, from 0.
    Step(usize),
    /// Go to the tile after this one.
    Next,
    /// Go to the tile before this one.
    Back,
    /// Press a tile in the map.
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
        let exponent = || value.parse::<u32>().map_err(|_| wrong());
        Ok(match name {
            "numbers" => Event::Numbers(value.to_owned()),
            "seq" => Event::Seq(number()?),
            "block-q" => Event::BlockQ(exponent()?),
            "block-k" => Event::BlockK(exponent()?),
            "causal" => Event::Causal,
            "step" => Event::Step(number()?),
            "next" => Event::Next,
            "back" => Event::Back,
            "tile" => Event::Cell(grid::parse(value).ok_or_else(wrong)?),
            "tile-key" => Event::Key(value.to_owned()),
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
    readings: Readings<Numbers>,
    /// How many heads of the menu read the book's text. After them come those that read the
    /// reader's.
    of_the_book: usize,
    /// `None` while the numbers are not here.
    work: Option<Work>,
}

impl FlashStepper {
    /// The widget as it opens, with those numbers of heads that are at hand.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup, loaded: Vec<Numbers>) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Setup { reason };
        for numbers in loaded.iter().chain([&setup.toy]) {
            numbers.check().map_err(|reason| wrong(format!("{}: {reason}", numbers.name)))?;
        }
        if setup.heads.iter().any(|entry| entry.tokens < FEWEST) {
            return Err(wrong("a head has too few tokens".to_owned()));
        }
        let state = setup.opening.clone();
        if !is_possible(&setup, &state) {
            return Err(wrong("it opens on numbers or sizes that are not there".to_owned()));
        }
        let readings = Readings::new([vec![setup.toy.clone()], loaded].concat());
        let of_the_book = setup.heads.len();
        let mut widget = Self { setup, state, readings, of_the_book, work: None };
        widget.run();
        Ok(widget)
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`], or contradicts itself.
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup: Setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut widget = Self::new(setup, Vec::new())?;
        if let Some(state) = widget.state_in_address(address) {
            widget.state = state;
            widget.run();
        }
        Ok(widget)
    }

    /// What the reader has chosen.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The work on the numbers, once they are here.
    pub fn work(&self) -> Option<&Work> {
        self.work.as_ref()
    }

    /// Applies one event. Says whether it meant anything.
    ///
    /// # Errors
    /// [`Error::Event`] when something is chosen that is not there. The state stays.
    pub fn apply(&mut self, event: Event) -> Result<bool, Error> {
        let mut next = self.state.clone();
        let last = next.tiles() - 1;
        // Other numbers or other tiles: the work starts anew.
        let anew = State { step: 0, ..next.clone() };
        match &event {
            Event::Numbers(name) => {
                let tokens = tokens(&self.setup, name).unwrap_or(FEWEST);
                next = State::opening(name, tokens, next.causal);
            }
            Event::Seq(seq) => next = fitted(&self.setup, State { seq: *seq, ..anew }),
            Event::BlockQ(exponent) => next = State { block_q: power(*exponent), ..anew },
            Event::BlockK(exponent) => next = State { block_k: power(*exponent), ..anew },
            Event::Causal => next = State { causal: !next.causal, ..anew },
            Event::Step(step) => next.step = *step,
            Event::Next => next.step = (next.step + 1).min(last),
            Event::Back => next.step = next.step.saturating_sub(1),
            Event::Cell((row, column)) => {
                let (rows, columns) = next.blocks();
                let there = *row < rows && *column < columns;
                next.step = if there { row * columns + column } else { usize::MAX };
            }
            Event::Key(key) => {
                let (rows, columns) = next.blocks();
                let Some((row, column)) = grid::step(next.cell(), key, rows, columns) else {
                    return Ok(false);
                };
                next.step = row * columns + column;
            }
            Event::Reset => next = self.setup.opening.clone(),
        }
        if !is_possible(&self.setup, &next) {
            return Err(Error::Event { name: NAME.to_owned(), value: format!("{event:?}") });
        }
        if matches!(event, Event::Numbers(_)) {
            // The reader chose anew: an old failure no longer counts.
            self.readings.forget_problem();
        }
        let same_work = State { step: next.step, ..self.state.clone() } == next;
        self.state = next;
        if !same_work {
            self.run();
        }
        Ok(true)
    }

    /// Does the work on the numbers that are chosen, if they are here.
    fn run(&mut self) {
        let numbers = self.readings.get(&self.state.numbers);
        // The library takes every possible state: see the test with random events.
        self.work = numbers.and_then(|numbers| Work::new(numbers, &self.state).ok());
    }

    /// The numbers that are chosen, once they are here.
    fn numbers(&self) -> Option<&Numbers> {
        self.readings.get(&self.state.numbers)
    }

    /// The address of this view: `?flash=numbers.seq.block_q.block_k.mask.step`.
    fn address(&self) -> String {
        let State { numbers, seq, block_q, block_k, causal, step } = &self.state;
        let mask = if *causal { "causal" } else { "full" };
        format!("?{NAME}={numbers}.{seq}.{block_q}.{block_k}.{mask}.{step}")
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
        let [numbers, seq, block_q, block_k, mask, step] = parts[..] else { return None };
        let causal = match mask {
            "causal" => true,
            "full" => false,
            _ => return None,
        };
        let state = State {
            numbers: numbers.to_owned(),
            seq: seq.parse().ok()?,
            block_q: block_q.parse().ok()?,
            block_k: block_k.parse().ok()?,
            causal,
            step: step.parse().ok()?,
        };
        is_possible(&self.setup, &state).then_some(state)
    }
}

/// How many tokens the numbers called `name` have.
fn tokens(setup: &Setup, name: &str) -> Option<usize> {
    if name == setup.toy.name {
        return Some(setup.toy.tokens.len());
    }
    setup.heads.iter().find(|entry| entry.name == name).map(|entry| entry.tokens)
}

/// Whether the numbers are known, and there are so many tokens.
fn has_length(setup: &Setup, state: &State) -> bool {
    tokens(setup, &state.numbers).is_some_and(|most| (FEWEST..=most).contains(&state.seq))
}

/// Two to this power; zero where that is too large.
fn power(exponent: u32) -> usize {
    1_usize.checked_shl(exponent).unwrap_or(0)
}

/// Whether the numbers are known, there are so many tokens, the blocks are those of the sliders,
/// and there is such a tile.
fn is_possible(setup: &Setup, state: &State) -> bool {
    if !has_length(setup, state) {
        return false;
    }
    let (least, most) = exponents(state.seq);
    let fits = |block: usize| block.is_power_of_two() && (least..=most).contains(&block.ilog2());
    fits(state.block_q) && fits(state.block_k) && state.step < state.tiles()
}

/// The state with blocks that suit its length, if there are so many tokens.
fn fitted(setup: &Setup, mut state: State) -> State {
    if !has_length(setup, &state) {
        return state;
    }
    let (least, most) = exponents(state.seq);
    for block in [&mut state.block_q, &mut state.block_k] {
        *block = (*block).clamp(power(least), power(most));
    }
    state
}

impl Widget for FlashStepper {
    fn update(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        self.apply(Event::parse(name, value)?)
    }

    fn view(&self) -> String {
        view::whole(self).into_string()
    }

    fn address(&self) -> String {
        self.address()
    }

    fn wants(&self) -> Option<String> {
        self.readings.wants(&self.state.numbers)
    }

    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let heads = &self.setup.heads;
        let fits = |numbers: &Numbers| {
            let entry = heads.iter().find(|entry| entry.name == numbers.name);
            entry.is_some_and(|entry| entry.tokens == numbers.tokens.len())
        };
        let received = self.readings.receive_fitting(fits, &self.state.numbers, path, bytes);
        self.run();
        received
    }

    fn failed(&mut self, path: &str, reason: &str) {
        self.readings.failed(&self.state.numbers, path, reason);
    }

    fn own(&mut self, reading: &Reading) -> Result<(), Error> {
        let heads = self.setup.heads[..self.of_the_book].iter();
        let taken = heads.map(|entry| own::numbers(reading, entry.layer, entry.head));
        let (entries, numbers): (Vec<_>, Vec<_>) =
            taken.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let first = entries.first().ok_or_else(own::refused)?;
        self.state = State::opening(&first.name, first.tokens, true);
        self.setup.heads.truncate(self.of_the_book);
        self.setup.heads.extend(entries);
        numbers.into_iter().for_each(|numbers| self.readings.put(numbers));
        self.run();
        Ok(())
    }
}
