//! The whole model in one picture: a rail for each token, and what each part reads from the rails
//! and adds to them. Large in the introduction, small at the top of each chapter.

mod glyph;
mod narrow;
mod part;
mod pieces;
mod shape;
mod small;
mod view;
mod wide;

use maud::Markup;

pub use part::{About, CHAPTERS, Part};
pub use shape::{Map, Outline, Setup, Shape};
pub use small::{card, small};

use crate::address::Fields;
use crate::error::Error;
use crate::machine::{Machine, Refusal};

/// What an address calls the picture when no part of it is chosen.
const WHOLE: &str = "whole";

/// What the reader has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// The part that is chosen.
    pub part: Option<Part>,
    /// The part that is pointed at.
    pub look: Option<Part>,
}

impl State {
    /// The part that the picture tells about.
    fn here(&self) -> Option<Part> {
        self.look.or(self.part)
    }
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Choose a part, or none.
    Part(Option<Part>),
    /// Point at a part, or at none.
    Look(Option<Part>),
    /// Press a key on the parts.
    Key(String),
}

/// The widget: what it was given.
#[derive(Debug, Clone)]
pub struct Transformer {
    setup: Setup,
}

impl Machine for Transformer {
    const NAME: &'static str = "transformer";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        setup.check()?;
        Ok((Self { setup }, State::default()))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "part" if value == WHOLE => Event::Part(None),
            "part" => Event::Part(Some(Part::find(value)?)),
            "look" if value.is_empty() => Event::Look(None),
            "look" => Event::Look(Some(Part::find(value)?)),
            "parts" => Event::Key(value.to_owned()),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        Ok(match event {
            Event::Part(part) => State { part: *part, look: None },
            Event::Look(look) => State { look: *look, ..*state },
            Event::Key(key) => {
                let here = state.part.unwrap_or(Part::Tokens);
                State { part: Some(here.step(key).ok_or(Refusal::Ignored)?), look: None }
            }
        })
    }

    fn is_sound(&self, _state: &State) -> bool {
        true
    }

    fn address(&self, state: &State) -> String {
        state.part.map_or(WHOLE, Part::id).to_owned()
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let name = fields.text()?;
        let part = if name == WHOLE { None } else { Some(Part::find(name)?) };
        Some(State { part, look: None })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }
}

/// What stands in a book that was built without the model: why there is no picture.
pub fn without_model(missing: &str) -> String {
    view::missing(missing).into_string()
}
