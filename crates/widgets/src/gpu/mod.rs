//! The kernels on the reader's own graphics card: right, and how fast.
//!
//! The page carries tasks to the card, as [`Run`] asks for them, and its answers back.

mod check;
mod graph;
mod kernels;
mod results;
mod run;
mod view;

use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::address::{self, Fields};
use crate::error::Error;
use crate::machine::{Machine, Refusal};

pub use check::SIZE as CHECKED;
pub use kernels::{HEAD_DIM, Kernel, Kernels, Size, launches};
pub use results::{Adapter, Check, Outcome, Results, Time, Way};
pub use run::{Answer, End, HEADS, LENGTHS, LONGEST_LAUNCH, PATIENCE, Reply, Run, Task};

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
    pub recorded: Results,
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
    /// What came of a task.
    Answer(Reply),
}

/// The widget: what it was given, and the reader's run, if there is one.
#[derive(Debug, Clone)]
pub struct Gpu {
    kernels: Kernels,
    recorded: Results,
    run: Option<Run>,
}

impl Gpu {
    /// The reader's run, if there is one.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.end.is_none())
    }

    /// The results to show: those of the reader's run, once it has some; else the recorded ones.
    pub fn results(&self) -> &Results {
        let here = self.run.as_ref().map(|run| &run.results);
        here.filter(|results| !results.checks.is_empty()).unwrap_or(&self.recorded)
    }
}

impl Machine for Gpu {
    const NAME: &'static str = "gpu";
    type Setup = Setup;
    type State = State;
    type Event = Event;

    fn new(Setup { opening, kernels, recorded }: Setup) -> Result<(Self, State), Error> {
        Ok((Self { kernels, recorded, run: None }, opening))
    }

    fn parse(name: &str, value: &str) -> Option<Event> {
        Some(match name {
            "longest" => Event::Longest(value.parse().ok()?),
            "causal" => Event::Causal,
            "run" => Event::Run,
            "cancel" => Event::Cancel,
            "answer" => Event::Answer(serde_json::from_str(value).ok()?),
            _ => return None,
        })
    }

    fn apply(&self, state: &State, event: &Event) -> Result<State, Refusal> {
        Ok(match *event {
            Event::Longest(longest) => State { longest, ..*state },
            Event::Causal => State { causal: !state.causal, ..*state },
            Event::Run | Event::Cancel | Event::Answer(_) => *state,
        })
    }

    fn is_sound(&self, state: &State) -> bool {
        state.longest < LENGTHS.len()
    }

    fn address(&self, state: &State) -> String {
        address::join(&[&state.tokens(), &if state.causal { "causal" } else { "full" }])
    }

    fn read_address(&self, fields: &mut Fields<'_>) -> Option<State> {
        let tokens: usize = fields.read()?;
        let longest = LENGTHS.iter().position(|length| *length == tokens)?;
        Some(State { longest, causal: fields.either("full", "causal")? })
    }

    fn view(&self, state: &State) -> Markup {
        view::whole(self, state)
    }

    fn react(&mut self, event: &Event, state: &State) {
        match (event, &mut self.run) {
            (Event::Run, Some(run)) if run.end.is_none() => {}
            (Event::Run, run) => {
                // A task of the run before may still be on the card: its answer is not for this.
                let id = run.as_ref().map_or(0, Run::next_id);
                *run = Some(Run::new(id, state.tokens()));
            }
            (Event::Cancel, Some(run)) => run.cancel(),
            (Event::Answer(reply), Some(run)) => run.answer(reply.clone()),
            _ => {}
        }
    }

    fn reset(&mut self) {
        // What was measured goes; the numbers of its tasks stay taken.
        if let Some(run) = &mut self.run {
            run.results = Results::default();
            run.end = Some(End::Cancelled);
        }
    }

    /// Takes a check's output, in the card's order of bytes: `output/` and the task's number.
    fn receive(&mut self, _: &State, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let id = path.strip_prefix(OUTPUT).and_then(|id| id.parse().ok());
        let id =
            id.filter(|_| bytes.len().is_multiple_of(4)).ok_or_else(|| Error::unasked(path))?;
        let words = bytes.chunks_exact(4);
        let output: Vec<f32> =
            words.map(|word| f32::from_le_bytes(word.try_into().expect("four bytes"))).collect();
        if let Some(run) = &mut self.run {
            run.output(id, &output);
        }
        Ok(())
    }

    fn task(&self) -> Option<String> {
        let task = self.run.as_ref()?.task(&self.kernels)?;
        Some(serde_json::to_string(&task).expect("a task is plain data"))
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        check::numbers(name)
    }
}
