//! One step of decoding, of chapter 10: what is made anew without a cache, and what with one.

mod picture;
mod view;

use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::machine::{Machine, Refusal};

/// The most tokens that have room beside each other.
pub const MOST_TOKENS: usize = 16;

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The tokens, as they are printed.
    pub words: Vec<String>,
    /// Whose weights these are, in words.
    pub whose: String,
    /// What each token gives to itself and to those before it. Empty where no model was at hand.
    pub weights: Vec<Vec<f32>>,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What the reader has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The token that is read in this step, from 0.
    pub step: usize,
}

/// What a reader can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Go to this step, from 0.
    Step(usize),
    /// Go to the next step.
    Next,
    /// Go to the step before.
    Back,
    /// Go on by itself, and from the last step to the first.
    Play,
}

/// How much one way makes: of keys (and as many values), and of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Keys made in this step, and as many values.
    pub keys: usize,
    /// Scores made in this step.
    pub scores: usize,
    /// Keys made since the first step.
    pub keys_so_far: usize,
    /// Scores made since the first step.
    pub scores_so_far: usize,
}

/// What is made when so many tokens have been read, without a cache and with one.
///
/// ```
/// let [without, with] = widgets::decode::made(3);
/// assert_eq!([without.keys, without.scores, with.keys, with.scores], [3, 6, 1, 3]);
/// assert_eq!([without.keys_so_far, with.keys_so_far], [1 + 2 + 3, 3]);
/// assert_eq!([without.scores_so_far, with.scores_so_far], [1 + 3 + 6, 6]);
/// ```
pub fn made(tokens: usize) -> [Made; 2] {
    let [mut without, mut with] =
        [Made { keys: 0, scores: 0, keys_so_far: 0, scores_so_far: 0 }; 2];
    for read in 1..=tokens {
        // Each of the tokens so far looks at itself and at those before it.
        without.step(read, (1..=read).sum());
        with.step(1, read);
    }
    [without, with]
}

impl Made {
    fn step(&mut self, keys: usize, scores: usize) {
        (self.keys, self.scores) = (keys, scores);
        self.keys_so_far += keys;
        self.scores_so_far += scores;
    }
}

/// The widget: what it was given.
#[derive(Debug, Clone)]
pub struct Decode {
    setup: Setup,
}

impl Decode {
    fn last(&self) -> usize {
        self.setup.words.len() - 1
    }

    /// A weight, where there are any.
    fn weight(&self, query: usize, key: usize) -> Option<f32> {
        self.setup.weights.get(query)?.get(key).copied()
    }
}

impl Machine for Decode {
    const NAME: &'static str = "decode";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        let tokens = setup.words.len();
        if !(1..=MOST_TOKENS).contains(&tokens) {
            return Err(Error::setup(format!("{tokens} tokens have no room")));
        }
        let rows = &setup.weights;
        let fits =
            rows.len() == tokens && rows.iter().enumerate().all(|(at, row)| row.len() == at + 1);
        let finite = rows.iter().flatten().all(|weight| weight.is_finite());
        if !(rows.is_empty() || fits && finite) {
            return Err(Error::setup("the weights are not those of the tokens".to_owned()));
        }
        let opening = setup.opening;
        Ok((Self { setup }, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "step" => Event::Step(value.parse().ok()?),
            "next" => Event::Next,
            "back" => Event::Back,
            "play" => Event::Play,
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let step = match *event {
            Event::Step(step) => step,
            Event::Next => (state.step + 1).min(self.last()),
            Event::Back => state.step.saturating_sub(1),
            Event::Play if state.step == self.last() => 0,
            Event::Play => state.step + 1,
        };
        Ok(State { step })
    }

    fn is_sound(&self, state: &State) -> bool {
        state.step <= self.last()
    }

    fn address(&self, state: &State) -> String {
        address::join(&[&state.step])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        Some(State { step: fields.read()? })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }
}
