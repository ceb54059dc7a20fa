//! `cargo xtask`: see `cargo xtask --help`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::site::{self, Site};
use xtask::{browser, checks, fetch, pdf, say, serve, size, wasm};

/// The commands of "Attention You Can Run". The two that readers need are `serve` and `test`.
///
/// Whatever must be fetched is named first, with its size and its place, checked by checksum,
/// and kept outside of git. What is there already is not fetched again.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the book, serve it on this machine, and build it again on each save
    Serve {
        /// The port on 127.0.0.1; if it is taken, the next free one
        #[arg(long, default_value_t = 3000)]
        port: u16,
    },
    /// Run the checks that the book and its code must pass
    Test {
        /// Only these checks
        names: Vec<String>,
        /// Go on after a failure
        #[arg(long)]
        keep_going: bool,
        /// Only list the checks
        #[arg(long)]
        list: bool,
    },
    /// Build the site into ./book, as it is published, and print what its pages weigh
    Build {
        /// Leave out the real model's weights (98.4 MB), for a host that cannot take them
        #[arg(long)]
        without_weights: bool,
    },
    /// Print the book into target/book.pdf
    Pdf,
    /// Fetch the weights of the real model (98.4 MB)
    Weights,
    /// Build the WebAssembly modules: the widgets, and what trains in the page
    Wasm,
    /// Find or install the browser that the tests drive
    Browser,
    /// Print every computed figure that the text can name, with its source
    Facts,
    /// Run the listings and record what they print
    Record,
}

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
        Task::Test { list: true, .. } => checks::list(),
        Task::Test { names, keep_going, .. } => checks::test(&names, keep_going)?,
        Task::Build { without_weights } => build(without_weights)?,
        Task::Pdf => println!("The book is in {}.", pdf::pdf()?.display()),
        Task::Weights => println!("{}", fetch::weights()?.display()),
        Task::Wasm => println!("{} version {}", wasm::folder().display(), wasm::build()?),
        Task::Browser => {
            let browser = browser::get()?;
            println!("{}\n{}", browser.chromium.display(), browser.chromedriver.display());
        }
        Task::Facts => facts()?,
        Task::Record => checks::record()?,
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
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

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
