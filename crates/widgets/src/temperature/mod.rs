//! The temperature of chapter 4: one knob turned on the logits of the next token.

pub mod curves;
mod cuts;
mod rings;
mod shares;
mod view;

use std::fmt::Display;

use maud::Markup;
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::decimal;
use crate::draw::drag::Drag;
use crate::error::Error;
use crate::files::Files;
use crate::machine::{Machine, Refusal, UserText};
use crate::next_token::NextToken;

use curves::Spread;
use cuts::Cuts;
pub use shares::{Column, Shares};

/// The source that the reader edits: a few tokens with made-up logits.
pub const TOY: &str = "toy";

/// The temperatures of the slider: a tenth to five, each about an eighth above the one before,
/// rounded as they are printed. Shares are computed at the rounded temperature.
pub const TEMPERATURES: [f32; 35] = [
    0.10, 0.11, 0.12, 0.14, 0.16, 0.18, 0.20, 0.22, 0.25, 0.28, 0.32, 0.36, 0.40, 0.45, 0.50, 0.56,
    0.63, 0.71, 0.80, 0.90, 1.00, 1.12, 1.25, 1.40, 1.60, 1.80, 2.00, 2.24, 2.50, 2.80, 3.15, 3.55,
    4.00, 4.50, 5.00,
];

/// The largest number of tokens that top-k can be set to; above it top-k is off.
const LARGEST_K: usize = 50;

/// Top-p goes from one step to all, in percent.
const P_STEP: usize = 5;

/// A logit of the reader's own is at most this far from zero.
const LARGEST_LOGIT: f32 = 50.0;

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The text before the made-up tokens.
    pub toy_text: String,
    /// The made-up tokens: never empty.
    pub toy: Vec<String>,
    /// The texts whose next token the real model was asked for, in the order of the menu.
    pub prompts: Vec<Prompt>,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// A text that the real model has read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Its short name.
    pub name: String,
    /// The text.
    pub text: String,
    /// How many tokens may come next.
    pub vocabulary: usize,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`TOY`], or the name of a prompt.
    pub source: String,
    /// The place of the temperature in [`TEMPERATURES`].
    pub step: usize,
    /// How many tokens top-k keeps; `None` for all.
    pub top_k: Option<usize>,
    /// What top-p keeps, in percent; 100 for all.
    pub top_p: usize,
    /// The made-up tokens' logits, as last understood.
    pub logits: Vec<f32>,
    /// The same as they were typed.
    pub typed: Vec<String>,
    /// The token that is pointed at, from 0.
    #[serde(default)]
    pub look: Option<usize>,
}

impl State {
    /// The state in which nothing is turned: temperature 1 on these made-up logits.
    pub fn neutral(logits: Vec<f32>) -> Self {
        let step = TEMPERATURES.iter().position(|t| *t == 1.0).expect("1 is on the slider");
        let typed = logits.iter().map(f32::to_string).collect();
        Self { source: TOY.to_owned(), step, top_k: None, top_p: 100, logits, typed, look: None }
    }

    /// The temperature.
    pub fn temperature(&self) -> f32 {
        TEMPERATURES[self.step]
    }
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Look at the next token of another text, by name.
    Source(String),
    /// Turn the temperature to this place of the slider.
    Temperature(usize),
    /// Keep so many tokens; the end of the slider keeps all.
    TopK(usize),
    /// Keep so many percent.
    TopP(usize),
    /// Type a logit for one of the made-up tokens.
    Logit(usize, String),
    /// Drag the line at the temperature.
    Turn(Drag),
    /// Drag the line of top-k or of top-p.
    Cut(Drag),
    /// Point at a token of the first picture, or at none.
    Look(Option<usize>),
}

/// The logit that a reader typed, if it is one: `3.2`, `-0,8`, `−1`.
fn logit(typed: &str) -> Option<f32> {
    decimal::read(typed).map(|logit| logit as f32).filter(|logit| logit.abs() <= LARGEST_LOGIT)
}

/// The widget: what it was given, and the logits that have arrived.
#[derive(Debug, Clone)]
pub struct Temperature {
    setup: Setup,
    logits: Files<NextToken>,
    /// The curves of a source, and of which logits if it is the reader's.
    curves: Option<(String, Vec<f32>, Vec<Spread>)>,
}

impl Temperature {
    fn prompt(&self, name: &str) -> Option<&Prompt> {
        self.setup.prompts.iter().find(|prompt| prompt.name == name)
    }

    /// The end of the slider of top-k for a source, where it keeps all.
    fn all(&self, source: &str) -> usize {
        match self.prompt(source) {
            Some(prompt) => prompt.vocabulary.min(LARGEST_K + 1),
            None => self.setup.toy.len(),
        }
    }

    /// The tokens that are named, and all logits of the chosen source, once they are here.
    fn tokens<'a>(&'a self, state: &'a State) -> Option<(&'a [String], &'a [f32])> {
        if state.source == TOY {
            return Some((&self.setup.toy, &state.logits));
        }
        let next = self.logits.get(&state.source)?;
        Some((&next.named, &next.logits))
    }

    /// The shares at every temperature of the slider, once the logits are here.
    fn curves(&self, state: &State) -> Option<&[Spread]> {
        let (source, logits, curves) = self.curves.as_ref()?;
        let same = *source == state.source && (source != TOY || *logits == state.logits);
        same.then_some(curves)
    }

    /// What a dragged line leads to. `None` for a mark that is none, or before the logits are here.
    fn cut(&self, state: &State, drag: &Drag) -> Option<State> {
        let (named, logits) = self.tokens(state)?;
        let mut next = state.clone();
        match drag.mark.as_str() {
            "k" => next.top_k = cuts::top_k_at(drag.at, logits.len(), self.all(&state.source)),
            "p" => {
                let shares = Shares::new(logits, state.temperature(), state.top_k, 100);
                let among = Cuts::new(state, named, &shares).among();
                next.top_p = cuts::top_p_at(drag.at, among, drag.narrow);
            }
            _ => return None,
        }
        Some(next)
    }

    /// Another source. A number of tokens to keep that it does not have is let go.
    fn choose(&self, state: &State, source: &str) -> State {
        let top_k = state.top_k.filter(|k| *k < self.all(source));
        State { source: source.to_owned(), top_k, look: None, ..state.clone() }
    }
}

impl Machine for Temperature {
    const NAME: &'static str = "temperature";
    const USER_TEXT: UserText = UserText::AtOnce;
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        if setup.toy.is_empty() {
            return Err(Error::setup("there are no made-up tokens"));
        }
        let opening = setup.opening.clone();
        Ok((Self { setup, logits: Files::default(), curves: None }, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "source" => Event::Source(value.to_owned()),
            "temperature" => Event::Temperature(value.parse().ok()?),
            "top-k" => Event::TopK(value.parse().ok()?),
            "top-p" => Event::TopP(value.parse().ok()?),
            "turn" => Event::Turn(Drag::parse(value)?),
            "cut" => Event::Cut(Drag::parse(value)?),
            "look" if value.is_empty() => Event::Look(None),
            "look" => Event::Look(Some(value.parse().ok()?)),
            _ => {
                let place = name.strip_prefix("logit-")?.parse().ok()?;
                Event::Logit(place, value.to_owned())
            }
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        match event {
            Event::Source(name) => return Ok(self.choose(state, name)),
            Event::Temperature(step) => next.step = *step,
            Event::TopK(k) => next.top_k = (*k != self.all(&state.source)).then_some(*k),
            Event::TopP(percent) => next.top_p = *percent,
            Event::Logit(place, typed) => {
                let field = next.typed.get_mut(*place).ok_or(Refusal::Invalid)?;
                field.clone_from(typed);
                next.logits[*place] = logit(typed).unwrap_or(state.logits[*place]);
            }
            Event::Turn(drag) => next.step = rings::step_at(drag.at, drag.narrow),
            Event::Cut(drag) => next = self.cut(state, drag).ok_or(Refusal::Invalid)?,
            Event::Look(token) => next.look = *token,
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let State { source, step, top_k, top_p, logits, typed, look } = state;
        (source == TOY || self.prompt(source).is_some())
            && *step < TEMPERATURES.len()
            && top_k.is_none_or(|k| (1..self.all(source)).contains(&k))
            && (P_STEP..=100).contains(top_p)
            && top_p.is_multiple_of(P_STEP)
            && [logits.len(), typed.len()] == [self.setup.toy.len(); 2]
            && logits.iter().all(|logit| logit.abs() <= LARGEST_LOGIT)
            && look.is_none_or(|token| token < curves::SHOWN)
    }

    fn address(&self, state: &State) -> String {
        let State { source, top_k, top_p, logits, .. } = state;
        let temperature = format!("{:.2}", state.temperature());
        let top_k = top_k.map_or("all".to_owned(), |k| k.to_string());
        let mut fields: Vec<&dyn Display> = vec![source, &temperature, &top_k, top_p];
        fields.extend(logits.iter().map(|logit| logit as &dyn Display));
        address::join(&fields)
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let source = fields.text()?.to_owned();
        let temperature = fields.number()? as f32;
        let step = TEMPERATURES.iter().position(|known| *known == temperature)?;
        let top_k = match fields.text()? {
            "all" => None,
            k => Some(k.parse().ok()?),
        };
        let top_p = fields.read()?;
        let logits = fields.rest().into_iter().map(logit).collect::<Option<_>>()?;
        Some(State { source, step, top_k, top_p, ..State::neutral(logits) })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn settle(&mut self, state: &mut State) {
        if self.curves(state).is_some() {
            return;
        }
        self.curves = self.tokens(state).map(|(named, logits)| {
            let curves = curves::curves(logits, curves::alone(named.len(), logits.len()));
            (state.source.clone(), state.logits.clone(), curves)
        });
    }

    fn wants(&self, state: &State) -> Option<String> {
        if state.source == TOY { None } else { self.logits.wants(&state.source) }
    }

    fn receive(&mut self, state: &State, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let prompts = &self.setup.prompts;
        self.logits.receive(&state.source, path, bytes, |next| {
            let known = prompts.iter().find(|prompt| prompt.name == next.name);
            known.is_some_and(|prompt| prompt.vocabulary == next.logits.len())
        })
    }

    fn failed(&mut self, state: &State, path: &str, reason: &str) {
        self.logits.failed(&state.source, path, reason);
    }

    fn retry(&mut self) {
        self.logits.retry();
    }

    fn take_text(&mut self, state: &State, reading: &Reading) -> Result<State, Error> {
        let NextToken { name, text, named, logits } = NextToken::of_text(reading);
        let prompt = Prompt { name: name.clone(), text: text.clone(), vocabulary: logits.len() };
        self.setup.prompts.retain(|prompt| prompt.name != name);
        self.setup.prompts.push(prompt);
        let next = self.choose(state, &name);
        self.logits.put(NextToken { name, text, named, logits });
        // The reader's text may be another one under the same name.
        self.curves = None;
        Ok(next)
    }
}
