//! `cargo xtask`: the commands of the book. It starts in seconds, since it knows neither burn nor
//! the book: what needs them is in the program `website`, which cargo compiles when it is called.
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`] | the command line, for this program and for `website` |
//! | [`checks`] | the named checks, cheapest first |
//! | [`targets`] | which tests and examples there are, as cargo tells |
//! | [`log`] | what a cargo command prints, and which of its tests took long |
//! | [`system`] | programs of this machine, and packages that it lacks |
//! | [`say`] | what the reader is told meanwhile |

use std::path::Path;

pub mod checks;
pub mod cli;
pub mod log;
pub mod say;
pub mod system;
pub mod targets;

/// The folder that holds `book.toml`.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/xtask lies two deep")
}
