//! The real model's weights in the site: the file in pieces, which any web server can hand out.
//!
//! A page fetches them only when a reader asks for it. Pieces rather than parts of one file,
//! because not every server answers a request for a part.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lol_html::{RewriteStrSettings, element, rewrite_str};
use reader::PIECE;

use crate::finish::{files, has_extension};
use xtask::root;

use crate::sha256;

/// The folder in the site.
pub const FOLDER: &str = "weights";

/// The SHA-256 of each piece, as a list in JSON.
const SUMS: &str = "sums.json";

/// Cuts the weights into pieces, unless they are there. Returns their folder.
///
/// # Errors
/// When the weights are not at hand, or are not those that the reader's module expects.
pub fn pieces() -> Result<PathBuf> {
    let folder = root().join("target/site-weights");
    // The sums are written last.
    if !folder.join(SUMS).is_file() {
        let path = smollm2::locate()?;
        let file = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let found = sha256(&file);
        if found != smollm2::SHA256 {
            bail!("{} has the SHA-256 {found}, not {}", path.display(), smollm2::SHA256);
        }
        cut(&file, &folder)?;
    }
    Ok(folder)
}

fn cut(file: &[u8], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut sums = Vec::new();
    for (place, piece) in file.chunks(PIECE).enumerate() {
        let path = folder.join(format!("{place:02}.bin"));
        fs::write(&path, piece).with_context(|| format!("cannot write {}", path.display()))?;
        sums.push(sha256(piece));
    }
    fs::write(folder.join(SUMS), serde_json::to_string(&sums)?)?;
    Ok(())
}

/// Puts the pieces into the site in `out`, without a copy where the disk can do that.
///
/// # Errors
/// When a file cannot be written.
pub fn deploy(pieces: &Path, out: &Path) -> Result<()> {
    let to = out.join(FOLDER);
    fs::create_dir_all(&to)?;
    for path in files(pieces)? {
        let target = to.join(path.file_name().context("a piece is a file")?);
        if fs::hard_link(&path, &target).is_err() {
            fs::copy(&path, &target)
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

/// What a text says of the offer stands in an element of this class.
const SAID: &str = "needs-weights";

/// Takes what offers the model out of the pages in `out`, and what they say of it: without
/// weights there is nothing to offer.
///
/// # Errors
/// When a page cannot be read or written.
pub fn withdraw(out: &Path) -> Result<()> {
    for path in files(out)?.iter().filter(|path| has_extension(path, &["html"])) {
        let html = fs::read_to_string(path)?;
        if html.contains("<own-text") || html.contains(SAID) {
            fs::write(path, without_offer(&html)?)?;
        }
    }
    Ok(())
}

fn without_offer(html: &str) -> Result<String> {
    let offers = element!(format!("own-text, .{SAID}"), |offer| {
        offer.remove();
        Ok(())
    });
    Ok(rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(offers))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_file_and_have_its_sums() {
        let file: Vec<u8> = (0..PIECE + 7).map(|place| (place % 253) as u8).collect();
        let [pieces, out] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        cut(&file, pieces.path()).unwrap();
        deploy(pieces.path(), out.path()).unwrap();
        let read = |name: &str| fs::read(out.path().join(FOLDER).join(name)).unwrap();
        assert_eq!([read("00.bin"), read("01.bin")].concat(), file);
        let sums: Vec<String> = serde_json::from_slice(&read(SUMS)).unwrap();
        assert_eq!(sums, [sha256(&file[..PIECE]), sha256(&file[PIECE..])]);
    }

    #[test]
    fn without_weights_nothing_is_offered() {
        let page = "<div class=\"needs-weights\"><p>See below.</p></div><figure><b>map</b>\
                    <own-text data-version=\"1\"><p>Load</p></own-text></figure>";
        assert_eq!(without_offer(page).unwrap(), "<figure><b>map</b></figure>");
    }
}
