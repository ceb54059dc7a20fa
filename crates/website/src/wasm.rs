//! The site's WebAssembly modules, built from the same code that the tests run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use xtask::{root, system};

use crate::{order, sha256};

/// The profile of the workspace that the modules are compiled with.
const PROFILE: &str = "wasm";

const TARGET: &str = "wasm32-unknown-unknown";

/// A WebAssembly module of the site. It is named like the crate that it is made from, and so is
/// its folder in the site, with [`FILES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// The name of its crate and of its folder.
    pub name: &'static str,
    /// What it may weigh, in bytes after gzip.
    pub limit: u64,
}

/// Every module. A page fetches one when it is first needed.
pub const MODULES: [Module; 6] = [
    // The widgets, by chapter: each page needs one of these.
    Module { name: "front", limit: 400_000 },
    Module { name: "early", limit: 400_000 },
    Module { name: "middle", limit: 400_000 },
    Module { name: "late", limit: 220_000 },
    // What trains in the page, in a worker: burn with autodiff and an optimiser.
    Module { name: "trainer", limit: 385_000 },
    // The real model without its weights, in a worker: most of it is the tokenizer.
    Module { name: "reader", limit: 685_000 },
];

/// What a module consists of.
pub const FILES: [&str; 2] = ["module.js", "module_bg.wasm"];

/// Debian's packages with a compiler, a linker, and the source of the standard library.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];

/// How long rustup may take to find out that it has no network.
const PATIENCE: Duration = Duration::from_secs(60);

/// The Rust release that Debian's compiler must have at least, as in the workspace's manifest.
const OLDEST: (u32, u32) = (1, 95);

/// What compiles for the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toolchain {
    /// The one that compiles everything else, with the target installed.
    Own,
    /// Debian's, which brings the source of the standard library and compiles that too.
    Debian,
}

/// Where the modules are put, each in its own folder.
pub fn folder() -> PathBuf {
    root().join("target/site-wasm")
}

/// Finds what compiles for the web. What is here comes before what must be fetched.
///
/// # Errors
/// When there is nothing and nothing can be installed: the error has the exact command.
pub fn toolchain() -> Result<Toolchain> {
    if has_target() {
        return Ok(Toolchain::Own);
    }
    if has_debians() {
        return Ok(Toolchain::Debian);
    }
    if rustup_adds_the_target() {
        return Ok(Toolchain::Own);
    }
    system::install("Debian's compiler for the web", &PACKAGES).with_context(|| {
        format!(
            "the widgets need a compiler for {TARGET}, which `rustup target add {TARGET}` gets \
             where rustup has a network"
        )
    })?;
    Ok(Toolchain::Debian)
}

fn has_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    system::output(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]))
        .is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

fn has_debians() -> bool {
    let version = system::output(clean(&mut Command::new("/usr/bin/rustc")).arg("--version"));
    version.and_then(|greeting| release(&greeting)).is_some_and(|release| release >= OLDEST)
        && Path::new("/usr/bin/cargo").is_file()
        && Path::new("/usr/lib/rustlib/src/rust/library/std").is_dir()
        && system::program("wasm-ld").is_some()
}

/// The release in `rustc 1.96.0 (ac68faa20 2026-05-25)`.
fn release(greeting: &str) -> Option<(u32, u32)> {
    let mut numbers = greeting.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn rustup_adds_the_target() -> bool {
    println!("Fetching the compiler's target {TARGET} with rustup, for the widgets ...");
    let mut rustup = Command::new("rustup");
    let Ok(mut child) = rustup.args(["target", "add", TARGET]).stdin(Stdio::null()).spawn() else {
        println!("  there is no rustup");
        return false;
    };
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match child.try_wait() {
            Ok(None) => sleep(Duration::from_millis(100)),
            ended => return ended.is_ok_and(|_| has_target()),
        }
    }
    println!("  rustup took longer than {} s", PATIENCE.as_secs());
    // An error here means that it has ended after all.
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// Builds the modules, as far as they are out of date. Returns their version.
///
/// # Errors
/// As [`toolchain`], or when a module does not compile.
pub fn build() -> Result<String> {
    let toolchain = toolchain()?;
    for module in &MODULES {
        compile(module, toolchain)
            .with_context(|| format!("{} does not become a WebAssembly module", module.name))?;
    }
    version(&folder())
}

/// Each module is a cargo call of its own: in one call they would all get the features of burn
/// that one of them needs.
fn compile(module: &Module, toolchain: Toolchain) -> Result<()> {
    let target = root().join("target/wasm");
    system::run(
        cargo(toolchain)
            .args(["--locked", "--profile", PROFILE, "--package", module.name, "--lib"])
            .args(["--target", TARGET, "--target-dir"])
            .arg(&target),
    )?;
    let compiled = target.join(TARGET).join(PROFILE).join(module.name).with_extension("wasm");
    bind(&compiled, &folder().join(module.name))
}

fn cargo(toolchain: Toolchain) -> Command {
    match toolchain {
        Toolchain::Own => {
            let mut cargo = system::cargo();
            cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").arg("build");
            cargo
        }
        Toolchain::Debian => {
            let mut cargo = Command::new("/usr/bin/cargo");
            clean(&mut cargo)
                .current_dir(root())
                .env("RUSTC", "/usr/bin/rustc")
                // Building the standard library is not a stable feature of cargo.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
                .args(["build", "-Zbuild-std=std,panic_abort"]);
            cargo
        }
    }
}

/// Forgets what the cargo that runs this program tells the programs below it, but not where
/// packages come from.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        if concerns_the_toolchain(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

fn concerns_the_toolchain(variable: &str) -> bool {
    let of_packages = ["CARGO_HOME", "CARGO_HTTP", "CARGO_NET", "CARGO_REGISTR", "CARGO_SOURCE"];
    let begins = |starts: &[&str]| starts.iter().any(|start| variable.starts_with(start));
    let of_a_toolchain = begins(&["CARGO", "RUSTC", "RUSTFLAGS", "RUSTDOC", "RUSTUP_TOOLCHAIN"]);
    variable == "LD_LIBRARY_PATH" || of_a_toolchain && !begins(&of_packages)
}

/// Makes the module and its JavaScript, unless those of the same input are there.
fn bind(input: &Path, out: &Path) -> Result<()> {
    let bytes = fs::read(input).with_context(|| format!("cargo left no {}", input.display()))?;
    let (stamp, now) = (out.join("ordered.sha256"), sha256(&bytes));
    let there = FILES.iter().all(|name| out.join(name).is_file());
    if there && fs::read_to_string(&stamp).is_ok_and(|before| before == now) {
        return Ok(());
    }
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name("module").web(true)?.typescript(false);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(out).context("wasm-bindgen failed")?;
    let module = out.join("module_bg.wasm");
    match order::side_by_side(&fs::read(&module)?) {
        Ok(ordered) => fs::write(module, ordered)?,
        // Another compiler may use an instruction that is not known there: all works without.
        Err(error) => {
            eprintln!("warning: {} stays in the compiler's order: {error:#}", module.display());
        }
    }
    fs::write(stamp, now)?;
    Ok(())
}

/// The version of the modules in `folder`: the start of the SHA-256 of all their files.
///
/// # Errors
/// When a file cannot be read.
pub fn version(folder: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    for module in &MODULES {
        for name in FILES {
            let path = folder.join(module.name).join(name);
            let file = fs::read(&path);
            bytes.extend(file.with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(sha256(&bytes)[..12].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_and_compared_by_number() {
        let release = |greeting| release(greeting).unwrap();
        assert!(release("rustc 1.96.0 (ac68faa20 2026-05-25) (built from source)") >= OLDEST);
        assert!(release("rustc 1.63.0") < OLDEST);
        assert!(release("rustc 1.100.0-nightly") >= OLDEST);
    }

    #[test]
    fn the_outer_cargo_is_forgotten_and_the_packages_are_not() {
        for name in ["CARGO", "CARGO_PKG_NAME", "RUSTC", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"] {
            assert!(concerns_the_toolchain(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_HTTP_CAINFO", "PATH", "RUST_BACKTRACE", "RUSTUP_HOME"] {
            assert!(!concerns_the_toolchain(name), "{name}");
        }
    }

    #[test]
    fn the_version_follows_every_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(version(folder.path()).is_err());
        let files: Vec<PathBuf> = MODULES
            .iter()
            .flat_map(|module| FILES.map(|name| folder.path().join(module.name).join(name)))
            .collect();
        for path in &files {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "before").unwrap();
        }
        for path in &files {
            let before = version(folder.path()).unwrap();
            assert_eq!(before.len(), 12);
            fs::write(path, format!("after, in {}", path.display())).unwrap();
            assert_ne!(version(folder.path()).unwrap(), before, "{}", path.display());
        }
    }
}
