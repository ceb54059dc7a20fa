//! The named checks behind `cargo xtask test`, cheapest first.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cli::Part;
use crate::log::{self, Times};
use crate::targets::Targets;
use crate::{say, system};

/// The package with the tests that need a browser.
const READER: &str = "reader-tests";

/// The listing that runs on a card.
const LISTING: &str = "ch08-flash";

/// The features of the kernels. Turned on one by one, they would compile what they share anew.
const KERNEL_FEATURES: [&str; 3] = ["cuda", "wgpu", "emit"];

/// How many of the slowest files of tests are shown.
const SHOWN: usize = 10;

/// A check: its name, what it looks at, and how.
#[derive(Debug)]
pub struct Check {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it looks at.
    pub about: &'static str,
    run: fn(&mut Times) -> Result<()>,
}

/// All checks, in the order in which they run.
pub const CHECKS: [Check; 8] = [
    Check { name: "style", about: "rustfmt and clippy have nothing to say", run: style },
    Check { name: "fetch", about: "weights, axe-core, browser and web target are there", run: get },
    Check { name: "wasm", about: "what runs in the page compiles to WebAssembly", run: modules },
    Check { name: "book", about: "the book builds, with every lint, and is light", run: book },
    Check { name: "native", about: "unit, integration and documentation tests", run: native },
    Check {
        name: "kernels",
        about: "the GPU kernels, on a driver that needs no GPU",
        run: kernels,
    },
    Check { name: "docs", about: "the code's documentation builds without a warning", run: docs },
    Check { name: "browser", about: "the built book in Chromium, as readers meet it", run: reader },
];

/// Runs the checks that are named, or all, and says how each went. Stops at the first failure
/// unless it is to `keep_going`.
///
/// # Errors
/// When there is no such check, or one fails.
pub fn test(names: &[String], keep_going: bool) -> Result<()> {
    run(&chosen(names)?, keep_going)
}

/// Prints the checks and what they look at.
pub fn list() {
    for check in &CHECKS {
        println!("{:<8} {}", check.name, check.about);
    }
}

fn chosen(names: &[String]) -> Result<Vec<&'static Check>> {
    let known = CHECKS.map(|check| check.name);
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no check `{name}`; there are {}", known.join(", "));
    }
    let wanted = |check: &&Check| names.is_empty() || names.iter().any(|name| name == check.name);
    Ok(CHECKS.iter().filter(wanted).collect())
}

fn run(checks: &[&Check], keep_going: bool) -> Result<()> {
    let mut lines = Vec::new();
    let mut slow = Vec::new();
    let mut failed = 0;
    for check in checks {
        println!("\n== {}: {}", check.name, check.about);
        let start = Instant::now();
        let mut times = Times::default();
        let result = (check.run)(&mut times);
        let verdict = if result.is_ok() { "passed" } else { "FAILED" };
        let compiling = match times.tests.is_empty() {
            true => String::new(),
            false => format!(", {:.0} s of it before the first test", times.compiling),
        };
        lines.push(format!("{:<8} {verdict} in {}{compiling}", check.name, say::seconds(start)));
        slow.append(&mut times.tests);
        if let Err(error) = result {
            failed += 1;
            eprintln!("{}: {error:#}", check.name);
            if !keep_going {
                break;
            }
        }
    }
    println!("\n{}{}", slowest(slow), lines.join("\n"));
    let unrun = checks.len() - lines.len();
    let rest = if unrun > 0 { format!(", {unrun} not run") } else { String::new() };
    println!("{} passed, {failed} failed{rest}", lines.len() - failed);
    if failed > 0 {
        bail!("`cargo xtask test --list` names the checks; each runs alone by its name");
    }
    Ok(())
}

/// The files of tests that took longest, a line each.
fn slowest(mut tests: Vec<(String, f64)>) -> String {
    tests.sort_by(|one, other| other.1.total_cmp(&one.1));
    tests.truncate(SHOWN);
    let lines = tests.iter().map(|(name, seconds)| format!("{seconds:7.1} s  {name}\n"));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("the tests that took longest:\n{lines}\n") }
}

/// Clippy looks at everything at once, the kernels' features included: what lies below the
/// workspace is checked once, and the documentation reads the same.
fn style(times: &mut Times) -> Result<()> {
    for tool in ["fmt", "clippy"] {
        if system::output(system::cargo().args([tool, "--version"])).is_none() {
            let component = if tool == "fmt" { "rustfmt" } else { tool };
            bail!("cargo {tool} is missing: rustup component add {component}");
        }
    }
    system::run(system::cargo().args(["fmt", "--all", "--check"]))
        .context("`cargo fmt --all` puts it right")?;
    let mut clippy = system::cargo();
    clippy.args(["clippy", "--release", "--workspace", "--features", &features()]);
    // "All" leaves out what a plain `cargo test` leaves out.
    clippy.arg("--all-targets").args(chosen_by("--test", Targets::read()?.grades()));
    log::run(clippy.args(["--", "-D", "warnings"]), times)
}

fn get(times: &mut Times) -> Result<()> {
    part(Part::Fetch, times)
}

fn modules(times: &mut Times) -> Result<()> {
    part(Part::Wasm, times)
}

fn book(times: &mut Times) -> Result<()> {
    part(Part::Book, times)
}

fn native(times: &mut Times) -> Result<()> {
    let mut tests = cargo_test();
    tests.args(["--lib", "--bins"]);
    log::run(tests.args(chosen_by("--test", Targets::read()?.tests_without(READER)?)), times)?;
    log::run(cargo_test().arg("--doc"), times)
}

/// Compiles what lies behind the features of the kernels, all at once so that it compiles once,
/// and runs it on a Vulkan driver for processors.
fn kernels(times: &mut Times) -> Result<()> {
    part(Part::Kernels, times)?;
    // The listing needs no feature, and with them all it must build and link without CUDA.
    let mut examples = Targets::read()?.behind_features("example");
    examples.insert(LISTING.to_owned());
    log::run(with_features("build").args(chosen_by("--example", examples)), times)
}

fn docs(times: &mut Times) -> Result<()> {
    let mut doc = system::cargo();
    doc.args(["doc", "--release", "--workspace", "--no-deps", "--features", &features()]);
    log::run(doc.env("RUSTDOCFLAGS", "-D warnings"), times)
}

fn reader(times: &mut Times) -> Result<()> {
    part(Part::Fetch, times)?;
    log::run(cargo_test().args(chosen_by("--test", Targets::read()?.tests_of(READER)?)), times)
}

/// Has `website` do its part of a check.
fn part(part: Part, times: &mut Times) -> Result<()> {
    log::run(website().args(["part", part.name()]), times)
}

/// The program that knows the book, compiled when it is called.
pub fn website() -> Command {
    let mut cargo = system::cargo();
    cargo.args(["run", "--release", "--bin", "website", "--"]);
    cargo
}

/// Tests of the whole workspace, to be chosen by kind and by name. To choose by package would
/// compile the libraries below again, with other features.
fn cargo_test() -> Command {
    let mut cargo = system::cargo();
    cargo.args(["test", "--release", "--workspace", "--no-fail-fast"]);
    cargo
}

/// The kernels' tests and the unit tests of their programs, which need a driver and compilers.
///
/// # Errors
/// When cargo does not tell which there are.
pub fn kernel_tests() -> Result<Command> {
    let targets = Targets::read()?;
    let mut tests = with_features("test");
    tests.args(chosen_by("--test", targets.behind_features("test")));
    tests.args(chosen_by("--bin", targets.behind_features("bin")));
    tests.args(["--no-fail-fast", "--", "--nocapture"]);
    Ok(tests)
}

/// A command of cargo with the kernels' features, and with their profile.
fn with_features(command: &str) -> Command {
    let mut cargo = system::cargo();
    cargo.args([command, "--profile", "kernels", "--workspace", "--features", &features()]);
    cargo
}

fn features() -> String {
    KERNEL_FEATURES.join(",")
}

/// `--test one --test two`
fn chosen_by(kind: &str, names: BTreeSet<String>) -> impl Iterator<Item = String> {
    names.into_iter().flat_map(move |name| [kind.to_owned(), name])
}

/// Runs the listings and records what they print, as `cargo xtask record`.
///
/// # Errors
/// When the weights cannot be had or a listing fails.
pub fn record() -> Result<()> {
    system::run(website().arg("weights"))?;
    system::run(cargo_test().args(["--test", "output"]).env("RECORD", "1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Check = Check { name: "good", about: "", run: |_| Ok(()) };
    const BAD: Check = Check { name: "bad", about: "", run: |_| bail!("it is broken") };
    const NEVER: Check = Check { name: "never", about: "", run: |_| panic!("it ran") };

    #[test]
    fn a_failure_stops_the_rest() {
        run(&[&GOOD, &GOOD], false).unwrap();
        assert!(run(&[&GOOD, &BAD, &NEVER], false).is_err());
    }

    #[test]
    fn all_run_when_told_to_keep_going() {
        let end = || run(&[&BAD, &NEVER], true);
        assert!(std::panic::catch_unwind(end).is_err(), "the check after the failure did not run");
    }

    #[test]
    fn checks_are_chosen_by_name_and_run_in_their_order() {
        let names = |wanted: &[&str]| -> Vec<&str> {
            let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
            chosen(&wanted).unwrap().iter().map(|check| check.name).collect()
        };
        assert_eq!(names(&["docs", "style"]), ["style", "docs"]);
        assert_eq!(names(&[]).len(), CHECKS.len());
        let error = chosen(&["stile".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no check `stile`") && error.contains("style"), "{error}");
    }

    #[test]
    fn the_slowest_tests_come_first() {
        let tests = (0..20).map(|at| (format!("test{at}"), f64::from(at)));
        let shown = slowest(tests.collect());
        let lines: Vec<&str> = shown.lines().filter(|line| line.contains("test")).collect();
        assert!(lines[1].ends_with("19.0 s  test19"), "{shown}");
        assert!(shown.contains("test10") && !shown.contains("test9"), "{shown}");
        assert_eq!(slowest(Vec::new()), "");
    }
}
