//! The spotlight of chapter 1: pick a token and see what it looks at.

mod view;

use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::gallery::Sentence;
use crate::readings::{Gallery, Readings};
use crate::{Error, Widget, address, grid, own};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "spotlight";

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The sentences, and the model's shape.
    pub gallery: Gallery,
    /// The named heads, in the order of the menu.
    pub presets: Vec<Preset>,
    /// Made-up weights to lay beside the real ones.
    pub illustration: Illustration,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// A head that has earned a name, and the sentence that shows why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    /// Its layer, from 0.
    pub layer: usize,
    /// Its place in the layer, from 0.
    pub head: usize,
    /// What it does, in a few words.
    pub label: String,
    /// The sentence to see it on, by name.
    pub sentence: String,
    /// The token to see it from, from 0.
    pub query: usize,
}

/// Weights that nobody measured: they show what attention is, not what a model does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Illustration {
    /// The sentence, by name.
    pub sentence: String,
    /// The token that looks, from 0.
    pub query: usize,
    /// A weight for each token of the sentence.
    pub weights: Vec<f32>,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The sentence, by name.
    pub sentence: String,
    /// The layer, from 0.
    pub layer: usize,
    /// The head, from 0.
    pub head: usize,
    /// The token whose attention is shown, from 0.
    pub query: usize,
    /// The cell of the map that Tab comes to: row (query) and column (key).
    pub cell: grid::Cell,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Read another sentence, by name.
    Sentence(String),
    /// Watch a named head, by its place in the menu.
    Preset(usize),
    /// Watch this layer.
    Layer(usize),
    /// Watch this head of the layer.
    Head(usize),
    /// Look from this token.
    Query(usize),
    /// Press a cell of the map.
    Cell(grid::Cell),
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
        let wrong = || Error::Event { name: name.to_owned(), value: value.to_owned() };
        let number = || value.parse::<usize>().map_err(|_| wrong());
        Ok(match name {
            "sentence" => Event::Sentence(value.to_owned()),
            "preset" => Event::Preset(number()?),
            "layer" => Event::Layer(number()?),
            "head" => Event::Head(number()?),
            "query" => Event::Query(number()?),
            "cell" => {
                let (row, column) = value.split_once(',').ok_or_else(wrong)?;
                Event::Cell((
                    row.parse().map_err(|_| wrong())?,
                    column.parse().map_err(|_| wrong())?,
                ))
            }
            "key" => Event::Key(value.to_owned()),
            "reset" => Event::Reset,
            _ => return Err(wrong()),
        })
    }
}

/// The widget: what it was given, what was chosen, and the sentences that have arrived.
#[derive(Debug, Clone)]
pub struct Spotlight {
    setup: Setup,
    state: State,
    readings: Readings,
}

impl Spotlight {
    /// The widget as it opens, with the sentences that are at hand.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup, loaded: Vec<Sentence>) -> Result<Self, Error> {
        let state = setup.opening.clone();
        let mut spotlight = Self { setup, state, readings: Readings::new(loaded) };
        spotlight.check_setup()?;
        spotlight.state = spotlight.fitted(spotlight.state.clone());
        Ok(spotlight)
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut spotlight = Self::new(setup, Vec::new())?;
        if let Some(state) = spotlight.state_in_address(address) {
            spotlight.state = state;
        }
        Ok(spotlight)
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
        match event {
            Event::Sentence(name) => {
                let entry = self
                    .setup
                    .gallery
                    .entry(&name)
                    .ok_or_else(|| wrong("sentence", name.clone()))?;
                (next.query, next.cell) = (entry.query, (entry.query, 0));
                next.sentence = name;
            }
            Event::Preset(place) => {
                let preset = self
                    .setup
                    .presets
                    .get(place)
                    .ok_or_else(|| wrong("preset", place.to_string()))?;
                next = State {
                    sentence: preset.sentence.clone(),
                    layer: preset.layer,
                    head: preset.head,
                    query: preset.query,
                    cell: (preset.query, 0),
                };
            }
            Event::Layer(layer) if layer < self.setup.gallery.layers => next.layer = layer,
            Event::Head(head) if head < self.setup.gallery.heads => next.head = head,
            Event::Query(query) if query < self.tokens() => {
                (next.query, next.cell) = (query, (query, next.cell.1));
            }
            Event::Cell(cell) if cell.0.max(cell.1) < self.tokens() => {
                (next.query, next.cell) = (cell.0, cell);
            }
            Event::Key(key) => {
                let Some(cell) = grid::step(self.state.cell, &key, self.tokens(), self.tokens())
                else {
                    return Ok(false);
                };
                (next.query, next.cell) = (cell.0, cell);
            }
            Event::Reset => next = self.setup.opening.clone(),
            Event::Layer(value) => return Err(wrong("layer", value.to_string())),
            Event::Head(value) => return Err(wrong("head", value.to_string())),
            Event::Query(value) => return Err(wrong("query", value.to_string())),
            Event::Cell((row, column)) => return Err(wrong("cell", format!("{row},{column}"))),
        }
        self.readings.forget_problem();
        self.state = self.fitted(next);
        Ok(true)
    }

    /// The sentence that is chosen, once it has arrived.
    fn sentence(&self) -> Option<&Sentence> {
        self.readings.get(&self.state.sentence)
    }

    /// How many tokens the chosen sentence has.
    fn tokens(&self) -> usize {
        self.setup.gallery.entry(&self.state.sentence).map_or(1, |entry| entry.tokens)
    }

    /// The cell moved inside the sentence, should it lie outside.
    fn fitted(&self, mut state: State) -> State {
        let last = self.setup.gallery.entry(&state.sentence).map_or(0, |entry| entry.tokens - 1);
        state.query = state.query.min(last);
        state.cell = (state.cell.0.min(last), state.cell.1.min(last));
        state
    }

    fn check_setup(&self) -> Result<(), Error> {
        let wrong = |reason: String| Err(Error::Setup { reason });
        let Setup { gallery, presets, opening, .. } = &self.setup;
        gallery.check()?;
        let heads = presets.iter().map(|preset| (preset.layer, preset.head));
        for (layer, head) in heads.chain([(opening.layer, opening.head)]) {
            if !gallery.has(layer, head) {
                return wrong(format!("there is no layer {layer}, head {head}"));
            }
        }
        let names = presets.iter().map(|preset| &preset.sentence).chain([&opening.sentence]);
        match names.into_iter().find(|name| gallery.entry(name).is_none()) {
            Some(name) => wrong(format!("there is no sentence `{name}`")),
            None => Ok(()),
        }
    }

    /// The address of this view: `?spotlight=sentence.layer.head.query`.
    fn address(&self) -> String {
        let State { sentence, layer, head, query, .. } = &self.state;
        format!("?{NAME}={sentence}.{layer}.{head}.{query}")
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
        let [sentence, layer, head, query] = parts[..] else { return None };
        let [layer, head, query] =
            [layer.parse().ok()?, head.parse().ok()?, query.parse::<usize>().ok()?];
        let entry = self.setup.gallery.entry(sentence)?;
        let fits = self.setup.gallery.has(layer, head) && query < entry.tokens;
        fits.then(|| State { sentence: sentence.to_owned(), layer, head, query, cell: (query, 0) })
    }
}

impl Widget for Spotlight {
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
        self.readings.receive(&self.setup.gallery, &self.state.sentence, path, bytes)
    }

    fn failed(&mut self, path: &str, reason: &str) {
        self.readings.failed(&self.state.sentence, path, reason);
    }

    fn own(&mut self, reading: &Reading) -> Result<(), Error> {
        let (entry, sentence) = own::sentence(reading, &self.setup.gallery)?;
        self.setup.gallery.put(entry);
        self.readings.put(sentence);
        self.apply(Event::Sentence(own::NAME.to_owned())).map(drop)
    }
}

/// The figure for a book that was built without the model: the illustration alone, and why.
pub fn without_model(illustration: &Illustration, tokens: &[String], missing: &str) -> String {
    view::illustration_alone(illustration, tokens, missing).into_string()
}
