//! The door between a page and its widgets. The page's side is `theme/widgets.js`.

use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::files::PageFile;
use crate::gallery::Sentence;
use crate::machine::Widget;
use crate::registry;
use crate::user_text;

/// A widget that lives in a page.
#[wasm_bindgen]
pub struct Live(Box<dyn Widget>);

fn message(error: Error) -> JsError {
    JsError::new(&error.to_string())
}

#[wasm_bindgen]
impl Live {
    /// Makes the widget called `name`: see [`registry::open`].
    ///
    /// # Errors
    /// As [`registry::open`].
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, setup: &str, address: &str) -> Result<Live, JsError> {
        registry::open(name, setup, address).map(Live).map_err(message)
    }

    /// See [`Widget::update`].
    ///
    /// # Errors
    /// As [`Widget::update`].
    pub fn update(&mut self, name: &str, value: &str) -> Result<bool, JsError> {
        self.0.update(name, value).map_err(message)
    }

    /// See [`Widget::view`].
    pub fn view(&self) -> String {
        self.0.view()
    }

    /// See [`Widget::address`].
    pub fn address(&self) -> String {
        self.0.address()
    }

    /// See [`Widget::wants`].
    pub fn wants(&self) -> Option<String> {
        self.0.wants()
    }

    /// See [`Widget::receive`].
    ///
    /// # Errors
    /// As [`Widget::receive`].
    pub fn receive(&mut self, path: &str, bytes: &[u8]) -> Result<(), JsError> {
        self.0.receive(path, bytes).map_err(message)
    }

    /// See [`Widget::take_text`]; `bytes` are those of a [`reading::Reading`]. Returns a summary.
    ///
    /// # Errors
    /// As [`Widget::take_text`], or when the bytes cannot be read.
    pub fn own(&mut self, bytes: &[u8]) -> Result<String, JsError> {
        let reading = reading::Reading::from_bytes(bytes)?;
        self.0.take_text(&reading).map_err(message)?;
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
pub fn weights(gallery: &[u8], layer: usize, head: usize) -> Result<Vec<f32>, JsError> {
    let sentence = Sentence::from_bytes(gallery).map_err(message)?;
    if layer >= sentence.layers || head >= sentence.heads {
        return Err(JsError::new(&format!("there is no layer {layer}, head {head}")));
    }
    Ok(sentence.weights(layer, head).concat())
}
