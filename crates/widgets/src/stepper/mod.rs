//! The stepper of chapter 2: from what goes in to what comes out, one step and one number at a
//! time.

pub mod real;
pub mod steps;
pub mod toy;
mod view;
pub mod workings;

use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::{Error, Widget, address, grid, own};

use real::{Place, RealHead};
pub use steps::{Matrix, Step, Steps};
use toy::{Given, Toy, WORDS};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "stepper";

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
    pub own: bool,
    /// The step that is shown.
    pub step: Step,
    /// Whether later tokens are hidden.
    pub causal: bool,
    /// The number that is explained: row and column of the step's matrix.
    pub cell: grid::Cell,
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
    pub cell: grid::Cell,
    /// What stands in the field now.
    pub text: String,
}

impl State {
    /// The toy of the book, at its first step.
    pub fn opening() -> Self {
        Self {
            real: false,
            own: false,
            step: Step::X,
            causal: false,
            cell: (0, 0),
            toy: Toy::default(),
            typed: Vec::new(),
        }
    }
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Let the real head read this text: [`BOOK`] or [`own::NAME`].
    Text(String),
    /// Put the causal mask on, or take it off.
    Causal,
    /// Press a number.
    Cell(grid::Cell),
    /// Press a key in the grid.
    Key(String),
    /// Type into a matrix of the toy.
    Type(Typed),
    /// Ask for the real head once more, after it could not be had.
    Again,
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
        Ok(match name {
            "step" => Event::Step(value.parse().map_err(|_| wrong())?),
            "back" => Event::Back,
            "next" => Event::Next,
            "real" => Event::Real,
            "text" => Event::Text(value.to_owned()),
            "causal" => Event::Causal,
            "cell" => Event::Cell(cell(value, ',').ok_or_else(wrong)?),
            "key" => Event::Key(value.to_owned()),
            "again" => Event::Again,
            "reset" => Event::Reset,
            // A field is called by its matrix, row and column: `W_Q-0-1`.
            _ => {
                let (matrix, place) = name.split_once('-').ok_or_else(wrong)?;
                Event::Type(Typed {
                    given: Given::named(matrix).ok_or_else(wrong)?,
                    cell: cell(place, '-').ok_or_else(wrong)?,
                    text: value.to_owned(),
                })
            }
        })
    }
}

/// Row and column, as in `1,2`.
fn cell(text: &str, between: char) -> Option<grid::Cell> {
    let (row, column) = text.split_once(between)?;
    Some((row.parse().ok()?, column.parse().ok()?))
}

/// The widget: what it was given, what was chosen, and the real head once it has arrived: on the
/// book's text, and on the reader's own.
#[derive(Debug, Clone)]
pub struct Stepper {
    setup: Setup,
    state: State,
    head: Option<RealHead>,
    own: Option<RealHead>,
    problem: Option<String>,
}

impl Stepper {
    /// A widget at its opening, with the real head if it is at hand.
    ///
    /// # Errors
    /// [`Error::Setup`] when the opening holds numbers that nobody can type, or asks for a real
    /// head where there is none; [`Error::Gallery`] when `head` is not the one of the setup.
    pub fn new(setup: Setup, head: Option<RealHead>) -> Result<Self, Error> {
        let wrong = |reason: &str| Err(Error::Setup { reason: reason.to_owned() });
        if !setup.opening.toy.is_sound() {
            return wrong("the toy holds a number that is out of range");
        }
        if setup.opening.real && setup.real.is_none() || setup.opening.own {
            return wrong("it opens on a real head or a text, and there is none");
        }
        let state = setup.opening.clone();
        let mut stepper = Self { setup, state, head: None, own: None, problem: None };
        if let Some(head) = head {
            stepper.take(head)?;
        }
        stepper.state = stepper.fitted(stepper.state.clone());
        Ok(stepper)
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut stepper = Self::new(setup, None)?;
        if let Some(state) = stepper.state_in_address(address) {
            stepper.state = stepper.fitted(state);
        }
        Ok(stepper)
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
        let wrong = |name: &str, value: String| Error::Event { name: name.to_owned(), value };
        let mut next = self.state.clone();
        let place = next.step.place();
        match event {
            Event::Step(place) => {
                next.step =
                    *Step::ALL.get(place).ok_or_else(|| wrong("step", place.to_string()))?;
            }
            Event::Back => next.step = Step::ALL[place.saturating_sub(1)],
            Event::Next => next.step = Step::ALL[(place + 1).min(Step::ALL.len() - 1)],
            Event::Real if self.setup.real.is_some() => {
                self.problem = None;
                (next.real, next.causal) = (!next.real, !next.real);
            }
            Event::Real => return Err(wrong("real", String::new())),
            Event::Text(name) if self.own.is_some() && [BOOK, own::NAME].contains(&&*name) => {
                self.problem = None;
                next.own = name == own::NAME;
                (next.real, next.causal) = (true, true);
            }
            Event::Text(name) => return Err(wrong("text", name)),
            Event::Causal => next.causal = !next.causal,
            Event::Cell(cell) => {
                let (rows, columns) = self.grid(&next).unwrap_or((0, 0));
                if cell.0 >= rows || cell.1 >= columns {
                    return Err(wrong("cell", format!("{},{}", cell.0, cell.1)));
                }
                next.cell = cell;
            }
            Event::Key(key) => {
                let Some((rows, columns)) = self.grid(&next) else { return Ok(false) };
                let Some(cell) = grid::step(next.cell, &key, rows, columns) else {
                    return Ok(false);
                };
                next.cell = cell;
            }
            Event::Type(Typed { given, cell, text }) => {
                let matrix = next.toy.matrix(given);
                if cell.0 >= matrix.rows || cell.1 >= matrix.columns {
                    return Err(wrong(&format!("{}-{}-{}", given.name(), cell.0, cell.1), text));
                }
                next.typed.retain(|typed| (typed.given, typed.cell) != (given, cell));
                match toy::read(&text) {
                    Some(number) => next.toy.set(given, cell, number),
                    None => next.typed.push(Typed { given, cell, text }),
                }
            }
            Event::Again => self.problem = None,
            Event::Reset => next = self.setup.opening.clone(),
        }
        self.state = self.fitted(next);
        Ok(true)
    }

    /// The real head on the text that a state chooses, once it is here.
    fn head(&self, state: &State) -> Option<&RealHead> {
        if state.own { self.own.as_ref() } else { self.head.as_ref() }
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
    fn steps(&self) -> Option<Steps> {
        let State { real, causal, toy, .. } = &self.state;
        if !real {
            return Some(Steps::of_toy(toy, *causal));
        }
        self.head(&self.state).map(|head| Steps::of_head(head, *causal))
    }

    /// Rows and columns of the grid that a state shows; `None` where it shows none.
    fn grid(&self, state: &State) -> Option<(usize, usize)> {
        let seq = self.tokens(state).len();
        if seq == 0 || state.step == Step::X || state.real && state.step == Step::Projected {
            return None;
        }
        let width = match (self.head(state), state.real) {
            _ if state.step.is_square() => seq,
            (Some(head), true) => head.head_dim.min(SHOWN),
            _ => state.toy.matrix(state.step.learned().unwrap_or(Given::Value)).columns,
        };
        Some((seq, width))
    }

    /// The cell moved inside the grid, should it lie outside.
    fn fitted(&self, mut state: State) -> State {
        if let Some((rows, columns)) = self.grid(&state) {
            state.cell = (state.cell.0.min(rows - 1), state.cell.1.min(columns - 1));
        }
        state
    }

    /// The address of this view: `?stepper=toy_scores_open_1_3`, and the toy's numbers where
    /// they were changed.
    fn address(&self) -> String {
        let State { real, own, step, causal, cell: (row, column), toy, .. } = &self.state;
        let source = match (real, own) {
            (false, _) => "toy",
            (true, false) => "real",
            (true, true) => own::NAME,
        };
        let mask = if *causal { "causal" } else { "open" };
        let mut address = format!("?{NAME}={source}_{}_{mask}_{row}_{column}", step.name());
        if *toy != self.setup.opening.toy {
            address += &format!("_{}", toy.in_address());
        }
        address
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let mut parts = address::value(address, NAME)?.split('_');
        let real = match parts.next()? {
            "toy" => false,
            "real" if self.setup.real.is_some() => true,
            _ => return None,
        };
        let name = parts.next()?;
        let step = Step::ALL.into_iter().find(|step| step.name() == name)?;
        let causal = match parts.next()? {
            "open" => false,
            "causal" => true,
            _ => return None,
        };
        let cell = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let toy = match parts.next() {
            Some(numbers) => Toy::from_address(numbers)?,
            None => self.setup.opening.toy.clone(),
        };
        let state = State { real, own: false, step, causal, cell, toy, typed: Vec::new() };
        parts.next().is_none().then_some(state)
    }

    /// Takes the real head, if it is the one of the setup.
    fn take(&mut self, head: RealHead) -> Result<(), Error> {
        if self.setup.real.as_ref() != Some(&head.place) {
            let reason = format!("`{}` belongs to another version of the page", RealHead::PATH);
            return Err(Error::Gallery { reason });
        }
        self.head = Some(head);
        Ok(())
    }
}

impl Widget for Stepper {
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
        let State { real, own, .. } = self.state;
        let waiting = real && !own && self.head.is_none() && self.problem.is_none();
        waiting.then(|| RealHead::PATH.to_owned())
    }

    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let taken = RealHead::from_bytes(bytes).and_then(|head| self.take(head));
        match &taken {
            Ok(()) => self.state = self.fitted(self.state.clone()),
            Err(error) => self.failed(path, &error.to_string()),
        }
        taken
    }

    fn failed(&mut self, path: &str, reason: &str) {
        if path == RealHead::PATH {
            self.problem = Some(reason.to_owned());
        }
    }

    fn own(&mut self, reading: &Reading) -> Result<(), Error> {
        let real = self.setup.real.as_ref().ok_or_else(own::refused)?;
        self.own = Some(own::head(reading, real.layer, real.head)?);
        self.apply(Event::Text(own::NAME.to_owned())).map(drop)
    }
}
