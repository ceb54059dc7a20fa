//! The translator of chapter 7: pick an English word and see which French words it was made from.

mod lines;
mod view;

use burn::tensor::Device;
use maud::Markup;
use serde::{Deserialize, Serialize};
use translator::{HEADS, LAYERS, Pair, Translator, WEIGHTS_CHECKSUM, checksum};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::grid::{self, Cell};
use crate::machine::{Machine, Refusal};

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
    pub cell: Cell,
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
    Cell(Cell),
    /// Press a key in the map.
    Key(String),
    /// Press a key on the English words of the picture.
    Walk(String),
}

/// The mean of all heads, as a value of the menu and in addresses.
const MEAN: &str = "mean";

/// The widget: what it was given, and what the model made of the sentence chosen last.
#[derive(Debug, Clone)]
pub struct Translation {
    setup: Setup,
    model: Option<Translator>,
    /// A sentence, and what the model writes for it.
    written: Option<(Pair, translator::Translation)>,
    /// Why the model is not there.
    missing: Option<String>,
}

impl Translation {
    /// What the model makes of the chosen sentence, once it is there.
    pub fn written(&self, state: &State) -> Option<&translator::Translation> {
        let (pair, translation) = self.written.as_ref()?;
        (*pair == state.pair).then_some(translation)
    }

    /// English rows, with one for the end, and French columns. Without the model the English is
    /// that of the grammar.
    fn size(&self, state: &State) -> (usize, usize) {
        let english = self.written(state).map_or(&state.pair.english, |it| &it.english);
        (english.len() + 1, state.pair.french.len())
    }
}

impl State {
    /// `[seq_q][seq_k]`: the cross-attention weights of the chosen layer and head.
    fn weights(&self, translation: &translator::Translation) -> Vec<Vec<f32>> {
        let heads = &translation.weights[self.layer];
        match self.head {
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

/// A layer and a head, and a sentence with the word to look from.
fn at(setup: &Setup, example: &Example) -> Result<State, Error> {
    let (typed, word) = (example.french.clone(), example.word);
    let pair = Pair::read(&typed).map_err(|error| Error::setup(format!("“{typed}”: {error}")))?;
    let Setup { layer, head, .. } = *setup;
    Ok(State { pair, typed, problem: None, layer, head, word, cell: (word, 0) })
}

/// A head by its number, or the mean of all.
fn head(text: &str) -> Option<Option<usize>> {
    if text == MEAN { Some(None) } else { text.parse().ok().map(Some) }
}

impl Machine for Translation {
    const NAME: &'static str = "translation";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        let states = setup.examples.iter().map(|example| at(&setup, example));
        let states: Vec<State> = states.collect::<Result<_, _>>()?;
        let widget = Self { setup, model: None, written: None, missing: None };
        if let Some(state) = states.iter().find(|state| !widget.is_sound(state)) {
            let reason = format!("“{}” opens on what is not there", state.typed);
            return Err(Error::setup(reason));
        }
        let first = states.into_iter().next();
        Ok((widget, first.ok_or_else(|| Error::setup("there is no example"))?))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "example" => Event::Example(value.parse().ok()?),
            "text" => Event::Text(value.to_owned()),
            "layer" => Event::Layer(value.parse().ok()?),
            "head" => Event::Head(head(value)?),
            "word" => Event::Word(value.parse().ok()?),
            "cell" => Event::Cell(grid::parse(value)?),
            "key" => Event::Key(value.to_owned()),
            "walk" => Event::Walk(value.to_owned()),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        match event {
            Event::Example(place) => {
                let example = self.setup.examples.get(*place).ok_or(Refusal::Invalid)?;
                let example = at(&self.setup, example).map_err(|_| Refusal::Invalid)?;
                next = State { layer: state.layer, head: state.head, ..example };
            }
            Event::Text(text) => {
                next.typed.clone_from(text);
                match Pair::read(text) {
                    Ok(pair) if pair == state.pair => next.problem = None,
                    Ok(pair) => {
                        (next.pair, next.problem) = (pair, None);
                        (next.word, next.cell) = (0, (0, 0));
                    }
                    Err(error) => next.problem = Some(error.to_string()),
                }
            }
            Event::Layer(layer) => next.layer = *layer,
            Event::Head(head) => next.head = *head,
            Event::Word(word) => (next.word, next.cell.0) = (*word, *word),
            Event::Cell(cell) => (next.word, next.cell) = (cell.0, *cell),
            Event::Key(key) => {
                let (rows, columns) = self.size(state);
                next.cell = grid::step(state.cell, key, rows, columns)?;
                next.word = next.cell.0;
            }
            Event::Walk(key) => {
                let (rows, _) = self.size(state);
                let (down, right) = grid::step((state.word, state.word), key, rows, rows)?;
                next.word = if down == state.word { right } else { down };
                next.cell.0 = next.word;
            }
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let (rows, columns) = self.size(state);
        state.layer < LAYERS
            && state.head.is_none_or(|head| head < HEADS)
            && state.word.max(state.cell.0) < rows
            && state.cell.1 < columns
    }

    /// The sentence comes without its accents and apostrophes: `le-chat-noir-dort_1_mean_2`.
    fn address(&self, state: &State) -> String {
        let State { pair, layer, head, word, .. } = state;
        let words = pair.french.iter().map(|word| translator::plain(word).replace('\'', ""));
        let words = words.collect::<Vec<_>>().join("-");
        let head = head.map_or(MEAN.to_owned(), |head| head.to_string());
        address::join(&[&words, layer, &head, word])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        // A word of one letter has lost its apostrophe.
        let words = fields.text()?.split('-').map(|word| match word.len() {
            1 => format!("{word}'"),
            _ => word.to_owned(),
        });
        let pair = Pair::read(&words.collect::<Vec<_>>().join(" ")).ok()?;
        let typed = translator::join(&pair.french);
        let (layer, head, word) = (fields.read()?, head(fields.text()?)?, fields.read()?);
        Some(State { pair, typed, problem: None, layer, head, word, cell: (word, 0) })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    /// Lets the model translate the sentence, if it is there. It may write fewer words than the
    /// grammar.
    fn settle(&mut self, state: &mut State) {
        if let (None, Some(model)) = (self.written(state), &self.model) {
            match model.translate(&state.pair.french) {
                Ok(translation) => self.written = Some((state.pair.clone(), translation)),
                Err(error) => self.missing = Some(error.to_string()),
            }
        }
        let (rows, columns) = self.size(state);
        state.word = state.word.min(rows - 1);
        state.cell = (state.word, state.cell.1.min(columns - 1));
    }

    fn wants(&self, _: &State) -> Option<String> {
        (self.model.is_none() && self.missing.is_none()).then(|| self.setup.weights.clone())
    }

    fn receive(&mut self, _: &State, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let found = checksum(bytes);
        let read = if found == WEIGHTS_CHECKSUM {
            Translator::from_bytes(bytes, &Device::flex()).map_err(|error| error.to_string())
        } else {
            Err(format!("`{path}` has the checksum {found} and not {WEIGHTS_CHECKSUM}"))
        };
        match read {
            Ok(model) => {
                self.model = Some(model);
                Ok(())
            }
            Err(reason) => {
                self.missing = Some(reason.clone());
                Err(Error::File { reason })
            }
        }
    }

    fn failed(&mut self, _: &State, _: &str, reason: &str) {
        self.missing = Some(reason.to_owned());
    }

    fn retry(&mut self) {
        self.missing = None;
    }
}
