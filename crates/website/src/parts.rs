//! The parts of the named checks that need the book, or what is fetched for it.

use anyhow::Result;
use xtask::cli::Part;
use xtask::{checks, system};

use crate::site::{self, Site};
use crate::{browser, cuda, fetch, size, vulkan, wasm};

/// Runs the part of a check.
///
/// # Errors
/// When the check fails: the error says what is wrong.
pub fn run(part: Part) -> Result<()> {
    match part {
        Part::Fetch => get(),
        Part::Wasm => {
            println!("the modules' version is {}", wasm::build()?);
            Ok(())
        }
        Part::Book => {
            Site::whole()?.build(&site::folder(), false)?;
            size::report(&site::folder())
        }
        Part::Kernels => kernels(),
    }
}

fn get() -> Result<()> {
    println!("weights: {}", fetch::weights()?.display());
    println!("axe-core: {}", fetch::AXE.fetch()?.display());
    let browser = browser::get()?;
    println!("browser: {}, {}", browser.chromium.display(), browser.chromedriver.display());
    println!("compiler for the web: {:?}", wasm::toolchain()?);
    Ok(())
}

/// Finds a Vulkan driver for processors and NVIDIA's compilers, and runs the kernels' tests.
fn kernels() -> Result<()> {
    let driver = vulkan::get()?;
    println!("Vulkan: {}", driver.library.display());
    let compilers = cuda::fetch()?;
    println!("NVIDIA's compilers: {}", compilers.display());
    let mut tests = checks::kernel_tests()?;
    system::run(driver.pass_to(tests.env(cuda::VARIABLE, compilers))?)
}
