//! The temperature of chapter 4: one knob turned on the logits of the next token.

mod shares;
mod view;

use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::next_token::NextToken;
use crate::readings::Readings;
use crate::{Error, Widget, address, own};

pub use shares::{Column, Shares};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "temperature";

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
}

impl State {
    /// The state in which nothing is turned: temperature 1 on these made-up logits.
    pub fn neutral(logits: Vec<f32>) -> Self {
        let step = TEMPERATURES.iter().position(|t| *t == 1.0).expect("1 is on the slider");
        let typed = logits.iter().map(f32::to_string).collect();
        Self { source: TOY.to_owned(), step, top_k: None, top_p: 100, logits, typed }
    }

    /// The temperature.
    pub fn temperature(&self) -> f32 {
        TEMPERATURES[self.step]
    }
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
            "source" => Event::Source(value.to_owned()),
            "temperature" => Event::Temperature(number()?),
            "top-k" => Event::TopK(number()?),
            "top-p" => Event::TopP(number()?),
            "reset" => Event::Reset,
            _ => {
                let place = name.strip_prefix("logit-").ok_or_else(wrong)?;
                Event::Logit(place.parse().map_err(|_| wrong())?, value.to_owned())
            }
        })
    }
}

/// The logit that a reader typed, if it is one: `3.2`, `-0,8`, `−1`.
fn logit(typed: &str) -> Option<f32> {
    let plain = typed.trim().replace('−', "-").replace(',', ".");
    plain.parse().ok().filter(|logit: &f32| logit.abs() <= LARGEST_LOGIT)
}

/// The widget: what it was given, what was chosen, and the logits that have arrived.
#[derive(Debug, Clone)]
pub struct Temperature {
    setup: Setup,
    state: State,
    readings: Readings<NextToken>,
}

impl Temperature {
    /// The widget as it opens, with the logits that are at hand.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup, loaded: Vec<NextToken>) -> Result<Self, Error> {
        let state = setup.opening.clone();
        let widget = Self { setup, state, readings: Readings::new(loaded) };
        if widget.setup.toy.is_empty() || !widget.is_sound(&widget.state) {
            let reason = "the opening has a token, text, logit or setting that is not there";
            return Err(Error::Setup { reason: reason.to_owned() });
        }
        Ok(widget)
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut widget = Self::new(setup, Vec::new())?;
        if let Some(state) = widget.state_in_address(address) {
            widget.state = state;
        }
        Ok(widget)
    }

    /// What the reader has chosen.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Applies one event.
    ///
    /// # Errors
    /// [`Error::Event`] when something is chosen that is not there. The state stays.
    pub fn apply(&mut self, event: Event) -> Result<(), Error> {
        let wrong = |name: &str, value: String| Err(Error::Event { name: name.to_owned(), value });
        let mut next = self.state.clone();
        match event {
            Event::Source(name) => {
                if name != TOY && self.prompt(&name).is_none() {
                    return wrong("source", name);
                }
                next.source = name;
                next.top_k = next.top_k.filter(|k| *k < self.all(&next.source));
            }
            Event::Temperature(step) if step < TEMPERATURES.len() => next.step = step,
            Event::TopK(k) if (1..=self.all(&next.source)).contains(&k) => {
                next.top_k = (k < self.all(&next.source)).then_some(k);
            }
            Event::TopP(percent) if is_percent(percent) => next.top_p = percent,
            Event::Logit(place, typed) if place < next.logits.len() => {
                if let Some(logit) = logit(&typed) {
                    next.logits[place] = logit;
                }
                next.typed[place] = typed;
            }
            Event::Reset => next = self.setup.opening.clone(),
            Event::Temperature(value) => return wrong("temperature", value.to_string()),
            Event::TopK(value) => return wrong("top-k", value.to_string()),
            Event::TopP(value) => return wrong("top-p", value.to_string()),
            Event::Logit(place, typed) => return wrong(&format!("logit-{place}"), typed),
        }
        self.readings.forget_problem();
        self.state = next;
        Ok(())
    }

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
    fn tokens(&self) -> Option<(&[String], &[f32])> {
        if self.state.source == TOY {
            return Some((&self.setup.toy, &self.state.logits));
        }
        let reading = self.readings.get(&self.state.source)?;
        Some((&reading.named, &reading.logits))
    }

    fn is_sound(&self, state: &State) -> bool {
        let State { source, step, top_k, top_p, logits, typed } = state;
        (source == TOY || self.prompt(source).is_some())
            && *step < TEMPERATURES.len()
            && top_k.is_none_or(|k| (1..self.all(source)).contains(&k))
            && is_percent(*top_p)
            && [logits.len(), typed.len()] == [self.setup.toy.len(); 2]
            && logits.iter().all(|logit| logit.abs() <= LARGEST_LOGIT)
    }

    /// The address of this view: `?temperature=source_1.00_all_100_3.2_2.5`, with the made-up
    /// logits at the end.
    fn address(&self) -> String {
        let State { source, top_k, top_p, logits, .. } = &self.state;
        let top_k = top_k.map_or("all".to_owned(), |k| k.to_string());
        let logits: String = logits.iter().map(|logit| format!("_{logit}")).collect();
        format!("?{NAME}={source}_{:.2}_{top_k}_{top_p}{logits}", self.state.temperature())
    }

    /// The state that an address asks for, if it makes sense.
    fn state_in_address(&self, address: &str) -> Option<State> {
        let parts: Vec<&str> = address::value(address, NAME)?.split('_').collect();
        let [source, temperature, top_k, top_p, logits @ ..] = &parts[..] else { return None };
        let temperature: f32 = temperature.parse().ok()?;
        let logits: Vec<f32> = logits.iter().map(|text| logit(text)).collect::<Option<_>>()?;
        let state = State {
            source: (*source).to_owned(),
            step: TEMPERATURES.iter().position(|known| *known == temperature)?,
            top_k: if *top_k == "all" { None } else { Some(top_k.parse().ok()?) },
            top_p: top_p.parse().ok()?,
            ..State::neutral(logits)
        };
        self.is_sound(&state).then_some(state)
    }
}

fn is_percent(percent: usize) -> bool {
    (P_STEP..=100).contains(&percent) && percent.is_multiple_of(P_STEP)
}

impl Widget for Temperature {
    fn update(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        self.apply(Event::parse(name, value)?)?;
        Ok(true)
    }

    fn view(&self) -> String {
        view::whole(self).into_string()
    }

    fn address(&self) -> String {
        self.address()
    }

    fn wants(&self) -> Option<String> {
        if self.state.source == TOY { None } else { self.readings.wants(&self.state.source) }
    }

    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let prompts = &self.setup.prompts;
        let fits = |reading: &NextToken| {
            let known = prompts.iter().find(|prompt| prompt.name == reading.name);
            known.is_some_and(|prompt| prompt.vocabulary == reading.logits.len())
        };
        self.readings.receive_fitting(fits, &self.state.source, path, bytes)
    }

    fn failed(&mut self, path: &str, reason: &str) {
        self.readings.failed(&self.state.source, path, reason);
    }

    fn own(&mut self, reading: &Reading) -> Result<(), Error> {
        let next = own::next_token(reading);
        self.setup.prompts.retain(|prompt| prompt.name != next.name);
        self.setup.prompts.push(Prompt {
            name: next.name.clone(),
            text: next.text.clone(),
            vocabulary: next.logits.len(),
        });
        self.readings.put(next);
        self.apply(Event::Source(own::NAME.to_owned()))
    }
}
