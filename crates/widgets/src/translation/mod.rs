//! The translator of chapter 7: pick an English word and see which French words it was made from.

mod view;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use translator::{HEADS, LAYERS, Pair, Translation, Translator, WEIGHTS_CHECKSUM, checksum};

use crate::{Error, Widget, address, grid};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "translation";

/// Where the book puts the weights, from the site's root. Other weights get another name.
pub fn weights_path() -> String {
    format!("translator/{}.bin", &WEIGHTS_CHECKSUM[..12])
}

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The sentences of the menu, in order: never empty.
    pub examples: Vec<Example>,
    /// Where the weights lie under the site's root.
    pub weights: String,
    /// A made-up weight to lay beside the trained ones.
    pub illustration: Illustration,
    /// The layer that it opens on, from 0.
    pub layer: usize,
    /// The head that it opens on, from 0; `None` for the mean of all heads.
    pub head: Option<usize>,
}

/// A sentence of the menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The French sentence.
    pub french: String,
    /// The English word to open on, from 0.
    pub word: usize,
}

/// A weight that nobody measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Illustration {
    /// The English word that looks.
    pub english: String,
    /// The French word that it looks at.
    pub french: String,
    /// The weight.
    pub weight: f32,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The French sentence that is translated, with the grammar's own translation.
    pub pair: Pair,
    /// What stands in the text field.
    pub typed: String,
    /// Why what was typed cannot be translated.
    pub problem: Option<String>,
    /// The layer of the decoder, from 0.
    pub layer: usize,
    /// The head, from 0; `None` for the mean of all heads.
    pub head: Option<usize>,
    /// The English word whose attention is shown, from 0. One past the last is the end.
    pub word: usize,
    /// The cell of the map that Tab comes to: English row and French column.
    pub cell: grid::Cell,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Translate a sentence of the menu, by its place.
    Example(usize),
    /// Translate what was typed.
    Text(String),
    /// Watch this layer.
    Layer(usize),
    /// Watch this head, or the mean of all.
    Head(Option<usize>),
    /// Look from this English word.
    Word(usize),
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
            "example" => Event::Example(number()?),
            "text" => Event::Text(value.to_owned()),
            "layer" => Event::Layer(number()?),
            "head" => Event::Head(if value == MEAN { None } else { Some(number()?) }),
            "word" => Event::Word(number()?),
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

/// The mean of all heads, as a value of the menu and in addresses.
const MEAN: &str = "mean";

/// The widget: what it was given, what was chosen, and what the model made of it.
#[derive(Debug, Clone)]
pub struct TranslationWidget {
    setup: Setup,
    state: State,
    model: Option<Translator>,
    /// The state's sentence in English, once the model is there.
    translation: Option<Translation>,
    /// Why the model is not there.
    missing: Option<String>,
}

impl TranslationWidget {
    /// The widget as it opens. In a page the model comes later.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup, model: Option<Translator>) -> Result<Self, Error> {
        let state = opening(&setup)?;
        let mut widget = Self { setup, state, model, translation: None, missing: None };
        widget.translate()?;
        Ok(widget)
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut widget = Self::new(setup, None)?;
        if let Some(state) = widget.state_in_address(address) {
            widget.state = state;
        }
        Ok(widget)
    }

    /// What the reader has chosen.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the model made of the sentence, once it is there.
    pub fn translation(&self) -> Option<&Translation> {
        self.translation.as_ref()
    }

    /// Applies one event. Says whether it meant anything.
    ///
    /// # Errors
    /// [`Error::Event`] when something is chosen that is not there. The state stays.
    pub fn apply(&mut self, event: Event) -> Result<bool, Error> {
        let wrong = |name: &str, value: String| Error::Event { name: name.to_owned(), value };
        let mut next = self.state.clone();
        let (rows, columns) = self.size();
        match event {
            Event::Example(place) => {
                let example = self
                    .setup
                    .examples
                    .get(place)
                    .ok_or_else(|| wrong("example", place.to_string()))?;
                (next.pair, next.typed) = (read(&example.french)?, example.french.clone());
                (next.word, next.cell, next.problem) = (example.word, (example.word, 0), None);
            }
            Event::Text(text) => {
                match Pair::read(&text) {
                    Ok(pair) if pair == next.pair => next.problem = None,
                    Ok(pair) => {
                        (next.pair, next.problem) = (pair, None);
                        (next.word, next.cell) = (0, (0, 0));
                    }
                    Err(error) => next.problem = Some(error.to_string()),
                }
                next.typed = text;
            }
            Event::Layer(layer) if layer < LAYERS => next.layer = layer,
            Event::Head(head) if head.is_none_or(|head| head < HEADS) => next.head = head,
            Event::Word(word) if word < rows => (next.word, next.cell.0) = (word, word),
            Event::Cell(cell) if cell.0 < rows && cell.1 < columns => {
                (next.word, next.cell) = (cell.0, cell);
            }
            Event::Key(key) => {
                let Some(cell) = grid::step(self.state.cell, &key, rows, columns) else {
                    return Ok(false);
                };
                (next.word, next.cell) = (cell.0, cell);
            }
            Event::Reset => next = opening(&self.setup)?,
            Event::Layer(value) => return Err(wrong("layer", value.to_string())),
            Event::Head(value) => return Err(wrong("head", format!("{value:?}"))),
            Event::Word(value) => return Err(wrong("word", value.to_string())),
            Event::Cell((row, column)) => return Err(wrong("cell", format!("{row},{column}"))),
        }
        let same = next.pair == self.state.pair;
        self.state = next;
        self.missing = None;
        if !same {
            self.translate()?;
        }
        Ok(true)
    }

    /// Lets the model translate the sentence, if it is there.
    fn translate(&mut self) -> Result<(), Error> {
        let Some(model) = &self.model else { return Ok(()) };
        let translation = model
            .translate(&self.state.pair.french)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        self.translation = Some(translation);
        let (rows, columns) = self.size();
        let State { word, cell, .. } = &mut self.state;
        *word = (*word).min(rows - 1);
        *cell = (*word, cell.1.min(columns - 1));
        Ok(())
    }

    /// English rows, with one for the end, and French columns. Without the model the English is
    /// that of the grammar.
    fn size(&self) -> (usize, usize) {
        let english = self.translation.as_ref().map_or(&self.state.pair.english, |it| &it.english);
        (english.len() + 1, self.state.pair.french.len())
    }

    /// The address of this view: `?translation=le-chat-noir-dort.1.mean.2`.
    fn address(&self) -> String {
        let State { pair, layer, head, word, .. } = &self.state;
        let words = pair.french.iter().map(|word| translator::plain(word).replace('\'', ""));
        let words = words.collect::<Vec<_>>().join("-");
        let head = head.map_or(MEAN.to_owned(), |head| head.to_string());
        format!("?{NAME}={words}.{layer}.{head}.{word}")
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
        let [words, layer, head, word] = parts[..] else { return None };
        // A word of one letter has lost its apostrophe.
        let words = words.split('-').map(|word| match word.len() {
            1 => format!("{word}'"),
            _ => word.to_owned(),
        });
        let pair = Pair::read(&words.collect::<Vec<_>>().join(" ")).ok()?;
        let head = if head == MEAN { None } else { Some(head.parse::<usize>().ok()?) };
        let (layer, word) = (layer.parse::<usize>().ok()?, word.parse::<usize>().ok()?);
        let fits =
            layer < LAYERS && head.is_none_or(|head| head < HEADS) && word <= pair.english.len();
        let typed = translator::join(&pair.french);
        let state = State { pair, typed, problem: None, layer, head, word, cell: (word, 0) };
        fits.then_some(state)
    }

    /// `[seq_q][seq_k]`: the cross-attention weights of the chosen layer and head.
    fn weights(&self, translation: &Translation) -> Vec<Vec<f32>> {
        let heads = &translation.weights[self.state.layer];
        match self.state.head {
            Some(head) => heads[head].clone(),
            None => mean(heads),
        }
    }
}

/// The mean of several heads' weights, entry by entry.
fn mean(heads: &[Vec<Vec<f32>>]) -> Vec<Vec<f32>> {
    let mut mean = heads[0].clone();
    for (row, weights) in mean.iter_mut().enumerate() {
        for (column, weight) in weights.iter_mut().enumerate() {
            let sum: f32 = heads.iter().map(|head| head[row][column]).sum();
            *weight = sum / heads.len() as f32;
        }
    }
    mean
}

fn read(french: &str) -> Result<Pair, Error> {
    Pair::read(french).map_err(|error| Error::Setup { reason: format!("“{french}”: {error}") })
}

/// How the widget opens, and what Reset goes back to.
fn opening(setup: &Setup) -> Result<State, Error> {
    let wrong = |reason: String| Err(Error::Setup { reason });
    for example in &setup.examples {
        if example.word > read(&example.french)?.english.len() {
            return wrong(format!("“{}” opens on a word that it does not have", example.french));
        }
    }
    let Some(first) = setup.examples.first() else { return wrong("there is no example".into()) };
    if setup.layer >= LAYERS || setup.head.is_some_and(|head| head >= HEADS) {
        return wrong(format!("there is no layer {}, head {:?}", setup.layer, setup.head));
    }
    Ok(State {
        pair: read(&first.french)?,
        typed: first.french.clone(),
        problem: None,
        layer: setup.layer,
        head: setup.head,
        word: first.word,
        cell: (first.word, 0),
    })
}

impl Widget for TranslationWidget {
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
        (self.model.is_none() && self.missing.is_none()).then(|| self.setup.weights.clone())
    }

    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let found = checksum(bytes);
        let read = if found == WEIGHTS_CHECKSUM {
            Translator::from_bytes(bytes, &Device::flex()).map_err(|error| error.to_string())
        } else {
            Err(format!("`{path}` has the checksum {found} and not {WEIGHTS_CHECKSUM}"))
        };
        match read {
            Ok(model) => {
                self.model = Some(model);
                self.translate()
            }
            Err(reason) => {
                self.missing = Some(reason.clone());
                Err(Error::File { reason })
            }
        }
    }

    fn failed(&mut self, _: &str, reason: &str) {
        self.missing = Some(reason.to_owned());
    }
}
