//! The patterns of chapter 9: every mask of the library, composed, counted, and followed through
//! the layers.

mod view;

use attention::{Mask, MaskGrid};
use serde::{Deserialize, Serialize};

use crate::grid::{self, Cell};
use crate::{Error, Widget, address};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "patterns";

/// The shortest and the longest text that is drawn.
pub const TOKENS: [usize; 2] = [4, 24];
/// The largest window, on each side of a token.
pub const WIDEST: usize = 6;
/// The longer text has two to this many tokens, from the smallest to the largest power.
pub const POWERS: [u32; 2] = [5, 20];
/// The most layers.
pub const DEEPEST: usize = 8;

/// The seed of the random keys, as in the listing `ch09-masks`.
const SEED: u64 = 7;

/// The patterns: what they are called in events and addresses, and in the menu.
pub const PATTERNS: [(&str, &str); 10] = [
    ("full", "Full"),
    ("causal", "Causal"),
    ("window", "Sliding window"),
    ("dilated", "Dilated window"),
    ("strided", "Strided"),
    ("global", "Global token"),
    ("random", "Random keys"),
    ("longformer", "Longformer"),
    ("big-bird", "Big Bird"),
    ("padding", "Padding"),
];

/// How two patterns become one.
pub const JOINS: [(&str, &str); 3] =
    [("alone", "The first alone"), ("and", "Both must allow it"), ("or", "One is enough")];

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The first pattern, by its place in [`PATTERNS`].
    pub first: usize,
    /// How the second comes in, by its place in [`JOINS`].
    pub join: usize,
    /// The second pattern.
    pub second: usize,
    /// How many tokens are drawn.
    pub tokens: usize,
    /// How many tokens a window has on each side.
    pub window: usize,
    /// The longer text has two to this many tokens.
    pub power: u32,
    /// How many layers something may come through.
    pub layers: usize,
    /// The cell that Tab comes to.
    pub cell: Cell,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Choose the first pattern.
    First(usize),
    /// Choose how the two are joined.
    Join(usize),
    /// Choose the second pattern.
    Second(usize),
    /// Draw so many tokens.
    Tokens(usize),
    /// Make the windows so wide.
    Window(usize),
    /// Count in a text of two to this many tokens.
    Power(u32),
    /// Go through so many layers.
    Layers(usize),
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
            "first" => place(&PATTERNS, value).map(Event::First),
            "join" => place(&JOINS, value).map(Event::Join),
            "second" => place(&PATTERNS, value).map(Event::Second),
            "tokens" => value.parse().ok().map(Event::Tokens),
            "window" => value.parse().ok().map(Event::Window),
            "power" => value.parse().ok().map(Event::Power),
            "layers" => value.parse().ok().map(Event::Layers),
            "cell" => grid::parse(value).map(Event::Cell),
            "key" => Some(Event::Key(value.to_owned())),
            "reset" => Some(Event::Reset),
            _ => None,
        };
        event.ok_or_else(|| Error::Event { name: name.to_owned(), value: value.to_owned() })
    }
}

fn place(options: &[(&str, &str)], name: &str) -> Option<usize> {
    options.iter().position(|(known, _)| *known == name)
}

/// The widget.
#[derive(Debug, Clone)]
pub struct Patterns {
    setup: Setup,
    state: State,
}

impl Patterns {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when it opens on something that it does not have.
    pub fn new(setup: Setup) -> Result<Self, Error> {
        if !setup.opening.is_sound() {
            let reason = "the widget opens on a pattern that it does not have".to_owned();
            return Err(Error::Setup { reason });
        }
        Ok(Self { state: setup.opening.clone(), setup })
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut widget = Self::new(setup)?;
        if let Some(state) = state_in_address(address) {
            widget.state = state;
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
        match event.clone() {
            Event::First(pattern) => next.first = pattern,
            Event::Join(join) => next.join = join,
            Event::Second(pattern) => next.second = pattern,
            Event::Tokens(tokens) => {
                next.tokens = tokens;
                let last = tokens.saturating_sub(1);
                next.cell = (next.cell.0.min(last), next.cell.1.min(last));
            }
            Event::Window(window) => next.window = window,
            Event::Power(power) => next.power = power,
            Event::Layers(layers) => next.layers = layers,
            Event::Cell(cell) => next.cell = cell,
            Event::Key(key) => match grid::step(next.cell, &key, next.tokens, next.tokens) {
                Some(cell) => next.cell = cell,
                None => return Ok(false),
            },
            Event::Reset => next = self.setup.opening.clone(),
        }
        if !next.is_sound() {
            return Err(Error::Event { name: NAME.to_owned(), value: format!("{event:?}") });
        }
        self.state = next;
        Ok(true)
    }

    /// The address of this view:
    /// `?patterns=first.join.second.tokens.window.power.layers.row.column`.
    fn address(&self) -> String {
        let State { first, join, second, tokens, window, power, layers, cell } = &self.state;
        let [first, second] = [first, second].map(|at| PATTERNS[*at].0);
        let (join, row, column) = (JOINS[*join].0, cell.0, cell.1);
        format!("?{NAME}={first}.{join}.{second}.{tokens}.{window}.{power}.{layers}.{row}.{column}")
    }
}

impl State {
    /// The pattern over `n` tokens.
    pub fn grid(&self, n: usize) -> MaskGrid {
        let first = self.mask(self.first, n).grid(n, n);
        let second = || self.mask(self.second, n).grid(n, n);
        match self.join {
            0 => Ok(first),
            1 => first.and(&second()),
            _ => first.or(&second()),
        }
        .expect("both are n by n")
    }

    /// How many pairs see each other over `n` tokens, however many these are.
    pub fn count(&self, n: usize) -> u64 {
        let [first, second] = [self.first, self.second].map(|pattern| self.mask(pattern, n));
        match self.join {
            0 => first.count(n, n),
            1 => first.count_both(second, n, n),
            _ => first.count_either(second, n, n),
        }
    }

    fn mask(&self, pattern: usize, n: usize) -> Mask {
        let (before, after, seed) = (self.window, self.window, SEED);
        match PATTERNS[pattern].0 {
            "full" => Mask::Full,
            "causal" => Mask::Causal,
            "window" => Mask::SlidingWindow { before, after },
            "dilated" => Mask::Dilated { before, after, gap: 1 },
            "strided" => Mask::Strided { stride: n.isqrt() },
            "global" => Mask::Global { tokens: 1 },
            "random" => Mask::Random { keys: 2, seed },
            "longformer" => Mask::Longformer { before, after, global: 1 },
            "big-bird" => Mask::BigBird { before, after, global: 1, random: 2, seed },
            _ => Mask::Padding { length: n - n / 4 },
        }
    }

    fn is_sound(&self) -> bool {
        let [shortest, longest] = TOKENS;
        self.first.max(self.second) < PATTERNS.len()
            && self.join < JOINS.len()
            && (shortest..=longest).contains(&self.tokens)
            && (1..=WIDEST).contains(&self.window)
            && (POWERS[0]..=POWERS[1]).contains(&self.power)
            && (1..=DEEPEST).contains(&self.layers)
            && self.cell.0.max(self.cell.1) < self.tokens
    }
}

/// The least number of layers, up to `deepest`, through which each query is reached by each key:
/// `[query][key]`.
pub fn hops(mask: &MaskGrid, deepest: usize) -> Vec<Vec<Option<usize>>> {
    let [n, _] = mask.dims();
    let mut hops: Vec<Vec<Option<usize>>> = (0..n)
        .map(|query| (0..n).map(|key| mask.sees(query, key).then_some(1)).collect())
        .collect();
    for layer in 2..=deepest {
        let before = hops.clone();
        for (query, row) in hops.iter_mut().enumerate() {
            for (key, hop) in row.iter_mut().enumerate().filter(|(_, hop)| hop.is_none()) {
                let reached =
                    |middle: usize| mask.sees(query, middle) && before[middle][key].is_some();
                *hop = (0..n).any(reached).then_some(layer);
            }
        }
    }
    hops
}

fn state_in_address(address: &str) -> Option<State> {
    let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
    let [first, join, second, tokens, window, power, layers, row, column] = parts[..] else {
        return None;
    };
    let state = State {
        first: place(&PATTERNS, first)?,
        join: place(&JOINS, join)?,
        second: place(&PATTERNS, second)?,
        tokens: tokens.parse().ok()?,
        window: window.parse().ok()?,
        power: power.parse().ok()?,
        layers: layers.parse().ok()?,
        cell: (row.parse().ok()?, column.parse().ok()?),
    };
    state.is_sound().then_some(state)
}

impl Widget for Patterns {
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
        Err(Error::File { reason: format!("nobody asked for `{path}`") })
    }

    fn failed(&mut self, _: &str, _: &str) {}
}
