//! The patterns of chapter 9: every mask of the library, composed, counted, and followed through
//! the layers.

mod picture;
mod view;

use attention::{Mask, MaskGrid};
use inputs::masks::SEED;
use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::grid::{self, Cell};
use crate::machine::{Machine, Refusal};

/// The shortest and the longest text that is drawn.
pub const TOKENS: [usize; 2] = [4, 24];
/// The largest window, on each side of a token.
pub const WIDEST: usize = 6;
/// The longer text has two to this many tokens, from the smallest to the largest power.
pub const POWERS: [u32; 2] = [5, 20];
/// The most layers.
pub const DEEPEST: usize = 8;

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
}

fn place(options: &[(&str, &str)], name: &str) -> Option<usize> {
    options.iter().position(|(known, _)| *known == name)
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

/// The widget. It was given nothing but how to open.
#[derive(Debug, Clone, Copy)]
pub struct Patterns;

impl Machine for Patterns {
    const NAME: &'static str = "patterns";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        Ok((Self, setup.opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "first" => Event::First(place(&PATTERNS, value)?),
            "join" => Event::Join(place(&JOINS, value)?),
            "second" => Event::Second(place(&PATTERNS, value)?),
            "tokens" => Event::Tokens(value.parse().ok()?),
            "window" => Event::Window(value.parse().ok()?),
            "power" => Event::Power(value.parse().ok()?),
            "layers" => Event::Layers(value.parse().ok()?),
            "cell" => Event::Cell(grid::parse(value)?),
            "key" => Event::Key(value.to_owned()),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        match event {
            Event::First(pattern) => next.first = *pattern,
            Event::Join(join) => next.join = *join,
            Event::Second(pattern) => next.second = *pattern,
            Event::Tokens(tokens) => {
                let last = tokens.saturating_sub(1);
                next.tokens = *tokens;
                next.cell = (state.cell.0.min(last), state.cell.1.min(last));
            }
            Event::Window(window) => next.window = *window,
            Event::Power(power) => next.power = *power,
            Event::Layers(layers) => next.layers = *layers,
            Event::Cell(cell) => next.cell = *cell,
            Event::Key(key) => next.cell = grid::step(state.cell, key, state.tokens, state.tokens)?,
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let &State { first, join, second, tokens, window, power, layers, cell } = state;
        first.max(second) < PATTERNS.len()
            && join < JOINS.len()
            && (TOKENS[0]..=TOKENS[1]).contains(&tokens)
            && (1..=WIDEST).contains(&window)
            && (POWERS[0]..=POWERS[1]).contains(&power)
            && (1..=DEEPEST).contains(&layers)
            && cell.0.max(cell.1) < tokens
    }

    fn address(&self, state: &State) -> String {
        let State { first, join, second, tokens, window, power, layers, cell } = state;
        let [first, second] = [first, second].map(|at| PATTERNS[*at].0);
        let join = JOINS[*join].0;
        address::join(&[&first, &join, &second, tokens, window, power, layers, &cell.0, &cell.1])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        Some(State {
            first: place(&PATTERNS, fields.text()?)?,
            join: place(&JOINS, fields.text()?)?,
            second: place(&PATTERNS, fields.text()?)?,
            tokens: fields.read()?,
            window: fields.read()?,
            power: fields.read()?,
            layers: fields.read()?,
            cell: (fields.read()?, fields.read()?),
        })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(state)
    }
}
