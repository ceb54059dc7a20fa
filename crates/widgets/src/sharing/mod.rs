//! The sharing of chapter 10: which query heads read which key and value head.

mod shares;
mod view;

use attention::cost::{self, Precision, Shape, Window};
use attention::grouped_query::kv_head;
use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::machine::{Machine, Refusal};

/// The most query heads that can be chosen.
pub const MOST_HEADS: u64 = 16;

/// Numbers in a query, a key and a value, as in most large models.
pub const HEAD_DIM: u64 = 128;

/// How heads share keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// So many key and value heads, each for as many query heads.
    Grouped(u64),
    /// One latent, from which each head makes keys and values of its own.
    Latent,
}

impl Kind {
    /// As the menu and the address write it: `2`, `latent`.
    pub fn short(self) -> String {
        match self {
            Kind::Grouped(kv_heads) => kv_heads.to_string(),
            Kind::Latent => "latent".to_owned(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "latent" => Some(Kind::Latent),
            number => number.parse().ok().map(Kind::Grouped),
        }
    }

    /// The usual name with so many query heads: `MHA`, `GQA`, `MQA`, `MLA`.
    pub fn name(self, heads: u64) -> &'static str {
        match self {
            Kind::Latent => "MLA",
            Kind::Grouped(kv_heads) if kv_heads == heads => "MHA",
            Kind::Grouped(1) => "MQA",
            Kind::Grouped(_) => "GQA",
        }
    }

    /// Numbers that one layer keeps of a token, from the library's formula. The latent has the
    /// sizes of DeepSeek-V2: four times the head dimension, and half of it for the rotary key.
    pub fn numbers(self, heads: u64) -> Result<u64, attention::Error> {
        let kind = match self {
            Kind::Grouped(kv_heads) => cost::Kind::Grouped { kv_heads, head_dim: HEAD_DIM },
            Kind::Latent => cost::Kind::Latent {
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
    pub kind: Kind,
    /// The query head that is followed, from 0.
    pub head: u64,
}

impl State {
    /// The boxes that hold keys and values: one of each key and value head, or one latent.
    pub fn boxes(self) -> u64 {
        match self.kind {
            Kind::Grouped(kv_heads) => kv_heads,
            Kind::Latent => 1,
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
    Share(Kind),
    /// Follow this query head.
    Head(u64),
}

/// The widget. It was given nothing but how to open.
#[derive(Debug, Clone, Copy)]
pub struct Sharing;

impl Machine for Sharing {
    const NAME: &'static str = "sharing";
    type Setup = State;
    type State = State;
    type Event = Event;

    fn new(opening: State) -> Result<(Self, State), Error> {
        Ok((Self, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "heads" => Event::Heads(value.parse().ok()?),
            "share" => Event::Share(Kind::parse(value)?),
            "head" => Event::Head(value.parse().ok()?),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = *state;
        match *event {
            Event::Heads(heads) => {
                next.heads = heads;
                next.head = state.head.min(heads.saturating_sub(1));
                if let Kind::Grouped(before) = state.kind {
                    // As many as before where that divides, else the next that does.
                    let fitting = divisors(heads.min(MOST_HEADS)).find(|few| *few <= before);
                    next.kind = Kind::Grouped(fitting.unwrap_or(1));
                }
            }
            Event::Share(kind) => next.kind = kind,
            Event::Head(head) => next.head = head,
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let shared = match state.kind {
            Kind::Grouped(kv_heads) => kv_heads > 0 && state.heads.is_multiple_of(kv_heads),
            Kind::Latent => true,
        };
        (1..=MOST_HEADS).contains(&state.heads) && shared && state.head < state.heads
    }

    fn address(&self, state: &State) -> String {
        let State { heads, kind, head } = state;
        address::join(&[heads, &kind.short(), head])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let heads = fields.read()?;
        Some(State { heads, kind: Kind::parse(fields.text()?)?, head: fields.read()? })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(state)
    }
}
