//! The sharing of chapter 10: which query heads read which key and value head.

mod view;

use attention::cost::{Kind, Precision, Shape, Window};
use attention::grouped_query::kv_head;
use serde::{Deserialize, Serialize};

use crate::{Error, Widget, address};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "sharing";

/// The most query heads that can be chosen.
pub const MOST_HEADS: u64 = 16;

/// Numbers in a query, a key and a value, as in most large models.
pub const HEAD_DIM: u64 = 128;

/// How heads share keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sharing {
    /// So many key and value heads, each for as many query heads.
    Grouped(u64),
    /// One latent, from which each head makes keys and values of its own.
    Latent,
}

impl Sharing {
    /// As the menu and the address write it: `2`, `latent`.
    pub fn short(self) -> String {
        match self {
            Sharing::Grouped(kv_heads) => kv_heads.to_string(),
            Sharing::Latent => "latent".to_owned(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "latent" => Some(Sharing::Latent),
            number => number.parse().ok().map(Sharing::Grouped),
        }
    }

    /// The usual name with so many query heads: `MHA`, `GQA`, `MQA`, `MLA`.
    pub fn name(self, heads: u64) -> &'static str {
        match self {
            Sharing::Latent => "MLA",
            Sharing::Grouped(kv_heads) if kv_heads == heads => "MHA",
            Sharing::Grouped(1) => "MQA",
            Sharing::Grouped(_) => "GQA",
        }
    }

    /// Numbers that one layer keeps of a token, from the library's formula. The latent has the
    /// sizes of DeepSeek-V2: four times the head dimension, and half of it for the rotary key.
    pub fn numbers(self, heads: u64) -> Result<u64, attention::Error> {
        let kind = match self {
            Sharing::Grouped(kv_heads) => Kind::Grouped { kv_heads, head_dim: HEAD_DIM },
            Sharing::Latent => Kind::Latent {
                kv_lora_rank: 4 * HEAD_DIM,
                rope_dim: HEAD_DIM / 2,
                nope_dim: HEAD_DIM,
                value_dim: HEAD_DIM,
            },
        };
        let (layers, d_model) = (1, heads * HEAD_DIM);
        let shape = Shape { layers, d_model, heads, kind, window: Window::Full };
        // Two bytes a number.
        Ok(shape.cache(1, 1, Precision::Fp16)?.0 / 2)
    }
}

/// The numbers of key and value heads that so many query heads can share, the most first.
pub fn divisors(heads: u64) -> impl Iterator<Item = u64> {
    (1..=heads).rev().filter(move |kv_heads| heads.is_multiple_of(*kv_heads))
}

/// What the reader has chosen. The page hands over one to open with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Query heads.
    pub heads: u64,
    /// How they share.
    pub sharing: Sharing,
    /// The query head that is followed, from 0.
    pub head: u64,
}

impl State {
    /// Whether all that it names is there.
    fn fits(self) -> bool {
        let shared = match self.sharing {
            Sharing::Grouped(kv_heads) => kv_heads > 0 && self.heads.is_multiple_of(kv_heads),
            Sharing::Latent => true,
        };
        (1..=MOST_HEADS).contains(&self.heads) && shared && self.head < self.heads
    }

    /// The boxes that hold keys and values: one of each key and value head, or one latent.
    pub fn boxes(self) -> u64 {
        match self.sharing {
            Sharing::Grouped(kv_heads) => kv_heads,
            Sharing::Latent => 1,
        }
    }

    /// The box that a query head reads.
    ///
    /// # Errors
    /// As [`kv_head`].
    pub fn read_by(self, head: u64) -> Result<u64, attention::Error> {
        Ok(kv_head(head as usize, self.heads as usize, self.boxes() as usize)? as u64)
    }
}

/// What a reader can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Take so many query heads.
    Heads(u64),
    /// Share in this way.
    Share(Sharing),
    /// Follow this query head.
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
            "heads" => Event::Heads(number()?),
            "share" => Event::Share(Sharing::parse(value).ok_or_else(wrong)?),
            "head" => Event::Head(number()?),
            "reset" => Event::Reset,
            _ => return Err(wrong()),
        })
    }
}

/// The widget: how it opened, and what was chosen.
#[derive(Debug, Clone)]
pub struct SharingWidget {
    opening: State,
    state: State,
}

impl SharingWidget {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when it is to open on what is not there.
    pub fn new(opening: State) -> Result<Self, Error> {
        if opening.fits() {
            Ok(Self { opening, state: opening })
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
    pub fn state(&self) -> State {
        self.state
    }

    /// Applies one event. Says whether it meant anything.
    ///
    /// # Errors
    /// [`Error::Event`] when something is chosen that is not there. The state stays.
    pub fn apply(&mut self, event: Event) -> Result<bool, Error> {
        let mut next = self.state;
        let (name, value) = match event {
            Event::Heads(heads) => {
                next.heads = heads;
                next.head = next.head.min(heads.saturating_sub(1));
                if let Sharing::Grouped(before) = next.sharing {
                    // As many as before where that divides, else the next that does.
                    let fitting = divisors(heads.min(MOST_HEADS)).find(|few| *few <= before);
                    next.sharing = Sharing::Grouped(fitting.unwrap_or(1));
                }
                ("heads", heads.to_string())
            }
            Event::Share(sharing) => {
                next.sharing = sharing;
                ("share", sharing.short())
            }
            Event::Head(head) => {
                next.head = head;
                ("head", head.to_string())
            }
            Event::Reset => {
                next = self.opening;
                ("reset", String::new())
            }
        };
        if !next.fits() {
            return Err(Error::Event { name: name.to_owned(), value });
        }
        self.state = next;
        Ok(true)
    }

    /// The address of this view: `?sharing=heads.sharing.head`.
    fn address(&self) -> String {
        let State { heads, sharing, head } = self.state;
        format!("?{NAME}={heads}.{}.{head}", sharing.short())
    }
}

/// The state that an address asks for, if it makes sense.
fn in_address(address: &str) -> Option<State> {
    let parts: Vec<&str> = address::value(address, NAME)?.split('.').collect();
    let [heads, sharing, head] = parts[..] else { return None };
    let (heads, head) = (heads.parse().ok()?, head.parse().ok()?);
    let state = State { heads, sharing: Sharing::parse(sharing)?, head };
    state.fits().then_some(state)
}

impl Widget for SharingWidget {
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
