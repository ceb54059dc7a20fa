//! The built book as a reader meets it: a checker for its pages, and a browser to read them in.
//!
//! Nothing here builds the book. `cargo xtask test` does that first, into `./book`.

pub mod browser;
pub mod checker;
pub mod host;
pub mod pdf;
pub mod pictures;
pub mod site;
pub mod spotlight;
pub mod widget;

pub use browser::{Tab, browse};
