//! What `cargo xtask` calls for the commands that need the book.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use website::site::{self, Site};
use website::{browser, fetch, figure, parts, pdf, serve, size, wasm};
use xtask::cli::{Arguments, Task};
use xtask::say;

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Serve { port } => serve::serve(port)?,
        Task::Build { without_weights } => build(without_weights)?,
        Task::Pdf => println!("The book is in {}.", pdf::pdf()?.display()),
        Task::Figure { name, at } => {
            for path in figure::write(&name, at.as_deref())? {
                println!("{}", path.display());
            }
        }
        Task::Weights => println!("{}", fetch::weights()?.display()),
        Task::Wasm => println!("{} version {}", wasm::folder().display(), wasm::build()?),
        Task::Browser => {
            let browser = browser::get()?;
            println!("{}\n{}", browser.chromium.display(), browser.chromedriver.display());
        }
        Task::Facts => facts()?,
        Task::Part { check } => parts::run(check)?,
        Task::Test { .. } | Task::Record => bail!("call `cargo xtask`, which does this itself"),
    }
    Ok(())
}

fn build(without_weights: bool) -> Result<()> {
    let mut site = Site::as_far_as_possible()?;
    if without_weights {
        site = site.without_weights();
    }
    let out = site::folder();
    say::step("Building the book", || site.build(&out, false))?;
    size::report(&out)?;
    println!("The book is in {}.", out.display());
    Ok(())
}

fn facts() -> Result<()> {
    let builder = book::Builder::open()?;
    for (name, value, source) in builder.facts() {
        println!("{name:<40} {value:>12}  {source}");
    }
    if let Some(missing) = builder.missing() {
        println!("{missing}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_help_says_what_the_weights_weigh() {
        let size = format!("({:.1} MB)", smollm2::BYTES as f64 / 1e6);
        for name in ["build", "weights"] {
            let mut command = Arguments::command();
            let command = command.find_subcommand_mut(name).unwrap();
            let help = command.render_long_help().to_string();
            assert!(help.contains(&size), "{name}: {help}");
        }
    }
}
