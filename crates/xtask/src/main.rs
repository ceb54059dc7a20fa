//! `cargo xtask`: see `cargo xtask --help`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use xtask::checks;
use xtask::cli::{Arguments, Task};

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Test { list: true, .. } => checks::list(),
        Task::Test { names, keep_going, .. } => checks::test(&names, keep_going)?,
        Task::Record => checks::record()?,
        _ => return hand_over(),
    }
    Ok(ExitCode::SUCCESS)
}

/// Has `website` do what was asked for. It says itself what is wrong.
fn hand_over() -> Result<ExitCode> {
    let status = checks::website().args(std::env::args_os().skip(1)).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
