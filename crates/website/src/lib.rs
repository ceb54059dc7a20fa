//! The site: the book as readers meet it, and what its tests are run with.
//!
//! | module | what it does |
//! |---|---|
//! | [`fetch`] | the model's weights and axe-core, checked and kept in a cache |
//! | [`weights`] | the same weights in the site, for readers who ask for the model |
//! | [`wasm`] | the WebAssembly modules |
//! | [`site`], [`finish`] | the book, and what makes its pages safe and small |
//! | [`seal`] | the build's id, and the list of its files for the service worker |
//! | [`page`], [`styles`] | one page under its policy, and its inline styles |
//! | [`alone`], [`figure`] | a picture on a page of its own, in the site and from the terminal |
//! | [`serve`] | the book on this machine, built again on each save |
//! | [`size`] | what a page weighs, against its limit |
//! | [`browser`], [`pdf`] | the browser that the tests drive, and the book as it prints it |
//! | [`cuda`], [`vulkan`] | compilers and a driver for the kernels, without a card |
//! | [`parts`] | the parts of the named checks that need all this |

use sha2::{Digest, Sha256};

pub mod alone;
pub mod browser;
pub mod cuda;
pub mod fetch;
pub mod figure;
pub mod finish;
pub mod page;
pub mod parts;
pub mod pdf;
pub mod seal;
pub mod serve;
pub mod site;
pub mod size;
pub mod styles;
pub mod vulkan;
pub mod wasm;
pub mod weights;

/// A digest in lower-case hexadecimal.
fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of some bytes, in lower-case hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
