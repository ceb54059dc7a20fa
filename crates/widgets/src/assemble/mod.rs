//! The assembly of chapter 5: how a layer cuts its vectors into heads and puts them together.

mod flow;
mod view;

use attention::cost::Kind;
use attention::presets::{PRESETS, Preset};
use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::machine::{Machine, Refusal};

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
    /// One layer at work, where the model was there to be run.
    pub flow: Option<Flow>,
}

/// One layer's attention for one token, head by head. All numbers are in hundredths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The model, by the short form of its name.
    pub model: String,
    /// The tokens of the text.
    pub words: Vec<String>,
    /// The layer, from 0.
    pub layer: usize,
    /// The token's place in the text.
    pub place: usize,
    /// Its vector before the layer, `[d_model]`.
    pub x: Vec<i16>,
    /// Each head's query, `[heads][head_dim]`.
    pub query: Vec<Vec<i16>>,
    /// Each head's weights: a row for each token, up to its own place.
    pub weights: Vec<Vec<Vec<i16>>>,
    /// Each head's output, `[heads][head_dim]`.
    pub output: Vec<Vec<i16>>,
    /// What each head adds, `[heads][d_model]`.
    pub added: Vec<Vec<i16>>,
    /// What all add together.
    pub sum: Vec<i16>,
    /// The vector after attention.
    pub after: Vec<i16>,
}

impl Flow {
    /// Whether it is what a layer of the model that it names can do.
    fn is_whole(&self) -> bool {
        let Some(sizes) = Sizes::of(&self.model) else { return false };
        let (heads, wide) = (sizes.heads as usize, sizes.d_model as usize);
        let each = |rows: &[Vec<i16>], width: usize| {
            rows.len() == heads && rows.iter().all(|row| row.len() == width)
        };
        let map = |map: &Vec<Vec<i16>>| {
            map.len() == self.words.len()
                && map.iter().enumerate().all(|(at, row)| row.len() == at + 1)
        };
        self.place < self.words.len()
            && [&self.x, &self.sum, &self.after].iter().all(|row| row.len() == wide)
            && each(&self.query, sizes.head_dim as usize)
            && each(&self.output, sizes.head_dim as usize)
            && each(&self.added, wide)
            && self.weights.len() == heads
            && self.weights.iter().all(map)
    }
}

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
    name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// The widget, and what it was given.
#[derive(Debug, Clone)]
pub struct Assemble {
    drawn: Option<flow::Drawn>,
}

impl State {
    /// The sizes of the chosen model.
    fn sizes(&self) -> Sizes {
        Sizes::of(&self.model).expect("a sound state names a model of the table")
    }
}

impl Machine for Assemble {
    const NAME: &'static str = "assemble";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(Setup { opening, flow }: Setup) -> Result<(Self, State), Error> {
        match flow {
            Some(flow) if !flow.is_whole() => {
                Err(Error::setup("the layer at work is not one of its model"))
            }
            flow => Ok((Self { drawn: flow.map(flow::Drawn::new) }, opening)),
        }
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "model" => Event::Model(value.to_owned()),
            "tokens" => Event::Tokens(value.parse().ok()?),
            "head" => Event::Head(value.parse().ok()?),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        match event {
            Event::Model(model) => {
                // A model with fewer heads has its last one followed.
                let last = Sizes::of(model).ok_or(Refusal::Invalid)?.heads - 1;
                (next.model, next.head) = (model.clone(), state.head.min(last));
            }
            Event::Tokens(tokens) => next.tokens = *tokens,
            Event::Head(head) => next.head = *head,
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let sizes = Sizes::of(&state.model);
        (1..=MOST_TOKENS).contains(&state.tokens)
            && sizes.is_some_and(|sizes| state.head < sizes.heads)
    }

    fn address(&self, state: &State) -> String {
        let State { model, tokens, head } = state;
        address::join(&[model, tokens, head])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let model = fields.text()?.to_owned();
        Some(State { model, tokens: fields.read()?, head: fields.read()? })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }
}
