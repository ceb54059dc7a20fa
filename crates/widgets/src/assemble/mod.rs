//! The assembly of chapter 5: how a layer cuts its vectors into heads and puts them together.

mod view;

use attention::cost::Kind;
use attention::presets::{PRESETS, Preset};
use serde::{Deserialize, Serialize};

use crate::{Error, Widget, address};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "assemble";

/// The most tokens that can be chosen.
pub const MOST_TOKENS: u64 = 64;

/// What the reader has chosen. The page hands over one to open with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The model: the short form of its name, as in [`short`].
    pub model: String,
    /// How many tokens the text has.
    pub tokens: u64,
    /// The head that is followed, from 0.
    pub head: u64,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Take another model, by the short form of its name.
    Model(String),
    /// Take a text of so many tokens.
    Tokens(u64),
    /// Follow this head.
    Head(u64),
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
        let number = || value.parse::<u64>().map_err(|_| wrong());
        Ok(match name {
            "model" => Event::Model(value.to_owned()),
            "tokens" => Event::Tokens(number()?),
            "head" => Event::Head(number()?),
            "reset" => Event::Reset,
            _ => return Err(wrong()),
        })
    }
}

/// The sizes of one layer's attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The model.
    pub preset: &'static Preset,
    /// Numbers that describe a token between layers.
    pub d_model: u64,
    /// Query heads.
    pub heads: u64,
    /// Key and value heads.
    pub kv_heads: u64,
    /// Numbers in a query, a key and a value.
    pub head_dim: u64,
}

impl Sizes {
    /// The models that can be chosen: those whose heads have keys and values of their own.
    pub fn all() -> impl Iterator<Item = Self> {
        PRESETS.iter().filter_map(|preset| match preset.shape.kind {
            Kind::Grouped { kv_heads, head_dim } => {
                let (d_model, heads) = (preset.shape.d_model, preset.shape.heads);
                Some(Self { preset, d_model, heads, kv_heads, head_dim })
            }
            Kind::Latent { .. } => None,
        })
    }

    /// The model whose name has this short form.
    pub fn of(model: &str) -> Option<Self> {
        Self::all().find(|sizes| short(sizes.preset.name) == model)
    }

    /// Numbers in the outputs of all heads, side by side.
    pub fn merged(&self) -> u64 {
        self.heads * self.head_dim
    }

    /// The matrices that a layer learns, each with its height and width.
    pub fn matrices(&self) -> [(&'static str, [u64; 2]); 4] {
        let kv_width = self.kv_heads * self.head_dim;
        [
            ("W_Q", [self.d_model, self.merged()]),
            ("W_K", [self.d_model, kv_width]),
            ("W_V", [self.d_model, kv_width]),
            ("W_O", [self.merged(), self.d_model]),
        ]
    }
}

/// A model's name for an address: `GPT-3 175B` becomes `gpt-3-175b`.
pub fn short(name: &str) -> String {
    name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// The widget: how it opened, and what was chosen.
#[derive(Debug, Clone)]
pub struct Assemble {
    opening: State,
    state: State,
    sizes: Sizes,
}

impl Assemble {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when it is to open on what is not there.
    pub fn new(opening: State) -> Result<Self, Error> {
        match fitting(&opening) {
            Some(sizes) => Ok(Self { state: opening.clone(), opening, sizes }),
            None => Err(Error::Setup { reason: format!("{opening:?} is not there") }),
        }
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`State`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let opening = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut assemble = Self::new(opening)?;
        if let Some((state, sizes)) = in_address(address) {
            (assemble.state, assemble.sizes) = (state, sizes);
        }
        Ok(assemble)
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
        let mut next = self.state.clone();
        let (name, value) = match event {
            Event::Model(model) => {
                // A model with fewer heads has its last one followed.
                let last = Sizes::of(&model).map_or(0, |sizes| sizes.heads - 1);
                (next.model, next.head) = (model.clone(), next.head.min(last));
                ("model", model)
            }
            Event::Tokens(tokens) => {
                next.tokens = tokens;
                ("tokens", tokens.to_string())
            }
            Event::Head(head) => {
                next.head = head;
                ("head", head.to_string())
            }
            Event::Reset => {
                next = self.opening.clone();
                ("reset", String::new())
            }
        };
        self.sizes = fitting(&next).ok_or_else(|| Error::Event { name: name.to_owned(), value })?;
        self.state = next;
        Ok(true)
    }

    /// The address of this view: `?assemble=model.tokens.head`.
    fn address(&self) -> String {
        let State { model, tokens, head } = &self.state;
        format!("?{NAME}={model}.{tokens}.{head}")
    }
}

/// The sizes of the model that `state` names, if all that it names is there.
fn fitting(state: &State) -> Option<Sizes> {
    let sizes = Sizes::of(&state.model)?;
    let fits = (1..=MOST_TOKENS).contains(&state.tokens) && state.head < sizes.heads;
    fits.then_some(sizes)
}

/// The state that an address asks for, if it makes sense.
fn in_address(address: &str) -> Option<(State, Sizes)> {
    let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
    let [model, tokens, head] = parts[..] else { return None };
    let (tokens, head) = (tokens.parse().ok()?, head.parse().ok()?);
    let state = State { model: model.to_owned(), tokens, head };
    let sizes = fitting(&state)?;
    Some((state, sizes))
}

impl Widget for Assemble {
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
        None
    }

    fn receive(&mut self, path: &str, _: &[u8]) -> Result<(), Error> {
        Err(Error::Gallery { reason: format!("`{path}` was not asked for") })
    }

    fn failed(&mut self, _: &str, _: &str) {}
}
