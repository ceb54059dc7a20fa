//! The stepper of chapter 2: from what goes in to what comes out, one step and one number at a
//! time.

pub mod real;
pub mod steps;
pub mod toy;
mod view;
pub mod workings;

use std::fmt::Display;

use maud::Markup;
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::files::Files;
use crate::grid::{self, Cell};
use crate::machine::{Machine, Refusal, UserText};
use crate::user_text;

use real::{Place, RealHead};
pub use steps::{Matrix, Step, Steps};
use toy::{Given, Toy, WORDS};

/// What the menu calls the text of the book.
pub const BOOK: &str = "book";

/// How many numbers of a real query, key, value or output are shown.
pub const SHOWN: usize = 8;

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The head of the real model that can take the toy's place. `None` in a book that was
    /// built without the model.
    pub real: Option<Place>,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Whether the real head stands in the toy's place.
    pub real: bool,
    /// Whether the real head reads the reader's own text, and not the book's.
    pub user_text: bool,
    /// The step that is shown.
    pub step: Step,
    /// Whether later tokens are hidden.
    pub causal: bool,
    /// The number that is explained: row and column of the step's matrix.
    pub cell: Cell,
    /// The toy's numbers, the last good ones.
    pub toy: Toy,
    /// What was typed into the toy and is no number for it.
    pub typed: Vec<Typed>,
}

/// What a reader typed into a field of the toy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    /// The matrix.
    pub given: Given,
    /// Row and column.
    pub cell: Cell,
    /// What stands in the field now.
    pub text: String,
}

impl State {
    /// The toy of the book, at its first step.
    pub fn opening() -> Self {
        Self {
            real: false,
            user_text: false,
            step: Step::X,
            causal: false,
            cell: (0, 0),
            toy: Toy::default(),
            typed: Vec::new(),
        }
    }
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Go to a step, by its place from 0.
    Step(usize),
    /// Go one step back.
    Back,
    /// Go one step on.
    Next,
    /// Change between the toy and the real head. A real head comes with its causal mask, and
    /// the toy without one.
    Real,
    /// Let the real head read this text: [`BOOK`] or [`user_text::NAME`].
    Text(String),
    /// Put the causal mask on, or take it off.
    Causal,
    /// Press a number.
    Cell(Cell),
    /// Press a key in the grid.
    Key(String),
    /// Type into a matrix of the toy.
    Type(Typed),
    /// Ask for the real head once more, after it could not be had.
    Again,
}

/// The widget: what it was given, and the real head once it has arrived: on the book's text, and
/// on the reader's.
#[derive(Debug, Clone)]
pub struct Stepper {
    setup: Setup,
    book_head: Files<RealHead>,
    user_head: Option<RealHead>,
}

impl Stepper {
    /// The real head on the text that a state chooses, once it is here.
    fn head(&self, state: &State) -> Option<&RealHead> {
        if state.user_text { self.user_head.as_ref() } else { self.book_head.get("") }
    }

    /// The names of the rows: the words, or the real tokens once they are here.
    fn tokens(&self, state: &State) -> Vec<String> {
        if !state.real {
            return WORDS.map(str::to_owned).to_vec();
        }
        let tokens = self.head(state).map_or(&[][..], |head| &head.tokens);
        tokens.iter().map(|token| crate::show::word(token)).collect()
    }

    /// Every step, once the head is here.
    fn steps(&self, state: &State) -> Option<Steps> {
        if !state.real {
            return Some(Steps::of_toy(&state.toy, state.causal));
        }
        self.head(state).map(|head| Steps::of_head(head, state.causal))
    }

    /// Rows and columns of the grid that a state shows; `None` where it shows none.
    fn grid(&self, state: &State) -> Option<(usize, usize)> {
        let head = self.head(state).filter(|_| state.real);
        let seq = if state.real { head?.tokens.len() } else { WORDS.len() };
        if state.step == Step::X || state.real && state.step == Step::Projected {
            return None;
        }
        let width = match head {
            _ if state.step.is_square() => seq,
            Some(head) => head.head_dim.min(SHOWN),
            None => state.toy.matrix(state.step.learned().unwrap_or(Given::Value)).columns,
        };
        Some((seq, width))
    }
}

impl Machine for Stepper {
    const NAME: &'static str = "stepper";
    const USER_TEXT: UserText = UserText::AtOnce;
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        let opening = setup.opening.clone();
        Ok((Self { setup, book_head: Files::default(), user_head: None }, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "step" => Event::Step(value.parse().ok()?),
            "back" => Event::Back,
            "next" => Event::Next,
            "real" => Event::Real,
            "text" => Event::Text(value.to_owned()),
            "causal" => Event::Causal,
            "cell" => Event::Cell(grid::parse(value)?),
            "key" => Event::Key(value.to_owned()),
            "again" => Event::Again,
            // A field is called by its matrix, row and column: `W_Q-0-1`.
            _ => {
                let (matrix, place) = name.split_once('-')?;
                let (row, column) = place.split_once('-')?;
                Event::Type(Typed {
                    given: Given::named(matrix)?,
                    cell: (row.parse().ok()?, column.parse().ok()?),
                    text: value.to_owned(),
                })
            }
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        let place = state.step.place();
        match event {
            Event::Step(place) => next.step = *Step::ALL.get(*place).ok_or(Refusal::Invalid)?,
            Event::Back => next.step = Step::ALL[place.saturating_sub(1)],
            Event::Next => next.step = Step::ALL[(place + 1).min(Step::ALL.len() - 1)],
            Event::Real => (next.real, next.causal) = (!state.real, !state.real),
            Event::Text(name) => {
                let known = self.user_head.is_some() && [BOOK, user_text::NAME].contains(&&**name);
                next.user_text = known.then(|| name != BOOK).ok_or(Refusal::Invalid)?;
                (next.real, next.causal) = (true, true);
            }
            Event::Causal => next.causal = !state.causal,
            Event::Cell(cell) => {
                let (rows, columns) = self.grid(state).ok_or(Refusal::Invalid)?;
                let there = cell.0 < rows && cell.1 < columns;
                next.cell = there.then_some(*cell).ok_or(Refusal::Invalid)?;
            }
            Event::Key(key) => {
                let (rows, columns) = self.grid(state).ok_or(Refusal::Ignored)?;
                next.cell = grid::step(state.cell, key, rows, columns)?;
            }
            Event::Type(Typed { given, cell, text }) => {
                let matrix = next.toy.matrix(*given);
                if cell.0 >= matrix.rows || cell.1 >= matrix.columns {
                    return Err(Refusal::Invalid);
                }
                next.typed.retain(|typed| (typed.given, typed.cell) != (*given, *cell));
                match toy::read(text) {
                    Some(number) => next.toy.set(*given, *cell, number),
                    None => {
                        next.typed.push(Typed { given: *given, cell: *cell, text: text.clone() })
                    }
                }
            }
            Event::Again => {}
        }
        Ok(next)
    }

    /// A cell may lie outside: it is brought inside when the state settles.
    fn is_sound(&self, state: &State) -> bool {
        let State { real, user_text, toy, .. } = state;
        (!real || self.setup.real.is_some())
            && (!user_text || self.user_head.is_some())
            && toy.is_sound()
    }

    /// Where the toy's numbers were changed, they come last.
    fn address(&self, state: &State) -> String {
        let State { real, user_text, step, causal, cell: (row, column), toy, .. } = state;
        let source = match (real, user_text) {
            (false, _) => "toy",
            (true, false) => "real",
            (true, true) => user_text::NAME,
        };
        let (step, mask) = (step.name(), if *causal { "causal" } else { "open" });
        let numbers = toy.in_address();
        let mut fields: Vec<&dyn Display> = vec![&source, &step, &mask, row, column];
        if *toy != self.setup.opening.toy {
            fields.push(&numbers);
        }
        address::join(&fields)
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let real = fields.either("toy", "real")?;
        let name = fields.text()?;
        let step = Step::ALL.into_iter().find(|step| step.name() == name)?;
        let causal = fields.either("open", "causal")?;
        let cell = (fields.read()?, fields.read()?);
        let toy = match fields.text() {
            Some(numbers) => Toy::from_address(numbers)?,
            None => self.setup.opening.toy.clone(),
        };
        Some(State { real, user_text: false, step, causal, cell, toy, typed: Vec::new() })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn settle(&mut self, state: &mut State) {
        if let Some((rows, columns)) = self.grid(state) {
            state.cell = (state.cell.0.min(rows - 1), state.cell.1.min(columns - 1));
        }
    }

    fn wants(&self, state: &State) -> Option<String> {
        if state.real && !state.user_text { self.book_head.wants("") } else { None }
    }

    fn receive(&mut self, _: &State, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let real = &self.setup.real;
        self.book_head.receive("", path, bytes, |head| real.as_ref() == Some(&head.place))
    }

    fn failed(&mut self, _: &State, path: &str, reason: &str) {
        self.book_head.failed("", path, reason);
    }

    fn retry(&mut self) {
        self.book_head.retry();
    }

    fn take_text(&mut self, state: &State, reading: &Reading) -> Result<State, Error> {
        let real = self.setup.real.as_ref().ok_or_else(Error::no_text)?;
        self.user_head = Some(RealHead::of_text(reading, real.layer, real.head)?);
        Ok(State { real: true, user_text: true, causal: true, ..state.clone() })
    }
}
