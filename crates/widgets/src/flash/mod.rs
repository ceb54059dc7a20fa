//! Flash attention of chapter 8: attention a tile at a time, with its running maximum and sum.
//!
//! What is shown at a step is a pure function of the numbers, the options and the step: the
//! library's own tiled function runs, keeps its steps, and the view shows one of them.

mod chip;
mod numbers;
mod race;
mod tiles;
mod view;
mod work;

use maud::Markup;
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::files::Files;
use crate::grid::{self, Cell};
use crate::machine::{Machine, Refusal, UserText};
use crate::user_text;

pub use numbers::Numbers;
pub use work::{Difference, Row, Work};

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

    /// The same with blocks that suit its length.
    fn fitted(mut self) -> Self {
        let (least, most) = exponents(self.seq);
        for block in [&mut self.block_q, &mut self.block_k] {
            *block = (*block).clamp(power(least), power(most));
        }
        self
    }

    /// The tile as a cell: its row and its column among the tiles.
    pub fn cell(&self) -> Cell {
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Go on by itself to the next tile, and from the last one to the first.
    Play,
    /// Press a tile in the map.
    Cell(Cell),
    /// Press a key in the map.
    Key(String),
}

/// The widget: what it was given, the numbers that have arrived, and the work on those chosen.
#[derive(Debug, Clone)]
pub struct Flash {
    setup: Setup,
    numbers: Files<Numbers>,
    /// How many heads of the menu read the book's text. After them come those that read the
    /// reader's.
    book_heads: usize,
    /// What was last worked on, at its first tile, and the work; `None` while the numbers are not
    /// here.
    work: Option<(State, Work)>,
}

impl Flash {
    /// The work on the numbers that were chosen last, once they are here.
    pub fn work(&self) -> Option<&Work> {
        self.work.as_ref().map(|(_, work)| work)
    }

    /// The tokens that are chosen, once they are here.
    fn tokens(&self, state: &State) -> &[String] {
        self.numbers.get(&state.numbers).map_or(&[], |numbers| &numbers.tokens)
    }

    /// How many tokens the numbers called `name` have.
    fn token_count(&self, name: &str) -> Option<usize> {
        if name == self.setup.toy.name {
            return Some(self.setup.toy.tokens.len());
        }
        self.setup.heads.iter().find(|entry| entry.name == name).map(|entry| entry.tokens)
    }

    /// Whether the numbers are known, and there are so many tokens.
    fn has_length(&self, state: &State) -> bool {
        self.token_count(&state.numbers).is_some_and(|most| (FEWEST..=most).contains(&state.seq))
    }
}

/// Two to this power; zero where that is too large.
fn power(exponent: u32) -> usize {
    1_usize.checked_shl(exponent).unwrap_or(0)
}

impl Machine for Flash {
    const NAME: &'static str = "flash";
    const USER_TEXT: UserText = UserText::AtOnce;
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        setup.toy.check().map_err(|error| Error::setup(error.to_string()))?;
        if setup.heads.iter().any(|entry| entry.tokens < FEWEST) {
            return Err(Error::setup("a head has too few tokens"));
        }
        let mut numbers = Files::default();
        numbers.put(setup.toy.clone());
        let (opening, book_heads) = (setup.opening.clone(), setup.heads.len());
        Ok((Self { setup, numbers, book_heads, work: None }, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "numbers" => Event::Numbers(value.to_owned()),
            "seq" => Event::Seq(value.parse().ok()?),
            "block-q" => Event::BlockQ(value.parse().ok()?),
            "block-k" => Event::BlockK(value.parse().ok()?),
            "causal" => Event::Causal,
            "step" => Event::Step(value.parse().ok()?),
            "next" => Event::Next,
            "back" => Event::Back,
            "play" => Event::Play,
            "tile" => Event::Cell(grid::parse(value)?),
            "tile-key" => Event::Key(value.to_owned()),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let (rows, columns) = state.blocks();
        // Other numbers or other tiles: the work starts anew.
        let anew = State { step: 0, ..state.clone() };
        let at = |step: usize| State { step, ..state.clone() };
        Ok(match event {
            Event::Numbers(name) => {
                let tokens = self.token_count(name).ok_or(Refusal::Invalid)?;
                State::opening(name, tokens, state.causal)
            }
            Event::Seq(seq) => {
                let next = State { seq: *seq, ..anew };
                if !self.has_length(&next) {
                    return Err(Refusal::Invalid);
                }
                next.fitted()
            }
            Event::BlockQ(exponent) => State { block_q: power(*exponent), ..anew },
            Event::BlockK(exponent) => State { block_k: power(*exponent), ..anew },
            Event::Causal => State { causal: !state.causal, ..anew },
            Event::Step(step) => at(*step),
            Event::Next => at((state.step + 1).min(state.tiles() - 1)),
            Event::Back => at(state.step.saturating_sub(1)),
            Event::Play => at((state.step + 1) % state.tiles()),
            Event::Cell((row, column)) if *row < rows && *column < columns => {
                at(row * columns + column)
            }
            Event::Cell(_) => return Err(Refusal::Invalid),
            Event::Key(key) => {
                let (row, column) = grid::step(state.cell(), key, rows, columns)?;
                at(row * columns + column)
            }
        })
    }

    fn is_sound(&self, state: &State) -> bool {
        if !self.has_length(state) {
            return false;
        }
        let (least, most) = exponents(state.seq);
        let fits =
            |block: usize| block.is_power_of_two() && (least..=most).contains(&block.ilog2());
        fits(state.block_q) && fits(state.block_k) && state.step < state.tiles()
    }

    fn address(&self, state: &State) -> String {
        let State { numbers, seq, block_q, block_k, causal, step } = state;
        let mask = if *causal { "causal" } else { "full" };
        address::join(&[numbers, seq, block_q, block_k, &mask, step])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        Some(State {
            numbers: fields.text()?.to_owned(),
            seq: fields.read()?,
            block_q: fields.read()?,
            block_k: fields.read()?,
            causal: fields.either("full", "causal")?,
            step: fields.read()?,
        })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn settle(&mut self, state: &mut State) {
        let first = State { step: 0, ..state.clone() };
        if self.work.as_ref().is_none_or(|(worked_on, _)| *worked_on != first) {
            let numbers = self.numbers.get(&state.numbers);
            // The library takes every sound state: see the test with random events.
            let work = numbers.and_then(|numbers| Work::new(numbers, state).ok());
            self.work = work.map(|work| (first, work));
        }
    }

    fn wants(&self, state: &State) -> Option<String> {
        self.numbers.wants(&state.numbers)
    }

    fn receive(&mut self, state: &State, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let heads = &self.setup.heads;
        self.numbers.receive(&state.numbers, path, bytes, |numbers| {
            let entry = heads.iter().find(|entry| entry.name == numbers.name);
            entry.is_some_and(|entry| entry.tokens == numbers.tokens.len())
        })
    }

    fn failed(&mut self, state: &State, path: &str, reason: &str) {
        self.numbers.failed(&state.numbers, path, reason);
    }

    fn retry(&mut self) {
        self.numbers.retry();
    }

    fn take_text(&mut self, _: &State, reading: &Reading) -> Result<State, Error> {
        let mut taken = Vec::new();
        for &Entry { layer, head, .. } in &self.setup.heads[..self.book_heads] {
            let numbers = Numbers::of_text(reading, layer, head)?;
            let (name, label) = (numbers.name.clone(), user_text::label(reading, layer, head));
            let tokens = numbers.tokens.len();
            taken.push((Entry { name, label, layer, head, tokens }, numbers));
        }
        let (first, _) = taken.first().ok_or_else(Error::no_text)?;
        let state = State::opening(&first.name, first.tokens, true);
        self.setup.heads.truncate(self.book_heads);
        for (entry, numbers) in taken {
            self.setup.heads.push(entry);
            self.numbers.put(numbers);
        }
        self.work = None;
        Ok(state)
    }
}
