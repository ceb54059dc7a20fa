//! The spotlight of chapter 1: pick a token and see what it looks at.

mod view;

use serde::{Deserialize, Serialize};

use crate::gallery::Sentence;
use crate::{Error, Widget, grid};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "spotlight";

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The gallery, in the order of the menu: never empty.
    pub sentences: Vec<Entry>,
    /// The named heads, in the order of the menu.
    pub presets: Vec<Preset>,
    /// Made-up weights to lay beside the real ones.
    pub illustration: Illustration,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
    /// How many layers the model has.
    pub layers: usize,
    /// How many query heads a layer has.
    pub heads: usize,
}

/// A sentence in the menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its short name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The token that the spotlight opens on, from 0.
    pub query: usize,
    /// How many tokens it has.
    pub tokens: usize,
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
    loaded: Vec<Sentence>,
    problem: Option<String>,
}

impl Spotlight {
    /// The widget as it opens, with the sentences that are at hand.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup, loaded: Vec<Sentence>) -> Result<Self, Error> {
        let state = setup.opening.clone();
        let mut spotlight = Self { setup, state, loaded, problem: None };
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
                let entry = self.entry(&name).ok_or_else(|| wrong("sentence", name.clone()))?;
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
            Event::Layer(layer) if layer < self.setup.layers => next.layer = layer,
            Event::Head(head) if head < self.setup.heads => next.head = head,
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
        self.problem = None;
        self.state = self.fitted(next);
        Ok(true)
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.setup.sentences.iter().find(|entry| entry.name == name)
    }

    /// The sentence that is chosen, once it has arrived.
    fn sentence(&self) -> Option<&Sentence> {
        self.loaded.iter().find(|sentence| sentence.name == self.state.sentence)
    }

    /// How many tokens the chosen sentence has.
    fn tokens(&self) -> usize {
        self.entry(&self.state.sentence).map_or(1, |entry| entry.tokens)
    }

    /// The cell moved inside the sentence, should it lie outside.
    fn fitted(&self, mut state: State) -> State {
        let last = self.entry(&state.sentence).map_or(0, |entry| entry.tokens - 1);
        state.query = state.query.min(last);
        state.cell = (state.cell.0.min(last), state.cell.1.min(last));
        state
    }

    fn check_setup(&self) -> Result<(), Error> {
        let wrong = |reason: String| Err(Error::Setup { reason });
        let known = |name: &str| self.entry(name).is_some();
        if self.setup.sentences.iter().any(|entry| entry.query >= entry.tokens) {
            return wrong("a sentence opens on a token that it does not have".to_owned());
        }
        if !known(&self.setup.opening.sentence) {
            return wrong(format!(
                "there is no sentence `{}` to open on",
                self.setup.opening.sentence
            ));
        }
        let heads = self.setup.presets.iter().map(|preset| (preset.layer, preset.head));
        for (layer, head) in heads.chain([(self.setup.opening.layer, self.setup.opening.head)]) {
            if layer >= self.setup.layers || head >= self.setup.heads {
                return wrong(format!("there is no layer {layer}, head {head}"));
            }
        }
        match self.setup.presets.iter().find(|preset| !known(&preset.sentence)) {
            Some(preset) => wrong(format!("there is no sentence `{}`", preset.sentence)),
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
        let pairs = address.strip_prefix('?')?.split('&');
        let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == NAME)?.1;
        let parts: Vec<&str> = value.split('.').collect();
        let [sentence, layer, head, query] = parts[..] else { return None };
        let [layer, head, query] =
            [layer.parse().ok()?, head.parse().ok()?, query.parse::<usize>().ok()?];
        let entry = self.entry(sentence)?;
        let fits = layer < self.setup.layers && head < self.setup.heads && query < entry.tokens;
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

    fn wants(&self) -> Option<String> {
        let waiting = self.sentence().is_none() && self.problem.is_none();
        waiting.then(|| Sentence::path(&self.state.sentence))
    }

    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let checked = Sentence::from_bytes(bytes).and_then(|sentence| {
            let entry = self.entry(&sentence.name);
            let fits = entry.is_some_and(|entry| entry.tokens == sentence.tokens.len())
                && (sentence.layers, sentence.heads) == (self.setup.layers, self.setup.heads)
                && path == Sentence::path(&sentence.name);
            if fits {
                return Ok(sentence);
            }
            Err(Error::Gallery {
                reason: format!("`{path}` belongs to another version of the page"),
            })
        });
        match checked {
            Ok(sentence) => {
                self.loaded.retain(|other| other.name != sentence.name);
                self.loaded.push(sentence);
                Ok(())
            }
            Err(error) => {
                self.failed(path, &error.to_string());
                Err(error)
            }
        }
    }

    fn failed(&mut self, path: &str, reason: &str) {
        if path == Sentence::path(&self.state.sentence) {
            self.problem = Some(reason.to_owned());
        }
    }
}

/// The figure for a book that was built without the model: the illustration alone, and why.
pub fn without_model(illustration: &Illustration, tokens: &[String], missing: &str) -> String {
    view::illustration_alone(illustration, tokens, missing).into_string()
}
