//! The last step of a build: the site gets its id, and the service worker the list of its files.
//!
//! The id is a digest of all files, so a site has another one as soon as anything in it differs.
//! Pages, the addresses in them, and `sw.js` hold [`PLACEHOLDER`] until then.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;

use crate::finish::{files, has_extension};
use crate::{sha256, weights};

/// Stands where the build's id will stand.
pub const PLACEHOLDER: &str = "BUILD-ID";

/// The service worker.
const WORKER: &str = "sw.js";

/// Where its list of files goes.
const LIST: &str = "const FILES = {};";

/// How long the id and the digests are, in hexadecimal digits.
const DIGITS: usize = 16;

/// Gives the finished site in `out` its id, and returns it.
///
/// # Errors
/// When the worker has no place for the id or for the list, or a file cannot be read or written.
pub fn seal(out: &Path) -> Result<String> {
    let worker = out.join(WORKER);
    let script =
        fs::read_to_string(&worker).with_context(|| format!("cannot read {}", worker.display()))?;
    if !script.contains(PLACEHOLDER) || !script.contains(LIST) {
        bail!("{} must hold `{PLACEHOLDER}` and `{LIST}`", worker.display());
    }
    let paths = listed(out)?;
    let digests = paths.par_iter().map(|(name, path)| Ok((name, digest(path)?)));
    let mut digests: BTreeMap<_, _> = digests.collect::<Result<_>>()?;
    let all = serde_json::to_string(&digests)?;
    let id = sha256(format!("{all}{script}").as_bytes())[..DIGITS].to_owned();
    let pages = paths.par_iter().filter(|(_, path)| has_extension(path, &["html"]));
    let sealed = pages.map(|(name, path)| {
        let page = fs::read_to_string(path)?;
        fs::write(path, page.replace(PLACEHOLDER, &id))?;
        Ok((name, digest(path)?))
    });
    digests.extend(sealed.collect::<Result<Vec<_>>>()?);
    let list = format!("const FILES = {};", serde_json::to_string_pretty(&digests)?);
    fs::write(&worker, script.replace(PLACEHOLDER, &id).replace(LIST, &list))?;
    Ok(id)
}

/// The files that a build consists of, by their paths from the site's root. The worker itself is
/// not among them, nor what no page asks for, nor the weights, which their reader checks.
fn listed(out: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for path in files(out)? {
        let name = path.strip_prefix(out)?.to_string_lossy().replace('\\', "/");
        let asked_for = !name.starts_with('.') && !has_extension(&path, &["txt"]);
        if asked_for && name != WORKER && !name.starts_with(&format!("{}/", weights::FOLDER)) {
            found.push((name, path));
        }
    }
    Ok(found)
}

/// The digest of a file, as the worker makes it too.
///
/// # Errors
/// When the file cannot be read.
pub fn digest(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(sha256(&bytes)[..DIGITS].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "const BUILD = \"BUILD-ID\";\nconst FILES = {};\n";

    fn site(module: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("front")).unwrap();
        fs::create_dir_all(folder.path().join("weights")).unwrap();
        for (name, text) in [
            ("index.html", "<html data-build=\"BUILD-ID\"><script src=\"a.js?v=BUILD-ID\">"),
            ("front/module.js", module),
            ("weights/00.bin", "98 MB"),
            ("robots.txt", ""),
            (".nojekyll", ""),
            (WORKER, SCRIPT),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn read(site: &tempfile::TempDir, name: &str) -> String {
        fs::read_to_string(site.path().join(name)).unwrap()
    }

    #[test]
    fn pages_and_worker_get_the_id_and_the_worker_the_digests() {
        let site = site("module");
        let id = seal(site.path()).unwrap();
        let page = format!("<html data-build=\"{id}\"><script src=\"a.js?v={id}\">");
        assert_eq!(read(&site, "index.html"), page);
        let digest = |text: &str| sha256(text.as_bytes())[..DIGITS].to_owned();
        let expected = format!(
            "const BUILD = \"{id}\";\nconst FILES = {{\n  \"front/module.js\": \"{}\",\n  \
             \"index.html\": \"{}\"\n}};\n",
            digest("module"),
            digest(&page),
        );
        assert_eq!(read(&site, WORKER), expected);
    }

    #[test]
    fn the_id_is_that_of_the_files() {
        let [one, same, other] = ["module", "module", "another"].map(site);
        let id = seal(one.path()).unwrap();
        assert_eq!(seal(same.path()).unwrap(), id);
        assert_ne!(seal(other.path()).unwrap(), id);
        let worker = site("module");
        fs::write(worker.path().join(WORKER), format!("{SCRIPT}// another")).unwrap();
        assert_ne!(seal(worker.path()).unwrap(), id);
    }

    #[test]
    fn a_worker_without_a_place_for_them_is_told() {
        let site = site("module");
        seal(site.path()).unwrap();
        let error = seal(site.path()).unwrap_err().to_string();
        assert!(error.contains("sw.js must hold `BUILD-ID`"), "{error}");
    }
}
