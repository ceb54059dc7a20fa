//! The cache calculator of chapter 10: how large a cache is, what it fits on, and how fast a model
//! can write with it at most.

mod view;

use attention::cost::{Kind, Precision, Shape, Window, texts_beside, weights};
use attention::devices::DeviceSpec;
use attention::presets::{PRESETS, Preset};
use attention::units::Bytes;
use serde::{Deserialize, Serialize};

use crate::assemble::short;
use crate::{Error, Widget, address};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "cache";

/// The model whose sizes are the reader's own.
pub const OWN: &str = "own";

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
    /// The short form of a model's name, or [`OWN`].
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

    /// Whether all that it names is there and fits together.
    fn fits(&self) -> bool {
        let in_range = |field: &Field| {
            let (least, most) = field.range();
            (least..=most).contains(&self.number(*field))
        };
        let known = match self.preset() {
            Some(_) => State::of(&self.model, self.tokens).is_some_and(|sizes| {
                (sizes.latent, &sizes.window, sizes.numbers)
                    == (self.latent, &self.window, self.numbers)
            }),
            None => self.model == OWN,
        };
        let [_, heads, kv_heads, ..] = self.numbers;
        known
            && Field::ALL.iter().all(in_range)
            && (self.latent || heads.is_multiple_of(kv_heads))
            && ["full", "every", "alternate"].contains(&self.window.as_str())
            && self.tokens <= MOST_TOKENS
            && self.texts <= MOST_TEXTS
            && PRECISIONS.iter().any(|(name, ..)| *name == self.precision)
            && WEIGHT_BITS.iter().any(|(bits, ..)| *bits == self.weight_bits)
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
        let number = || value.parse::<u32>().map_err(|_| wrong());
        if let Some(field) = Field::ALL.into_iter().find(|field| field.event() == name) {
            return Ok(Event::Type(field, value.chars().take(12).collect()));
        }
        Ok(match name {
            "model" => Event::Model(value.to_owned()),
            "kind" => match value {
                "heads" => Event::Latent(false),
                "latent" => Event::Latent(true),
                _ => return Err(wrong()),
            },
            "window" => Event::Window(value.to_owned()),
            "tokens" => Event::Tokens(number()?),
            "texts" => Event::Texts(number()?),
            "precision" => Event::Precision(value.to_owned()),
            "weight-bits" => Event::WeightBits(value.to_owned()),
            "reset" => Event::Reset,
            _ => return Err(wrong()),
        })
    }
}

/// The widget: how it opened, and what was chosen.
#[derive(Debug, Clone)]
pub struct Cache {
    opening: State,
    state: State,
}

impl Cache {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when it is to open on what is not there.
    pub fn new(opening: State) -> Result<Self, Error> {
        if opening.fits() {
            Ok(Self { state: opening.clone(), opening })
        } else {
            Err(Error::Setup { reason: format!("{opening:?} is not there") })
        }
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`State`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let opening = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut widget = Self::new(opening)?;
        if let Some(state) = in_address(address) {
            widget.state = state;
        }
        Ok(widget)
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
                match State::of(&model, next.tokens) {
                    Some(sizes) => {
                        let State { texts, precision, weight_bits, .. } = next;
                        next = State { texts, precision, weight_bits, ..sizes };
                    }
                    None => next.model.clone_from(&model),
                }
                ("model", model)
            }
            Event::Latent(latent) => {
                if latent != next.latent {
                    (next.model, next.latent) = (OWN.to_owned(), latent);
                    next.settle();
                }
                ("kind", String::new())
            }
            Event::Window(window) => {
                if window != next.window {
                    (next.model, next.window) = (OWN.to_owned(), window.clone());
                    next.settle();
                }
                ("window", window)
            }
            Event::Type(field, text) => {
                if !field.counts(&next) {
                    return Err(Error::Event { name: field.event().to_owned(), value: text });
                }
                next.typed[field as usize].clone_from(&text);
                let before = next.numbers;
                next.understand();
                if next.numbers != before {
                    OWN.clone_into(&mut next.model);
                }
                (field.event(), text)
            }
            Event::Tokens(tokens) => {
                next.tokens = tokens;
                ("tokens", tokens.to_string())
            }
            Event::Texts(texts) => {
                next.texts = texts;
                ("texts", texts.to_string())
            }
            Event::Precision(precision) => {
                next.precision.clone_from(&precision);
                ("precision", precision)
            }
            Event::WeightBits(bits) => {
                next.weight_bits.clone_from(&bits);
                ("weight-bits", bits)
            }
            Event::Reset => {
                next = self.opening.clone();
                ("reset", String::new())
            }
        };
        if !next.fits() {
            return Err(Error::Event { name: name.to_owned(), value });
        }
        self.state = next;
        Ok(true)
    }

    /// The address of this view: `?cache=model.tokens.texts.precision.bits`, with the reader's own
    /// sizes after that: `.heads.full.32.32.8.128.512.64.4096.8000`.
    fn address(&self) -> String {
        let State { model, tokens, texts, precision, weight_bits, .. } = &self.state;
        let mut address = format!("?{NAME}={model}.{tokens}.{texts}.{precision}.{weight_bits}");
        if model == OWN {
            let kind = if self.state.latent { "latent" } else { "heads" };
            address += &format!(".{kind}.{}", self.state.window);
            for number in self.state.numbers {
                address += &format!(".{number}");
            }
        }
        address
    }
}

/// The state that an address asks for, if it makes sense.
fn in_address(address: &str) -> Option<State> {
    let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
    let (&[model, tokens, texts, precision, weight_bits], sizes) = parts.split_first_chunk()?;
    let tokens = tokens.parse().ok()?;
    let mut state = match sizes {
        [] => State::of(model, tokens)?,
        [kind @ ("heads" | "latent"), window, numbers @ ..] if model == OWN => {
            let read = |number: &&str| number.parse().ok();
            let numbers: Vec<u64> = numbers.iter().map(read).collect::<Option<_>>()?;
            let numbers: [u64; 8] = numbers.try_into().ok()?;
            State {
                latent: *kind == "latent",
                window: (*window).to_owned(),
                numbers,
                typed: numbers.map(|number| number.to_string()),
                model: OWN.to_owned(),
                ..State::of(&short(PRESETS[0].name), tokens)?
            }
        }
        _ => return None,
    };
    state.texts = texts.parse().ok()?;
    (state.precision, state.weight_bits) = (precision.to_owned(), weight_bits.to_owned());
    state.fits().then_some(state)
}

impl Widget for Cache {
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
