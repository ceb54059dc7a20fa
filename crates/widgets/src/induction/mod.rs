//! The induction head of chapter 9: a small model that learns to copy while the reader watches.
//!
//! The training runs in a worker. Here are the reader's choices, what is asked of the worker, and
//! what it has answered; until the reader presses Train, a recorded training stands in for it.

mod circuit;
mod frames;
mod plots;
mod view;

use std::collections::VecDeque;

use frames::Frames;
use induction::message::{Answer, Ask, Continued, Cut, News, Point, Progress, Record, Rest};
use induction::{DRAWN, EVERY, HEADS, LAYERS, STEPS};
use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::grid::{self, Cell};
use crate::machine::{Machine, Post, Refusal};

/// The worker that trains.
pub const WORKER: &str = "trainer";

/// The learning rates to choose from.
pub const RATES: [f64; 5] = [0.001, 0.003, 0.006, 0.01, 0.02];

/// How many seeds there are to choose from, from 0.
pub const SEEDS: u32 = 10;

/// A score above this is called the work of a head.
pub const WORKS: f32 = 0.5;

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// A whole training, to be shown before the reader's own.
    pub record: Record,
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
}

/// What the reader has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What the first weights and the words follow from.
    pub seed: u32,
    /// Which of the [`RATES`].
    pub rate: usize,
    /// The layer and the head whose map is shown.
    pub head: (usize, usize),
    /// The cell of the map that Tab comes to.
    pub cell: Cell,
    /// The heads that are cut out.
    pub cut: Cut,
    /// The text to go on with, as typed.
    pub typed: String,
    /// The point of the training that is looked at, from 0. Without one it is the last.
    #[serde(default)]
    pub at: Option<usize>,
}

/// How many tokens the map has.
pub const SEQ: usize = 2 * DRAWN;

/// The longest text that is taken, in letters.
const LONGEST: usize = 40;

/// How far the training is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The recorded training is shown.
    Recorded,
    /// The worker trains.
    Running,
    /// The worker rests.
    Paused,
    /// All steps are made.
    Done,
    /// The worker has failed, for this reason.
    Failed(String),
}

/// What a reader, or the worker, can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Begin to train, or go on.
    Train,
    /// Rest.
    Pause,
    /// Choose a seed: what was trained is dropped.
    Seed(u32),
    /// Choose a learning rate by its place: what was trained is dropped.
    Rate(usize),
    /// Show the map of a head, counted over both layers.
    Head(usize),
    /// Cut out a head, counted over both layers, or put it back.
    Cut(usize),
    /// Look at a point of the training.
    At(usize),
    /// Type a text.
    Text(String),
    /// Press a cell.
    Cell(Cell),
    /// Press a key in the map.
    Key(String),
    /// The worker has said something.
    Worker(String),
    /// The worker has failed, and why.
    WorkerFailed(String),
}

/// The widget: the recorded training, and how far the reader's is.
#[derive(Debug, Clone)]
pub struct Induction {
    record: Record,
    phase: Phase,
    /// Which training the worker's answers must be about.
    run: u32,
    /// Whether the worker has been told to start this run.
    started: bool,
    progress: Progress,
    frames: Frames,
    rest: Option<Rest>,
    continued: Option<Continued>,
    posts: VecDeque<Ask>,
}

impl Induction {
    /// How far the training is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The points of the training that is shown, if there are any yet.
    pub fn points(&self) -> &[Point] {
        &self.progress.points
    }

    /// The point that is looked at.
    fn at(&self, state: &State) -> usize {
        let last = self.points().len().saturating_sub(1);
        state.at.map_or(last, |at| at.min(last))
    }

    fn train(&mut self, state: &State) {
        if matches!(self.phase, Phase::Running | Phase::Done) {
            return;
        }
        self.phase = Phase::Running;
        self.continued = None;
        if self.started {
            self.posts.push_back(Ask::Train);
            return;
        }
        self.run += 1;
        self.started = true;
        self.progress.points.clear();
        self.frames = Frames::default();
        self.rest = None;
        let (seed, learning_rate) = (state.seed, RATES[state.rate]);
        self.posts.push_back(Ask::Start { run: self.run, seed, learning_rate });
    }

    /// Asks the worker to go on with what is typed, when there is a model that rests.
    fn ask_for_text(&mut self, state: &State) {
        if self.started
            && self.phase != Phase::Running
            && induction::problem(&state.typed).is_none()
        {
            let (text, cut) = (state.typed.clone(), state.cut);
            self.posts.push_back(Ask::Continue { text, cut });
        }
    }

    fn hear(&mut self, answer: &str, state: &State) {
        let answer: Answer = match serde_json::from_str(answer) {
            Ok(answer) => answer,
            Err(error) => {
                self.phase = Phase::Failed(format!("its answer cannot be read: {error}"));
                self.started = false;
                return;
            }
        };
        if answer.run != self.run || !self.started {
            return; // about a training that was dropped
        }
        match answer.news {
            News::Progress(progress) if fits(&progress) => {
                self.progress.points.extend(progress.points);
                self.frames.keep(self.progress.points.len().saturating_sub(1), &progress.maps);
                (self.progress.maps, self.progress.word) = (progress.maps, progress.word);
                let step = self.progress.points.last().map_or(0, |point| point.step);
                if step >= STEPS {
                    self.phase = Phase::Done;
                }
            }
            News::Progress(_) => {
                self.phase = Phase::Failed("its maps have another size".to_owned());
                self.started = false;
            }
            News::Rest(rest) => {
                self.rest = Some(rest);
                self.ask_for_text(state);
            }
            News::Continued(continued) => {
                let asked = (&continued.text, &continued.cut);
                if asked == (&state.typed, &state.cut) {
                    self.continued = Some(continued);
                }
            }
        }
    }

    /// How the text goes on, when that is known for what is typed and cut out.
    fn answer(&self, state: &State) -> Option<&Continued> {
        let State { typed, cut, .. } = state;
        self.continued.as_ref().filter(|it| (&it.text, &it.cut) == (typed, cut))
    }
}

/// Whether the maps have the size that the widget draws.
fn fits(progress: &Progress) -> bool {
    let whole = |map: &Vec<f32>| map.len() == SEQ * (SEQ + 1) / 2;
    progress.word.chars().count() == SEQ && progress.maps.as_flattened().iter().all(whole)
}

/// Whether a recorded training has points, and the maps of two heads at each of them.
fn is_whole(record: &Record) -> bool {
    let (points, pair) = (&record.progress.points, &record.pair);
    let mut maps = pair.maps.as_flattened().iter();
    !points.is_empty()
        && points.len() == pair.maps.len()
        && pair.heads.iter().all(|head| *head < HEADS)
        && maps.all(|map| map.len() == SEQ * (SEQ + 1) / 2)
}

/// The point at a place of the curves: `,x,y,layout`, as a drag sends it.
fn dragged(value: &str) -> Option<usize> {
    let mut parts = value.split(',').skip(1);
    let x: f64 = parts.next()?.parse().ok()?;
    let plan = match parts.nth(1)? {
        "narrow" => plots::Plan::narrow(0.0),
        _ => plots::Plan::wide(0.0),
    };
    x.is_finite().then(|| (plan.step(x) / f64::from(EVERY)).round() as usize)
}

impl Machine for Induction {
    const NAME: &'static str = "induction";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(Setup { record, opening }: Setup) -> Result<(Self, State), Error> {
        if !fits(&record.progress) || !is_whole(&record) {
            return Err(Error::setup("the recorded training has no points or other maps"));
        }
        let frames = Frames::recorded(&record.pair);
        let Record { progress, rest, continued, .. } = record.clone();
        let widget = Self {
            record,
            phase: Phase::Recorded,
            run: 0,
            started: false,
            progress,
            frames,
            rest: Some(rest),
            continued: Some(continued),
            posts: VecDeque::new(),
        };
        Ok((widget, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "train" => Event::Train,
            "pause" => Event::Pause,
            "seed" => Event::Seed(value.parse().ok()?),
            "rate" => Event::Rate(value.parse().ok()?),
            "head" => Event::Head(value.parse().ok()?),
            "at" => Event::At(value.parse().ok()?),
            "curves" => Event::At(dragged(value)?),
            "text" => Event::Text(value.chars().take(LONGEST).collect()),
            "cell" => Event::Cell(grid::parse(value)?),
            "key" => Event::Key(value.to_owned()),
            "worker" => Event::Worker(value.to_owned()),
            "worker-failed" => Event::WorkerFailed(value.to_owned()),
            _ => Event::Cut(name.strip_prefix("cut-")?.parse().ok()?),
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        let mut next = state.clone();
        match event {
            Event::Pause if self.phase != Phase::Running => return Err(Refusal::Ignored),
            Event::Train => next.at = None,
            Event::Pause | Event::Worker(_) | Event::WorkerFailed(_) => {}
            Event::Seed(seed) => (next.seed, next.at) = (*seed, None),
            Event::Rate(rate) => (next.rate, next.at) = (*rate, None),
            Event::At(at) => next.at = Some(*at),
            Event::Head(place) => next.head = (place / HEADS, place % HEADS),
            Event::Cut(place) => {
                let heads = next.cut.as_flattened_mut();
                let cut = heads.get_mut(*place).ok_or(Refusal::Invalid)?;
                *cut = !*cut;
            }
            Event::Text(text) => next.typed.clone_from(text),
            Event::Cell(cell) => next.cell = *cell,
            Event::Key(key) => next.cell = grid::step(state.cell, key, SEQ, SEQ)?,
        }
        Ok(next)
    }

    fn is_sound(&self, state: &State) -> bool {
        let &State { seed, rate, head, cell, at, .. } = state;
        seed < SEEDS
            && at.is_none_or(|at| at <= (STEPS / EVERY) as usize)
            && rate < RATES.len()
            && head.0 < LAYERS
            && head.1 < HEADS
            && cell.0.max(cell.1) < SEQ
    }

    /// The heads that are cut out are ones among noughts, and the text comes last.
    fn address(&self, state: &State) -> String {
        let State { seed, rate, head, cell, cut, typed, .. } = state;
        let cut = cut.as_flattened().iter().map(|cut| if *cut { '1' } else { '0' });
        let typed = typed.chars().filter(|it| induction::number(*it).is_some());
        let (cut, typed): (String, String) = (cut.collect(), typed.collect());
        let head = head.0 * HEADS + head.1;
        address::join(&[seed, &RATES[*rate], &head, &cell.0, &cell.1, &cut, &typed])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let (seed, rate): (u32, f64) = (fields.read()?, fields.number()?);
        let rate = RATES.iter().position(|known| *known == rate)?;
        let head: usize = fields.read()?;
        let cell = (fields.read()?, fields.read()?);
        let (digits, typed) = (fields.text()?, fields.text()?.to_owned());
        let mut cut = Cut::default();
        let heads = cut.as_flattened_mut();
        if digits.len() != heads.len() || typed.chars().any(|it| induction::number(it).is_none()) {
            return None;
        }
        for (cut, digit) in heads.iter_mut().zip(digits.chars()) {
            *cut = digit.to_digit(2)? == 1;
        }
        Some(State { seed, rate, head: (head / HEADS, head % HEADS), cell, cut, typed, at: None })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn react(&mut self, event: &Event, state: &State) {
        match event {
            Event::Train => self.train(state),
            Event::Pause => {
                self.phase = Phase::Paused;
                self.posts.push_back(Ask::Pause);
            }
            Event::Seed(_) | Event::Rate(_) => self.reset(),
            Event::Cut(_) | Event::Text(_) => self.ask_for_text(state),
            Event::Worker(answer) => self.hear(answer, state),
            Event::WorkerFailed(reason) => {
                self.started = false;
                self.posts.clear();
                self.phase = Phase::Failed(reason.clone());
            }
            Event::Head(_) | Event::At(_) | Event::Cell(_) | Event::Key(_) => {}
        }
    }

    /// Drops what was trained, and shows the recorded training again.
    fn reset(&mut self) {
        if self.started {
            self.posts.push_back(Ask::Pause);
        }
        self.run += 1;
        self.started = false;
        self.phase = Phase::Recorded;
        let Record { progress, rest, continued, pair, .. } = self.record.clone();
        self.frames = Frames::recorded(&pair);
        (self.progress, self.rest, self.continued) = (progress, Some(rest), Some(continued));
    }

    fn post(&mut self) -> Option<Post> {
        let ask = self.posts.pop_front()?;
        let message = serde_json::to_string(&ask).expect("a question is plain data");
        Some(Post { worker: WORKER, message })
    }
}
