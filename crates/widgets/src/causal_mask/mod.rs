//! The causal mask of chapter 6: what each row loses when the future is hidden.

mod view;

use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::grid::{self, Cell};
use crate::square::{Square, Squares};
use crate::{Error, Widget, address, own};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "causal-mask";

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
            "pass" => Pass::parse(value).map(Event::Pass),
            "read" => value.parse().ok().map(Event::Read),
            "next" => Some(Event::Next),
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
pub struct CausalMask {
    setup: Setup,
    state: State,
}

impl CausalMask {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup) -> Result<Self, Error> {
        let unsound = |reason: &str| Err(Error::Setup { reason: reason.to_owned() });
        setup.squares.check(&setup.opening.scores)?;
        if setup.squares.0.iter().any(|square| square.one_by_one.is_empty()) {
            return unsound("some scores were not read one by one");
        }
        let mask = Self { state: setup.opening.clone(), setup };
        let State { query, read, cell, .. } = mask.state;
        if query != cell.0 || !mask.has(cell) || !mask.can_have_read(read) {
            return unsound("the widget opens on a cell that it does not have");
        }
        Ok(mask)
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut mask = Self::new(setup)?;
        if let Some(state) = mask.state_in_address(address) {
            mask.state = state;
        }
        Ok(mask)
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
        let seq = self.square().seq();
        match event {
            Event::Scores(name) => {
                let square = self.setup.squares.get(&name).ok_or_else(|| wrong("scores", &name))?;
                next.go((square.query, 0));
                (next.scores, next.read) = (name, 1);
            }
            Event::Pass(pass) => next.pass = pass,
            Event::Read(read) if self.can_have_read(read) => {
                next.read = read;
                next.go((read - 1, next.cell.1));
            }
            Event::Read(read) => return Err(wrong("read", read)),
            Event::Next => {
                next.read = next.read % seq + 1;
                next.go((next.read - 1, next.cell.1));
            }
            Event::Cell(cell) if self.has(cell) => next.go(cell),
            Event::Cell((row, column)) => return Err(wrong("cell", format!("{row},{column}"))),
            Event::Key(key) => match grid::step(self.state.cell, &key, seq, seq) {
                Some(cell) => next.go(cell),
                None => return Ok(false),
            },
            Event::Reset => next = self.setup.opening.clone(),
        }
        self.state = next;
        Ok(true)
    }

    /// The scores that are chosen.
    fn square(&self) -> &Square {
        self.setup.squares.get(&self.state.scores).expect("a chosen name is one of the squares")
    }

    fn has(&self, (row, column): Cell) -> bool {
        row.max(column) < self.square().seq()
    }

    fn can_have_read(&self, read: usize) -> bool {
        (1..=self.square().seq()).contains(&read)
    }

    /// The address of this view: `?causal-mask=scores.pass.read.query.key`.
    fn address(&self) -> String {
        let State { scores, pass, read, query, cell } = &self.state;
        format!("?{NAME}={scores}.{}.{read}.{query}.{}", pass.name(), cell.1)
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
        let [scores, pass, read, query, key] = parts[..] else { return None };
        let [read, query, key]: [usize; 3] =
            [read.parse().ok()?, query.parse().ok()?, key.parse().ok()?];
        let seq = self.setup.squares.get(scores)?.seq();
        let fits = (1..=seq).contains(&read) && query.max(key) < seq;
        let pass = Pass::parse(pass)?;
        fits.then(|| State { scores: scores.to_owned(), pass, read, query, cell: (query, key) })
    }
}

impl State {
    fn go(&mut self, cell: Cell) {
        (self.query, self.cell) = (cell.0, cell);
    }
}

impl Widget for CausalMask {
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
        if reading.one_by_one.is_none() {
            let reason = "the text was not read one by one".to_owned();
            return Err(Error::File { reason });
        }
        let first = squares[0].name.clone();
        for square in squares {
            // The first row moves most, and the last not at all.
            self.setup.squares.put(Square { query: 0, ..square });
        }
        self.apply(Event::Scores(first)).map(drop)
    }
}
