//! The named checks behind `cargo xtask test`, cheapest first.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::site::{self, Site};
use crate::{browser, cuda, fetch, say, size, system, vulkan, wasm};

/// The package with the tests that need a browser.
const READER: &str = "reader-tests";

/// The listing that runs on a card.
const LISTING: &str = "ch08-flash";

/// The features of the kernels. Turned on one by one, they would compile what they share anew.
const KERNEL_FEATURES: [&str; 3] = ["cuda", "wgpu", "emit"];

/// A check: its name, what it looks at, and how.
#[derive(Debug)]
pub struct Check {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it looks at.
    pub about: &'static str,
    run: fn() -> Result<()>,
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
    let mut failed = 0;
    for check in checks {
        println!("\n== {}: {}", check.name, check.about);
        let start = Instant::now();
        let result = (check.run)();
        let verdict = if result.is_ok() { "passed" } else { "FAILED" };
        lines.push(format!("{:<8} {verdict} in {}", check.name, say::seconds(start)));
        if let Err(error) = result {
            failed += 1;
            eprintln!("{}: {error:#}", check.name);
            if !keep_going {
                break;
            }
        }
    }
    println!("\n{}", lines.join("\n"));
    let unrun = checks.len() - lines.len();
    let rest = if unrun > 0 { format!(", {unrun} not run") } else { String::new() };
    println!("{} passed, {failed} failed{rest}", lines.len() - failed);
    if failed > 0 {
        bail!("`cargo xtask test --list` names the checks; each runs alone by its name");
    }
    Ok(())
}

fn style() -> Result<()> {
    for tool in ["fmt", "clippy"] {
        if system::output(system::cargo().args([tool, "--version"])).is_none() {
            let component = if tool == "fmt" { "rustfmt" } else { tool };
            bail!("cargo {tool} is missing: rustup component add {component}");
        }
    }
    system::run(system::cargo().args(["fmt", "--all", "--check"]))
        .context("`cargo fmt --all` puts it right")?;
    clippy(["--all-targets".to_owned()])?;
    // "All" leaves out what a plain `cargo test` leaves out.
    clippy(grades(&metadata()?).into_iter().flat_map(|name| ["--test".to_owned(), name]))
}

fn clippy(targets: impl IntoIterator<Item = String>) -> Result<()> {
    let mut cargo = system::cargo();
    cargo.args(["clippy", "--release", "--workspace"]).args(targets);
    system::run(cargo.args(["--", "-D", "warnings"]))
}

fn get() -> Result<()> {
    println!("weights: {}", fetch::weights()?.display());
    println!("axe-core: {}", fetch::AXE.fetch()?.display());
    let browser = browser::get()?;
    println!("browser: {}, {}", browser.chromium.display(), browser.chromedriver.display());
    println!("compiler for the web: {:?}", wasm::toolchain()?);
    Ok(())
}

fn modules() -> Result<()> {
    println!("the modules' version is {}", wasm::build()?);
    Ok(())
}

fn book() -> Result<()> {
    Site::whole()?.build(&site::folder(), false)?;
    size::report(&site::folder())
}

fn native() -> Result<()> {
    let tests = tests(|package| package != READER)?;
    cargo_test(&["--lib", "--bins"], &tests)?;
    cargo_test(&["--doc"], &BTreeSet::new())
}

/// Compiles what lies behind the features of the kernels, all at once so that it compiles once,
/// runs it on a Vulkan driver for processors, and has clippy and rustdoc look at it.
fn kernels() -> Result<()> {
    let driver = vulkan::get()?;
    println!("Vulkan: {}", driver.library.display());
    let compilers = cuda::fetch()?;
    println!("NVIDIA's compilers: {}", compilers.display());
    let metadata = metadata()?;
    let cargo = |command: &str, kind: &str, names: BTreeSet<String>| {
        let mut cargo = system::cargo();
        cargo.args([command, "--profile", "kernels", "--workspace"]);
        cargo.args(["--features", &KERNEL_FEATURES.join(",")]);
        cargo.args(names.into_iter().flat_map(|name| [format!("--{kind}"), name]));
        cargo
    };
    let mut tests = cargo("test", "test", behind_features(&metadata, "test"));
    tests.args(
        behind_features(&metadata, "bin").into_iter().flat_map(|name| ["--bin".to_owned(), name]),
    );
    tests.env(cuda::VARIABLE, compilers);
    system::run(driver.pass_to(tests.arg("--no-fail-fast").args(["--", "--nocapture"]))?)?;
    // The listing needs no feature, and with them all it must build and link without CUDA.
    let mut examples = behind_features(&metadata, "example");
    examples.insert(LISTING.to_owned());
    system::run(&mut cargo("build", "example", examples))?;
    // In the other checks clippy and rustdoc see none of this code.
    let mut clippy = cargo("clippy", "test", behind_features(&metadata, "test"));
    system::run(clippy.args(["--lib", "--bins", "--", "-D", "warnings"]))?;
    document(&mut cargo("doc", "bin", BTreeSet::new()))
}

fn docs() -> Result<()> {
    document(system::cargo().args(["doc", "--release", "--workspace"]))
}

fn document(cargo: &mut Command) -> Result<()> {
    system::run(cargo.arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings"))
}

fn reader() -> Result<()> {
    browser::get()?;
    fetch::AXE.fetch()?;
    cargo_test(&[], &tests(|package| package == READER)?)
}

/// Runs tests of the whole workspace, chosen by kind and by name. To choose by package would
/// compile the libraries below again, with other features.
fn cargo_test(kinds: &[&str], names: &BTreeSet<String>) -> Result<()> {
    let mut cargo = system::cargo();
    cargo.args(["test", "--release", "--workspace", "--no-fail-fast"]).args(kinds);
    for name in names {
        cargo.args(["--test", name]);
    }
    system::run(&mut cargo)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    /// Whether a plain `cargo test` runs it. The exercises' grades run by name only.
    test: bool,
    /// Without these features it is left out.
    #[serde(default, rename = "required-features")]
    required_features: Vec<String>,
}

impl Target {
    fn is(&self, kind: &str) -> bool {
        self.kind == [kind]
    }
}

fn metadata() -> Result<Metadata> {
    let mut command = system::cargo();
    let metadata = system::output(command.args(["metadata", "--no-deps", "--format-version", "1"]));
    let metadata = metadata.context("cargo metadata failed")?;
    serde_json::from_str(&metadata).context("cargo metadata is not as expected")
}

/// The names of the integration tests of the packages that `of` takes.
fn tests(of: fn(&str) -> bool) -> Result<BTreeSet<String>> {
    sort_out(&metadata()?, of)
}

/// The names of the tests that grade the exercises.
fn grades(metadata: &Metadata) -> BTreeSet<String> {
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let by_name = targets.filter(|target| target.is("test") && !target.test);
    by_name.map(|target| target.name.clone()).collect()
}

/// The names of the tests or examples that need a feature of the kernels.
fn behind_features(metadata: &Metadata, kind: &str) -> BTreeSet<String> {
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let behind = targets.filter(|target| target.is(kind) && !target.required_features.is_empty());
    behind.map(|target| target.name.clone()).collect()
}

fn sort_out(metadata: &Metadata, of: fn(&str) -> bool) -> Result<BTreeSet<String>> {
    let (mut ours, mut others) = (BTreeSet::new(), BTreeSet::new());
    for package in &metadata.packages {
        let names = if of(&package.name) { &mut ours } else { &mut others };
        let plain = |target: &&Target| target.test && target.required_features.is_empty();
        let tests = package.targets.iter().filter(|target| target.is("test")).filter(plain);
        names.extend(tests.map(|target| target.name.clone()));
    }
    if let Some(name) = ours.intersection(&others).next() {
        bail!(
            "two packages have a test file {name}.rs, one with and one without a browser: \
               rename one, so that it can be chosen"
        );
    }
    Ok(ours)
}

/// Runs the listings and records what they print, as `cargo xtask record`.
///
/// # Errors
/// When the weights cannot be had or a listing fails.
pub fn record() -> Result<()> {
    fetch::weights()?;
    let mut cargo: Command = system::cargo();
    cargo.args(["test", "--release", "--workspace", "--test", "output"]).env("RECORD", "1");
    system::run(&mut cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Check = Check { name: "good", about: "", run: || Ok(()) };
    const BAD: Check = Check { name: "bad", about: "", run: || bail!("it is broken") };
    const NEVER: Check = Check { name: "never", about: "", run: || panic!("it ran") };

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

    fn metadata(of_reader: &str) -> Metadata {
        let json = format!(
            r#"{{"packages": [
                {{"name": "book", "targets": [{{"name": "book", "kind": ["lib"], "test": true}},
                    {{"name": "changes", "kind": ["test"], "test": true}},
                    {{"name": "ch04-softmax", "kind": ["test"], "test": false}}]}},
                {{"name": "kernels", "targets": [
                    {{"name": "on_gpu", "kind": ["test"], "test": true,
                        "required-features": ["wgpu"]}}]}},
                {{"name": "reader-tests", "targets": [
                    {{"name": "{of_reader}", "kind": ["test"], "test": true}}]}}]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn tests_are_sorted_by_package() {
        let found = sort_out(&metadata("pages"), |package| package != READER).unwrap();
        assert_eq!(found, BTreeSet::from(["changes".to_owned()]));
        let found = sort_out(&metadata("pages"), |package| package == READER).unwrap();
        assert_eq!(found, BTreeSet::from(["pages".to_owned()]));
        let found = grades(&metadata("pages"));
        assert_eq!(found, BTreeSet::from(["ch04-softmax".to_owned()]));
        let found = behind_features(&metadata("pages"), "test");
        assert_eq!(found, BTreeSet::from(["on_gpu".to_owned()]));
    }

    #[test]
    fn two_tests_of_one_name_cannot_be_sorted() {
        let error = sort_out(&metadata("changes"), |package| package == READER).unwrap_err();
        assert!(error.to_string().contains("changes.rs"), "{error}");
    }
}
