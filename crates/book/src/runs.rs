//! The recorded runs of the listings: `listings/runs.toml` and `listings/output/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

/// Where the runs are listed, from the book's root.
pub const FILE: &str = "listings/runs.toml";

/// One recorded run of a listing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The listing: an example of the package `listings`.
    pub listing: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// How far a number may be from the recorded one: nothing, unless the listing makes much of
    /// rounding, which differs between processors.
    #[serde(default)]
    pub within: f64,
}

impl Run {
    /// The command as a reader types it.
    pub fn command(&self) -> String {
        let mut command = format!("cargo run --release --example {}", self.listing);
        if !self.args.is_empty() {
            command += " --";
        }
        for arg in &self.args {
            let plain = arg.chars().all(|c| c.is_ascii_alphanumeric() || "-_=.,/".contains(c));
            command += &if plain { format!(" {arg}") } else { format!(" \"{arg}\"") };
        }
        command
    }
}

/// All runs, by name: `ch01-spotlight/it`.
pub type Runs = BTreeMap<String, Run>;

/// Reads the list of runs under `root`.
///
/// # Errors
/// When the file cannot be read or is not what it should be.
pub fn read(root: &Path) -> Result<Runs> {
    let path = root.join(FILE);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{FILE} is not a table of runs"))
}

/// Where a run's output is recorded, from the book's root.
pub fn output(name: &str) -> PathBuf {
    Path::new("listings/output").join(format!("{name}.txt"))
}
