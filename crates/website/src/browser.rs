//! The browser that the tests drive: Chromium, and its driver.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use xtask::system;

/// What Chromium is called on different systems.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Where a driver may lie outside of `PATH`.
const DRIVERS: [&str; 2] =
    ["/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"];

/// A browser and its driver, of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// The browser's program.
    pub chromium: PathBuf,
    /// The driver's program.
    pub chromedriver: PathBuf,
}

/// Finds the browser: what `CHROME` and `CHROMEDRIVER` name, else what the system has.
///
/// # Errors
/// When one is missing, does not start, or is of another version than the other.
pub fn find() -> Result<Browser> {
    match (chromium()?, chromedriver()?) {
        (Some(chromium), Some(chromedriver)) => {
            agree(version(&chromium)?, version(&chromedriver)?)?;
            Ok(Browser { chromium, chromedriver })
        }
        (None, _) => bail!("there is no Chromium: `cargo xtask browser` gets it or says how"),
        (_, None) => bail!("there is no chromedriver: `cargo xtask browser` gets it or says how"),
    }
}

/// Finds the browser, and installs it where that is possible.
///
/// # Errors
/// As [`find`]; where it cannot be installed, the error has the exact command.
pub fn get() -> Result<Browser> {
    if chromium()?.is_none() || chromedriver()?.is_none() {
        let packages = ["chromium", "chromium-driver"];
        system::install("Chromium or its driver, which the browser tests need,", &packages)?;
    }
    find()
}

fn chromium() -> Result<Option<PathBuf>> {
    Ok(named("CHROME")?.or_else(|| BROWSERS.into_iter().find_map(system::program)))
}

fn chromedriver() -> Result<Option<PathBuf>> {
    let elsewhere = || DRIVERS.iter().map(PathBuf::from).find(|path| path.is_file());
    Ok(named("CHROMEDRIVER")?.or_else(|| system::program("chromedriver")).or_else(elsewhere))
}

/// The file that an environment variable names.
fn named(variable: &str) -> Result<Option<PathBuf>> {
    let Some(path) = env::var_os(variable).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let path = PathBuf::from(path);
    if !path.is_file() {
        bail!("{variable} names {}, which is not a file", path.display());
    }
    Ok(Some(path))
}

fn version(program: &Path) -> Result<u32> {
    let greeting = system::output(Command::new(program).arg("--version"))
        .with_context(|| format!("{} does not start", program.display()))?;
    system::major_version(&greeting)
        .with_context(|| format!("{} does not tell its version: {greeting}", program.display()))
}

fn agree(chromium: u32, chromedriver: u32) -> Result<()> {
    if chromium != chromedriver {
        bail!(
            "Chromium is version {chromium} and chromedriver version {chromedriver}: \
             install the same version of both, or name a pair in CHROME and CHROMEDRIVER"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn a_browser_and_a_driver_of_two_versions_do_not_pass() {
        agree(156, 156).unwrap();
        let error = agree(156, 155).unwrap_err().to_string();
        assert!(error.contains("version 156") && error.contains("version 155"), "{error}");
    }
}
