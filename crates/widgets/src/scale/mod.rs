//! The other knob of chapter 4: the scale `1 / sqrt(d)` inside attention.

mod draw;
mod view;

use serde::{Deserialize, Serialize};

use crate::{Error, Widget, address};

pub use draw::{Draw, HEADS, KEYS, Line, QUERIES, Row, STUCK, Saturation, Side};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "scale";

/// The dimensions of the slider are 1, 2, 4, … up to this power of two: 512.
pub const LARGEST_POWER: u32 = 9;

/// The draws of the slider are 1 up to this.
pub const DRAWS: u64 = 20;

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What the reader has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The dimension of a query and a key is two to this power.
    pub power: u32,
    /// Which random numbers, from 1.
    pub draw: u64,
}

impl State {
    /// How many numbers a query and a key have.
    pub fn head_dim(self) -> usize {
        1 << self.power
    }

    fn is_sound(self) -> bool {
        self.power <= LARGEST_POWER && (1..=DRAWS).contains(&self.draw)
    }
}

/// What a reader can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Take vectors of two to this power numbers.
    Power(u32),
    /// Take other random numbers.
    Draw(u64),
    /// Go back to the beginning.
    Reset,
}

impl Event {
    /// The event that the page calls `name`, with its `value` as text.
    ///
    /// # Errors
    /// [`Error::Event`] for an unknown name or a value that is not of the event's kind.
    pub fn parse(name: &str, value: &str) -> Result<Self, Error> {
        let wrong = |_| Error::Event { name: name.to_owned(), value: value.to_owned() };
        match name {
            "power" => value.parse().map(Event::Power).map_err(wrong),
            "draw" => value.parse().map(Event::Draw).map_err(wrong),
            "reset" => Ok(Event::Reset),
            _ => Err(Error::Event { name: name.to_owned(), value: value.to_owned() }),
        }
    }
}

/// The widget: what was chosen, and what the chosen draw gives at every dimension.
#[derive(Debug, Clone)]
pub struct Scale {
    setup: Setup,
    state: State,
    draw: Draw,
    /// Draws that were left, with their numbers: one that comes back is not drawn again.
    seen: Vec<(u64, Draw)>,
}

impl Scale {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when it opens on a dimension or a draw that is not there.
    pub fn new(setup: Setup) -> Result<Self, Error> {
        let state = setup.opening;
        if !state.is_sound() {
            let reason = format!("no draw {} of two to the power {}", state.draw, state.power);
            return Err(Error::Setup { reason });
        }
        Ok(Self { setup, state, draw: Draw::new(state.draw), seen: Vec::new() })
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
            widget.show(state);
        }
        Ok(widget)
    }

    /// What the reader has chosen.
    pub fn state(&self) -> State {
        self.state
    }

    /// Applies one event.
    ///
    /// # Errors
    /// [`Error::Event`] when something is chosen that is not there. The state stays.
    pub fn apply(&mut self, event: Event) -> Result<(), Error> {
        let (next, name, value) = match event {
            Event::Power(power) => (State { power, ..self.state }, "power", power.to_string()),
            Event::Draw(draw) => (State { draw, ..self.state }, "draw", draw.to_string()),
            Event::Reset => (self.setup.opening, "reset", String::new()),
        };
        if !next.is_sound() {
            return Err(Error::Event { name: name.to_owned(), value });
        }
        self.show(next);
        Ok(())
    }

    fn show(&mut self, state: State) {
        if state.draw != self.state.draw {
            let known = self.seen.iter().position(|(number, _)| *number == state.draw);
            let next = known.map(|place| self.seen.swap_remove(place).1);
            let next = next.unwrap_or_else(|| Draw::new(state.draw));
            let left = std::mem::replace(&mut self.draw, next);
            self.seen.push((self.state.draw, left));
        }
        self.state = state;
    }

    /// The address of this view: `?scale=64_1`, the dimension and the draw.
    fn address(&self) -> String {
        format!("?{NAME}={}_{}", self.state.head_dim(), self.state.draw)
    }
}

/// The state that an address asks for, if it makes sense.
fn state_in_address(address: &str) -> Option<State> {
    let (head_dim, draw) = address::value(address, NAME)?.split_once('_')?;
    let head_dim: usize = head_dim.parse().ok()?;
    let power = head_dim.is_power_of_two().then(|| head_dim.ilog2())?;
    let state = State { power, draw: draw.parse().ok()? };
    state.is_sound().then_some(state)
}

impl Widget for Scale {
    fn update(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        self.apply(Event::parse(name, value)?)?;
        Ok(true)
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
}
