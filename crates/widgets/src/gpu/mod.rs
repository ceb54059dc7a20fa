//! The kernels on the reader's own graphics card: right, and how fast.
//!
//! The page carries tasks to the card, as [`Run`] asks for them, and its answers back.

mod check;
mod figures;
mod graph;
mod kernels;
mod run;
mod view;

use serde::{Deserialize, Serialize};

use crate::{Error, Widget, address};

pub use check::SIZE as CHECKED;
pub use figures::{Adapter, Check, Figures, Outcome, Time, Way};
pub use kernels::{HEAD_DIM, Kernel, Kernels, Size, launches};
pub use run::{Answer, End, HEADS, LENGTHS, LONGEST_LAUNCH, PATIENCE, Reply, Run, Task};

/// The widget's name, in the text, in the page and in addresses.
pub const NAME: &str = "gpu";

/// What the path of a check's output begins with: the task's number follows.
pub const OUTPUT: &str = "output/";

/// What the page tells the widget when it opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// How the widget opens, and what Reset goes back to.
    pub opening: State,
    /// The kernels.
    pub kernels: Kernels,
    /// A run that was recorded: what is shown until there is one of the reader's own.
    pub recorded: Figures,
}

/// What the reader has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Which of [`LENGTHS`] is the longest.
    pub longest: usize,
    /// Whether a token sees only what comes before it.
    pub causal: bool,
}

impl State {
    /// The longest text, in tokens.
    pub fn tokens(self) -> usize {
        LENGTHS[self.longest]
    }

    fn is_sound(self) -> bool {
        self.longest < LENGTHS.len()
    }
}

/// What a reader can do, and what the page answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Let the longest text be that of [`LENGTHS`].
    Longest(usize),
    /// Show the other mask.
    Causal,
    /// Start a run.
    Run,
    /// Stop it.
    Cancel,
    /// Go back to the beginning.
    Reset,
    /// What came of a task.
    Answer(Reply),
}

impl Event {
    /// The event that the page calls `name`, with its `value` as text.
    ///
    /// # Errors
    /// [`Error::Event`] for an unknown name or a value that is not of the event's kind.
    pub fn parse(name: &str, value: &str) -> Result<Self, Error> {
        let wrong = || Error::Event { name: name.to_owned(), value: value.to_owned() };
        match name {
            "longest" => value.parse().map(Event::Longest).map_err(|_| wrong()),
            "causal" => Ok(Event::Causal),
            "run" => Ok(Event::Run),
            "cancel" => Ok(Event::Cancel),
            "reset" => Ok(Event::Reset),
            "answer" => serde_json::from_str(value).map(Event::Answer).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

/// The widget: what was chosen, and the reader's run, if there is one.
#[derive(Debug, Clone)]
pub struct Gpu {
    setup: Setup,
    state: State,
    run: Option<Run>,
}

impl Gpu {
    /// The widget as it opens.
    ///
    /// # Errors
    /// [`Error::Setup`] when it opens on a length that is not there.
    pub fn new(setup: Setup) -> Result<Self, Error> {
        let state = setup.opening;
        if !state.is_sound() {
            return Err(Error::Setup { reason: format!("there is no length {}", state.longest) });
        }
        Ok(Self { setup, state, run: None })
    }

    /// The widget in a page: see [`crate::open`].
    ///
    /// # Errors
    /// [`Error::Setup`] when `setup` is not the JSON of a [`Setup`].
    pub fn open(setup: &str, address: &str) -> Result<Self, Error> {
        let setup = serde_json::from_str(setup)
            .map_err(|error| Error::Setup { reason: error.to_string() })?;
        let mut widget = Self::new(setup)?;
        widget.state = state_in_address(address).unwrap_or(widget.state);
        Ok(widget)
    }

    /// What the reader has chosen.
    pub fn state(&self) -> State {
        self.state
    }

    /// The reader's run, if there is one.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.end.is_none())
    }

    /// The figures to show: those of the reader's run, once it has some; else the recorded ones.
    pub fn figures(&self) -> &Figures {
        let own = self.run.as_ref().map(|run| &run.figures);
        own.filter(|figures| !figures.checks.is_empty()).unwrap_or(&self.setup.recorded)
    }

    /// Applies one event.
    ///
    /// # Errors
    /// [`Error::Event`] when something is chosen that is not there. The state stays.
    pub fn apply(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::Longest(longest) => {
                let next = State { longest, ..self.state };
                if !next.is_sound() {
                    let value = longest.to_string();
                    return Err(Error::Event { name: "longest".to_owned(), value });
                }
                self.state = next;
            }
            Event::Causal => self.state.causal = !self.state.causal,
            Event::Run if !self.is_running() => {
                // A task of the run before may still be on the card: its answer is not for this.
                let id = self.run.as_ref().map_or(0, Run::next_id);
                self.run = Some(Run::new(id, self.state.tokens()));
            }
            Event::Run => {}
            Event::Cancel => self.cancel(),
            Event::Reset => {
                self.state = self.setup.opening;
                // What was measured goes; the numbers of its tasks stay taken.
                if let Some(run) = &mut self.run {
                    run.figures = Figures::default();
                    run.end = Some(End::Cancelled);
                }
            }
            Event::Answer(reply) => {
                if let Some(run) = &mut self.run {
                    run.answer(reply);
                }
            }
        }
        Ok(())
    }

    fn cancel(&mut self) {
        if let Some(run) = self.run.as_mut().filter(|run| run.end.is_none()) {
            run.end = Some(End::Cancelled);
        }
    }

    /// The address of this view: `?gpu=4096_full`.
    fn address(&self) -> String {
        let mask = if self.state.causal { "causal" } else { "full" };
        format!("?{NAME}={}_{mask}", self.state.tokens())
    }
}

/// The state that an address asks for, if it makes sense.
fn state_in_address(address: &str) -> Option<State> {
    let (tokens, mask) = address::value(address, NAME)?.split_once('_')?;
    let tokens: usize = tokens.parse().ok()?;
    let longest = LENGTHS.iter().position(|length| *length == tokens)?;
    let causal = match mask {
        "causal" => true,
        "full" => false,
        _ => return None,
    };
    Some(State { longest, causal })
}

impl Widget for Gpu {
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
        None
    }

    /// Takes a check's output, in the card's order of bytes: `output/` and the task's number.
    fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let id = path.strip_prefix(OUTPUT).and_then(|id| id.parse().ok());
        let Some(id) = id.filter(|_| bytes.len().is_multiple_of(4)) else {
            return Err(Error::File { reason: format!("nobody asked for `{path}`") });
        };
        let words = bytes.chunks_exact(4);
        let output: Vec<f32> =
            words.map(|word| f32::from_le_bytes(word.try_into().expect("four bytes"))).collect();
        if let Some(run) = &mut self.run {
            run.output(id, &output);
        }
        Ok(())
    }

    fn failed(&mut self, _: &str, _: &str) {}

    fn task(&self) -> Option<String> {
        let task = self.run.as_ref()?.task(&self.setup.kernels)?;
        Some(serde_json::to_string(&task).expect("a task is plain data"))
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        check::numbers(name)
    }
}
