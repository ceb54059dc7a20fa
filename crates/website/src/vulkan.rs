//! A Vulkan driver that needs no card: SwiftShader, which comes with Chromium.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use xtask::system;

use crate::browser;

/// The driver's file, in Chromium's folder.
const LIBRARY: &str = "libvk_swiftshader.so";

/// The library that programs ask for Vulkan, and that finds the driver.
const LOADER: &str = "libvulkan.so.1";

/// Where Chromium lies when the program in `PATH` is a script that starts it.
const FOLDERS: [&str; 3] = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];

/// The driver, and what is needed to reach it.
#[derive(Debug)]
pub struct Driver {
    /// The driver's file.
    pub library: PathBuf,
}

/// Finds SwiftShader beside the browser, and a Vulkan loader. Both are installed where that is
/// possible.
///
/// # Errors
/// When one is missing and cannot be installed.
pub fn get() -> Result<Driver> {
    let chromium = browser::get()?.chromium;
    let library = beside(&chromium).with_context(|| {
        format!(
            "there is no {LIBRARY} beside {} or in {}: the kernels run on it, so install \
             Debian's package chromium, or name a Chromium that has it in CHROME",
            chromium.display(),
            FOLDERS.join(", ")
        )
    })?;
    let driver = Driver { library };
    if !driver.has_loader() && !system_has_loader() {
        system::install("Vulkan's loader, which the kernels' tests need,", &["libvulkan1"])?;
    }
    Ok(driver)
}

fn beside(chromium: &Path) -> Option<PathBuf> {
    let own = fs::canonicalize(chromium).ok().and_then(|path| Some(path.parent()?.to_owned()));
    let folders = own.into_iter().chain(FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(LIBRARY)).find(|path| path.is_file())
}

fn system_has_loader() -> bool {
    let known = system::output(Command::new("/sbin/ldconfig").arg("-p"));
    known.is_some_and(|known| known.contains(LOADER))
}

impl Driver {
    fn folder(&self) -> &Path {
        self.library.parent().expect("the driver lies in a folder")
    }

    /// Whether Chromium brings its own loader.
    fn has_loader(&self) -> bool {
        self.folder().join(LOADER).is_file()
    }

    /// Has a command see this driver, and no other.
    ///
    /// # Errors
    /// When the file that names the driver cannot be written.
    pub fn pass_to<'a>(&self, command: &'a mut Command) -> Result<&'a mut Command> {
        let manifest = xtask::root().join("target/swiftshader.json");
        let Some(library) = self.library.to_str() else {
            bail!("the name of {} is not UTF-8", self.library.display());
        };
        let named = serde_json::json!({
            "file_format_version": "1.0.0",
            "ICD": { "library_path": library, "api_version": "1.1.0" },
        });
        fs::create_dir_all(manifest.parent().expect("it lies in a folder"))?;
        fs::write(&manifest, named.to_string())
            .with_context(|| format!("cannot write {}", manifest.display()))?;
        // Older loaders know the first name only, newer ones prefer the second.
        command.env("VK_ICD_FILENAMES", &manifest).env("VK_DRIVER_FILES", &manifest);
        if self.has_loader() {
            command.env("LD_LIBRARY_PATH", self.library_path()?);
        }
        Ok(command)
    }

    /// Where libraries are looked for: Chromium's folder first.
    fn library_path(&self) -> Result<OsString> {
        let others = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let others = env::split_paths(&others).filter(|path| !path.as_os_str().is_empty());
        Ok(env::join_paths(std::iter::once(self.folder().to_owned()).chain(others))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_is_looked_for_beside_the_browser() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        let chromium = folder.join("chrome");
        fs::write(&chromium, "").unwrap();
        fs::write(folder.join(LIBRARY), "").unwrap();
        assert_eq!(beside(&chromium), Some(folder.join(LIBRARY)));
    }

    #[test]
    fn a_command_is_told_of_the_driver() {
        let folder = tempfile::tempdir().unwrap();
        let driver = Driver { library: folder.path().join(LIBRARY) };
        let mut command = Command::new("true");
        driver.pass_to(&mut command).unwrap();
        let manifest = command.get_envs().find(|(name, _)| *name == "VK_DRIVER_FILES").unwrap().1;
        let manifest = fs::read_to_string(manifest.unwrap()).unwrap();
        assert!(manifest.contains(driver.library.to_str().unwrap()), "{manifest}");
        assert!(!command.get_envs().any(|(name, _)| name == "LD_LIBRARY_PATH"));
        fs::write(folder.path().join(LOADER), "").unwrap();
        driver.pass_to(&mut command).unwrap();
        assert!(command.get_envs().any(|(name, _)| name == "LD_LIBRARY_PATH"));
    }
}
