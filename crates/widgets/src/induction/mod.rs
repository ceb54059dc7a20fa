//! The induction head of chapter 9: a small model that learns to copy while the reader watches.
//!
//! The training runs in a worker. Here are the reader's choices, what is asked of the worker, and
//! what it has answered; until the reader presses Train, a recorded training stands in for it.

mod view;

use std::collections::VecDeque;

use induction::message::{Answer, Ask, Continued, Cut, News, Point, Progress, Record, Rest};
use induction::{DRAWN, HEADS, LAYERS, STEPS};
use serde::{Deserialize, Serialize};

use crate::grid::{self, Cell};
use crate::{Error, Post, Widget, address};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "induction";

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
}

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
    /// Type a text.
    Text(String),
    /// Press a cell.
    Cell(Cell),
    /// Press a key in the map.
    Key(String),
    /// Go back to the beginning.
    Reset,
    /// The worker has said something.
    Worker(String),
    /// The worker has failed, and why.
    WorkerFailed(String),
}

impl Event {
    /// The event that the page calls `name`, with its `value` as text.
    ///
    /// # Errors
    /// [`Error::Event`] for an unknown name or a value that is not of the event's kind.
    pub fn parse(name: &str, value: &str) -> Result<Self, Error> {
        let event = match name {
            "train" => Some(Event::Train),
            "pause" => Some(Event::Pause),
            "seed" => value.parse().ok().map(Event::Seed),
            "rate" => value.parse().ok().map(Event::Rate),
            "head" => value.parse().ok().map(Event::Head),
            "text" => Some(Event::Text(value.to_owned())),
            "cell" => grid::parse(value).map(Event::Cell),
            "key" => Some(Event::Key(value.to_owned())),
            "reset" => Some(Event::Reset),
            "worker" => Some(Event::Worker(value.to_owned())),
            "worker-failed" => Some(Event::WorkerFailed(value.to_owned())),
            _ => name.strip_prefix("cut-").and_then(|head| head.parse().ok()).map(Event::Cut),
        };
        event.ok_or_else(|| wrong(name, value))
    }
}

fn wrong(name: &str, value: impl ToString) -> Error {
    Error::Event { name: name.to_owned(), value: value.to_string() }
}

/// The widget.
#[derive(Debug, Clone)]
pub struct Induction {
    setup: Setup,
    state: State,
    phase: Phase,
    /// Which training the worker's answers must be about.
    run: u32,
    /// Whether the worker has been told to start this run.
    started: bool,
    progress: Progress,
    rest: Option<Rest>,
    continued: Option<Continued>,
    posts: VecDeque<Ask>,
}

impl Induction {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when the setup contradicts itself.
    pub fn new(setup: Setup) -> Result<Self, Error> {
        let unsound = |reason: &str| Err(Error::Setup { reason: reason.to_owned() });
        if !fits(&setup.record.progress) || setup.record.progress.points.is_empty() {
            return unsound("the recorded training has no points or other maps");
        }
        if !is_sound(&setup.opening) {
            return unsound("the widget opens on something that it does not have");
        }
        let Record { progress, rest, continued, .. } = setup.record.clone();
        Ok(Self {
            state: setup.opening.clone(),
            setup,
            phase: Phase::Recorded,
            run: 0,
            started: false,
            progress,
            rest: Some(rest),
            continued: Some(continued),
            posts: VecDeque::new(),
        })
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut widget = Self::new(setup)?;
        if let Some(state) = state_in_address(address) {
            widget.state = state;
        }
        Ok(widget)
    }

    /// What the reader has chosen.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How far the training is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The points of the training that is shown, if there are any yet.
    pub fn points(&self) -> &[Point] {
        &self.progress.points
    }

    /// Applies one event. Says whether it meant anything.
    ///
    /// # Errors
    /// [`Error::Event`] when something is chosen that is not there. The state stays.
    pub fn apply(&mut self, event: Event) -> Result<bool, Error> {
        match event {
            Event::Train => self.train(),
            Event::Pause if self.phase == Phase::Running => {
                self.phase = Phase::Paused;
                self.posts.push_back(Ask::Pause);
            }
            Event::Pause => return Ok(false),
            Event::Seed(seed) if seed < SEEDS => {
                self.state.seed = seed;
                self.forget();
            }
            Event::Seed(seed) => return Err(wrong("seed", seed)),
            Event::Rate(rate) if rate < RATES.len() => {
                self.state.rate = rate;
                self.forget();
            }
            Event::Rate(rate) => return Err(wrong("rate", rate)),
            Event::Head(place) if place < LAYERS * HEADS => {
                self.state.head = (place / HEADS, place % HEADS);
            }
            Event::Head(place) => return Err(wrong("head", place)),
            Event::Cut(place) if place < LAYERS * HEADS => {
                let cut = &mut self.state.cut[place / HEADS][place % HEADS];
                *cut = !*cut;
                self.ask_for_text();
            }
            Event::Cut(place) => return Err(wrong("cut", place)),
            Event::Text(text) => {
                self.state.typed = text;
                self.ask_for_text();
            }
            Event::Cell((row, column)) if row.max(column) < SEQ => self.state.cell = (row, column),
            Event::Cell((row, column)) => return Err(wrong("cell", format!("{row},{column}"))),
            Event::Key(key) => match grid::step(self.state.cell, &key, SEQ, SEQ) {
                Some(cell) => self.state.cell = cell,
                None => return Ok(false),
            },
            Event::Reset => {
                self.state = self.setup.opening.clone();
                self.forget();
            }
            Event::Worker(answer) => self.hear(&answer),
            Event::WorkerFailed(reason) => {
                self.started = false;
                self.posts.clear();
                self.phase = Phase::Failed(reason);
            }
        }
        Ok(true)
    }

    fn train(&mut self) {
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
        self.rest = None;
        let (seed, learning_rate) = (self.state.seed, RATES[self.state.rate]);
        self.posts.push_back(Ask::Start { run: self.run, seed, learning_rate });
    }

    /// Drops what was trained, and shows the recorded training again.
    fn forget(&mut self) {
        if self.started {
            self.posts.push_back(Ask::Pause);
        }
        self.run += 1;
        self.started = false;
        self.phase = Phase::Recorded;
        let Record { progress, rest, continued, .. } = self.setup.record.clone();
        (self.progress, self.rest, self.continued) = (progress, Some(rest), Some(continued));
    }

    /// Asks the worker to go on with what is typed, when there is a model that rests.
    fn ask_for_text(&mut self) {
        if self.started
            && self.phase != Phase::Running
            && induction::problem(&self.state.typed).is_none()
        {
            let (text, cut) = (self.state.typed.clone(), self.state.cut);
            self.posts.push_back(Ask::Continue { text, cut });
        }
    }

    fn hear(&mut self, answer: &str) {
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
                self.ask_for_text();
            }
            News::Continued(continued) => {
                let asked = (&continued.text, &continued.cut);
                if asked == (&self.state.typed, &self.state.cut) {
                    self.continued = Some(continued);
                }
            }
        }
    }

    /// How the text goes on, when that is known for what is typed and cut out.
    fn answer(&self) -> Option<&Continued> {
        let State { typed, cut, .. } = &self.state;
        self.continued.as_ref().filter(|it| (&it.text, &it.cut) == (typed, cut))
    }

    /// The address of this view: `?induction=seed_rate_head_row_column_cut_text`.
    fn address(&self) -> String {
        let State { seed, rate, head, cell, cut, typed } = &self.state;
        let cut: String = cut.concat().iter().map(|cut| if *cut { '1' } else { '0' }).collect();
        let typed: String = typed.chars().filter(|it| induction::number(*it).is_some()).collect();
        let head = head.0 * HEADS + head.1;
        format!("?{NAME}={seed}_{}_{head}_{}_{}_{cut}_{typed}", RATES[*rate], cell.0, cell.1)
    }
}

/// How many tokens the map has.
pub const SEQ: usize = 2 * DRAWN;

fn fits(progress: &Progress) -> bool {
    let whole = |map: &Vec<f32>| map.len() == SEQ * (SEQ + 1) / 2;
    progress.word.chars().count() == SEQ && progress.maps.as_flattened().iter().all(whole)
}

fn is_sound(state: &State) -> bool {
    let State { seed, rate, head, cell, .. } = state;
    *seed < SEEDS
        && *rate < RATES.len()
        && head.0 < LAYERS
        && head.1 < HEADS
        && cell.0.max(cell.1) < SEQ
}

/// The state that an address asks for, if it makes sense.
fn state_in_address(address: &str) -> Option<State> {
    let parts: Vec<&str> = address::value(address, NAME)?.split('_').collect();
    let [seed, rate, head, row, column, cut, typed] = parts[..] else { return None };
    let rate: f64 = rate.parse().ok()?;
    let head: usize = head.parse().ok()?;
    if cut.len() != LAYERS * HEADS || cut.bytes().any(|it| !matches!(it, b'0' | b'1')) {
        return None;
    }
    let mut cuts = Cut::default();
    for (place, digit) in cut.bytes().enumerate() {
        cuts[place / HEADS][place % HEADS] = digit == b'1';
    }
    let state = State {
        seed: seed.parse().ok()?,
        rate: RATES.iter().position(|known| *known == rate)?,
        head: (head / HEADS, head % HEADS),
        cell: (row.parse().ok()?, column.parse().ok()?),
        cut: cuts,
        typed: typed.to_owned(),
    };
    let letters = typed.chars().all(|it| induction::number(it).is_some());
    (is_sound(&state) && letters).then_some(state)
}

impl Widget for Induction {
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
        Err(Error::File { reason: format!("nobody asked for `{path}`") })
    }

    fn failed(&mut self, _: &str, _: &str) {}

    fn post(&mut self) -> Option<Post> {
        let ask = self.posts.pop_front()?;
        let message = serde_json::to_string(&ask).expect("a question is plain data");
        Some(Post { worker: WORKER, message })
    }
}
