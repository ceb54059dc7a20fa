//! The score matrix of chapter 3: raw, scaled and softmaxed, and who competes with whom.

mod order;
mod picture;
mod view;

use attention::Mask;
use maud::Markup;
use reading::Reading;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::decimal;
use crate::error::Error;
use crate::grid::{self, Cell};
use crate::machine::{Machine, Refusal, UserText};
use crate::square::{Square, Squares, Steps};
use order::Order;

/// The most that can be added to a score, in [`STEP`]s.
const MOST: i32 = 16;

/// The smallest change of a score.
const STEP: f64 = 0.5;

/// So many orders the words can be shuffled into.
pub const ORDERS: usize = order::COUNT;

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The scores to choose from.
    pub squares: Squares,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What the numbers of the matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Show {
    /// query · key.
    Raw,
    /// Divided by the square root of `head_dim`, and masked.
    Scaled,
    /// After the softmax.
    Shares,
}

impl Show {
    const ALL: [Show; 3] = [Show::Raw, Show::Scaled, Show::Shares];

    /// Its name in events and addresses.
    fn name(self) -> &'static str {
        match self {
            Show::Raw => "raw",
            Show::Scaled => "scaled",
            Show::Shares => "shares",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.name() == name)
    }
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The scores, by name.
    pub scores: String,
    /// What the matrix shows.
    pub show: Show,
    /// Whether the causal mask hides later tokens.
    pub mask: bool,
    /// The query whose row is shown beside the matrix, from 0.
    pub query: usize,
    /// The key whose score can be raised, from 0.
    pub key: usize,
    /// What is added to the score after the scale, in halves.
    pub nudge: i32,
    /// Whether it is added to the whole row.
    pub whole_row: bool,
    /// The cell of the matrix that Tab comes to. Beyond the tokens lie the sums.
    pub cell: Cell,
    /// The order that the words are shuffled into: see [`ORDERS`]. 0 is that of the text.
    #[serde(default)]
    pub shuffle: usize,
}

/// What a reader can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Look at other scores, by name.
    Scores(String),
    /// Show the numbers of another step.
    Show(Show),
    /// Put the mask on, or take it off.
    Mask,
    /// Add so much to the chosen score.
    Nudge(f64),
    /// Add it to the whole row, or to one score again.
    WholeRow,
    /// Press the cell at these places.
    Cell(Cell),
    /// Press a key in the matrix.
    Key(String),
    /// Press a key in the picture.
    Walk(String),
    /// Look from another row, of those of a text too long for cells that can be pressed.
    Row(usize),
    /// Shuffle the words.
    Shuffle,
    /// Put them back as they stand in the text.
    InOrder,
}

/// The widget: the scores that it was given.
#[derive(Debug, Clone)]
pub struct ScoreMatrix {
    squares: Squares,
}

impl ScoreMatrix {
    /// The scores that are chosen.
    fn square(&self, state: &State) -> &Square {
        self.squares.get(&state.scores).expect("a sound state names one of the squares")
    }

    /// What becomes of the scores, and of those with what the reader has added.
    fn before_and_now(&self, state: &State) -> [Steps; 2] {
        let square = self.square(state);
        let key = (!state.whole_row).then_some(state.key);
        let raised = square.raised(state.query, key, state.nudge as f32 * STEP as f32);
        let order = self.order(state);
        [square, &raised].map(|square| square.steps_in(order.words(), state.mask()))
    }

    /// Which word stands where.
    fn order(&self, state: &State) -> Order {
        Order::new(self.square(state).seq(), state.shuffle)
    }

    /// Whether the words may be shuffled: a score of the model depends on where its words stand,
    /// one of the made-up vectors does not.
    fn may_shuffle(&self, state: &State) -> bool {
        !self.square(state).masked
    }

    /// The scores called `name`, at the query and with the mask that they open with.
    fn choose(&self, state: &State, name: &str) -> Option<State> {
        let square = self.squares.get(name)?;
        let mut next = state.clone();
        next.go((square.query, square.query));
        Some(State { scores: name.to_owned(), mask: square.masked, shuffle: 0, ..next })
    }
}

impl State {
    /// Chooses a query and a key, and takes away what was added elsewhere.
    fn go(&mut self, cell: Cell) {
        (self.query, self.key, self.cell, self.nudge) = (cell.0, cell.1, cell, 0);
    }

    fn mask(&self) -> Mask {
        if self.mask { Mask::Causal } else { Mask::Full }
    }

    /// How many rows and columns the matrix of `seq` tokens has: shares have sums beside and below
    /// them.
    fn side(&self, seq: usize) -> usize {
        seq + usize::from(self.show == Show::Shares)
    }
}

/// `by` in steps, if it is a whole number of them.
fn steps(by: f64) -> Option<i32> {
    let steps = by / STEP;
    (steps.fract() == 0.0).then_some(steps as i32)
}

impl Machine for ScoreMatrix {
    const NAME: &'static str = "score-matrix";
    const USER_TEXT: UserText = UserText::AtOnce;
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(Setup { squares, opening }: Setup) -> Result<(Self, State), Error> {
        squares.check()?;
        Ok((Self { squares }, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "scores" => Event::Scores(value.to_owned()),
            "show" => Event::Show(Show::parse(value)?),
            "mask" => Event::Mask,
            "nudge" => Event::Nudge(decimal::read(value)?),
            "whole-row" => Event::WholeRow,
            "cell" => Event::Cell(grid::parse(value)?),
            "key" => Event::Key(value.to_owned()),
            "walk" => Event::Walk(value.to_owned()),
            "row" => Event::Row(value.parse().ok()?),
            "shuffle" => Event::Shuffle,
            "in-order" => Event::InOrder,
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        let seq = self.square(state).seq();
        match event {
            Event::Scores(name) => return self.choose(state, name).ok_or(Refusal::Invalid),
            Event::Show(show) => {
                next.show = *show;
                // Scores have no sums: the cell that Tab comes to may be gone.
                if state.cell.0.max(state.cell.1) >= next.side(seq) {
                    next.cell = (state.query, state.key);
                }
            }
            Event::Mask => next.mask = !state.mask,
            Event::Nudge(by) => next.nudge = steps(*by).ok_or(Refusal::Invalid)?,
            Event::WholeRow => next.whole_row = !state.whole_row,
            Event::Cell(place) => next.cell = self.order(state).word(*place),
            Event::Key(key) => {
                let (order, side) = (self.order(state), state.side(seq));
                let place = grid::step(order.place(state.cell), key, side, side)?;
                next.cell = order.word(place);
            }
            Event::Walk(key) => {
                let order = self.order(state);
                let place = order.place((state.query, state.key));
                next.cell = order.word(grid::step(place, key, seq, seq)?);
            }
            Event::Row(place) if *place >= seq => return Err(Refusal::Invalid),
            Event::Row(place) => next.cell = (self.order(state).word((*place, 0)).0, state.key),
            Event::Shuffle if !self.may_shuffle(state) => return Err(Refusal::Invalid),
            Event::Shuffle => next.shuffle = (state.shuffle + 1) % ORDERS,
            Event::InOrder => next.shuffle = 0,
        }
        // In the margin of sums the chosen scores stay as they were.
        if next.cell.0.max(next.cell.1) < seq && next.cell != (next.query, next.key) {
            next.go(next.cell);
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let &State { query, key, nudge, cell, .. } = state;
        self.squares.get(&state.scores).is_some_and(|square| {
            let seq = square.seq();
            let in_sums = cell.0.max(cell.1) == seq && state.side(seq) > seq;
            query.max(key) < seq
                && (-MOST..=MOST).contains(&nudge)
                && (cell == (query, key) || in_sums)
                && (state.shuffle == 0 || !square.masked && state.shuffle < ORDERS)
        })
    }

    fn address(&self, state: &State) -> String {
        let State { scores, show, mask, query, key, nudge, whole_row, .. } = state;
        let (mask, what) =
            (if *mask { "masked" } else { "open" }, if *whole_row { "row" } else { "one" });
        address::join(&[scores, &show.name(), &mask, query, key, nudge, &what])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let scores = fields.text()?.to_owned();
        let show = Show::parse(fields.text()?)?;
        let mask = fields.either("open", "masked")?;
        let (query, key, nudge) = (fields.read()?, fields.read()?, fields.read()?);
        let whole_row = fields.either("one", "row")?;
        Some(State {
            scores,
            show,
            mask,
            query,
            key,
            nudge,
            whole_row,
            cell: (query, key),
            shuffle: 0,
        })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn take_text(&mut self, state: &State, reading: &Reading) -> Result<State, Error> {
        let squares = self.squares.of_text(reading)?;
        let first = squares[0].name.clone();
        squares.into_iter().for_each(|square| self.squares.put(square));
        self.choose(state, &first).ok_or_else(Error::no_text)
    }
}
