//! The causal mask of chapter 6: what each row loses when the future is hidden.

mod picture;
mod view;

use maud::Markup;
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::grid::{self, Cell};
use crate::machine::{Machine, Refusal, UserText};
use crate::square::{Square, Squares};

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The scores to choose from, each also read one token after the other.
    pub squares: Squares,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// How the text goes through the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pass {
    /// All positions in one pass, with nothing hidden.
    Open,
    /// All positions in one pass, with the causal mask.
    Masked,
    /// One token after the other.
    OneByOne,
}

impl Pass {
    const ALL: [Pass; 3] = [Pass::Open, Pass::Masked, Pass::OneByOne];

    /// Its name in events and addresses.
    fn name(self) -> &'static str {
        match self {
            Pass::Open => "open",
            Pass::Masked => "masked",
            Pass::OneByOne => "one-by-one",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pass| pass.name() == name)
    }
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The scores, by name.
    pub scores: String,
    /// How the text is read.
    pub pass: Pass,
    /// How many tokens have been read one by one: 1 or more.
    pub read: usize,
    /// The query whose rows are shown side by side, from 0.
    pub query: usize,
    /// The cell of the map that Tab comes to.
    pub cell: Cell,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Look at other scores, by name.
    Scores(String),
    /// Read the text in another way.
    Pass(Pass),
    /// Have read so many tokens.
    Read(usize),
    /// Read one more; after the last, begin again.
    Next,
    /// Press a cell.
    Cell(Cell),
    /// Press a key in the map.
    Key(String),
}

/// The widget: the scores that it was given.
#[derive(Debug, Clone)]
pub struct CausalMask {
    squares: Squares,
}

impl CausalMask {
    /// The scores that are chosen.
    fn square(&self, state: &State) -> &Square {
        self.squares.get(&state.scores).expect("a sound state names one of the squares")
    }

    /// The scores called `name`, from the first token on.
    fn choose(&self, name: &str, pass: Pass) -> Option<State> {
        let query = self.squares.get(name)?.query;
        Some(State { scores: name.to_owned(), pass, read: 1, query, cell: (query, 0) })
    }
}

impl State {
    fn go(&mut self, cell: Cell) {
        (self.query, self.cell) = (cell.0, cell);
    }
}

impl Machine for CausalMask {
    const NAME: &'static str = "causal-mask";
    const USER_TEXT: UserText = UserText::TokenByToken;
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(Setup { squares, opening }: Setup) -> Result<(Self, State), Error> {
        squares.check()?;
        if squares.0.iter().any(|square| square.one_by_one.is_empty()) {
            return Err(Error::setup("some scores were not read one by one"));
        }
        Ok((Self { squares }, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "scores" => Event::Scores(value.to_owned()),
            "pass" => Event::Pass(Pass::parse(value)?),
            "read" => Event::Read(value.parse().ok()?),
            "next" => Event::Next,
            "cell" => Event::Cell(grid::parse(value)?),
            "key" | "walk" => Event::Key(value.to_owned()),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        let seq = self.square(state).seq();
        match event {
            Event::Scores(name) => {
                return self.choose(name, state.pass).ok_or(Refusal::Invalid);
            }
            Event::Pass(pass) => next.pass = *pass,
            Event::Read(read) => {
                next.read = *read;
                next.go((read.saturating_sub(1), state.cell.1));
            }
            Event::Next => {
                next.read = state.read % seq + 1;
                next.go((next.read - 1, state.cell.1));
            }
            Event::Cell(cell) => next.go(*cell),
            Event::Key(key) => next.go(grid::step(state.cell, key, seq, seq)?),
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let &State { read, query, cell, .. } = state;
        self.squares.get(&state.scores).is_some_and(|square| {
            let seq = square.seq();
            (1..=seq).contains(&read) && query == cell.0 && cell.0.max(cell.1) < seq
        })
    }

    fn address(&self, state: &State) -> String {
        let State { scores, pass, read, query, cell } = state;
        address::join(&[scores, &pass.name(), read, query, &cell.1])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let scores = fields.text()?.to_owned();
        let pass = Pass::parse(fields.text()?)?;
        let (read, query, key) = (fields.read()?, fields.read()?, fields.read()?);
        Some(State { scores, pass, read, query, cell: (query, key) })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn take_text(&mut self, state: &State, reading: &Reading) -> Result<State, Error> {
        let squares = self.squares.of_text(reading)?;
        if reading.one_by_one.is_none() {
            return Err(Error::file("the text was not read one by one"));
        }
        let first = squares[0].name.clone();
        for square in squares {
            // The first row moves most, and the last not at all.
            self.squares.put(Square { query: 0, ..square });
        }
        self.choose(&first, state.pass).ok_or_else(Error::no_text)
    }
}
