//! Programs of this machine, and packages that it lacks.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Where a program lies: in one of the folders of `PATH`.
pub fn program(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// What a program prints, when it ends well.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as it would be typed.
pub(crate) fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy().into_owned());
    words.collect::<Vec<_>>().join(" ")
}

/// Runs a command to its end. The reader sees what it prints.
///
/// # Errors
/// When it does not start or does not end well: the error shows the command.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", typed(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", typed(command));
    }
    Ok(())
}

/// Runs a command that must end within a time.
///
/// # Errors
/// As [`run`]; and when the time is up, after which the command is ended.
pub fn run_within(limit: Duration, command: &mut Command) -> Result<()> {
    let shown = typed(command);
    let mut child = command.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    let end = Instant::now() + limit;
    while Instant::now() < end {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("`{shown}` failed: {status}"),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    child.kill()?;
    child.wait()?;
    bail!("`{shown}` took more than {} s", limit.as_secs())
}

/// The cargo that runs this program.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::root());
    command
}

/// Installs packages of Debian or Ubuntu, where this program may.
///
/// # Errors
/// Elsewhere, with the exact command; or when the installation fails.
pub fn install(what: &str, packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !(is_debian() && is_root()) {
        bail!(
            "{what} is missing. On Debian or Ubuntu install it with\n    \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {list}\n\
             and elsewhere with your system's own packages. Then run the command again."
        );
    }
    println!("{what} is missing. Installing the packages {list} with apt-get, as root ...");
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))
    .with_context(|| format!("{what} could not be installed"))
}

/// Whether this system takes Debian's packages.
pub fn is_debian() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    Path::new("/usr/bin/apt-get").is_file() && names_debian(&release)
}

fn names_debian(release: &str) -> bool {
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|names| names.trim_matches('"').split_whitespace())
        .any(|name| name == "debian")
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

/// The first number of a version in a program's greeting: 156 in `Chromium 156.0.8078.79 built`.
pub fn major_version(greeting: &str) -> Option<u32> {
    greeting
        .split_whitespace()
        .filter(|word| word.contains('.'))
        .find_map(|word| word.split('.').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_its_children_are_known() {
        assert!(names_debian("PRETTY_NAME=\"Debian 12\"\nID=debian\n"));
        assert!(names_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!names_debian("ID=fedora\nHOME_URL=\"https://example.org/debian\"\n"));
        assert!(!names_debian("ID=debianish\n"));
    }

    #[test]
    fn the_major_version_is_read_from_a_greeting() {
        let major = major_version;
        assert_eq!(major("Chromium 156.0.8078.79 built on Debian GNU/Linux 12"), Some(156));
        assert_eq!(major("ChromeDriver 156.0.8078.79 (abc-refs/heads/8078@{#1})"), Some(156));
        assert_eq!(major("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some(1));
        assert_eq!(major("no version here"), None);
    }

    #[test]
    fn a_failed_command_is_shown() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.contains("sh -c exit 3") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let second = Duration::from_secs(1);
        run_within(60 * second, Command::new("sh").args(["-c", "exit 0"])).unwrap();
        let error = run_within(60 * second, Command::new("sh").args(["-c", "exit 3"]));
        assert!(error.unwrap_err().to_string().contains("exit 3` failed"));
        let error = run_within(second, Command::new("sleep").arg("600")).unwrap_err();
        assert_eq!(error.to_string(), "`sleep 600` took more than 1 s");
    }

    #[test]
    fn an_absent_program_is_not_found() {
        assert_eq!(program("no-such-program-here"), None);
        assert!(program("sh").is_some());
    }
}
