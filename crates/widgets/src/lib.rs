//! What a page shows and how it answers.
//!
//! A widget is plain data and pure functions: a state, the events that change it, and a view
//! that turns it into HTML. [`machine`] says what each has to be, and [`registry`] names them all.
//! The book calls the view when it is built, so a page is complete before any script runs. In the
//! page the same code, compiled to WebAssembly, takes events and hands back new HTML. Nothing here
//! touches a browser, but for the module `web`, which is only compiled for one.

pub mod address;
pub mod assemble;
pub mod cache;
pub mod causal_mask;
pub mod changes;
pub mod decimal;
pub mod decode;
pub mod draw;
mod error;
pub mod files;
pub mod flash;
pub mod gallery;
pub mod gpu;
pub mod grid;
pub mod heads;
pub mod induction;
pub mod machine;
pub mod next_token;
pub mod parts;
pub mod patterns;
pub mod plane;
pub mod registry;
pub mod scale;
pub mod score_matrix;
pub mod setup;
pub mod sharing;
pub mod show;
pub mod spotlight;
pub mod square;
pub mod stepper;
pub mod temperature;
mod token_kind;
pub mod transformer;
pub mod translation;
pub mod user_text;
pub mod wall;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::Error;
pub use machine::{Machine, Opened, Widget};
pub use registry::open;
