//! What a run on a graphics card found: on which card, how right, and how fast.

use serde::{Deserialize, Serialize};

/// A way to compute attention on the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Scores, weights and output, each by a kernel of its own: the whole matrix of scores is
    /// written to memory and read again.
    Standard,
    /// One kernel, tile by tile: no score ever reaches memory.
    Flash,
}

impl Way {
    /// Both, in the order in which they are measured.
    pub const BOTH: [Way; 2] = [Way::Standard, Way::Flash];

    /// Its name in the text.
    pub fn name(self) -> &'static str {
        match self {
            Way::Standard => "standard",
            Way::Flash => "flash",
        }
    }
}

/// What the browser says about the card. Browsers tell little, to protect their users.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adapter {
    /// Who made it: `nvidia`.
    pub vendor: String,
    /// Its family: `ampere`.
    pub architecture: String,
    /// The device, often empty.
    pub device: String,
    /// A description, often empty.
    pub description: String,
    /// Whether the browser calls it a fallback: a program that plays a card.
    pub fallback: bool,
    /// How many bytes a kernel can reach in one buffer.
    pub largest_buffer: u64,
}

impl Adapter {
    /// All that is known of it, in words.
    pub fn name(&self) -> String {
        let parts = [&self.vendor, &self.architecture, &self.device, &self.description];
        let known: Vec<&str> =
            parts.into_iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
        if known.is_empty() {
            "a card that the browser does not name".into()
        } else {
            known.join(", ")
        }
    }

    /// Whether it is a program that plays a card, as far as one can tell.
    pub fn is_software(&self) -> bool {
        let name = self.name().to_ascii_lowercase();
        self.fallback || ["swiftshader", "llvmpipe", "warp"].iter().any(|it| name.contains(it))
    }
}

/// How far one way's result is from that of the processor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The way.
    pub way: Way,
    /// Whether later tokens were hidden.
    pub causal: bool,
    /// The largest difference, divided by the largest value: an output is a mean of values.
    pub error: f64,
}

impl Check {
    /// The largest error that is let pass. Cards may round `exp` in their own way.
    pub const BOUND: f64 = 1e-5;

    /// Whether the error is within the bound. A `NaN` is not.
    pub fn passes(&self) -> bool {
        self.error <= Self::BOUND
    }
}

/// What came of timing one way at one length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The median, in milliseconds.
    Ms(f64),
    /// It needs a buffer of so many bytes, and the card gives none as large.
    TooLarge(u64),
    /// The card said that its memory is full.
    NoMemory,
    /// It would take longer than one task on a card should.
    TooSlow,
}

/// One way at one length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Time {
    /// The way.
    pub way: Way,
    /// Whether later tokens were hidden.
    pub causal: bool,
    /// Tokens: queries, and as many keys.
    pub tokens: usize,
    /// What came of it.
    pub outcome: Outcome,
}

/// All that one run found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The card.
    pub adapter: Adapter,
    /// The browser, for a recorded run.
    pub browser: Option<String>,
    /// The day, for a recorded run: `2026-11-24`.
    pub date: Option<String>,
    /// How right.
    pub checks: Vec<Check>,
    /// How fast.
    pub times: Vec<Time>,
}

impl Results {
    /// What came of one way at one length.
    pub fn outcome(&self, way: Way, causal: bool, tokens: usize) -> Option<Outcome> {
        let is_it = |time: &&Time| (time.way, time.causal, time.tokens) == (way, causal, tokens);
        self.times.iter().find(is_it).map(|time| time.outcome)
    }

    /// The median of one way at one length, in milliseconds.
    pub fn ms(&self, way: Way, causal: bool, tokens: usize) -> Option<f64> {
        match self.outcome(way, causal, tokens) {
            Some(Outcome::Ms(ms)) => Some(ms),
            _ => None,
        }
    }

    /// The largest error of its checks.
    pub fn largest_error(&self) -> Option<f64> {
        self.checks.iter().map(|check| check.error).reduce(f64::max)
    }
}
