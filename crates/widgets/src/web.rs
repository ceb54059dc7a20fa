//! The door between a page and its widgets. The page's side is `theme/widgets.js`.
//!
//! What is refused comes out as a text, and all is as it was. A panic comes out as an `Error` with
//! the panic's words: then nothing in the module can be relied on, and the page loads it anew.

use std::sync::OnceLock;

use wasm_bindgen::prelude::*;

use crate::changes::Shown;
use crate::machine::Widget;
use crate::registry::{self, Entry};
use crate::user_text;

/// The widgets of this module.
static TABLE: OnceLock<&'static [Entry]> = OnceLock::new();

/// A widget that lives in a page.
#[wasm_bindgen]
pub struct Live(Box<dyn Widget>, Shown);

fn words(error: impl std::error::Error) -> String {
    error.to_string()
}

/// What a module does first: it says which widgets it has, and gives a panic words, which by
/// itself is only `unreachable`.
pub fn start(table: &'static [Entry]) {
    TABLE.get_or_init(|| table);
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}

#[wasm_bindgen]
impl Live {
    /// Makes the widget called `name`: see [`registry::open_of`].
    ///
    /// # Errors
    /// As [`registry::open_of`].
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, setup: &str, address: &str) -> Result<Live, String> {
        let table = TABLE.get().copied().unwrap_or_default();
        registry::open_of(table, name, setup, address)
            .map(|widget| Live(widget, Shown::default()))
            .map_err(words)
    }

    /// See [`Widget::update`].
    ///
    /// # Errors
    /// As [`Widget::update`].
    pub fn update(&mut self, name: &str, value: &str) -> Result<bool, String> {
        self.0.update(name, value).map_err(words)
    }

    /// What is new in the [`Widget::view`] since the last call: see [`changes`](crate::changes).
    pub fn view(&mut self) -> String {
        self.1.changes(self.0.view())
    }

    /// See [`Widget::address`].
    pub fn address(&self) -> String {
        self.0.address()
    }

    /// See [`Widget::go`].
    pub fn go(&mut self, address: &str) {
        self.0.go(address);
    }

    /// See [`Widget::wants`].
    pub fn wants(&self) -> Option<String> {
        self.0.wants()
    }

    /// See [`Widget::receive`].
    ///
    /// # Errors
    /// As [`Widget::receive`].
    pub fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.0.receive(path, bytes).map_err(words)
    }

    /// See [`Widget::take_text`]; `bytes` are those of a [`reading::Reading`]. Returns a summary.
    ///
    /// # Errors
    /// As [`Widget::take_text`], or when the bytes cannot be read.
    pub fn own(&mut self, bytes: &[u8]) -> Result<String, String> {
        let reading = reading::Reading::from_bytes(bytes).map_err(words)?;
        self.0.take_text(&reading).map_err(words)?;
        Ok(user_text::summary(&reading))
    }

    /// See [`Widget::failed`].
    pub fn failed(&mut self, path: &str, reason: &str) {
        self.0.failed(path, reason);
    }

    /// See [`Widget::post`]: the worker's name and the message.
    pub fn post(&mut self) -> Option<Vec<String>> {
        self.0.post().map(|post| vec![post.worker.to_owned(), post.message])
    }

    /// See [`Widget::task`].
    pub fn task(&self) -> Option<String> {
        self.0.task()
    }

    /// See [`Widget::numbers`].
    pub fn numbers(&self, name: &str) -> Vec<f32> {
        self.0.numbers(name)
    }
}
