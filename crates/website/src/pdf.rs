//! The book as one PDF: Chromium prints the page that holds all chapters.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use xtask::{root, say, system};

use crate::{browser, serve, site};

/// How long Chromium may take. A book of ten chapters takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(240);

/// How Chromium is started: no window, nothing of its own on the network, and on the paper
/// nothing but the book, with an outline for the reader's program.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
];

/// Builds the book and prints it into `target/book.pdf`.
///
/// # Errors
/// When the book cannot be built, there is no browser, or it does not print in time.
pub fn pdf() -> Result<PathBuf> {
    let chromium = browser::get()?.chromium;
    let built = site::folder();
    site::Site::as_far_as_possible()?.build(&built, false)?;
    let out = root().join("target/book.pdf");
    say::step("Printing the book", || print(&chromium, &built, &out))?;
    Ok(out)
}

/// Prints the built book in the folder `built` into the file `out`.
///
/// # Errors
/// When Chromium does not print in time, or prints something else.
pub fn print(chromium: &Path, built: &Path, out: &Path) -> Result<()> {
    if out.exists() {
        fs::remove_file(out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    // Scripts that are modules need a server; a folder's files would not do.
    let runtime = tokio::runtime::Runtime::new()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
    let address = listener.local_addr()?;
    let router = serve::router(built);
    runtime.spawn(async move { axum::serve(listener, router).await });
    let profile = tempfile::tempdir()?;
    let mut command = Command::new(chromium);
    command
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--print-to-pdf={}", out.display()))
        .arg(format!("http://{address}/print.html"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let result = system::run_within(LIMIT, &mut command);
    runtime.shutdown_background();
    result?;
    let bytes = fs::read(out).context("Chromium has printed nothing")?;
    ensure!(bytes.starts_with(b"%PDF"), "{} is no PDF", out.display());
    Ok(())
}
