//! The heads of chapter 5: all heads of the model at once, one of them opened.

mod measure;
mod view;

use maud::Markup;
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::files::Files;
use crate::gallery::Gallery;
use crate::grid;
use crate::machine::{Machine, Refusal, UserText};

pub use measure::{Overview, Scores, Show};

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The sentences, and the model's shape.
    pub gallery: Gallery,
    /// The named heads, in the order of the menu.
    pub named: Vec<Named>,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// A head that has earned a name, and the view that shows why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// What it does, in a few words.
    pub label: String,
    /// The view.
    pub view: State,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The sentence, by name.
    pub sentence: String,
    /// What the overview shows.
    pub show: Show,
    /// The head that is opened: its layer and its place in the layer, both from 0. It is also the
    /// cell of the overview that Tab comes to.
    pub head: grid::Cell,
    /// The cell of the opened map that Tab comes to: row (query) and column (key).
    pub pair: grid::Cell,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Read another sentence, by name.
    Sentence(String),
    /// Go to a named head, by its place in the menu.
    Named(usize),
    /// Show something else in the overview.
    Show(Show),
    /// Open a head: press its cell.
    Head(grid::Cell),
    /// Press a key in the overview.
    HeadKey(String),
    /// Press a cell of the opened map.
    Pair(grid::Cell),
    /// Press a key in the opened map.
    PairKey(String),
}

/// The widget: what it was given, and what the detectors say of each sentence that has arrived.
#[derive(Debug, Clone)]
pub struct Heads {
    setup: Setup,
    overviews: Files<Overview>,
}

impl Heads {
    /// What the detectors say of the chosen sentence, once it has arrived.
    fn overview(&self, state: &State) -> Option<&Overview> {
        self.overviews.get(&state.sentence)
    }

    /// The sentence called `name`, at its own token.
    fn choose(&self, state: &State, name: &str) -> Option<State> {
        let query = self.setup.gallery.entry(name)?.query;
        Some(State { sentence: name.to_owned(), pair: (query, 1.min(query)), ..*state })
    }
}

impl Machine for Heads {
    const NAME: &'static str = "heads";
    const USER_TEXT: UserText = UserText::AtOnce;
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        setup.gallery.check()?;
        let opening = setup.opening.clone();
        let widget = Self { setup, overviews: Files::default() };
        let mut views = widget.setup.named.iter().map(|named| &named.view);
        match views.find(|view| !widget.is_sound(view)) {
            Some(view) => Err(Error::setup(format!("a named head is not there: {view:?}"))),
            None => Ok((widget, opening)),
        }
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "sentence" => Event::Sentence(value.to_owned()),
            "named" => Event::Named(value.parse().ok()?),
            "show" => Event::Show(Show::of(value)?),
            "head" => Event::Head(grid::parse(value)?),
            "head-key" => Event::HeadKey(value.to_owned()),
            "pair" => Event::Pair(grid::parse(value)?),
            "pair-key" => Event::PairKey(value.to_owned()),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let Gallery { layers, heads, .. } = self.setup.gallery;
        let mut next = state.clone();
        match event {
            Event::Sentence(name) => next = self.choose(state, name).ok_or(Refusal::Invalid)?,
            Event::Named(place) => {
                next = self.setup.named.get(*place).ok_or(Refusal::Invalid)?.view.clone();
            }
            Event::Show(show) => next.show = *show,
            Event::Head(head) => next.head = *head,
            Event::HeadKey(key) => next.head = grid::step(state.head, key, layers, heads)?,
            Event::Pair(pair) => next.pair = *pair,
            Event::PairKey(key) => {
                let entry = self.setup.gallery.entry(&state.sentence);
                let tokens = entry.map_or(1, |entry| entry.tokens);
                next.pair = grid::step(state.pair, key, tokens, tokens)?;
            }
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let State { sentence, head, pair, .. } = state;
        let entry = self.setup.gallery.entry(sentence);
        self.setup.gallery.has(head.0, head.1)
            && entry.is_some_and(|entry| pair.0.max(pair.1) < entry.tokens)
    }

    fn address(&self, state: &State) -> String {
        let State { sentence, show, head, pair } = state;
        address::join(&[sentence, &show.key(), &head.0, &head.1, &pair.0, &pair.1])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        Some(State {
            sentence: fields.text()?.to_owned(),
            show: Show::of(fields.text()?)?,
            head: (fields.read()?, fields.read()?),
            pair: (fields.read()?, fields.read()?),
        })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn wants(&self, state: &State) -> Option<String> {
        self.overviews.wants(&state.sentence)
    }

    fn receive(&mut self, state: &State, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let gallery = &self.setup.gallery;
        let fits = |it: &Overview| gallery.fits(&it.name, it.tokens.len(), it.model());
        self.overviews.receive(&state.sentence, path, bytes, fits)
    }

    fn failed(&mut self, state: &State, path: &str, reason: &str) {
        self.overviews.failed(&state.sentence, path, reason);
    }

    fn retry(&mut self) {
        self.overviews.retry();
    }

    fn take_text(&mut self, state: &State, reading: &Reading) -> Result<State, Error> {
        let sentence = self.setup.gallery.sentence(reading)?;
        self.overviews.put(Overview::new(&sentence)?);
        self.setup.gallery.put(&sentence.name, &sentence.text, sentence.tokens.len());
        self.choose(state, &sentence.name).ok_or_else(Error::no_text)
    }
}

/// What stands in a book that was built without the model: what is missing.
pub fn without_model(missing: &str) -> String {
    view::missing(missing).into_string()
}
