//! The heads of chapter 5: all heads of the model at once, one of them opened.

mod measure;
mod view;

use reading::Reading;
use serde::{Deserialize, Serialize};

pub use measure::{Overview, Scores, Show};

use crate::gallery::Sentence;
use crate::readings::{Gallery, Readings};
use crate::{Error, Widget, address, grid, own};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "heads";

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
        let cell = || -> Option<grid::Cell> {
            let (row, column) = value.split_once(',')?;
            Some((row.parse().ok()?, column.parse().ok()?))
        };
        Ok(match name {
            "sentence" => Event::Sentence(value.to_owned()),
            "named" => Event::Named(value.parse().map_err(|_| wrong())?),
            "show" => Event::Show(Show::of(value).ok_or_else(wrong)?),
            "head" => Event::Head(cell().ok_or_else(wrong)?),
            "head-key" => Event::HeadKey(value.to_owned()),
            "pair" => Event::Pair(cell().ok_or_else(wrong)?),
            "pair-key" => Event::PairKey(value.to_owned()),
            "reset" => Event::Reset,
            _ => return Err(wrong()),
        })
    }
}

/// The widget: what it was given, what was chosen, and the sentences that have arrived.
#[derive(Debug, Clone)]
pub struct Heads {
    setup: Setup,
    state: State,
    readings: Readings,
    /// What the detectors say of each sentence that has arrived.
    overviews: Vec<Overview>,
}

impl Heads {
    /// The widget as it opens, with the sentences that are at hand.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself, and [`Error::Gallery`] when a sentence
    /// holds no weights of attention.
    pub fn new(setup: Setup, loaded: Vec<Sentence>) -> Result<Self, Error> {
        let overviews = loaded.iter().map(measured).collect::<Result<_, _>>()?;
        let state = setup.opening.clone();
        let heads = Self { setup, state, readings: Readings::new(loaded), overviews };
        heads.check_setup()?;
        Ok(heads)
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut heads = Self::new(setup, Vec::new())?;
        if let Some(state) = heads.state_in_address(address) {
            heads.state = state;
        }
        Ok(heads)
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
        let Gallery { layers, heads, .. } = self.setup.gallery;
        let tokens = self.tokens();
        let mut next = self.state.clone();
        match event {
            Event::Sentence(name) => {
                let entry = self.setup.gallery.entry(&name);
                let query = entry.ok_or_else(|| wrong("sentence", name.clone()))?.query;
                (next.sentence, next.pair) = (name, (query, 1.min(query)));
            }
            Event::Named(place) => {
                let named = self.setup.named.get(place);
                next = named.ok_or_else(|| wrong("named", place.to_string()))?.view.clone();
            }
            Event::Show(show) => next.show = show,
            Event::Head((layer, head)) if layer < layers && head < heads => {
                next.head = (layer, head);
            }
            Event::HeadKey(key) => match grid::step(self.state.head, &key, layers, heads) {
                Some(head) => next.head = head,
                None => return Ok(false),
            },
            Event::Pair(pair) if pair.0.max(pair.1) < tokens => next.pair = pair,
            Event::PairKey(key) => match grid::step(self.state.pair, &key, tokens, tokens) {
                Some(pair) => next.pair = pair,
                None => return Ok(false),
            },
            Event::Reset => next = self.setup.opening.clone(),
            Event::Head((row, column)) => return Err(wrong("head", format!("{row},{column}"))),
            Event::Pair((row, column)) => return Err(wrong("pair", format!("{row},{column}"))),
        }
        self.readings.forget_problem();
        self.state = next;
        Ok(true)
    }

    /// What the detectors say of the chosen sentence, once it has arrived.
    fn overview(&self) -> Option<&Overview> {
        self.overviews.iter().find(|overview| overview.name == self.state.sentence)
    }

    /// How many tokens the chosen sentence has.
    fn tokens(&self) -> usize {
        self.setup.gallery.entry(&self.state.sentence).map_or(1, |entry| entry.tokens)
    }

    /// Whether everything that `state` names is there.
    fn holds(&self, state: &State) -> bool {
        let gallery = &self.setup.gallery;
        let entry = gallery.entry(&state.sentence);
        let there = |tokens: usize| state.pair.0.max(state.pair.1) < tokens;
        gallery.has(state.head.0, state.head.1) && entry.is_some_and(|entry| there(entry.tokens))
    }

    fn check_setup(&self) -> Result<(), Error> {
        self.setup.gallery.check()?;
        let views = self.setup.named.iter().map(|named| &named.view);
        match views.chain([&self.setup.opening]).find(|view| !self.holds(view)) {
            Some(view) => Err(Error::Setup { reason: format!("{view:?} is not there") }),
            None => Ok(()),
        }
    }

    /// The address of this view: `?heads=sentence.show.layer.head.query.key`.
    fn address(&self) -> String {
        let State { sentence, show, head, pair, .. } = &self.state;
        let show = show.key();
        format!("?{NAME}={sentence}.{show}.{}.{}.{}.{}", head.0, head.1, pair.0, pair.1)
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
        let [sentence, show, layer, head, query, key] = parts[..] else { return None };
        let state = State {
            sentence: sentence.to_owned(),
            show: Show::of(show)?,
            head: (layer.parse().ok()?, head.parse().ok()?),
            pair: (query.parse().ok()?, key.parse().ok()?),
        };
        self.holds(&state).then_some(state)
    }
}

/// What the detectors say of a sentence.
fn measured(sentence: &Sentence) -> Result<Overview, Error> {
    Overview::new(sentence).map_err(|reason| Error::Gallery { reason })
}

impl Widget for Heads {
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
        self.readings.wants(&self.state.sentence)
    }

    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let name = &self.state.sentence;
        self.readings.receive(&self.setup.gallery, name, path, bytes)?;
        // A file that was taken is one of the gallery's, at its own path.
        let entries = self.setup.gallery.sentences.iter();
        let mut arrived = entries.filter(|entry| Sentence::path(&entry.name) == path);
        let sentence = arrived.find_map(|entry| self.readings.get(&entry.name));
        match sentence.map(measured).transpose() {
            Ok(overview) => {
                self.overviews.retain(|other| Sentence::path(&other.name) != path);
                self.overviews.extend(overview);
                Ok(())
            }
            Err(error) => {
                self.readings.failed(name, path, &error.to_string());
                Err(error)
            }
        }
    }

    fn failed(&mut self, path: &str, reason: &str) {
        self.readings.failed(&self.state.sentence, path, reason);
    }

    fn own(&mut self, reading: &Reading) -> Result<(), Error> {
        let (entry, sentence) = own::sentence(reading, &self.setup.gallery)?;
        let overview = measured(&sentence)?;
        self.overviews.retain(|other| other.name != overview.name);
        self.overviews.push(overview);
        self.setup.gallery.put(entry);
        self.readings.put(sentence);
        self.apply(Event::Sentence(own::NAME.to_owned())).map(drop)
    }
}

/// The figure for a book that was built without the model: what is missing.
pub fn without_model(missing: &str) -> String {
    view::missing(missing).into_string()
}
