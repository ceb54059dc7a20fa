//! A run on the reader's card, task by task. What is to be done next follows from what came back
//! so far: the page carries tasks to the card and answers here, and decides nothing.

use serde::{Deserialize, Serialize};

use super::check::{self, compare};
use super::kernels::{Buffer, Kernels, Pass, Size, launches};
use super::results::{Adapter, Check, Outcome, Results, Time, Way};

/// The lengths that can be timed, in tokens.
pub const LENGTHS: [usize; 8] = [64, 128, 256, 512, 1024, 2048, 4096, 8192];

/// The heads that are timed, each with keys and values of its own.
pub const HEADS: usize = 8;

/// How long a run may take, in milliseconds.
pub const PATIENCE: f64 = 90_000.0;

/// How long one launch may take, in milliseconds: systems stop a card that is busy for longer.
pub const LONGEST_LAUNCH: f64 = 1_500.0;

/// How long a sample should take, in milliseconds. Browsers round their clocks.
const SAMPLE: f64 = 20.0;

/// How many samples make a median.
const SAMPLES: u32 = 5;

/// How often a launch is repeated in a sample, at most.
const MOST_REPEATS: f64 = 50.0;

/// What the page is asked to do. With no passes it is to find a card.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Task {
    /// Which task this is: the answer repeats it.
    pub id: u32,
    /// The buffers.
    pub buffers: Vec<Buffer>,
    /// What to launch, in order.
    pub passes: Vec<Pass>,
    /// How often all passes are launched in one sample.
    pub repeats: u32,
    /// How many samples are timed.
    pub samples: u32,
    /// The buffer to bring back, for a check.
    pub read: Option<&'static str>,
}

/// What the page says of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The task's.
    pub id: u32,
    /// The page's clock, in milliseconds.
    pub at: f64,
    /// What came of it.
    pub answer: Answer,
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// There is a card.
    Adapter(Adapter),
    /// There is none, or no WebGPU: why.
    Nothing(String),
    /// How long each sample took, in milliseconds.
    Samples(Vec<f64>),
    /// The card's memory is full.
    Memory(String),
    /// The card is gone: it was busy for too long, or was taken out.
    Lost(String),
    /// Something else went wrong.
    Failed(String),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// All was done.
    Done,
    /// The reader stopped it.
    Cancelled,
    /// It took as long as it may.
    TimeUp,
    /// There is no card to run on.
    NoCard(String),
    /// The card was lost.
    Lost(String),
    /// The page could not do a task.
    Failed(String),
    /// The card's result is not what it should be.
    Wrong(Check),
}

/// One thing to find out.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Device,
    Check {
        way: Way,
        causal: bool,
    },
    /// First once, to see how long it takes; then as often as that says.
    Time {
        way: Way,
        causal: bool,
        tokens: usize,
        once: Option<f64>,
    },
}

/// A run: what is to be done, and what was found.
#[derive(Debug, Clone)]
pub struct Run {
    id: u32,
    steps: Vec<Step>,
    at: usize,
    started: Option<f64>,
    /// What was found so far.
    pub results: Results,
    /// How it ended, if it has.
    pub end: Option<End>,
}

impl Run {
    /// A run of all lengths up to `longest`. Its tasks have numbers from `id` on.
    pub fn new(id: u32, longest: usize) -> Self {
        let mut steps = vec![Step::Device];
        let both =
            || [false, true].into_iter().flat_map(|causal| Way::BOTH.map(|way| (way, causal)));
        steps.extend(both().map(|(way, causal)| Step::Check { way, causal }));
        for tokens in LENGTHS.into_iter().filter(|&tokens| tokens <= longest) {
            let time = |(way, causal)| Step::Time { way, causal, tokens, once: None };
            steps.extend(both().map(time));
        }
        Run { id, steps, at: 0, started: None, results: Results::default(), end: None }
    }

    /// How many steps are done, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        (self.at, self.steps.len())
    }

    /// A number for tasks that no task of this run has.
    pub fn next_id(&self) -> u32 {
        self.id + 1
    }

    /// What is being found out, in words.
    pub fn doing(&self) -> String {
        let mask = |causal| if causal { "causal" } else { "full" };
        match self.steps.get(self.at) {
            None => "done".to_owned(),
            Some(Step::Device) => "looking for a card".to_owned(),
            Some(Step::Check { way, causal }) => {
                format!("checking {} attention, {}", way.name(), mask(*causal))
            }
            Some(Step::Time { way, causal, tokens, .. }) => {
                let tokens = crate::show::grouped(*tokens as u64);
                format!("timing {} attention, {}, {tokens} tokens", way.name(), mask(*causal))
            }
        }
    }

    /// What the page is to do now.
    pub fn task(&self, kernels: &Kernels) -> Option<Task> {
        if self.end.is_some() {
            return None;
        }
        let none = (Vec::new(), Vec::new());
        let ((buffers, passes), repeats, samples, read) = match *self.steps.get(self.at)? {
            Step::Device => (none, 0, 0, None),
            Step::Check { way, causal } => {
                (launches(kernels, way, causal, check::SIZE), 1, 1, Some("output"))
            }
            Step::Time { way, causal, tokens, once } => {
                let (repeats, samples) = match once {
                    None => (1, 1),
                    Some(ms) => (repeats(ms), SAMPLES),
                };
                (launches(kernels, way, causal, timed(tokens)), repeats, samples, None)
            }
        };
        Some(Task { id: self.id, buffers, passes, repeats, samples, read })
    }

    /// Takes the page's answer. One to an earlier task, which nobody waits for, is ignored.
    pub fn answer(&mut self, reply: Reply) {
        if reply.id != self.id || self.end.is_some() {
            return;
        }
        let started = *self.started.get_or_insert(reply.at);
        let Some(step) = self.steps.get_mut(self.at) else { return };
        match (step, reply.answer) {
            (Step::Device, Answer::Adapter(adapter)) => {
                self.results.adapter = adapter;
                self.at += 1;
            }
            (_, Answer::Nothing(reason)) => self.end = Some(End::NoCard(reason)),
            (_, Answer::Lost(reason)) => self.end = Some(End::Lost(reason)),
            (Step::Time { way, causal, tokens, once }, Answer::Samples(samples)) => {
                let (way, causal, tokens) = (*way, *causal, *tokens);
                let ms = median(samples).unwrap_or(f64::NAN);
                match *once {
                    // Once was long enough to be sure of it.
                    None if ms > 10.0 * SAMPLE => self.found(way, causal, tokens, Outcome::Ms(ms)),
                    None => *once = Some(ms),
                    Some(first) => {
                        let ms = ms / f64::from(repeats(first));
                        self.found(way, causal, tokens, Outcome::Ms(ms));
                    }
                }
            }
            (Step::Time { way, causal, tokens, .. }, Answer::Memory(_)) => {
                let (way, causal, tokens) = (*way, *causal, *tokens);
                self.found(way, causal, tokens, Outcome::NoMemory);
            }
            (_, Answer::Memory(reason) | Answer::Failed(reason)) => {
                self.end = Some(End::Failed(reason));
            }
            (_, Answer::Adapter(_) | Answer::Samples(_)) => {
                self.end = Some(End::Failed("an answer to another question".to_owned()));
            }
        }
        self.id += 1;
        self.skip();
        if self.end.is_none() && reply.at - started > PATIENCE {
            self.end = Some(End::TimeUp);
        }
    }

    /// Stops it, unless it has ended.
    pub(super) fn cancel(&mut self) {
        self.end.get_or_insert(End::Cancelled);
    }

    /// Takes the output of the check with this task's number.
    pub fn output(&mut self, id: u32, output: &[f32]) {
        let Some(&Step::Check { way, causal }) = self.steps.get(self.at) else { return };
        if id != self.id || self.end.is_some() {
            return;
        }
        let check = compare(way, causal, output);
        self.results.checks.push(check);
        if !check.passes() {
            self.end = Some(End::Wrong(check));
        }
        self.at += 1;
        self.id += 1;
        self.skip();
    }

    fn found(&mut self, way: Way, causal: bool, tokens: usize, outcome: Outcome) {
        self.results.times.push(Time { way, causal, tokens, outcome });
        self.at += 1;
    }

    /// Goes past what the card cannot do, and notes why.
    fn skip(&mut self) {
        while let Some(&Step::Time { way, causal, tokens, .. }) = self.steps.get(self.at) {
            let needed = if way == Way::Standard { timed(tokens).score_bytes() } else { 0 };
            let before = self.results.outcome(way, causal, tokens / 2);
            let outcome = match before {
                _ if needed > self.results.adapter.largest_buffer => Outcome::TooLarge(needed),
                // Twice the tokens are four times the work.
                Some(Outcome::Ms(ms)) if 4.0 * ms > LONGEST_LAUNCH => Outcome::TooSlow,
                Some(Outcome::TooSlow) => Outcome::TooSlow,
                Some(Outcome::NoMemory) => Outcome::NoMemory,
                _ => break,
            };
            self.found(way, causal, tokens, outcome);
        }
        if self.end.is_none() && self.at == self.steps.len() {
            self.end = Some(End::Done);
        }
    }
}

/// The sizes that are timed.
fn timed(tokens: usize) -> Size {
    Size { heads: HEADS, kv_heads: HEADS, tokens }
}

/// How often a launch of so many milliseconds is repeated in one sample.
fn repeats(ms: f64) -> u32 {
    (SAMPLE / ms).ceil().clamp(1.0, MOST_REPEATS) as u32
}

fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied()
}
