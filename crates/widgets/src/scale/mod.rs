//! The other knob of chapter 4: the scale `1 / sqrt(d)` inside attention.

mod bells;
mod draw;
mod view;

use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::draw::drag::Drag;
use crate::error::Error;
use crate::machine::{Machine, Refusal};

pub use draw::{Draw, HEADS, KEYS, Line, QUERIES, Row, STUCK, Saturation, Side};

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
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Take vectors of two to this power numbers.
    Power(u32),
    /// Take other random numbers.
    Draw(u64),
    /// Drag the chosen dimension to another one.
    Pull(Drag),
}

/// The widget: what each draw that was looked at gives at every dimension.
#[derive(Debug, Clone, Default)]
pub struct Scale {
    draws: Vec<(u64, Draw)>,
}

impl Scale {
    fn drawn(&self, state: &State) -> Option<&Draw> {
        self.draws.iter().find(|(seed, _)| *seed == state.draw).map(|(_, draw)| draw)
    }

    fn draw(&self, state: &State) -> &Draw {
        self.drawn(state).expect("it is drawn when a state is settled")
    }
}

impl Machine for Scale {
    const NAME: &'static str = "scale";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        Ok((Self::default(), setup.opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "power" => Event::Power(value.parse().ok()?),
            "draw" => Event::Draw(value.parse().ok()?),
            "pull" => Event::Pull(Drag::parse(value)?),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        Ok(match event {
            Event::Power(power) => State { power: *power, ..*state },
            Event::Draw(draw) => State { draw: *draw, ..*state },
            Event::Pull(drag) => State { power: bells::power_at(drag.at, drag.narrow), ..*state },
        })
    }

    fn is_sound(&self, state: &State) -> bool {
        state.power <= LARGEST_POWER && (1..=DRAWS).contains(&state.draw)
    }

    fn address(&self, state: &State) -> String {
        address::join(&[&state.head_dim(), &state.draw])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let head_dim: usize = fields.read()?;
        let power = head_dim.is_power_of_two().then(|| head_dim.ilog2())?;
        Some(State { power, draw: fields.read()? })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn settle(&mut self, state: &mut State) {
        if self.drawn(state).is_none() {
            self.draws.push((state.draw, Draw::new(state.draw)));
        }
    }
}
