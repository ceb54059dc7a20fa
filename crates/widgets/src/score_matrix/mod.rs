//! The score matrix of chapter 3: raw, scaled and softmaxed, and who competes with whom.

mod view;

use attention::Mask;
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::grid::{self, Cell};
use crate::square::{Square, Squares};
use crate::{Error, Widget, address, own};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "score-matrix";

/// The most that can be added to a score, in [`STEP`]s.
const MOST: i32 = 16;

/// The smallest change of a score.
const STEP: f64 = 0.5;

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The scores to choose from.
    pub squares: Squares,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What the numbers of the matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Show {
    /// query · key.
    Raw,
    /// Divided by the square root of `head_dim`, and masked.
    Scaled,
    /// After the softmax.
    Shares,
}

impl Show {
    const ALL: [Show; 3] = [Show::Raw, Show::Scaled, Show::Shares];

    /// Its name in events and addresses.
    fn name(self) -> &'static str {
        match self {
            Show::Raw => "raw",
            Show::Scaled => "scaled",
            Show::Shares => "shares",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.name() == name)
    }
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The scores, by name.
    pub scores: String,
    /// What the matrix shows.
    pub show: Show,
    /// Whether the causal mask hides later tokens.
    pub mask: bool,
    /// The query whose row is shown beside the matrix, from 0.
    pub query: usize,
    /// The key whose score can be raised, from 0.
    pub key: usize,
    /// What is added to the score after the scale, in halves.
    pub nudge: i32,
    /// Whether it is added to the whole row.
    pub whole_row: bool,
    /// The cell of the matrix that Tab comes to. Beyond the tokens lie the sums.
    pub cell: Cell,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Look at other scores, by name.
    Scores(String),
    /// Show the numbers of another step.
    Show(Show),
    /// Put the mask on, or take it off.
    Mask,
    /// Add so much to the chosen score.
    Nudge(f64),
    /// Add it to the whole row, or to one score again.
    WholeRow,
    /// Press a cell.
    Cell(Cell),
    /// Press a key in the matrix.
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
        let event = match name {
            "scores" => Some(Event::Scores(value.to_owned())),
            "show" => Show::parse(value).map(Event::Show),
            "mask" => Some(Event::Mask),
            "nudge" => value.parse().ok().map(Event::Nudge),
            "whole-row" => Some(Event::WholeRow),
            "cell" => grid::parse(value).map(Event::Cell),
            "key" => Some(Event::Key(value.to_owned())),
            "reset" => Some(Event::Reset),
            _ => None,
        };
        event.ok_or_else(|| wrong(name, value))
    }
}

fn wrong(name: &str, value: impl ToString) -> Error {
    Error::Event { name: name.to_owned(), value: value.to_string() }
}

/// The widget: what it was given and what was chosen.
#[derive(Debug, Clone)]
pub struct ScoreMatrix {
    setup: Setup,
    state: State,
}

impl ScoreMatrix {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup) -> Result<Self, Error> {
        setup.squares.check(&setup.opening.scores)?;
        let matrix = Self { state: setup.opening.clone(), setup };
        let State { query, key, nudge, cell, .. } = matrix.state;
        if query.max(key) >= matrix.square().seq() || cell != (query, key) || nudge.abs() > MOST {
            let reason = "the widget opens on a cell that it does not have".to_owned();
            return Err(Error::Setup { reason });
        }
        Ok(matrix)
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut matrix = Self::new(setup)?;
        if let Some(state) = matrix.state_in_address(address) {
            matrix.state = state;
        }
        Ok(matrix)
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
        match event {
            Event::Scores(name) => {
                let square = self.setup.squares.get(&name).ok_or_else(|| wrong("scores", &name))?;
                next.go(square.query, square.query);
                next.mask = square.masked;
                next.scores = name;
            }
            Event::Show(show) => next.show = show,
            Event::Mask => next.mask = !next.mask,
            Event::Nudge(by) => next.nudge = halves(by).ok_or_else(|| wrong("nudge", by))?,
            Event::WholeRow => next.whole_row = !next.whole_row,
            Event::Cell(cell) if cell.0.max(cell.1) < self.side() => self.enter(&mut next, cell),
            Event::Cell((row, column)) => return Err(wrong("cell", format!("{row},{column}"))),
            Event::Key(key) => {
                let Some(cell) = grid::step(self.state.cell, &key, self.side(), self.side()) else {
                    return Ok(false);
                };
                self.enter(&mut next, cell);
            }
            Event::Reset => next = self.setup.opening.clone(),
        }
        self.state = next;
        // Scores have no sums: the cell that Tab comes to may be gone.
        if self.state.cell.0.max(self.state.cell.1) >= self.side() {
            self.state.cell = (self.state.query, self.state.key);
        }
        Ok(true)
    }

    /// Goes to a cell. In the margin of sums the chosen scores stay as they were.
    fn enter(&self, next: &mut State, cell: Cell) {
        let seq = self.square().seq();
        if cell.0 < seq && cell.1 < seq && cell != (next.query, next.key) {
            next.go(cell.0, cell.1);
        }
        next.cell = cell;
    }

    /// The scores that are chosen.
    fn square(&self) -> &Square {
        self.setup.squares.get(&self.state.scores).expect("a chosen name is one of the squares")
    }

    /// How many rows and columns the matrix has: shares have sums beside and below them.
    fn side(&self) -> usize {
        self.square().seq() + usize::from(self.state.show == Show::Shares)
    }

    fn mask(&self) -> Mask {
        if self.state.mask { Mask::Causal } else { Mask::Full }
    }

    /// The scores with what the reader has added.
    fn raised(&self) -> Square {
        let State { query, key, nudge, whole_row, .. } = self.state;
        let key = (!whole_row).then_some(key);
        self.square().raised(query, key, nudge as f32 * STEP as f32)
    }

    /// The address of this view.
    fn address(&self) -> String {
        let State { scores, show, mask, query, key, nudge, whole_row, .. } = &self.state;
        let (show, mask) = (show.name(), if *mask { "masked" } else { "open" });
        let what = if *whole_row { "row" } else { "one" };
        format!("?{NAME}={scores}.{show}.{mask}.{query}.{key}.{nudge}.{what}")
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
        let [scores, show, mask, query, key, nudge, what] = parts[..] else { return None };
        let square = self.setup.squares.get(scores)?;
        let [query, key]: [usize; 2] = [query.parse().ok()?, key.parse().ok()?];
        let nudge: i32 = nudge.parse().ok()?;
        let mask = ["open", "masked"].iter().position(|known| *known == mask)? == 1;
        let whole_row = ["one", "row"].iter().position(|known| *known == what)? == 1;
        let fits = query.max(key) < square.seq() && (-MOST..=MOST).contains(&nudge);
        fits.then_some(State {
            scores: scores.to_owned(),
            show: Show::parse(show)?,
            mask,
            query,
            key,
            nudge,
            whole_row,
            cell: (query, key),
        })
    }
}

impl State {
    /// Chooses a query and a key, and takes away what was added elsewhere.
    fn go(&mut self, query: usize, key: usize) {
        (self.query, self.key, self.cell, self.nudge) = (query, key, (query, key), 0);
    }
}

/// `by` in steps, if it is a whole number of them and not too many.
fn halves(by: f64) -> Option<i32> {
    let steps = by / STEP;
    let fits = steps.fract() == 0.0 && steps.abs() <= f64::from(MOST);
    fits.then_some(steps as i32)
}

impl Widget for ScoreMatrix {
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
        None
    }

    fn receive(&mut self, path: &str, _: &[u8]) -> Result<(), Error> {
        Err(Error::Gallery { reason: format!("nobody asked for `{path}`") })
    }

    fn failed(&mut self, _: &str, _: &str) {}

    fn own(&mut self, reading: &Reading) -> Result<(), Error> {
        let squares = own::squares(reading, &self.setup.squares)?;
        let first = squares[0].name.clone();
        squares.into_iter().for_each(|square| self.setup.squares.put(square));
        self.apply(Event::Scores(first)).map(drop)
    }
}
