//! The spotlight of chapter 1: pick a token and see what it looks at.

mod beams;
mod view;

use maud::Markup;
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::files::Files;
use crate::gallery::{Gallery, Sentence};
use crate::grid::{self, Cell};
use crate::machine::{Machine, Refusal, UserText};
use crate::wall::{self, Wall};

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
    pub cell: Cell,
    /// What is pointed at.
    #[serde(default)]
    pub look: Option<Look>,
}

/// A part of the picture that is pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    /// A key of the beams, from 0.
    Key(usize),
    /// A head of the wall: its layer and its place in the layer.
    Head(Cell),
}

impl Look {
    /// The part as the page sends it: a number, or two.
    fn parse(value: &str) -> Option<Self> {
        let head = || grid::parse(value).map(Self::Head);
        value.parse().map(Self::Key).ok().or_else(head)
    }
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq)]
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
    Cell(Cell),
    /// Press a key in the map.
    Key(String),
    /// Press a key on the tokens above the beams.
    Lamp(String),
    /// Watch a head on the wall: layer and head.
    Wall(Cell),
    /// Press a key on the wall.
    WallKey(String),
    /// Point at a part of the picture, or at none.
    Look(Option<Look>),
}

/// The widget: what it was given, and the sentences that have arrived.
#[derive(Debug, Clone)]
pub struct Spotlight {
    setup: Setup,
    sentences: Files<Sentence>,
    /// The maps of a sentence, and its name.
    wall: Option<(String, Wall)>,
}

impl Spotlight {
    /// The sentence that is chosen, once it has arrived.
    fn sentence(&self, state: &State) -> Option<&Sentence> {
        self.sentences.get(&state.sentence)
    }
}

impl Preset {
    fn state(&self) -> State {
        let Preset { layer, head, ref sentence, query, .. } = *self;
        State { sentence: sentence.clone(), layer, head, query, cell: (query, 0), look: None }
    }
}

impl Machine for Spotlight {
    const NAME: &'static str = "spotlight";
    const USER_TEXT: UserText = UserText::AtOnce;
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        setup.gallery.check()?;
        let opening = setup.opening.clone();
        let widget = Self { setup, sentences: Files::default(), wall: None };
        let mut presets = widget.setup.presets.iter().map(Preset::state);
        match presets.find(|state| !widget.is_sound(state)) {
            Some(state) => Err(Error::setup(format!("a named head is not there: {state:?}"))),
            None => Ok((widget, opening)),
        }
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "sentence" => Event::Sentence(value.to_owned()),
            "preset" => Event::Preset(value.parse().ok()?),
            "layer" => Event::Layer(value.parse().ok()?),
            "head" => Event::Head(value.parse().ok()?),
            "query" => Event::Query(value.parse().ok()?),
            "cell" => Event::Cell(grid::parse(value)?),
            "key" => Event::Key(value.to_owned()),
            "lamp" => Event::Lamp(value.to_owned()),
            "wall" => Event::Wall(grid::parse(value)?),
            "wall-key" => Event::WallKey(value.to_owned()),
            "look" if value.is_empty() => Event::Look(None),
            "look" => Event::Look(Some(Look::parse(value)?)),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let gallery = &self.setup.gallery;
        let tokens = gallery.entry(&state.sentence).map_or(1, |entry| entry.tokens);
        let mut next = State { look: None, ..state.clone() };
        match event {
            Event::Sentence(name) => {
                let query = gallery.entry(name).ok_or(Refusal::Invalid)?.query;
                next = State { sentence: name.clone(), query, cell: (query, 0), ..next };
            }
            Event::Preset(place) => {
                next = self.setup.presets.get(*place).ok_or(Refusal::Invalid)?.state();
            }
            Event::Layer(layer) => next.layer = *layer,
            Event::Head(head) => next.head = *head,
            Event::Query(query) => (next.query, next.cell.0) = (*query, *query),
            Event::Cell(cell) => (next.query, next.cell) = (cell.0, *cell),
            Event::Key(key) => {
                next.cell = grid::step(state.cell, key, tokens, tokens)?;
                next.query = next.cell.0;
            }
            Event::Lamp(key) => {
                let (down, right) = grid::step((state.query, state.query), key, tokens, tokens)?;
                next.query = if down == state.query { right } else { down };
                next.cell.0 = next.query;
            }
            Event::Wall(head) => {
                (next.layer, next.head, next.look) = (head.0, head.1, state.look);
            }
            Event::WallKey(key) => {
                let here = (state.layer, state.head);
                (next.layer, next.head) = wall::step(here, key, gallery.layers, gallery.heads)?;
                next.look = Some(Look::Head((next.layer, next.head)));
            }
            Event::Look(look) => next.look = *look,
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let State { sentence, layer, head, query, cell, look } = state;
        let gallery = &self.setup.gallery;
        let entry = gallery.entry(sentence);
        let (key, (over, of)) = match look {
            Some(Look::Key(key)) => (*key, (0, 0)),
            Some(Look::Head(head)) => (0, *head),
            None => (0, (0, 0)),
        };
        gallery.has(*layer, *head)
            && gallery.has(over, of)
            && entry.is_some_and(|entry| (*query).max(cell.0).max(cell.1).max(key) < entry.tokens)
    }

    fn address(&self, state: &State) -> String {
        let State { sentence, layer, head, query, .. } = state;
        address::join(&[sentence, layer, head, query])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let sentence = fields.text()?.to_owned();
        let (layer, head, query) = (fields.read()?, fields.read()?, fields.read()?);
        Some(State { sentence, layer, head, query, cell: (query, 0), look: None })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn settle(&mut self, state: &mut State) {
        let Some(sentence) = self.sentence(state) else { return };
        if self.wall.as_ref().is_none_or(|(name, _)| *name != sentence.name) {
            self.wall = Some((sentence.name.clone(), Wall::new(sentence)));
        }
    }

    fn wants(&self, state: &State) -> Option<String> {
        self.sentences.wants(&state.sentence)
    }

    fn receive(&mut self, state: &State, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let gallery = &self.setup.gallery;
        let fits = |it: &Sentence| gallery.fits(&it.name, it.tokens.len(), (it.layers, it.heads));
        self.sentences.receive(&state.sentence, path, bytes, fits)
    }

    fn failed(&mut self, state: &State, path: &str, reason: &str) {
        self.sentences.failed(&state.sentence, path, reason);
    }

    fn retry(&mut self) {
        self.sentences.retry();
    }

    fn take_text(&mut self, state: &State, reading: &Reading) -> Result<State, Error> {
        let sentence = self.setup.gallery.sentence(reading)?;
        let (name, tokens) = (sentence.name.clone(), sentence.tokens.len());
        self.setup.gallery.put(&name, &sentence.text, tokens);
        self.sentences.put(sentence);
        let query = tokens - 1;
        // The reader's text may be another one under the same name.
        self.wall = None;
        Ok(State { sentence: name, query, cell: (query, 0), look: None, ..*state })
    }
}

/// What stands in a book that was built without the model: the illustration alone, and why.
pub fn without_model(illustration: &Illustration, tokens: &[String], missing: &str) -> String {
    view::illustration_alone(illustration, tokens, missing).into_string()
}
