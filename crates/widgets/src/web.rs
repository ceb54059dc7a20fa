//! The door between a page and its widgets. The page's side is `theme/widgets.js`.
//!
//! What is refused comes out as a text, and all is as it was. A panic comes out as an `Error` with
//! the panic's words: then nothing in the module can be relied on, and the page loads it anew.

use wasm_bindgen::prelude::*;

use crate::files::PageFile;
use crate::gallery::Sentence;
use crate::machine::Widget;
use crate::registry;
use crate::user_text;

/// A widget that lives in a page.
#[wasm_bindgen]
pub struct Live(Box<dyn Widget>);

fn words(error: impl std::error::Error) -> String {
    error.to_string()
}

/// Gives a panic words: by itself it is only `unreachable`.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}

#[wasm_bindgen]
impl Live {
    /// Makes the widget called `name`: see [`registry::open`].
    ///
    /// # Errors
    /// As [`registry::open`].
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, setup: &str, address: &str) -> Result<Live, String> {
        registry::open(name, setup, address).map(Live).map_err(words)
    }

    /// See [`Widget::update`].
    ///
    /// # Errors
    /// As [`Widget::update`].
    pub fn update(&mut self, name: &str, value: &str) -> Result<bool, String> {
        self.0.update(name, value).map_err(words)
    }

    /// See [`Widget::view`].
    pub fn view(&self) -> String {
        self.0.view()
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

/// One head's weights from a gallery file, `seq * (seq + 1) / 2` of them, row by row: for
/// checking that the page computes what native code does.
///
/// # Errors
/// When the file cannot be read or has no such layer or head.
#[wasm_bindgen]
pub fn weights(gallery: &[u8], layer: usize, head: usize) -> Result<Vec<f32>, String> {
    let sentence = Sentence::from_bytes(gallery).map_err(words)?;
    if layer >= sentence.layers || head >= sentence.heads {
        return Err(format!("there is no layer {layer}, head {head}"));
    }
    Ok(sentence.weights(layer, head).concat())
}
