//! The command line. `xtask` reads it, and hands to `website` what needs the book.

use clap::{Parser, Subcommand, ValueEnum};

/// The commands of "Attention You Can Run". The two that readers need are `serve` and `test`.
///
/// Whatever must be fetched is named first, with its size and its place, checked by checksum,
/// and kept outside of git. What is there already is not fetched again.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub task: Task,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Task {
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
    /// Write one picture of the built book into a page of its own
    Figure {
        /// Its name in the text: `spotlight`
        name: String,
        /// Where it stands, as in a link to it: `cat_13_8_7`
        #[arg(long)]
        at: Option<String>,
    },
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
    /// The part of a check that needs the book
    #[command(hide = true)]
    Part {
        /// Which check it is of
        check: Part,
    },
}

/// The part of a check that needs the book, or what is fetched for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Fetch or find the weights, axe-core, the browser and the web target.
    Fetch,
    /// Compile the WebAssembly modules.
    Wasm,
    /// Build the book and weigh it.
    Book,
    /// Find a driver and compilers for the kernels, and run their tests.
    Kernels,
}

impl Part {
    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Part::Fetch => "fetch",
            Part::Wasm => "wasm",
            Part::Book => "book",
            Part::Kernels => "kernels",
        }
    }
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
    fn a_part_is_called_by_its_name() {
        for part in Part::value_variants() {
            let words = ["cargo xtask", "part", part.name()];
            let Task::Part { check } = Arguments::parse_from(words).task else {
                panic!("{words:?} is no part")
            };
            assert_eq!(check, *part);
        }
    }
}
