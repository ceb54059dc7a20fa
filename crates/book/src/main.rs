//! The preprocessor as a program, for a plain `mdbook build`: see `[preprocessor.book]` in
//! `book.toml`. `cargo xtask` calls the library instead.

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use book::Builder;

fn main() -> ExitCode {
    // mdBook asks first whether a renderer is supported. Every one is.
    if std::env::args().nth(1).as_deref() == Some("supports") {
        return ExitCode::SUCCESS;
    }
    match preprocess() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn preprocess() -> Result<()> {
    let (context, book) = mdbook_preprocessor::parse_input(io::stdin())?;
    let builder = Builder::open()?;
    if let Some(missing) = builder.missing() {
        eprintln!("{missing}");
    }
    let book = builder.preprocess(&context, book)?;
    serde_json::to_writer(io::stdout(), &book)?;
    Ok(())
}
