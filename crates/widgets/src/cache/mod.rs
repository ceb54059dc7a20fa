//! The cache calculator of chapter 10: how large a cache is, what it fits on, and how fast a model
//! can write with it at most.

mod growth;
mod view;

use std::fmt::Display;

use attention::cost::{Kind, Precision, Shape, Window, texts_beside, weights};
use attention::devices::DeviceSpec;
use attention::presets::{PRESETS, Preset};
use attention::units::Bytes;
use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::assemble::short;
use crate::error::Error;
use crate::machine::{Machine, Refusal};

/// The model whose sizes the reader types.
pub const CUSTOM: &str = "own";

/// The most tokens, as a power of two: 1,048,576.
pub const MOST_TOKENS: u32 = 20;

/// The most texts at once, as a power of two.
pub const MOST_TEXTS: u32 = 8;

/// How a number of the cache may be stored. The scales of `int4` are those of KIVI: two numbers in
/// fp16 for each 32.
pub const PRECISIONS: [(&str, &str, Precision); 3] = [
    ("fp16", "fp16", Precision::Fp16),
    ("fp8", "fp8", Precision::Fp8),
    ("int4", "int4, with scales", Precision::Q4_1),
];

/// How a weight may be stored, by its bits.
pub const WEIGHT_BITS: [(&str, &str, Precision); 3] = [
    ("16", "16", Precision::Fp16),
    ("8", "8", Precision::Fp8),
    ("4", "4, with scales", Precision::Q4_1),
];

/// A number that the reader can type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Layers.
    Layers,
    /// Query heads in a layer.
    Heads,
    /// Key and value heads in a layer.
    KvHeads,
    /// Numbers in a key and a value of a head.
    HeadDim,
    /// Numbers in a latent.
    Latent,
    /// Numbers in the rotary key beside the latent.
    Rotary,
    /// Tokens that a layer with a window sees.
    Window,
    /// Weights of the whole model, in millions.
    Millions,
}

impl Field {
    /// All of them, in the order of [`State::numbers`].
    pub const ALL: [Field; 8] = [
        Field::Layers,
        Field::Heads,
        Field::KvHeads,
        Field::HeadDim,
        Field::Latent,
        Field::Rotary,
        Field::Window,
        Field::Millions,
    ];

    /// Its event.
    pub fn event(self) -> &'static str {
        match self {
            Field::Layers => "layers",
            Field::Heads => "heads",
            Field::KvHeads => "kv-heads",
            Field::HeadDim => "head-dim",
            Field::Latent => "latent",
            Field::Rotary => "rotary",
            Field::Window => "window-size",
            Field::Millions => "millions",
        }
    }

    /// The smallest and the largest number that it takes: no product of them overflows.
    pub fn range(self) -> (u64, u64) {
        match self {
            Field::Layers => (1, 1000),
            Field::Heads | Field::KvHeads | Field::HeadDim => (1, 1024),
            Field::Latent => (1, 8192),
            Field::Rotary => (0, 1024),
            Field::Window => (1, 1 << MOST_TOKENS),
            Field::Millions => (1, 10_000_000),
        }
    }

    /// Whether it counts for models of this kind.
    pub fn counts(self, state: &State) -> bool {
        match self {
            Field::KvHeads => !state.latent,
            Field::Latent | Field::Rotary => state.latent,
            Field::Window => state.window != "full",
            _ => true,
        }
    }
}

/// What the reader has chosen. The page hands over one to open with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The short form of a model's name, or [`CUSTOM`].
    pub model: String,
    /// Whether a latent is kept in place of keys and values.
    pub latent: bool,
    /// Which layers have a window: `full` for none, `every` or `alternate`.
    pub window: String,
    /// The numbers of [`Field::ALL`], as last understood.
    pub numbers: [u64; 8],
    /// The same as they were typed.
    pub typed: [String; 8],
    /// Tokens of a text, as a power of two.
    pub tokens: u32,
    /// Texts at once, as a power of two.
    pub texts: u32,
    /// The first names of [`PRECISIONS`].
    pub precision: String,
    /// The first names of [`WEIGHT_BITS`].
    pub weight_bits: String,
}

impl State {
    /// One text of `2^tokens` tokens for a model of the table, by the short form of its name, at
    /// 16 bits. `None` for a name that no model has.
    pub fn of(model: &str, tokens: u32) -> Option<Self> {
        let preset = preset(model)?;
        let shape = preset.shape;
        // What a model does not have stands at the usual size, for a reader who turns it on.
        let (latent, kv_heads, head_dim, rank, rotary) = match shape.kind {
            Kind::Grouped { kv_heads, head_dim } => (false, kv_heads, head_dim, 512, 64),
            Kind::Latent { kv_lora_rank, rope_dim, nope_dim, .. } => {
                (true, shape.heads, nope_dim, kv_lora_rank, rope_dim)
            }
        };
        let (window, size) = match shape.window {
            Window::Full => ("full", 4096),
            Window::Every(size) => ("every", size),
            Window::Alternate(size) => ("alternate", size),
        };
        let millions = preset.parameters.millions;
        let numbers = [shape.layers, shape.heads, kv_heads, head_dim, rank, rotary, size, millions];
        Some(State {
            model: model.to_owned(),
            latent,
            window: window.to_owned(),
            numbers,
            typed: numbers.map(|number| number.to_string()),
            tokens,
            texts: 0,
            precision: PRECISIONS[0].0.to_owned(),
            weight_bits: WEIGHT_BITS[0].0.to_owned(),
        })
    }

    /// The model of the table, unless the sizes are the reader's own.
    pub fn preset(&self) -> Option<&'static Preset> {
        preset(&self.model)
    }

    /// Tokens of a text.
    pub fn token_count(&self) -> u64 {
        1 << self.tokens
    }

    /// Texts at once.
    pub fn text_count(&self) -> u64 {
        1 << self.texts
    }

    fn number(&self, field: Field) -> u64 {
        self.numbers[field as usize]
    }

    /// What the library's formulas need to know.
    pub fn shape(&self) -> Shape {
        let [layers, heads, _, head_dim, ..] = self.numbers;
        let kind = if self.latent {
            Kind::Latent {
                kv_lora_rank: self.number(Field::Latent),
                rope_dim: self.number(Field::Rotary),
                nope_dim: head_dim,
                value_dim: head_dim,
            }
        } else {
            Kind::Grouped { kv_heads: self.number(Field::KvHeads), head_dim }
        };
        let size = self.number(Field::Window);
        let window = match self.window.as_str() {
            "every" => Window::Every(size),
            "alternate" => Window::Alternate(size),
            _ => Window::Full,
        };
        let d_model = self.preset().map_or(heads * head_dim, |preset| preset.shape.d_model);
        Shape { layers, d_model, heads, kind, window }
    }

    /// The same model with its keys and values kept in another way.
    pub fn shape_with(&self, kind: Kind) -> Shape {
        Shape { kind, ..self.shape() }
    }

    fn stored(&self) -> Precision {
        let mut all = PRECISIONS.iter();
        all.find(|(name, ..)| *name == self.precision).map_or(Precision::Fp16, |found| found.2)
    }

    /// The cache of all texts together, with keys and values of this shape.
    ///
    /// # Errors
    /// As [`Shape::cache`].
    pub fn cache(&self, shape: &Shape) -> Result<Bytes, attention::Error> {
        shape.cache(self.token_count(), self.text_count(), self.stored())
    }

    /// How a weight is stored: its bits in words, and what the library needs to know.
    pub fn weight(&self) -> (&'static str, Precision) {
        let mut all = WEIGHT_BITS.into_iter();
        let found = all.find(|(bits, ..)| *bits == self.weight_bits).unwrap_or(WEIGHT_BITS[0]);
        (found.1, found.2)
    }

    /// All weights, and those that one token meets.
    ///
    /// # Errors
    /// As [`weights`].
    pub fn weights(&self) -> Result<(Bytes, Bytes), attention::Error> {
        let all = self.number(Field::Millions);
        let active = self.preset().map_or(all, |preset| preset.parameters.active_millions);
        let bytes = |millions: u64| weights(millions * 1_000_000, self.weight().1);
        Ok((bytes(all)?, bytes(active)?))
    }

    /// How many texts of this length fit on a device beside the weights, and how many tokens a
    /// second the texts chosen can gain there at most, if they fit. `None` for a device whose
    /// memory the buyer chooses.
    ///
    /// # Errors
    /// As [`Shape::cache`].
    pub fn on(&self, device: &DeviceSpec) -> Result<(Option<u64>, f64), attention::Error> {
        let (shape, (all, active)) = (self.shape(), self.weights()?);
        let one = shape.cache(self.token_count(), 1, self.stored())?;
        let texts = device.memory.map(|memory| texts_beside(memory.bytes, all, one));
        let (tokens, batch) = (self.token_count(), self.text_count());
        let rate = shape.decode_rate(tokens, batch, self.stored(), active, device.bandwidth)?;
        Ok((texts, rate))
    }

    /// What is wrong with a field as it is typed, if anything is.
    pub fn problem(&self, field: Field) -> Option<String> {
        let (least, most) = field.range();
        let typed = &self.typed[field as usize];
        let still = self.number(field);
        let Some(number) = whole(field, typed) else {
            return Some(format!(
                "Not a whole number from {least} to {most}: {still} still counts."
            ));
        };
        let heads = whole(Field::Heads, &self.typed[Field::Heads as usize])?;
        let shared = field != Field::KvHeads || self.latent || heads.is_multiple_of(number);
        (!shared).then(|| {
            format!("{heads} query heads cannot share {number} evenly: {still} still counts.")
        })
    }

    /// Takes over what is typed, once all of it makes sense.
    fn understand(&mut self) {
        let fields = Field::ALL.into_iter().filter(|field| field.counts(self));
        let fields: Vec<Field> = fields.collect();
        if fields.iter().all(|field| self.problem(*field).is_none()) {
            for field in fields {
                let number = whole(field, &self.typed[field as usize]);
                self.numbers[field as usize] = number.unwrap_or(self.numbers[field as usize]);
            }
        }
    }

    /// Forgets what was typed and not understood, and makes the numbers fit each other.
    fn settle(&mut self) {
        let [_, heads, kv_heads, ..] = self.numbers;
        let fitting = (1..=kv_heads.min(heads)).rev().find(|few| heads.is_multiple_of(*few));
        self.numbers[Field::KvHeads as usize] = fitting.unwrap_or(1);
        self.typed = self.numbers.map(|number| number.to_string());
    }
}

/// The model of the table with this short name.
fn preset(model: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| short(preset.name) == model)
}

/// A typed number, if the field takes it. Commas between thousands are taken too.
fn whole(field: Field, typed: &str) -> Option<u64> {
    let (least, most) = field.range();
    let number = typed.trim().replace(',', "").parse().ok()?;
    (least..=most).contains(&number).then_some(number)
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Take a model, by the short form of its name, or make the sizes one's own.
    Model(String),
    /// Keep keys and values, or a latent.
    Latent(bool),
    /// Give layers a window: `full`, `every` or `alternate`.
    Window(String),
    /// Type into a field.
    Type(Field, String),
    /// Take texts of so many tokens, as a power of two.
    Tokens(u32),
    /// Take so many texts, as a power of two.
    Texts(u32),
    /// Store the cache so.
    Precision(String),
    /// Store a weight in so many bits.
    WeightBits(String),
}

/// The widget. It was given nothing but how to open.
#[derive(Debug, Clone, Copy)]
pub struct Cache;

impl Machine for Cache {
    const NAME: &'static str = "cache";
    type Setup = State;
    type State = State;
    type Event = Event;

    fn new(opening: State) -> Result<(Self, State), Error> {
        Ok((Self, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "model" => Event::Model(value.to_owned()),
            "kind" => {
                Event::Latent(["heads", "latent"].contains(&value).then(|| value == "latent")?)
            }
            "window" => Event::Window(value.to_owned()),
            "tokens" => Event::Tokens(value.parse().ok()?),
            "texts" => Event::Texts(value.parse().ok()?),
            "precision" => Event::Precision(value.to_owned()),
            "weight-bits" => Event::WeightBits(value.to_owned()),
            _ => {
                let field = Field::ALL.into_iter().find(|field| field.event() == name)?;
                Event::Type(field, value.chars().take(12).collect())
            }
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        match event {
            Event::Model(model) => match State::of(model, state.tokens) {
                Some(sizes) => {
                    let State { texts, precision, weight_bits, .. } = next;
                    next = State { texts, precision, weight_bits, ..sizes };
                }
                None => next.model.clone_from(model),
            },
            Event::Latent(latent) if *latent != state.latent => {
                (next.model, next.latent) = (CUSTOM.to_owned(), *latent);
                next.settle();
            }
            Event::Window(window) if *window != state.window => {
                (next.model, next.window) = (CUSTOM.to_owned(), window.clone());
                next.settle();
            }
            Event::Latent(_) | Event::Window(_) => {}
            Event::Type(field, _) if !field.counts(state) => return Err(Refusal::Invalid),
            Event::Type(field, text) => {
                next.typed[*field as usize].clone_from(text);
                next.understand();
                if next.numbers != state.numbers {
                    CUSTOM.clone_into(&mut next.model);
                }
            }
            Event::Tokens(tokens) => next.tokens = *tokens,
            Event::Texts(texts) => next.texts = *texts,
            Event::Precision(precision) => next.precision.clone_from(precision),
            Event::WeightBits(bits) => next.weight_bits.clone_from(bits),
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let in_range = |field: &Field| {
            let (least, most) = field.range();
            (least..=most).contains(&state.number(*field))
        };
        let known = match state.preset() {
            Some(_) => State::of(&state.model, state.tokens).is_some_and(|sizes| {
                (sizes.latent, &sizes.window, sizes.numbers)
                    == (state.latent, &state.window, state.numbers)
            }),
            None => state.model == CUSTOM,
        };
        let [_, heads, kv_heads, ..] = state.numbers;
        known
            && Field::ALL.iter().all(in_range)
            && (state.latent || heads.is_multiple_of(kv_heads))
            && ["full", "every", "alternate"].contains(&state.window.as_str())
            && state.tokens <= MOST_TOKENS
            && state.texts <= MOST_TEXTS
            && PRECISIONS.iter().any(|(name, ..)| *name == state.precision)
            && WEIGHT_BITS.iter().any(|(bits, ..)| *bits == state.weight_bits)
    }

    /// The model, and the reader's own sizes after the rest where there are such:
    /// `own_17_0_fp16_16_heads_full_32_32_8_128_512_64_4096_8000`.
    fn address(&self, state: &State) -> String {
        let State { model, tokens, texts, precision, weight_bits, window, .. } = state;
        let kind = if state.latent { "latent" } else { "heads" };
        let mut fields: Vec<&dyn Display> = vec![model, tokens, texts, precision, weight_bits];
        if model == CUSTOM {
            fields.extend([&kind as &dyn Display, window]);
            fields.extend(state.numbers.iter().map(|number| number as &dyn Display));
        }
        address::join(&fields)
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let (model, tokens, texts) = (fields.text()?, fields.read()?, fields.read()?);
        let (precision, weight_bits) = (fields.text()?.to_owned(), fields.text()?.to_owned());
        let sizes = if model == CUSTOM {
            let latent = fields.either("heads", "latent")?;
            let window = fields.text()?.to_owned();
            let numbers: Option<Vec<u64>> =
                fields.rest().iter().map(|it| it.parse().ok()).collect();
            let numbers: [u64; 8] = numbers?.try_into().ok()?;
            let typed = numbers.map(|number| number.to_string());
            let model = CUSTOM.to_owned();
            State {
                latent,
                window,
                numbers,
                typed,
                model,
                ..State::of(&short(PRESETS[0].name), tokens)?
            }
        } else {
            State::of(model, tokens)?
        };
        Some(State { texts, precision, weight_bits, ..sizes })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(state)
    }
}
