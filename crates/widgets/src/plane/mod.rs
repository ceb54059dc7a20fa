//! The plane of chapter 2: queries, keys and values of two numbers each, so that each is a place.

mod arrows;
mod blend;
mod pieces;
mod place;
mod view;

use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::draw::drag::Drag;
use crate::error::Error;
use crate::machine::{Machine, Refusal};
pub use crate::stepper::toy::WORDS;
use crate::stepper::toy::{Given, Toy};
use place::{Plane, REACH_QUERY_KEY, REACH_VALUE};

/// How far an arrow key moves a point, and how far with Shift, in hundredths.
const STEPS: [f32; 2] = [5.0, 25.0];

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What a word asks.
    Query,
    /// What a word answers to.
    Key,
    /// What a word hands over.
    Value,
}

/// A point: of which kind, and of which word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// What it is.
    pub kind: Kind,
    /// The word, from 0.
    pub word: usize,
}

impl Mark {
    /// Its name in the page: `k0` is the key of the first word.
    pub fn name(self) -> String {
        let letter = match self.kind {
            Kind::Query => 'q',
            Kind::Key => 'k',
            Kind::Value => 'v',
        };
        format!("{letter}{}", self.word)
    }

    /// The mark that has this name.
    pub fn named(name: &str) -> Option<Self> {
        let kind = match name.chars().next()? {
            'q' => Kind::Query,
            'k' => Kind::Key,
            'v' => Kind::Value,
            _ => return None,
        };
        let word = name[1..].parse().ok().filter(|word| *word < WORDS.len())?;
        Some(Self { kind, word })
    }
}

/// Two numbers for each word.
pub type Points = [[f32; 2]; 4];

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The word that asks, from 0.
    pub ask: usize,
    /// The queries.
    pub query: Points,
    /// The keys.
    pub key: Points,
    /// The values.
    pub value: Points,
    /// The key that is followed across the picture, from 0; without one, the key that gets most.
    #[serde(default)]
    pub look: Option<usize>,
}

impl State {
    /// The toy of the book, as the listing `ch02-stepper` projects it; the first word asks.
    pub fn opening() -> Self {
        let toy = Toy::default();
        let [query, key, value] =
            [Given::Query, Given::Key, Given::Value].map(|learned| project(&toy, learned));
        Self { ask: 0, query, key, value, look: None }
    }

    fn points(&self, kind: Kind) -> &Points {
        match kind {
            Kind::Query => &self.query,
            Kind::Key => &self.key,
            Kind::Value => &self.value,
        }
    }

    /// Where a point is.
    pub fn at(&self, mark: Mark) -> [f32; 2] {
        self.points(mark.kind)[mark.word]
    }

    /// The state with a point put elsewhere: to a hundredth, and not out of the picture.
    fn with(&self, mark: Mark, to: [f32; 2]) -> Self {
        let mut next = self.clone();
        let points = match mark.kind {
            Kind::Query => &mut next.query,
            Kind::Key => &mut next.key,
            Kind::Value => &mut next.value,
        };
        let [least, most] = reach(mark.kind);
        points[mark.word] = [0, 1].map(|at| hundredth(to[at].clamp(least[at], most[at])));
        if mark.kind != Kind::Query {
            next.look = Some(mark.word);
        }
        next
    }
}

fn hundredth(number: f32) -> f32 {
    (number * 100.0).round() / 100.0
}

fn reach(kind: Kind) -> [[f32; 2]; 2] {
    if kind == Kind::Value { REACH_VALUE } else { REACH_QUERY_KEY }
}

/// What a learned matrix makes of the words. The toy's numbers have two decimals at most.
fn project(toy: &Toy, learned: Given) -> Points {
    let (x, learned) = (toy.matrix(Given::X), toy.matrix(learned));
    let number = |word: usize, column: usize| {
        hundredth(x.row(word).iter().zip(learned.column(column)).map(|(a, b)| a * b).sum())
    };
    [0, 1, 2, 3].map(|word| [0, 1].map(|column| number(word, column)))
}

/// What attention makes of the points for the word that asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The length of the query.
    pub length: f64,
    /// How far each key reaches along the query; zero where the query has no direction.
    pub along: [f64; 4],
    /// The dot product of the query with each key.
    pub raw: [f64; 4],
    /// The same over the root of two.
    pub scores: [f64; 4],
    /// The shares that the softmax makes of the scores.
    pub shares: [f64; 4],
    /// The values, mixed in these shares.
    pub output: [f64; 2],
}

impl Answer {
    /// Computes it.
    pub fn new(state: &State) -> Self {
        let [x, y] = state.query[state.ask].map(f64::from);
        let length = x.hypot(y);
        let raw = state.key.map(|key| x * f64::from(key[0]) + y * f64::from(key[1]));
        let along = raw.map(|raw| if length > 0.0 { raw / length } else { 0.0 });
        let scores = raw.map(|raw| raw / std::f64::consts::SQRT_2);
        let largest = scores.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let powers = scores.map(|score| (score - largest).exp());
        let total: f64 = powers.iter().sum();
        let shares = powers.map(|power| power / total);
        let mixed = |at: usize| {
            shares.iter().zip(&state.value).map(|(share, value)| share * f64::from(value[at])).sum()
        };
        Self { length, along, raw, scores, shares, output: [mixed(0), mixed(1)] }
    }

    /// The word whose key gets most.
    fn most(&self) -> usize {
        let by_share =
            |one: &usize, other: &usize| self.shares[*other].total_cmp(&self.shares[*one]);
        (0..WORDS.len()).min_by(by_share).unwrap_or(0)
    }
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Let this word ask.
    Ask(usize),
    /// Drag a point.
    Move(Drag),
    /// Press a key on a point.
    Nudge(Mark, String),
    /// Follow this word's key, or that which gets most.
    Look(Option<usize>),
}

/// The widget. It needs nothing but its state.
#[derive(Debug, Clone, Copy)]
pub struct PlaneWidget;

impl Machine for PlaneWidget {
    const NAME: &'static str = "plane";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(setup: Setup) -> Result<(Self, State), Error> {
        Ok((Self, setup.opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "ask" => Event::Ask(value.parse().ok()?),
            "move" => Event::Move(Drag::parse(value)?),
            "look" if value.is_empty() => Event::Look(None),
            "look" => Event::Look(Some(value.parse().ok()?)),
            _ => Event::Nudge(Mark::named(name.strip_prefix("nudge-")?)?, value.to_owned()),
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        Ok(match event {
            Event::Ask(word) => State { ask: *word, look: None, ..state.clone() },
            Event::Move(drag) => {
                let mark = Mark::named(&drag.mark).ok_or(Refusal::Invalid)?;
                let to = Plane::of(mark.kind, drag.narrow).numbers(drag.at);
                state.with(mark, to)
            }
            Event::Nudge(mark, key) => {
                let (far, key) = match key.strip_prefix("Shift+") {
                    Some(key) => (STEPS[1], key),
                    None => (STEPS[0], key.as_str()),
                };
                let (x, y) = match key {
                    "ArrowLeft" => (-far, 0.0),
                    "ArrowRight" => (far, 0.0),
                    "ArrowUp" => (0.0, far),
                    "ArrowDown" => (0.0, -far),
                    _ => return Err(Refusal::Ignored),
                };
                let [from_x, from_y] = state.at(*mark);
                state.with(*mark, [from_x + x / 100.0, from_y + y / 100.0])
            }
            Event::Look(word) => State { look: *word, ..state.clone() },
        })
    }

    fn is_sound(&self, state: &State) -> bool {
        let within = |kind: Kind| {
            let [least, most] = reach(kind);
            let inside = |at: usize, number: f32| (least[at]..=most[at]).contains(&number);
            state.points(kind).iter().all(|[x, y]| inside(0, *x) && inside(1, *y))
        };
        state.ask.max(state.look.unwrap_or(0)) < WORDS.len()
            && [Kind::Query, Kind::Key, Kind::Value].into_iter().all(within)
    }

    /// The word that asks and, if a point was moved, all points.
    fn address(&self, state: &State) -> String {
        let State { ask, query, key, value, .. } = state;
        let opening = State::opening();
        if (query, key, value) == (&opening.query, &opening.key, &opening.value) {
            return address::join(&[ask]);
        }
        let numbers = [query, key, value].into_iter().flatten().flatten();
        let numbers: Vec<String> = numbers.map(f32::to_string).collect();
        address::join(&[ask, &numbers.join(",")])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let ask = fields.read()?;
        let mut state = State { ask, ..State::opening() };
        if let Some(text) = fields.text() {
            let mut numbers = text.split(',');
            for points in [&mut state.query, &mut state.key, &mut state.value] {
                for number in points.iter_mut().flatten() {
                    let read: f32 = numbers.next()?.parse().ok()?;
                    // What is not to a hundredth has another address.
                    *number = Some(read).filter(|it| hundredth(*it) == *it)?;
                }
            }
            if numbers.next().is_some() {
                return None;
            }
        }
        Some(state)
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }
}
